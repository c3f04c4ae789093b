"""Inner products of many rows and a few queries, block by block: nothing of the size of all rows is copied."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BLOCK = 2_048
"""Rows at once: what is gathered of them stays in a processor's cache."""


def blocks(count: int) -> Iterator[slice]:
    """Parts of `count` rows."""
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def greatest_products(vectors: Floats, queries: Floats, positions: IntArray | None = None) -> Floats:
    """float32 (n,): the greatest inner product of each row, or of those at `positions`, with any row of `queries`."""
    count = len(vectors) if positions is None else len(positions)
    greatest = np.empty(count, np.float32)
    for part in blocks(count):
        rows = vectors[part] if positions is None else vectors.take(positions[part], axis=0)
        greatest[part] = rows @ queries[0] if len(queries) == 1 else (queries @ rows.T).max(axis=0)
    return greatest
