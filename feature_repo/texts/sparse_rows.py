"""Rows of sparse matrices, gathered as plain arrays: no matrix is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SparseRows:
    """n rows, one after another: of each element its column and its value."""

    starts: Rows
    """(n + 1,): row i has the elements [starts[i], starts[i + 1])."""
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]

    @property
    def lengths(self) -> Rows:
        """(n,) how many elements each row has."""
        lengths: Rows = self.starts[1:] - self.starts[:-1]
        return lengths

    @classmethod
    def of(cls, matrix: sp.csr_array, rows: Rows) -> Self:
        """Those rows of a matrix, -1 the last, elements in its order."""
        if not len(rows):
            return cls(np.zeros(1, np.int64), matrix.indices[:0], matrix.data[:0])
        first = matrix.indptr[:-1][rows]
        starts = starts_of(matrix.indptr[1:][rows] - first)
        at = ranges(first, starts)
        return cls(starts, matrix.indices.take(at), matrix.data.take(at))

    @classmethod
    def stacked(cls, parts: Sequence["SparseRows"]) -> Self:
        """The rows of several, one below the other."""
        lengths, columns, values = (
            np.concatenate([getattr(part, of) for part in parts]) for of in ("lengths", "columns", "values")
        )
        return cls(starts_of(lengths), columns, values)

    def filled(self, other: "SparseRows") -> "SparseRows":
        """These rows with those of `other`, as many, where these are empty."""
        both, rows = self.stacked([self, other]), np.arange(len(self.lengths))
        order = np.argsort(np.append(rows, rows).repeat(both.lengths), kind="stable")
        return SparseRows(starts_of(self.lengths + other.lengths), both.columns[order], both.values[order])


def starts_of(lengths: npt.NDArray) -> Rows:
    """(n + 1,) where each of n runs begins, one after another, and where the last ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    lengths.cumsum(out=starts[1:])
    return starts


def ranges(first: npt.NDArray, starts: Rows) -> Rows:
    """first[0], first[0] + 1, ... in the places from starts[0] to starts[1], then first[1] and so on."""
    at: Rows = np.arange(starts[-1])
    at += (first - starts[:-1]).repeat(starts[1:] - starts[:-1])
    return at
