"""Text vectors: lexical rows by hand, unknown keys, files without pickle."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from feature_repo.vectors import BUCKETS, TextVectors, on_grid, term_bucket
from metier.errors import ArtifactError, FeatureError

TEXTS = ["cook. cook rice. ", "cook. bake bread. ", "pilot. fly. "]
KEYS = ["a", "b", "c"]


def unit_rows(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def vectors() -> TextVectors:
    return TextVectors.build(KEYS, TEXTS, unit_rows(3))


def test_a_lexical_row_is_sublinear_tf_times_smooth_idf_of_unit_length(vectors: TextVectors) -> None:
    # "cook" stands twice in row 0 and in 2 of 3 texts, "rice" once and in 1 of 3.
    cook = (1 + np.log(2)) * (np.log(4 / 3) + 1)
    rice = 1 * (np.log(4 / 2) + 1)
    row = vectors.lexical[[0]].toarray()[0]
    length = np.hypot(cook, rice)
    assert row[term_bucket("cook")] == pytest.approx(cook / length, abs=1e-6)
    assert row[term_bucket("rice")] == pytest.approx(rice / length, abs=1e-6)
    assert np.count_nonzero(row) == 2


def test_the_same_text_asked_as_a_query_has_the_same_row(vectors: TextVectors) -> None:
    difference = vectors.encode_query_lexical(TEXTS) - vectors.lexical
    assert abs(difference).max() == 0


def test_rows_follow_keys_and_unknown_ones_are_minus_one_with_nothing_in_them(vectors: TextVectors) -> None:
    assert vectors.rows(["c", "x", None, "a"]).tolist() == [2, -1, -1, 0]
    assert vectors.rows(pa.chunked_array([["c", "x"], [None, "a", "c"]])).tolist() == [2, -1, -1, 0, 2]
    assert vectors.rows([]).shape == vectors.rows(pa.array([], pa.string())).shape == (0,)
    assert not vectors.padded_dense[-1].any()
    assert vectors.padded_lexical[[-1]].nnz == 0


def test_written_vectors_read_back_equal_and_hold_no_pickle(vectors: TextVectors, tmp_path: Path) -> None:
    vectors.write(tmp_path)
    again = TextVectors.read(tmp_path)
    assert again.keys == vectors.keys
    assert again.titles == ("cook", "cook", "pilot")
    np.testing.assert_array_equal(again.dense, vectors.dense)
    np.testing.assert_array_equal(again.projection, vectors.projection)
    assert (again.lexical != vectors.lexical).nnz == 0
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as weights:
        assert all(weights[name].dtype == np.float32 for name in weights)


def test_a_missing_or_foreign_file_is_named(vectors: TextVectors, tmp_path: Path) -> None:
    vectors.write(tmp_path)
    np.save(tmp_path / "dense.npy", unit_rows(9))
    with pytest.raises(ArtifactError, match="different builds"):
        TextVectors.read(tmp_path)
    (tmp_path / "dense.npy").unlink()
    with pytest.raises(ArtifactError, match=r"lacks dense\.npy"):
        TextVectors.read(tmp_path)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(FeatureError, match="1 keys, 1 texts and 2 embeddings"):
        TextVectors.build(["a"], ["t"], unit_rows(2))


def test_the_projection_keeps_the_most_variance_first() -> None:
    spread = np.zeros((48, 384), np.float32)
    spread[:, 7] = np.linspace(-3, 3, 48)
    spread[:, 9] = np.tile([-1, 1, 1, -1], 12)  # orthogonal to the slope
    projection = TextVectors.build([str(i) for i in range(48)], ["t"] * 48, spread).projection
    assert projection.shape == (49, 16)
    np.testing.assert_allclose(projection[:48, 0], spread[:, 7] - spread[:, 7].mean(), atol=3e-4)
    variance = projection[:48].var(axis=0)
    assert (np.diff(variance) <= 1e-6).all()
    assert np.isnan(projection[48]).all()


def test_more_texts_keep_the_old_rows_and_the_fitted_idf(vectors: TextVectors) -> None:
    more = vectors.extended(["c", "q", "q"], ["pilot. fly. ", "cook", "cook"], unit_rows(3, seed=1))
    assert more.keys == ("a", "b", "c", "q")
    np.testing.assert_array_equal(more.dense[:3], vectors.dense)
    np.testing.assert_array_equal(more.dense[3], on_grid(unit_rows(3, seed=1))[1])
    np.testing.assert_array_equal(more.idf, vectors.idf)
    assert abs(more.lexical[[3]] - vectors.encode_query_lexical(["cook"])).max() == 0
    assert vectors.extended(["a"], ["cook"], unit_rows(1)) is vectors


def test_no_text_at_all_still_answers() -> None:
    nothing = TextVectors.build([], [], np.zeros((0, 384), np.float32))
    assert nothing.rows(["a"]).tolist() == [-1]
    assert nothing.lexical.shape == (0, BUCKETS)
    assert isinstance(nothing.encode_query_lexical(["a b"]), sp.csr_array)


def test_cosines_on_the_grid_do_not_depend_on_how_they_are_multiplied() -> None:
    rows, others = on_grid(unit_rows(64, seed=2)), on_grid(unit_rows(23, seed=3))
    whole = rows @ others.T
    alone = np.array([[row @ other for other in others] for row in rows])
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, np.float64(rows) @ np.float64(others).T)
    assert np.abs(on_grid(unit_rows(64, seed=2)) - unit_rows(64, seed=2)).max() <= 0.5 / 2048
