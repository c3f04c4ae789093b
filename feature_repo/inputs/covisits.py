"""Which candidates the same actors turned to one after another, counted by the day on which it was known.

A co-visit of two candidates: an actor turned to both, with at most REACH - 1 others between, by its first turns to
each. Counts are known from the midnight after: a query sees those of days that had ended before it. Similarity is the
cosine of item-to-item neighbours, shrunk: B. Sarwar et al., Item-Based Collaborative Filtering Recommendation
Algorithms (WWW 2001). Knows codes of candidates, no actor and no table.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from feature_repo.files.mapped import read_array, write_arrays
from feature_repo.inputs.columns import Codes, Doubles, Floats, Indices
from feature_repo.inputs.similarity import Span
from feature_repo.texts.sparse_rows import ranges, starts_of

FOLDER = "covisits"
REACH = 5
SHRINKAGE = 10.0
"""Turns that are added to those of each candidate of a pair: few make no strong neighbours."""
YEAR = 365
DAY_BITS = 20
FIRST_DAY = -(2 ** (DAY_BITS - 1))
EVER = 2 ** (DAY_BITS - 1) - 1
OFTENEST = 50
SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class Covisits:
    """Running counts of `candidates` (m,), codes in ascending order.

    Row i of the pairs lies in [starts[i], starts[i + 1]): `others`, keyed by (position of the other, day), and the
    co-visits `counts` by then; symmetric. `turns`, keyed by (position, day), and how many actors had turned to each.
    """

    candidates: Codes
    starts: Codes
    others: Codes
    counts: Indices
    turns: Codes
    turn_counts: Indices

    @classmethod
    def none(cls) -> Self:
        """Of nothing."""
        empty, counts = np.empty(0, np.int64), np.empty(0, np.int32)
        return cls(empty, np.zeros(1, np.int64), empty, counts, empty, counts)

    def write(self, folder: Path) -> None:
        """Write what `read` maps into `folder`."""
        write_arrays(folder, vars(self))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The counts that `write` left, mapped; none where there is no such folder, as in what was built before."""
        if not folder.exists():
            return cls.none()
        return cls(**{name: read_array(folder / f"{name}.npy") for name in cls.__dataclass_fields__})

    def newest(self, day: int) -> Self:
        """What is known from that day's midnight on: of each pair its last count, and turns by day as before."""
        known = day_of_key(self.others) <= day
        row = np.repeat(np.arange(len(self.candidates)), np.diff(self.starts))[known]
        others, counts = self.others[known], self.counts[known]
        pair = others >> DAY_BITS
        last = np.append((pair[1:] != pair[:-1]) | (row[1:] != row[:-1]), True)[: len(pair)]
        starts = np.searchsorted(row[last], np.arange(len(self.candidates) + 1))
        turned = day_of_key(self.turns) <= day
        return type(self)(
            self.candidates, starts, others[last], counts[last], self.turns[turned], self.turn_counts[turned]
        )

    def rows(self, codes: Codes) -> Codes:
        """Position of each candidate, in the shape of `codes`; -1 where nobody ever turned to it."""
        if not len(self.candidates):
            return np.full(codes.shape, -1, np.int64)
        at = np.minimum(np.searchsorted(self.candidates, codes), len(self.candidates) - 1)
        return np.where(self.candidates[at] == codes, at, -1)

    def turned(self, rows: Codes, day: Codes) -> Codes:
        """How many actors had turned to each row by the midnight of its day, in their shape; 0 where row is -1."""
        if not len(self.turns):
            return np.zeros(np.broadcast_shapes(rows.shape, day.shape), np.int64)
        at = np.searchsorted(self.turns, key_of(rows, day), side="right") - 1
        known = (rows >= 0) & (at >= 0) & (self.turns[at] >> DAY_BITS == rows)
        return np.where(known, self.turn_counts[at], 0)

    def cosines(self, past: Codes, candidates: Codes, turned_to: Codes, day: Codes, span: Span) -> Floats:
        """(slots, pairs): similarity of each pair's candidate with the past ones of its query, 0 where there is none.

        past: rows (queries, slots); candidates: rows (pairs,), query by query as `span` says, and how many actors had
        turned to each; day: (queries,).
        """
        cosines = np.zeros((past.shape[1], len(candidates)), np.float32)
        query, slot = np.nonzero((past >= 0) & (np.arange(past.shape[1]) < span.width[:, None]))
        pairs = np.flatnonzero(candidates >= 0)
        if not (len(self.others) and len(query) and len(pairs)):
            return cosines
        of_pair = np.arange(len(day)).repeat(np.diff(span.starts))[pairs]
        pairs = pairs[np.lexsort((candidates[pairs], of_pair))]  # ascending keys are found faster
        row, other = past[query, slot], candidates[pairs]
        ends = of_pair.searchsorted(np.arange(len(day) + 1))
        first, many = ends[query], ends[query + 1] - ends[query]
        held, pair = np.arange(len(row)).repeat(many), ranges(first, starts_of(many))
        keys = key_of(other, day[of_pair])
        rows = zip(self.starts[row].tolist(), self.starts[row + 1].tolist(), first.tolist(), many.tolist(), strict=True)
        at = np.concatenate([self.others[a:b].searchsorted(keys[c : c + n], side="right") for a, b, c, n in rows])
        at += (self.starts[row] - 1)[held]
        known = np.flatnonzero((at >= self.starts[row][held]) & (self.others[at] >> DAY_BITS == other[pair]))
        held, pair = held[known], pairs[pair[known]]
        weight, own = np.sqrt(self.turned(row, day[query]) + SHRINKAGE), np.sqrt(turned_to[pair] + SHRINKAGE)
        cosines[slot[held], pair] = self.counts[at[known]] / (own * weight[held])
        return cosines

    def neighbours(self, past: Codes, most: int) -> Codes:
        """Codes of the `most` candidates nearest to the rows `past` (n,) together, by the sum of cosines, best first.

        Of the counts that `newest` left; of each row its OFTENEST most frequent.
        """
        rows = past[past >= 0]
        if not len(rows):
            return np.empty(0, np.int64)
        found = [self._oftenest(int(row)) for row in rows]
        weight = np.repeat(np.sqrt(self.turned(rows, np.array(EVER)) + SHRINKAGE), [len(others) for others, _ in found])
        others, part = np.unique(np.concatenate([others for others, _ in found]), return_inverse=True)
        sums = np.bincount(part, np.concatenate([counts for _, counts in found]) / weight)
        near = sums / np.sqrt(self.turned(others, np.array(EVER)) + SHRINKAGE)
        nearest: Codes = self.candidates[others[np.argsort(-near, kind="stable")[:most]]]
        return nearest

    def _oftenest(self, row: int) -> tuple[Codes, Indices]:
        """What was turned to with a row most often, and how often."""
        first, end = self.starts[row], self.starts[row + 1]
        best = np.argsort(-self.counts[first:end], kind="stable")[:OFTENEST]
        return self.others[first:end][best] >> DAY_BITS, self.counts[first:end][best]


def day_of(seconds: Doubles) -> Codes:
    """Number of the last midnight at or before each moment, in seconds since 1970; the earliest where unknown."""
    days: Codes = np.floor(np.where(np.isnan(seconds), FIRST_DAY, seconds / SECONDS_A_DAY)).astype(np.int64)
    return days


def key_of(rows: Codes, day: Codes | int) -> Codes:
    """Rows and days as one number that orders by row, then by day."""
    keys: Codes = (rows << DAY_BITS) + (day - FIRST_DAY)
    return keys


def day_of_key(keys: Codes) -> Codes:
    """The day in each key."""
    days: Codes = (keys & (2**DAY_BITS - 1)) + FIRST_DAY
    return days
