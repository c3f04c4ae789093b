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
ELEMENTS = ("columns", "values")


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


@dataclass(frozen=True)
class SlotRows:
    """Term rows of some slots: of each row, the query and the slot that it stands for."""

    rows: SparseRows
    query: Codes
    slot: Codes


def lexical_cosines(parts: Sequence[SlotRows], candidates: SparseRows, span: Span, cosines: Floats) -> None:
    """Into cosines (slots, pairs), which are 0: of term rows, summed in the order of each candidate's elements."""
    query = np.concatenate([part.query.repeat(part.rows.lengths) for part in parts])
    by_query = np.argsort(query, kind="stable")
    terms, values = (np.concatenate([getattr(part.rows, of) for part in parts])[by_query] for of in ELEMENTS)
    slot = np.concatenate([part.slot.repeat(part.rows.lengths) for part in parts])[by_query]
    own = query[by_query].searchsorted(np.arange(len(span.starts))).tolist()
    elements, pairs = candidates.starts[span.starts].tolist(), span.starts.tolist()
    for number, width in enumerate(span.width.tolist()):
        mine, theirs = slice(*own[number : number + 2]), slice(*elements[number : number + 2])
        rows, columns = _renumbered(terms[mine], candidates.columns[theirs])
        space = np.zeros((len(rows) + 1, width), np.float32)
        space[rows, slot[mine]] = values[mine]
        start, end = pairs[number : number + 2]
        starts = (candidates.starts[start : end + 1] - theirs.start).astype(np.int32)
        held = sp.csr_array((candidates.values[theirs], columns, starts), shape=(end - start, len(space)))
        cosines[:width, start:end] = (held @ space).T


def _renumbered(terms: Indices, columns: Indices) -> tuple[Indices, Indices]:
    """Both with 1..len(terms) in place of the terms, equal ones alike, and 0 in place of columns that are none."""
    table = _SCRATCH.table
    try:
        table[terms] = np.arange(1, len(terms) + 1)
        return table.take(terms), table.take(columns)
    finally:
        table[terms] = 0


def common_weight(own: SparseRows, candidates: SparseRows, position: Codes) -> Doubles:
    """(pairs,) sum over the columns that a candidate and the row of its query, at `position` of `own`, have in common.

    Columns ascend in each row.
    """
    pairs = len(candidates.starts) - 1
    if not len(own.columns):
        return np.zeros(pairs)
    keys = (np.arange(len(own.starts) - 1).repeat(own.lengths) << COLUMN_BITS) | own.columns
    pair = np.arange(pairs).repeat(candidates.lengths)
    sought = (position[pair] << COLUMN_BITS) | candidates.columns
    at = np.minimum(keys.searchsorted(sought), len(keys) - 1)
    found = np.flatnonzero(keys[at] == sought)
    products = own.values[at[found]] * candidates.values[found]
    return np.bincount(pair[found], products, minlength=pairs).astype(np.float64)


def slots_for(longest: int) -> int:
    """The least of SLOTS that holds so many."""
    return next(slots for slots in SLOTS if slots >= longest)


def summaries(cosines: Floats, known: Flags, shown: Flags, spread: Spread) -> dict[str, Floats | Doubles]:
    """Maximum, mean, newest and decayed mean over the known slots of each pair, newest first: (kinds, pairs) each.

    cosines: (kinds, slots, pairs), 0 where a slot is unknown; known: (kinds, slots, queries); shown: (kinds, pairs),
    whether the candidate is known. NaN where no slot is known, or no candidate.
    """
    weights = WEIGHTS[: known.shape[1], None]
    barred = np.where(known, np.float32(0), np.float32(-np.inf))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "max": (cosines + spread(barred)).max(axis=1),
            "mean": sums(cosines) / spread(known.sum(axis=1)),
            "decayed": sums(cosines * weights) / spread(sums(np.where(known, weights, np.float32(0)))),
        }
    any_slot = shown & spread(np.any(known, axis=1))
    found = {name: np.where(any_slot, values, np.nan) for name, values in found.items()}
    return {**found, "last": np.where(shown & spread(known[:, 0]), cosines[:, 0], np.nan)}


def sums(values: Floats) -> Floats:
    """(kinds, n) sums over the slots of (kinds, slots, n), as many as one of SLOTS.

    In the order in which numpy sums LONGEST floats that lie side by side, eight partial sums and then the rest: zeros
    beyond the slots at hand change nothing, so a row is the same whatever its block holds.
    """
    parts = values[:, :8] if values.shape[1] < 16 else values[:, :8] + values[:, 8:16]
    parts = parts[:, 0::2] + parts[:, 1::2]
    parts = parts[:, 0::2] + parts[:, 1::2]
    total: Floats = parts[:, 0] + parts[:, 1]
    for slot in range(16, values.shape[1]):
        total = total + values[:, slot]
    return total
