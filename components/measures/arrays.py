"""Types of the arrays that measures and rankers hand each other, and where runs of equal rows start."""

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
"""Features, scores and labels, as rankers read and give them."""
FloatArray = NDArray[np.float64]
"""Measured values: sums over many rows need the precision."""
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]


def run_starts(sizes: IntArray) -> IntArray:
    """Position of the first row of each run (n_runs,) from the runs' sizes (n_runs,): 2, 3, 1 start at 0, 2, 5."""
    starts: IntArray = np.cumsum(sizes) - sizes
    return starts


def codes_of(ids: ArrayLike) -> tuple[IntArray, int]:
    """(n,) position of each id among the distinct ones, in order of first appearance, -1 of null ones; how many."""
    coded = pa.array(np.asarray(ids), from_pandas=True).dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy().astype(np.int64), len(coded.dictionary)
