"""Vectors in one byte a component, and how far an inner product of two of them can be off.

A row x is stored as c, the nearest whole numbers to x / step. Of a query q and its own codes d with a step of its own,
|x.q - step * step_q * c.d| <= |x - step c| |q| + |step c| |q - step_q d| (Cauchy and Schwarz), so that a first look at
codes, a quarter of the bytes, says which rows can be among the nearest. Knows no index.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numkong
import numpy as np
import numpy.typing as npt

from components.retrieval.meaning.blocks import Floats, IntArray, blocks
from feature_repo.files.mapped import read_array, write_array

Bytes = npt.NDArray[np.int8]
MOST = 127
SLACK = np.float32(1e-5)
"""Rounding of the bound and of what it is compared with."""
CODES, STEPS = "codes.npy", "codes.json"


@dataclass(frozen=True, eq=False)
class Codes:
    """`rows` (n, dimension) times `step` are vectors, each at most `error` (Euclidean) from what it stands for."""

    rows: Bytes
    step: float
    error: float
    longest: float
    """The greatest length of a coded row, in units of the vectors."""

    @classmethod
    def of(cls, vectors: Floats) -> Self:
        """Codes of finite vectors, with one step for all."""
        step = _step(max((float(np.abs(vectors[part]).max(initial=0)) for part in blocks(len(vectors))), default=0.0))
        rows = np.empty(vectors.shape, np.int8)
        error = longest = 0.0
        for part in blocks(len(vectors)):
            rows[part] = _coded(vectors[part], step)
            coded = rows[part] * np.float32(step)
            error = max(error, float(np.linalg.norm(vectors[part] - coded, axis=1).max()))
            longest = max(longest, float(np.linalg.norm(coded, axis=1).max()))
        return cls(rows, step, error, longest)

    def of_queries(self, queries: Floats) -> tuple[Bytes, float, float]:
        """(codes, their step, how far a product with a row of these can be off) of queries (m, dimension)."""
        step = _step(float(np.abs(queries).max(initial=0)))
        coded = _coded(queries, step)
        off = float(np.linalg.norm(queries - coded * np.float32(step), axis=1).max())
        return coded, step, self.error * float(np.linalg.norm(queries, axis=1).max()) + self.longest * off

    def products(self, queries: Floats, positions: IntArray | None = None) -> tuple[Floats, float]:
        """(float32 (n,), how far each can be off): the greatest product of each row with any of `queries`."""
        coded, step, off = self.of_queries(queries)
        packed = numkong.dots_pack(coded, dtype="int8")
        count = len(self.rows) if positions is None else len(positions)
        greatest = np.empty(count, np.float32)
        for part in blocks(count):
            rows = self.rows[part] if positions is None else self.rows.take(positions[part], axis=0)
            products = np.asarray(numkong.dots_packed(rows, packed))
            greatest[part] = np.ascontiguousarray(products.T).max(axis=0)
        greatest *= np.float32(step * self.step)
        return greatest, off + float(SLACK)

    def save(self, folder: Path) -> None:
        """Write what `load` maps."""
        write_array(folder / CODES, self.rows)
        steps = {"step": self.step, "error": self.error, "longest": self.longest}
        (folder / STEPS).write_text(json.dumps(steps))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The codes that `save` left, mapped; None where there are none."""
        if not (folder / STEPS).exists():
            return None
        return cls(read_array(folder / CODES), **json.loads((folder / STEPS).read_text()))


def _step(greatest: float) -> float:
    return greatest / MOST if greatest > 0 else 1.0


def _coded(vectors: Floats, step: float) -> Bytes:
    coded: Bytes = np.rint(vectors / np.float32(step)).astype(np.int8)
    return coded
