"""Text vectors: lexical rows by hand, unknown keys, files without pickle."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from feature_repo.texts import TextVectors
from feature_repo.texts.vectors import FILES
from feature_repo.texts.weighing import BUCKETS, on_grid, term_bucket
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
    difference = vectors.weights.lexical(TEXTS) - vectors.lexical
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
    for file in FILES:
        if file.endswith(".npy"):
            np.load(tmp_path / file, allow_pickle=False)


def test_what_is_read_is_mapped_and_not_copied(vectors: TextVectors, tmp_path: Path) -> None:
    vectors.write(tmp_path)
    again = TextVectors.read(tmp_path)
    lexical = again.padded_lexical
    sparse = (lexical.data, lexical.indices, lexical.indptr)
    for array in (*again.weights.arrays.values(), again.padded_dense, again.projection, *sparse):
        assert mapped(array)
        assert not array.flags.writeable


def test_writing_anew_leaves_what_others_have_mapped(vectors: TextVectors, tmp_path: Path) -> None:
    vectors.write(tmp_path)
    mapped_before = TextVectors.read(tmp_path)
    vectors.extended(["q"], ["cook"], unit_rows(1)).write(tmp_path)
    assert mapped_before.keys == vectors.keys
    assert (mapped_before.lexical != vectors.lexical).nnz == 0
    assert TextVectors.read(tmp_path).keys == (*vectors.keys, "q")


def test_what_an_earlier_format_left_is_gone(vectors: TextVectors, tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text("{}")
    vectors.write(tmp_path)
    assert not (tmp_path / "texts.json").exists()


def mapped(array: np.ndarray) -> bool:
    """Whether an array's memory is that of a mapped file."""
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def test_newer_texts_laid_over_answer_as_if_they_had_been_there(vectors: TextVectors) -> None:
    keys, texts, rows = ["q", "r"], ["pilot of ships. sail. ", "cook. bake bread. "], unit_rows(2, seed=4)
    newer = TextVectors.fitted(vectors.weights).extended(keys, texts, rows)
    over, whole = vectors.overlaid(newer), vectors.extended(keys, texts, rows)
    asked = over.rows(["b", "r", None, "q", "a", "unknown"])
    assert asked.tolist() == [1, 4, -1, 3, 0, -1] == whole.rows(["b", "r", None, "q", "a", "unknown"]).tolist()
    np.testing.assert_array_equal(over.dense_at(asked.reshape(2, 3)), whole.dense_at(asked.reshape(2, 3)))
    np.testing.assert_array_equal(over.projection_at(asked), whole.projection_at(asked))
    for over_terms, whole_terms in zip(*(vars(texts.terms_at(asked)).values() for texts in (over, whole)), strict=True):
        np.testing.assert_array_equal(over_terms, whole_terms)
    assert over.titles_at(asked) == whole.titles_at(asked) == ["cook", "cook", None, "pilot of ships", "cook", None]
    assert over.rows(["a", "b"]).tolist() == vectors.rows(["a", "b"]).tolist()


def test_texts_weighed_otherwise_are_not_laid_over(vectors: TextVectors) -> None:
    with pytest.raises(FeatureError, match="weighed by other weights"):
        vectors.overlaid(TextVectors.build(["q"], ["cook"], unit_rows(1)))


def test_some_of_the_texts_keep_their_vectors(vectors: TextVectors) -> None:
    some = vectors.only(np.array([2, 0]))
    assert (some.keys, some.titles) == (("c", "a"), ("pilot", "cook"))
    np.testing.assert_array_equal(some.dense, vectors.dense[[2, 0]])
    np.testing.assert_array_equal(some.projection, vectors.projection[[2, 0, -1]])
    assert (some.lexical != vectors.lexical[[2, 0]]).nnz == 0


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


def test_coordinates_do_not_depend_on_the_texts_beside() -> None:
    """They are exact: float64, which holds every product and sum of them, gives no other."""
    built = TextVectors.build([str(i) for i in range(40)], ["t"] * 40, unit_rows(40))
    exact = (built.dense.astype(np.float64) - built.weights.center) @ built.weights.components.astype(np.float64)
    np.testing.assert_array_equal(built.projection[:-1].astype(np.float64), exact)


def test_more_texts_keep_the_old_rows_and_the_fitted_idf(vectors: TextVectors) -> None:
    more = vectors.extended(["c", "q", "q"], ["pilot. fly. ", "cook", "cook"], unit_rows(3, seed=1))
    assert more.keys == ("a", "b", "c", "q")
    np.testing.assert_array_equal(more.dense[:3], vectors.dense)
    np.testing.assert_array_equal(more.dense[3], on_grid(unit_rows(3, seed=1))[1])
    np.testing.assert_array_equal(more.weights.idf, vectors.weights.idf)
    assert abs(more.lexical[[3]] - vectors.weights.lexical(["cook"])).max() == 0
    assert vectors.extended(["a"], ["cook"], unit_rows(1)) is vectors


def test_no_text_at_all_still_answers() -> None:
    nothing = TextVectors.build([], [], np.zeros((0, 384), np.float32))
    assert nothing.rows(["a"]).tolist() == [-1]
    assert nothing.lexical.shape == (0, BUCKETS)
    assert isinstance(nothing.weights.lexical(["a b"]), sp.csr_array)


def test_cosines_on_the_grid_do_not_depend_on_how_they_are_multiplied() -> None:
    rows, others = on_grid(unit_rows(64, seed=2)), on_grid(unit_rows(23, seed=3))
    whole = rows @ others.T
    alone = np.array([[row @ other for other in others] for row in rows])
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, np.float64(rows) @ np.float64(others).T)
    assert np.abs(on_grid(unit_rows(64, seed=2)) - unit_rows(64, seed=2)).max() <= 0.5 / 2048
