"""A bundle is whole, is the one that was pinned, or is refused before anything in it is parsed."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pytest

from components.language.taxonomy import Skill, Taxonomy
from components.ranking import (
    Ensemble,
    ExternalRanker,
    NeuralConfig,
    NeuralRanker,
    XGBoostConfig,
    XGBoostRanker,
    artifact,
)
from components.releases import Bundle
from components.releases.bundle import Origin, feature_schema_hash
from components.training_sets import RankingDataset
from feature_repo.inputs.columns import token_column
from feature_repo.texts import Encoder, TextVectors, TextWeights
from metier.errors import ArtifactError

NAMES = ("left", "right", "level_code")
ORIGIN = Origin(
    surface="job_feed",
    feature_service="job_feed_v1",
    candidate_counts=True,
    as_of=datetime(2026, 1, 31, tzinfo=UTC),
    lake_digest="a" * 64,
    inputs_digest="b" * 64,
    code_digest="c" * 64,
    lineage={"study": "job_feed_apply", "rankers": ["trees", "network"]},
)


def marketplace(seed=0):
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(2, 400))
    features = np.column_stack([left, right, rng.integers(0, 4, 400)]).astype(np.float32)
    return RankingDataset(features, np.digitize(left + right, [0.5, 1.5]), np.repeat(np.arange(40), 10), NAMES)


@pytest.fixture(scope="module")
def ensemble():
    train = marketplace()
    small = NeuralConfig(hidden=(8,), networks=1, epochs=1)
    rankers = {
        "trees": XGBoostRanker().fit(train, XGBoostConfig(trees=5)),
        "network": NeuralRanker().fit(train, small),
        "column": ExternalRanker(score_column="left").fit(train),
    }
    return Ensemble.fit(rankers, marketplace(seed=1))


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load()


@pytest.fixture(scope="module")
def weights(encoder):
    texts = ["Line cook. Busy bistro kitchens. grilling", "Registered nurse. Intensive care. triage"]
    return TextVectors.build(["cook", "nurse"], texts, encoder.encode(texts)).weights


@pytest.fixture(scope="module")
def parts(ensemble, encoder, weights):
    return {
        "origin": ORIGIN,
        "ensemble": ensemble,
        "encoder": encoder,
        "text_weights": weights,
        "evaluation": {"ndcg_at_10": [0.41, 0.38, 0.44], "undefined": None},
        "decision": {"verdict": "promote", "estimand": "logged", "reasons": ["first champion"]},
    }


@pytest.fixture(scope="module")
def written(parts, tmp_path_factory):
    return Bundle.write(tmp_path_factory.mktemp("bundles") / "one", **parts)


@pytest.fixture(scope="module")
def other(parts, tmp_path_factory):
    """The same rankers, of other data and with another verdict."""
    change = {"origin": replace(ORIGIN, lake_digest="d" * 64), "decision": {"verdict": "hold"}}
    return Bundle.write(tmp_path_factory.mktemp("bundles") / "other", **{**parts, **change})


@pytest.fixture
def copied(written, tmp_path):
    """A folder of its own; `put` replaces its files, which are shared with the written bundle."""
    return shutil.copytree(written.folder, tmp_path / "copy", copy_function=os.link)


def put(path, content):
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def signed(folder, **metadata):
    """Give the manifest fitting digests and other metadata, as a faulty writer would have done."""
    path = folder / artifact.MANIFEST
    manifest = json.loads(path.read_text())
    manifest.pop("sha256")
    manifest["metadata"].update(metadata)
    manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    manifest["sha256"] = artifact._digest(manifest)
    put(path, json.dumps(manifest).encode())


def test_what_was_written_is_read(written, parts):
    found = Bundle.load(written.folder, written.sha256)
    features = marketplace(seed=2).features
    assert np.array_equal(found.ensemble.score(features), parts["ensemble"].score(features))
    assert found.encoder.hash == parts["encoder"].hash
    assert found.text_weights.equals(parts["text_weights"])
    assert found.evaluation == parts["evaluation"]
    assert found.decision == parts["decision"]


def test_texts_are_read_by_the_taxonomy_that_it_was_trained_with(parts, written, tmp_path):
    taxonomy = Taxonomy([Skill("line-cooking", "Line cooking", ("grill cook",))])
    bundle = Bundle.write(tmp_path / "with", **parts, taxonomy=taxonomy)
    (spelled,) = bundle.reader("grill cook in Spain").must
    assert sorted(spelled) == sorted(map(token_column, ("Line cooking", "grill cook")))
    assert written.reader is None


def test_the_manifest_says_what_is_served_and_where_it_came_from(written, encoder, weights):
    manifest = written.manifest
    assert all(getattr(manifest, name) == value for name, value in vars(ORIGIN).items())
    assert manifest.feature_names == NAMES
    assert manifest.dtype == "float32"
    assert manifest.categories == {"level_code": 1024}
    assert manifest.encoder_hash == encoder.hash
    assert manifest.language == "en"
    assert manifest.feature_schema_hash == feature_schema_hash(NAMES, weights, encoder.hash)
    assert manifest.code_version == f"{version('metier')}+{'c' * 12}"


def test_the_manifest_says_in_which_language_texts_were_weighed(parts, weights, tmp_path):
    german = replace(weights, language="de")
    bundle = Bundle.write(tmp_path / "german", **{**parts, "text_weights": german})
    assert bundle.manifest.language == "de"
    assert Bundle.load(bundle.folder).text_weights.language == "de"


def test_the_label_is_the_surface_and_the_start_of_the_digest(written):
    assert written.version == f"job_feed-{written.sha256[:8]}"
    assert len(written.sha256) == 64


def test_equal_content_has_equal_digests(written, other, parts, tmp_path):
    assert Bundle.write(tmp_path / "again", **parts).sha256 == written.sha256
    assert other.sha256 != written.sha256


def test_the_schema_hash_depends_on_names_weights_and_encoder(weights):
    moved = replace(weights, center=weights.center + 1)
    hashes = {
        feature_schema_hash(NAMES, weights, "x"),
        feature_schema_hash(NAMES[::-1], weights, "x"),
        feature_schema_hash(NAMES, moved, "x"),
        feature_schema_hash(NAMES, weights, "y"),
    }
    assert len(hashes) == 4


def test_a_bundle_never_changes(written, parts):
    with pytest.raises(ArtifactError, match="exists, and a bundle never changes; write into a new folder"):
        Bundle.write(written.folder, **parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evaluation": {"ndcg": float("nan")}}, "cannot be stored as JSON .*; give NaN as None"),
        ({"decision": {"verdict": {1, 2}}}, "cannot be stored as JSON"),
        ({"origin": replace(ORIGIN, lineage={"run": object()})}, "cannot be stored as JSON"),
        ({"decision": {}}, "the decision has no verdict"),
    ],
)
def test_parts_that_cannot_be_stored_leave_nothing_behind(parts, tmp_path, change, message):
    with pytest.raises(ArtifactError, match=message):
        Bundle.write(tmp_path / "bundle", **{**parts, **change})
    assert list(tmp_path.iterdir()) == []


def test_bundles_of_equal_text_weights_hold_them_once(parts, tmp_path):
    first, second = (Bundle.write(tmp_path / name, **parts) for name in ("first", "second"))
    assert first.text_weights is second.text_weights


def test_text_weights_of_other_shapes_and_names_are_refused(weights):
    for wrong in ({"idf": weights.idf[1:]}, {"center": weights.center.astype(np.float64)}, {"tf": weights.idf}):
        with pytest.raises(ArtifactError, match=f"text weights '{next(iter(wrong))}'"):
            TextWeights.of({**weights.arrays, **wrong}, "en")
    with pytest.raises(ArtifactError, match="text weights 'center' are absent"):
        TextWeights.of({}, "en")
    with pytest.raises(ArtifactError, match="text weights 'idf' are"):
        replace(weights, idf=weights.idf[1:])


def test_a_place_that_cannot_be_written_is_named(parts, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"file/bundle cannot be written .*; write into another"):
        Bundle.write(tmp_path / "file" / "bundle", **parts)


def test_each_file_altered_truncated_or_missing_is_refused(copied):
    names = [path.relative_to(copied) for path in sorted(copied.rglob("*")) if path.is_file()]
    assert len(names) >= 14
    for name in names:
        content = (copied / name).read_bytes()
        middle = len(content) // 2
        for damaged in (content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], content[:middle]):
            put(copied / name, damaged)
            with pytest.raises(ArtifactError, match=f"{name}.*; "):
                Bundle.load(copied)
        (copied / name).unlink()
        with pytest.raises(ArtifactError, match=name.name):
            Bundle.load(copied)
        put(copied / name, content)
    Bundle.load(copied)


@pytest.mark.parametrize("name", ["notes.txt", "encoder/model2.onnx", "ensemble/trees/.hidden"])
def test_a_file_that_the_manifest_does_not_name_is_refused(copied, name):
    (copied / name).write_text("")
    with pytest.raises(ArtifactError, match=f"{name} is not in the manifest"):
        Bundle.load(copied)


@pytest.mark.parametrize("name", ["decision.json", "manifest.json"])
def test_a_file_of_another_bundle_is_refused(copied, other, name):
    put(copied / name, (other.folder / name).read_bytes())
    with pytest.raises(ArtifactError, match=r"decision\.json differs from the sha256 in its manifest"):
        Bundle.load(copied)


def test_another_bundle_than_the_pinned_is_refused(written, other):
    with pytest.raises(ArtifactError, match=f"the bundle {other.sha256[:12]}, not the pinned {written.sha256[:12]}"):
        Bundle.load(other.folder, written.sha256)


def test_a_newer_format_names_the_command(copied):
    path = copied / artifact.MANIFEST
    newer = {**json.loads(path.read_text()), "format_version": artifact.FORMAT_VERSION + 1}
    put(path, json.dumps(newer).encode())
    with pytest.raises(ArtifactError, match="pip install --upgrade metier"):
        Bundle.load(copied)


def test_an_ensemble_alone_and_an_empty_folder_are_no_bundle(written, tmp_path):
    with pytest.raises(ArtifactError, match="holds a ensemble artifact, not bundle"):
        Bundle.load(written.folder / "ensemble")
    with pytest.raises(ArtifactError, match="no saved model"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize("names", [["left", "right"], ["left", "right", "new"], ["right", "left", "level_code"]])
def test_feature_names_that_the_ensemble_does_not_have_are_refused(copied, names):
    signed(copied, feature_names=names)
    with pytest.raises(ArtifactError, match="states other features than its ensemble has"):
        Bundle.load(copied)


def pickled():
    content = io.BytesIO()
    np.savez(content, idf=np.array([{"any": "object"}], dtype=object))
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("text_weights.npz", b""), ("text_weights.npz", b"PK\x03\x04"), ("text_weights.npz", pickled()),
     ("evaluation.json", b"{"), ("ensemble/manifest.json", b"[]")],
)  # fmt: skip
def test_garbage_under_a_fitting_manifest_is_refused(copied, name, content):
    put(copied / name, content)
    signed(copied)
    with pytest.raises(ArtifactError, match="holds no bundle that loads"):
        Bundle.load(copied)


def test_metadata_of_another_make_is_refused(copied):
    signed(copied, unheard_of=1)
    with pytest.raises(ArtifactError, match="holds no bundle that loads"):
        Bundle.load(copied)


def test_the_manifest_can_be_had_where_the_encoder_does_not_load(copied):
    put(copied / "encoder/tokenizer.json", b"{}")
    described = json.loads((copied / "encoder/encoder.json").read_text())
    described["files"]["tokenizer.json"] = hashlib.sha256(b"{}").hexdigest()
    put(copied / "encoder/encoder.json", json.dumps(described).encode())
    signed(copied)
    bundle = Bundle.load(copied)
    assert bundle.manifest.surface == "job_feed"
    with pytest.raises(ArtifactError, match="holds no encoder that loads"):
        _ = bundle.encoder


def test_an_encoder_that_the_manifest_does_not_name_is_refused(copied):
    signed(copied, encoder_hash="0" * 64)
    with pytest.raises(ArtifactError, match="names another encoder than it holds"):
        _ = Bundle.load(copied).encoder


def test_bundles_with_one_encoder_hold_it_once_in_a_process(written, other):
    first, second = Bundle.load(written.folder), Bundle.load(other.folder)
    assert first.manifest.encoder_hash == second.manifest.encoder_hash
    assert first.encoder is not second.encoder
    assert first.encoder._model is second.encoder._model


def test_loading_and_scoring_import_nothing_of_training(written):
    program = (
        "import json, sys, numpy as np\n"
        "from components.releases.bundle import Bundle\n"
        "bundle = Bundle.load(sys.argv[1], sys.argv[2])\n"
        "rows = np.array(json.loads(sys.argv[3]), dtype=np.float32)\n"
        "heavy = {'torch', 'kfp', 'ray', 'mlflow', 'great_expectations', 'components.evaluation'}\n"
        "print(json.dumps([bundle.ensemble.score(rows).tolist(), bundle.encoder.encode(['cook']).shape,"
        " sorted(heavy & set(sys.modules))]))\n"
    )
    features = marketplace(seed=3).features[:4]
    done = subprocess.run(
        [sys.executable, "-c", program, str(written.folder), written.sha256, json.dumps(features.tolist())],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    scores, shape, heavy = json.loads(done.stdout)
    assert heavy == []
    assert shape == [1, 384]
    assert scores == pytest.approx(written.ensemble.score(features).tolist(), abs=1e-6)
