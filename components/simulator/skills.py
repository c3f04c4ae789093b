"""Some skills of each of many: few stand out of all there are, so that a row of every skill would be mostly zeros.

Weights are multiples of 1/STEP (see taxonomy): sums of products are exact in float32, in any order.
"""

from dataclasses import dataclass

import numpy as np

from components.simulator.geography import Integers
from components.simulator.taxonomy import Floats, Halves, full_taxonomy


@dataclass(frozen=True)
class Skills:
    """at, weight: (n, slots) positions of skills, ascending, and what they weigh; unused slots come last, with 0."""

    at: Integers
    weight: Floats

    @classmethod
    def empty(cls, count: int, slots: int) -> "Skills":
        return cls(np.zeros((count, slots), np.int64), np.zeros((count, slots), np.float32))

    def __getitem__(self, rows: Integers | slice) -> "Skills":
        return Skills(self.at[rows], self.weight[rows])

    def put(self, row: int, at: Integers, weight: Floats) -> None:
        """Write one row; `at` ascending."""
        self.at[row], self.weight[row] = 0, 0
        self.at[row, : len(at)], self.weight[row, : len(at)] = at, weight

    def of(self, row: int) -> Integers:
        """The skills of one row that weigh something, ascending."""
        weighing: Integers = self.at[row][self.weight[row] > 0]
        return weighing

    def dense(self) -> Floats:
        """(n, all skills), zeros where a skill does not stand."""
        count, wide = len(self.at), len(full_taxonomy().skills)
        cells = self.at + wide * np.arange(count)[:, None]
        sums = np.bincount(cells.ravel(), weights=self.weight.ravel(), minlength=count * wide)
        result: Floats = sums.reshape(count, wide).astype(np.float32)
        return result

    def total(self, row: Integers, levels: Halves, candidate: Integers) -> Floats:
        """(pairs,) sum over the skills of `row` of weight times levels[candidate]; levels: (candidates, all skills)."""
        at, weight, result = self.at[row], self.weight[row], np.zeros(len(row), np.float32)
        for slot in range(at.shape[1]):
            result += weight[:, slot] * levels[candidate, at[:, slot]]
        return result
