"""Which rankers a run has, and which classes a saved model may make its reader import."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from components.ranking import Ensemble, ExternalRanker, NeuralRanker, XGBoostConfig, XGBoostRanker, artifact
from components.ranking.choice import RankerChoice, choose, class_of, kind_of
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, InputError, RankerError

NAMES = ("left", "right")

PACKAGE = '''
import json
from pathlib import Path

Path(__file__).with_name("imported").touch()


class LeftColumn:
    """The score is the first feature."""

    feature_names = ()

    def fit(self, train, config=None, validation=None):
        self.feature_names = train.feature_names
        return self

    def score(self, features, feature_names=None):
        return features[:, 0]

    def save(self, directory):
        Path(directory, "names.json").write_text(json.dumps(self.feature_names))
        Path(directory, "more").mkdir()
        Path(directory, "more", "empty.txt").write_text("")

    @classmethod
    def load(cls, directory):
        ranker = cls()
        ranker.feature_names = json.loads(Path(directory, "names.json").read_text())
        return ranker


class Flat(LeftColumn):
    def score(self, features, feature_names=None):
        return features[:1, 0]


class Unknown(LeftColumn):
    def score(self, features, feature_names=None):
        return features[:, 0] * float("nan")


class NoRanker:
    def fit(self):
        pass


function = print
'''


def dataset(n_queries=60, seed=0):
    features = np.random.default_rng(seed).normal(size=(n_queries * 5, 2)).astype(np.float32)
    return RankingDataset(features, features.sum(axis=1) > 1, np.repeat(np.arange(n_queries), 5), NAMES)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of a user's on the path, with the package `theirs`; nothing of it has been imported."""
    folder = tmp_path / "installed" / "theirs"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from theirs.rankers import LeftColumn\n")
    (folder / "rankers.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(folder.parent))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "theirs"]:
        del sys.modules[name]


def forget_imports(package: Path) -> None:
    (package / "imported").unlink()
    for name in [name for name in sys.modules if name.split(".")[0] == "theirs"]:
        del sys.modules[name]


def names(*sources: str) -> list[str]:
    return [choice.name for choice in choose(sources)]


def test_without_a_choice_a_run_has_both_rankers_of_this_package():
    assert choose([]) == [RankerChoice("xgboost", "xgboost"), RankerChoice("neural", "neural")]


def test_rankers_are_named_by_class_column_and_host():
    assert names("a.b:MyRanker", "column:my_score", "http://scores.example.com:80/v1") == [
        "my_ranker",
        "my_score",
        "scores_example_com_80",
    ]
    assert names("a:TFIDFRanker", "a:Outer.Inner", "xgboost") == ["tfidf_ranker", "outer_inner", "xgboost"]


def test_a_name_that_is_taken_gets_a_number():
    assert names("a:Mine", "b:Mine", "http://a/x", "http://a/y") == ["mine", "mine_2", "a", "a_2"]
    assert names("a:Popularity", "a:Champion", "a:Ensemble") == ["popularity_2", "champion_2", "ensemble_2"]


@pytest.mark.parametrize("source", ["", "lightgbm", "column:", "a.b", ":Mine", "a:", "ftp://a/b", "http://", "a b:C"])
def test_what_is_spelled_like_no_ranker_is_refused(source):
    with pytest.raises(InputError):
        choose([source])


def test_the_same_ranker_twice_is_refused():
    with pytest.raises(InputError, match="'column:a' is named twice"):
        choose(["column:a", "xgboost", "column:a"])


def test_choosing_imports_nothing_and_requiring_a_class_does(package):
    (choice,) = choose(["theirs.rankers:LeftColumn"])
    assert not (package / "imported").exists()
    choice.require_class()
    assert (package / "imported").exists()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nobody_has_this:Ranker", "No module named 'nobody_has_this'.*PYTHONPATH"),
        ("theirs.rankers:Absent", "no attribute 'Absent'"),
        ("theirs.rankers:NoRanker", "lacks score, save, load; see docs/bring-your-ranker.md"),
        ("theirs.rankers:function", "lacks fit, score, save, load"),
    ],
)
def test_a_class_that_is_absent_or_no_ranker_is_refused_with_what_it_lacks(package, path, said):
    with pytest.raises(InputError, match=said):
        choose([path])[0].require_class()


@pytest.mark.parametrize(
    ("source", "raised"),
    [
        ("def f(:\n", r"SyntaxError \(.*invalid syntax"),
        ("1 / 0\n", r"ZeroDivisionError \(division by zero\)"),
        ("raise ValueError\n", r"ValueError \(no message\)"),
        ("raise SystemExit(3)\n", r"SystemExit \(3\)"),
    ],
)
def test_a_module_that_fails_while_it_is_imported_is_named_with_what_it_raised(package, source, raised):
    (package / "broken.py").write_text(source)
    with pytest.raises(
        InputError, match=f"theirs.broken:Mine cannot be imported: module theirs.broken raised {raised}"
    ):
        choose(["theirs.broken:Mine"])[0].require_class()


def test_a_column_that_is_no_feature_is_refused_with_similar_ones():
    column, trees = choose(["column:tilte_match", "xgboost"])
    with pytest.raises(InputError, match=r"no feature is called 'tilte_match'; did you mean title_match\?"):
        column.require_column(("title_match", "age"))
    with pytest.raises(InputError, match=r"features are age, \.\.\."):
        column.require_column(("age",))
    column.require_column(("age", "tilte_match"))
    trees.require_column(("age",))


def test_the_version_of_a_class_changes_with_any_source_of_its_package(package):
    def version():
        return choose(["theirs:LeftColumn"])[0].version

    first = version()
    assert version() == first != ""
    (package / "layers.py").write_text("WIDTH = 3\n")
    assert version() != first
    assert choose(["nobody_has_this:Ranker", "xgboost"])[0].version == ""


def test_an_endpoint_has_another_version_each_time():
    assert choose(["http://a/b"])[0].version != choose(["http://a/b"])[0].version


def fitted(source: str, folder: Path):
    """The choice, after its ranker was fitted and saved under its name in `folder`."""
    (choice,) = choose([source])
    ranker = choice.fit(dataset(), dataset(seed=1))
    (folder / choice.name).mkdir(parents=True)
    ranker.save(folder / choice.name)
    return choice


@pytest.mark.parametrize("source", ["xgboost", "column:left", "theirs:LeftColumn"])
def test_what_was_fitted_and_saved_is_loaded_by_its_name(package, tmp_path, source):
    choice = fitted(source, tmp_path / "one")
    fitted("column:right", tmp_path / "other")
    loaded = choice.load([tmp_path / "other", tmp_path / "one"])
    assert loaded.score(dataset().features).shape == (300,)
    with pytest.raises(RankerError, match="was saved 0 times"):
        choice.load([tmp_path / "other"])


def test_the_trees_of_a_run_are_those_that_suit_a_validation_set():
    ranker = choose(["xgboost"])[0].fit(dataset(), dataset(seed=1))
    assert ranker._record["config"]["leaves"] == 8


def saved_ensemble(folder: Path) -> Ensemble:
    from theirs import LeftColumn

    train, validation = dataset(), dataset(seed=1)
    trees = XGBoostRanker().fit(train, XGBoostConfig(trees=5))
    ensemble = Ensemble.fit([trees, LeftColumn().fit(train)], validation)
    ensemble.save(folder)
    return ensemble


def test_an_ensemble_with_a_class_of_others_is_saved_and_loaded(package, tmp_path):
    ensemble = saved_ensemble(tmp_path / "saved")
    assert list(ensemble.weights) == ["xgboost", "left_column"]
    loaded = Ensemble.load(tmp_path / "saved", ("theirs.rankers:LeftColumn",))
    features = dataset(seed=2).features
    assert np.array_equal(loaded.score(features), ensemble.score(features))
    assert loaded.feature_names == NAMES
    assert loaded.ranker_classes == ("theirs.rankers:LeftColumn",)


def test_a_saved_model_imports_nothing_that_its_reader_does_not_allow(package, tmp_path):
    saved_ensemble(tmp_path / "saved")
    forget_imports(package)
    for allowed in ((), ("xgboost",), ("column:left",)):
        with pytest.raises(RankerError, match=r"set METIER_RANKER_CLASSES=theirs\.rankers:LeftColumn"):
            Ensemble.load(tmp_path / "saved", allowed)
    assert not (package / "imported").exists()


def test_a_manifest_that_names_any_other_module_imports_nothing(package, tmp_path):
    saved_ensemble(tmp_path / "saved")
    manifest = json.loads((tmp_path / "saved" / "manifest.json").read_text())
    manifest["metadata"]["rankers"]["left_column"]["kind"] = "antigravity:Anything"
    metadata = manifest["metadata"]
    files = {name: (tmp_path / "saved" / name).read_bytes() for name in manifest["files"]}
    artifact.write(tmp_path / "saved", "ensemble", metadata, files)
    with pytest.raises(RankerError, match="class antigravity:Anything, which may not"):
        Ensemble.load(tmp_path / "saved", ("theirs:LeftColumn",))
    assert "antigravity" not in sys.modules


def test_a_class_is_allowed_by_the_path_that_its_package_offers(package, tmp_path):
    saved_ensemble(tmp_path / "saved")
    assert list(Ensemble.load(tmp_path / "saved", ("theirs:LeftColumn",)).rankers) == ["xgboost", "left_column"]


@pytest.mark.parametrize("name", ["left_column/names.json", "left_column/more/empty.txt", "xgboost/model.ubj"])
def test_every_file_of_every_ranker_is_checked(package, tmp_path, name):
    saved_ensemble(tmp_path / "saved")
    (tmp_path / "saved" / name).write_text('["left", "other"]')
    with pytest.raises(ArtifactError, match="differs from the sha256"):
        Ensemble.load(tmp_path / "saved", ("theirs:LeftColumn",))


def test_kinds_of_this_package_need_no_permission():
    assert [class_of(kind) for kind in ("xgboost", "neural", "external")] == [
        XGBoostRanker,
        NeuralRanker,
        ExternalRanker,
    ]


def test_a_class_that_cannot_be_imported_again_is_refused_before_it_is_saved(tmp_path):
    class Local(ExternalRanker):
        pass

    with pytest.raises(RankerError, match="define the class at the top of a module"):
        kind_of(Local(score_column="left"))


@pytest.mark.parametrize(("name", "said"), [("Flat", r"shape \(1,\) for 300 rows"), ("Unknown", "is not finite")])
def test_scores_that_are_not_one_finite_number_a_row_are_refused_with_the_rankers_name(package, name, said):
    import theirs.rankers

    broken = getattr(theirs.rankers, name)().fit(dataset())
    with pytest.raises(RankerError, match=f"ranker 'broken' gave .*{said}"):
        Ensemble.fit({"broken": broken}, dataset(seed=1))
