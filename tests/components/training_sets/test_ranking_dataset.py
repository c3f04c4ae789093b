"""RankingDataset: what it refuses, what it keeps, what survives a file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_sets import RankingDataset
from metier.errors import EmptyDataError, InputError

LIGHTGBM = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "lightgbm_lambdarank"


def five_rows(**changes: object) -> RankingDataset:
    """Three queries of 2, 1 and 2 rows, two features; row i holds i and 10 i."""
    given = {
        "features": np.array([[row, 10 * row] for row in range(5)]),
        "relevance": [0, 1, 2, 0, 4],
        "query_id": ["a", "a", "b", "c", "c"],
        "feature_names": ("small", "large"),
    }
    return RankingDataset(**(given | changes))  # type: ignore[arg-type]


def test_rows_are_grouped_by_query() -> None:
    dataset = five_rows()
    assert (len(dataset), dataset.n_queries) == (5, 3)
    assert dataset.group_sizes.tolist() == [2, 1, 2]
    assert dataset.query_index.tolist() == [0, 0, 1, 2, 2]
    assert dataset.queries.tolist() == ["a", "b", "c"]
    assert (dataset.group_sizes.dtype, dataset.query_index.dtype) == (np.int64, np.int64)


def test_numbers_become_float32_and_ids_int64_or_str() -> None:
    dataset = five_rows(query_id=np.array([7, 7, 2, 9, 9], dtype=np.int32), rank=[1, 2, 1, 1, 2], weight=[1] * 5)
    assert (dataset.features.dtype, dataset.relevance.dtype, dataset.weight.dtype) == (np.float32,) * 3
    assert (dataset.query_id.dtype, dataset.rank.dtype) == (np.int64, np.int32)
    assert five_rows().query_id.dtype.kind == "U"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros((5, 3))}, r"features has shape \(5, 3\), feature_names has 2"),
        ({"features": np.zeros(5)}, r"features has shape \(5,\)"),
        ({"features": [[np.inf, 0]] * 5}, "feature 'small' is infinite"),
        ({"features": [["x", 0]] * 5}, "features cannot be read as numbers"),
        ({"feature_names": ("same", "same")}, "'same' is named twice"),
        ({"feature_names": (), "features": np.zeros((5, 0))}, "feature_names is empty"),
        ({"relevance": [0, 1]}, r"relevance has shape \(2,\), features has 5 rows"),
        ({"relevance": [0, 1, np.nan, 0, 0]}, "relevance must be finite"),
        ({"relevance": [0, 1, -1, 0, 0]}, "relevance must be finite and zero or more"),
        ({"relevance": list("abcde")}, "relevance cannot be read as numbers"),
        ({"query_id": ["a", "b", "a", "c", "c"]}, "the rows of query 'a' are not contiguous"),
        ({"query_id": [1.0] * 5}, "query_id is float64"),
        ({"query_id": ["a"] * 4}, r"query_id has shape \(4,\)"),
        ({"rank": [0, 1, 1, 1, 2]}, "rank counts from 1"),
        ({"propensity": [0.5, 0, 0.5, 0.5, 0.5]}, r"propensity lies in \(0, 1\]"),
        ({"outcomes": {"click": [0, 1, 2, 0, 0]}}, "outcome 'click' holds a value other than"),
        ({"outcomes": {"click": [0, 1]}}, r"outcome 'click' has shape \(2,\)"),
        ({"weight": [1, 1, 1, 1, np.inf]}, "weight must be finite"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        five_rows(**changes)


def test_a_data_set_without_rows_is_refused() -> None:
    with pytest.raises(EmptyDataError, match="no rows"):
        five_rows(features=np.zeros((0, 2)), relevance=[], query_id=np.array([], dtype=np.str_))
    with pytest.raises(EmptyDataError, match="no rows"):
        five_rows().select_queries(np.zeros(3, dtype=bool))


def test_selecting_queries_keeps_every_column_aligned() -> None:
    known = np.array([0, 1, np.nan, 1, 0], dtype=np.float32)
    dataset = five_rows(
        rank=[1, 2, 1, 1, 2], propensity=[0.1, 0.2, np.nan, 0.4, 0.5], weight=range(5), outcomes={"hire": known}
    )
    kept = dataset.select_queries(np.array([True, False, True]))
    assert kept.query_id.tolist() == ["a", "a", "c", "c"]
    assert kept.features[:, 0].tolist() == [0, 1, 3, 4]
    assert kept.relevance.tolist() == [0, 1, 0, 4]
    assert kept.rank.tolist() == [1, 2, 1, 2]
    assert kept.weight.tolist() == [0, 1, 3, 4]
    np.testing.assert_allclose(kept.propensity, [0.1, 0.2, 0.4, 0.5], rtol=1e-6)
    assert kept.outcomes["hire"].tolist() == [0, 1, 1, 0]
    assert kept.group_sizes.tolist() == [2, 2]


def test_a_mask_must_have_one_boolean_per_query() -> None:
    for mask in (np.array([True, False]), np.array([0, 1, 2]), np.ones(5, dtype=bool)):
        with pytest.raises(InputError, match="one value per query"):
            five_rows().select_queries(mask)


def test_selecting_features_keeps_the_order_asked_for() -> None:
    swapped = five_rows().select_features(("large", "small"))
    assert swapped.feature_names == ("large", "small")
    assert swapped.features[4].tolist() == [40, 4]
    assert five_rows().select_features(["large"]).features.shape == (5, 1)
    with pytest.raises(InputError, match="no feature 'huge'"):
        five_rows().select_features(["huge"])


def same(left: RankingDataset, right: RankingDataset) -> None:
    for name in ("features", "relevance", "query_id", "rank", "propensity", "weight"):
        ours, theirs = getattr(left, name), getattr(right, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype.kind == theirs.dtype.kind
    assert left.feature_names == right.feature_names
    assert (left.outcomes or {}).keys() == (right.outcomes or {}).keys()
    for head, column in (left.outcomes or {}).items():
        np.testing.assert_array_equal(column, right.outcomes[head])


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    width=st.integers(1, 4),
    full=st.booleans(),
    words=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], width: int, full: bool, words: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    n_rows = sum(sizes)
    ids = np.repeat(random.permutation(len(sizes)), sizes)
    features = random.normal(size=(n_rows, width)).astype(np.float32)
    features[random.random(features.shape) < 0.2] = np.nan
    dataset = RankingDataset(
        features,
        random.integers(0, 5, n_rows),
        np.array([f"q:é{i}" for i in ids]) if words else ids,
        tuple(f"feature.{i}" for i in range(width)),
        rank=random.integers(1, 9, n_rows) if full else None,
        propensity=random.uniform(0.1, 1, n_rows) if full else None,
        outcomes={"click": random.choice([0, 1, np.nan], n_rows), "hire": np.zeros(n_rows)} if full else None,
        weight=random.random(n_rows) if full else None,
    )
    folder = tmp_path_factory.mktemp("set")
    dataset.write(folder)
    same(RankingDataset.read(folder), dataset)


def test_writing_again_replaces_and_leaves_three_files(tmp_path: Path) -> None:
    five_rows().write(tmp_path / "new" / "set")
    second = five_rows(relevance=[1] * 5)
    second.write(tmp_path / "new" / "set")
    same(RankingDataset.read(tmp_path / "new" / "set"), second)
    assert len(list((tmp_path / "new" / "set").iterdir())) == 3


def test_a_writer_that_died_leaves_the_old_rows_readable(tmp_path: Path) -> None:
    five_rows().write(tmp_path)
    (tmp_path / ".rows-1.writing").write_bytes(b"half a file")
    (tmp_path / "rows-0123456789abcdef.parquet").write_bytes(b"rows whose metadata never came")
    same(RankingDataset.read(tmp_path), five_rows())


def test_reading_where_nothing_was_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.json is missing"):
        RankingDataset.read(tmp_path)


def svmlight(folder: Path, rows: str, groups: str | None = None) -> Path:
    path = folder / "rank.train"
    path.write_text(rows)
    if groups is not None:
        (folder / "rank.train.query").write_text(groups)
    return path


def test_queries_come_from_sizes_beside_the_file(tmp_path: Path) -> None:
    path = svmlight(tmp_path, "0 1:0.5\n1 3:2\n4 2:1 3:-1\n", "1\n2\n")
    dataset = RankingDataset.from_svmlight(path)
    assert dataset.features.tolist() == [[0.5, 0, 0], [0, 0, 2], [0, 1, -1]]
    assert dataset.feature_names == ("f1", "f2", "f3")
    assert dataset.relevance.tolist() == [0, 1, 4]
    assert dataset.query_id.tolist() == [0, 1, 1]


def test_queries_come_from_qid_unless_sizes_are_given(tmp_path: Path) -> None:
    path = svmlight(tmp_path, "0 qid:7 1:1\n1 qid:3 1:2 # a remark\n\n2 qid:3 1:3\n", "1\n2\n")
    assert RankingDataset.from_svmlight(path).query_id.tolist() == [7, 3, 3]
    (tmp_path / "rank.train.query").write_text("2\n1\n")
    with pytest.raises(InputError, match=r"line 2: its qid and .* do not agree whether a query begins here"):
        RankingDataset.from_svmlight(path)
    assert RankingDataset.from_svmlight(path, tmp_path / "rank.train.query").query_id.tolist() == [0, 0, 1]


def test_a_narrow_test_file_is_read_as_wide_as_its_train_file(tmp_path: Path) -> None:
    path = svmlight(tmp_path, "1 qid:1 2:5\n")
    assert RankingDataset.from_svmlight(path, n_features=4).features.tolist() == [[0, 5, 0, 0]]
    with pytest.raises(InputError, match="names feature f2 but n_features is 1; pass 2 or more"):
        RankingDataset.from_svmlight(path, n_features=1)


@pytest.mark.parametrize(
    ("rows", "groups", "message"),
    [
        ("", "1\n", "holds no rows"),
        ("good 1:1\n", "1\n", "is not svmlight rows"),
        ("1 x:1\n", "1\n", "is not svmlight rows"),
        ("1 0:1\n", "1\n", "index 0"),
        ("1 qid:a 1:1\n", None, "is not svmlight rows"),
        ("nan qid:1 1:1\n", None, "line 1 has label nan, and a relevance is finite"),
        ("1 1:1\n", None, r"carries no qid and there is no .*rank\.train\.query"),
        ("1 1:1\n2 1:1\n", "3\n", r"adds up to 3 rows, .* has 2"),
        ("1 1:1\n2 1:1\n", "2.0\n", "must hold one whole number per line"),
        ("1 1:1\n2 1:1\n", "2\n0\n", "a query of size 0"),
        ("1 qid:1 1:1\n2 1:1\n", None, "only 1 of 2 rows carry a qid"),
        ("1 qid:1 1:1\n1 qid:2 1:1\n1 qid:1 1:1\n", None, "query '1' are not contiguous"),
    ],
)
def test_bad_svmlight_is_refused_with_a_reason(tmp_path: Path, rows: str, groups: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RankingDataset.from_svmlight(svmlight(tmp_path, rows, groups))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*absent\.txt"):
        RankingDataset.from_svmlight(tmp_path / "absent.txt")


@pytest.mark.skipif(not LIGHTGBM.is_dir(), reason=f"LightGBM's lambdarank example is not at {LIGHTGBM}")
def test_the_public_lambdarank_example_is_read() -> None:
    train = RankingDataset.from_svmlight(LIGHTGBM / "rank.train")
    test = RankingDataset.from_svmlight(LIGHTGBM / "rank.test", n_features=train.features.shape[1])
    assert (len(train), train.n_queries, len(test), test.n_queries) == (3005, 201, 768, 50)
    assert train.features.shape[1] == test.features.shape[1] == 300
    assert set(np.unique(train.relevance)) == {0, 1, 2, 3, 4}
    assert train.group_sizes[:3].tolist() == [1, 13, 5]
    assert train.features[0, [9, 10, 11]] == pytest.approx([0.89, 0.75, 0.01])
