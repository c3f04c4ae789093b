"""Room for large arrays: a file without a name that is mapped, so that memory holds the part that is worked on.

The kernel writes pages out and takes their memory back when others need it; the file goes with the array. It lies where
temporary files go (TMPDIR). Knows nothing of what the numbers mean.
"""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from components.measures.arrays import Floats, IntArray
from components.training_sets.dataset.checked import row_blocks

IN_MEMORY_BYTES = 64 << 20
"""Smaller arrays stay in memory."""


def room(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """An array of zeros: in memory where it is small, else in a file."""
    if np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize < IN_MEMORY_BYTES:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.asarray(np.memmap(file, dtype, "w+", shape=shape))


def gathered(features: Floats, rows: IntArray | slice, columns: IntArray | slice = slice(None)) -> Floats:
    """`features[rows][:, columns]` (n_rows, n_columns), contiguous; a view where nothing has to be moved."""
    if isinstance(rows, slice):
        chosen = features[rows, columns] if isinstance(columns, slice) else None
        if chosen is not None and chosen.flags.c_contiguous:
            return chosen
        rows = np.arange(len(features))[rows]
    width = len(np.arange(features.shape[1])[columns])
    copied: Floats = room((len(rows), width))
    for block in row_blocks(len(rows)):
        copied[block] = features[rows[block]][:, columns]
    return copied
