"""Rows of sparse matrices, gathered as plain arrays: no matrix is made of them."""

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
        first = matrix.indptr[:-1][rows]
        lengths = matrix.indptr[1:][rows] - first
        starts = _starts(lengths)
        at = np.arange(starts[-1]) + (first - starts[:-1]).repeat(lengths)
        return cls(starts, matrix.indices.take(at), matrix.data.take(at))

    def filled(self, other: "SparseRows") -> "SparseRows":
        """These rows with those of `other`, as many, where these are empty."""
        rows = np.arange(len(self.lengths))
        order = np.argsort(np.append(rows.repeat(self.lengths), rows.repeat(other.lengths)), kind="stable")
        columns, values = np.append(self.columns, other.columns), np.append(self.values, other.values)
        return SparseRows(_starts(self.lengths + other.lengths), columns[order], values[order])


def _starts(lengths: npt.NDArray) -> Rows:
    starts = np.zeros(len(lengths) + 1, np.int64)
    lengths.cumsum(out=starts[1:])
    return starts
