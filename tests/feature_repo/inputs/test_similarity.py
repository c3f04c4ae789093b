"""Cosines by words: what one block looked up is not found by the next one, also where a lookup failed."""

import numpy as np
import pytest
import scipy.sparse as sp

from feature_repo.inputs.similarity import Span, lexical_cosines, sums
from feature_repo.texts.sparse_rows import SparseRows
from feature_repo.views import LONGEST

ONE = Span(np.array([0, 1]), np.array([1]))
AT = np.zeros(1, np.int64), np.zeros(1, np.int64)


def row(*columns: int) -> SparseRows:
    return SparseRows(np.array([0, len(columns)]), np.array(columns, np.int32), np.full(len(columns), 0.5, np.float32))


def cosine(own: SparseRows, shown: SparseRows) -> float:
    cosines = np.zeros((1, 1), np.float32)
    lexical_cosines(own, AT, shown, ONE, cosines)
    return float(cosines[0, 0])


def test_terms_in_common_are_summed_up() -> None:
    """Two terms in common: 0.5 * 0.5 + 0.5 * 0.5."""
    assert cosine(row(3, 5, 9), row(5, 7, 3)) == 0.5
    assert cosine(row(7), row(3, 5)) == 0.0
    assert cosine(row(), row(3)) == 0.0


def test_a_lookup_that_fails_leaves_nothing_behind() -> None:
    with pytest.raises(IndexError):
        cosine(row(3, 5), row(3, 2**30))
    assert cosine(row(7), row(3, 5)) == 0.0


def test_rows_are_gathered_in_their_order_and_an_empty_one_stays() -> None:
    matrix = sp.csr_array(np.array([[0, 2, 0], [3, 0, 4], [0, 0, 0]], np.float32))
    rows = SparseRows.of(matrix, np.array([1, -1, 0, 1]))
    assert rows.starts.tolist() == [0, 2, 2, 3, 5]
    assert (rows.columns.tolist(), rows.values.tolist()) == ([0, 2, 1, 0, 2], [3, 4, 2, 3, 4])


@pytest.mark.parametrize(("used", "slots"), [(5, 8), (13, 16), (20, LONGEST)])
def test_sums_are_those_of_numpy_over_rows_of_the_longest_history(used: int, slots: int) -> None:
    values = np.zeros((300, LONGEST), np.float32)
    values[:, :used] = np.random.default_rng(3).normal(size=(300, used))
    np.testing.assert_array_equal(sums(np.ascontiguousarray(values[:, :slots].T)), values.sum(axis=1))
