"""Cosines between the texts of a query and its candidates, and what is said of many cosines, query by query.

A query has slots (its own text, its request, its past candidates); each candidate is held against every slot. Arrays of
pairs have the slots first, so that operations run along the pairs. Works on rows of vectors; knows no feature.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from feature_repo.inputs.columns import TOKEN_COLUMNS, Codes, Doubles, Flags, Floats, Indices
from feature_repo.texts.sparse_rows import SparseRows
from feature_repo.views import LONGEST

DECAY = 0.8
"""Weight of a past candidate against the one after it."""
WEIGHTS: Floats = DECAY ** np.arange(LONGEST, dtype=np.float32)
SLOTS = (8, 16, LONGEST)
"""How many past slots a block may have: see sums."""
COLUMN_BITS = 20
TOGETHER = 32
"""Queries whose terms are multiplied at once."""


@dataclass(frozen=True)
class Span:
    """Pairs of a block by query: query q has the pairs [starts[q], starts[q + 1]) and uses width[q] slots."""

    starts: Codes
    width: Codes


@dataclass(frozen=True)
class Spread:
    """What is known of queries, as what is known of pairs: `position` is the query of each pair, of so many queries.

    Where there is one query, its values stand for all pairs, by broadcasting.
    """

    position: Codes
    queries: int

    def __call__(self, values: npt.NDArray) -> npt.NDArray:
        """(..., queries) as (..., pairs), or as it is."""
        return values if self.queries == 1 else values[..., self.position]


class _Scratch(threading.local):
    """One number a column, for each thread its own: zero, and zero again after each use."""

    def __init__(self) -> None:
        self.table = np.zeros(TOKEN_COLUMNS, np.int32)


_SCRATCH = _Scratch()


def dense_cosines(slots: Floats, candidates: Floats, span: Span, cosines: Floats) -> None:
    """Into cosines (slots, pairs), which are 0: slots (queries, slots, d) by candidates (pairs, d), up to the width."""
    for query, (start, end, width) in enumerate(zip(span.starts[:-1], span.starts[1:], span.width, strict=True)):
        cosines[:width, start:end] = slots[query, :width] @ candidates[start:end].T


def lexical_cosines(
    slots: SparseRows, at: tuple[Codes, Codes], candidates: SparseRows, span: Span, cosines: Floats
) -> None:
    """Into cosines (slots, pairs), which are 0: of term rows, summed in the order of each candidate's elements.

    `at` is the query and the slot of each row of `slots`.
    """
    query, slot = (of_row.repeat(slots.lengths) for of_row in at)
    by_query = np.argsort(query, kind="stable")
    terms, values, slot = slots.columns[by_query], slots.values[by_query], slot[by_query]
    own, elements = query[by_query].searchsorted(np.arange(len(span.starts))), candidates.starts[span.starts]
    for first in range(0, len(span.width), TOGETHER):
        bounds = slice(first, first + TOGETHER + 1)
        rows, columns = _renumbered(terms, own[bounds].tolist(), candidates.columns, elements[bounds].tolist())
        mine, theirs, pairs = (slice(*of[bounds][[0, -1]].tolist()) for of in (own, elements, span.starts))
        space = np.zeros((len(rows) + 1, span.width[first : first + TOGETHER].max()), np.float32)
        space[rows, slot[mine]] = values[mine]
        starts = (candidates.starts[pairs.start : pairs.stop + 1] - theirs.start).astype(np.int32)
        held = sp.csr_array((candidates.values[theirs], columns, starts), shape=(len(starts) - 1, len(space)))
        cosines[: space.shape[1], pairs] = (held @ space).T


def _renumbered(
    terms: Indices, own: Sequence[int], columns: Indices, elements: Sequence[int]
) -> tuple[Indices, Indices]:
    """Both with 1, 2, ... in place of a query's terms, equal ones alike, and 0 for columns that are none of its terms.

    Query q has the terms [own[q], own[q + 1]) and the columns [elements[q], elements[q + 1]).
    """
    rows, found = np.empty(own[-1] - own[0], np.int32), np.empty(elements[-1] - elements[0], np.int32)
    table = _SCRATCH.table
    try:
        for start, end, low, high in zip(own, own[1:], elements, elements[1:], strict=False):
            mine = slice(start - own[0], end - own[0])
            table[terms[start:end]] = np.arange(mine.start + 1, mine.stop + 1)
            rows[mine] = table.take(terms[start:end])
            found[low - elements[0] : high - elements[0]] = table.take(columns[low:high])
            table[terms[start:end]] = 0
    finally:
        table[terms[own[0] : own[-1]]] = 0
    return rows, found


def common_weight(own: SparseRows, candidates: SparseRows, position: Codes) -> Doubles:
    """(pairs,) sum over the columns that a candidate and the row of its query, at `position` of `own`, have in common.

    Columns ascend in each row.
    """
    pairs = len(candidates.starts) - 1
    if not len(own.columns):
        return np.zeros(pairs)
    pair = np.arange(pairs).repeat(candidates.lengths)
    keys, sought = own.columns, candidates.columns
    if len(own.starts) > 2:
        keys = (np.arange(len(own.starts) - 1).repeat(own.lengths) << COLUMN_BITS) | keys
        sought = (position[pair] << COLUMN_BITS) | sought
    at = np.minimum(keys.searchsorted(sought), len(keys) - 1)
    found = np.flatnonzero(keys[at] == sought)
    products = own.values[at[found]] * candidates.values[found]
    return np.bincount(pair[found], products, minlength=pairs).astype(np.float64)


def slots_for(longest: int) -> int:
    """The least of SLOTS that holds so many."""
    return next(slots for slots in SLOTS if slots >= longest)


def summaries(cosines: Floats, known: Flags, shown: Flags, spread: Spread) -> dict[str, Floats | Doubles]:
    """Maximum, mean, newest and decayed mean over the known slots of each pair, newest first: (kinds, pairs) each.

    cosines: (slots, kinds, pairs), 0 where a slot is unknown; known: (slots, kinds, queries); shown: (kinds, pairs),
    whether the candidate is known. NaN where no slot is known, or no candidate.
    """
    weights, count = WEIGHTS[: len(known), None, None], known.sum(axis=0)
    unknown_is_least = np.where(known, np.float32(0), np.float32(-np.inf))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "max": (cosines + spread(unknown_is_least)).max(axis=0),
            "mean": sums(cosines) / spread(count),
            "decayed": sums(cosines * weights) / spread(sums(weights * known)),
        }
    any_slot = shown & spread(count > 0)
    found = {name: np.where(any_slot, values, np.nan) for name, values in found.items()}
    return {**found, "last": np.where(shown & spread(known[0]), cosines[0], np.nan)}


def sums(values: Floats) -> Floats:
    """Sums over the slots of (slots, ...), as many as one of SLOTS.

    In the order in which numpy sums LONGEST floats that lie side by side, eight partial sums and then the rest: zeros
    beyond the slots at hand change nothing, so a row is the same whatever its block holds.
    """
    parts = values[:8] if len(values) < 16 else values[:8] + values[8:16]
    parts = parts[0::2] + parts[1::2]
    parts = parts[0::2] + parts[1::2]
    total: Floats = parts[0] + parts[1]
    for slot in range(16, len(values)):
        total = total + values[slot]
    return total
