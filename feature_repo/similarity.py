"""Cosines between the texts of a query and its candidates, query by query, without a dense pair-by-term matrix.

A query has slots (its own text, its request, its past candidates); each candidate is held against every slot.
Works on rows of vectors; knows no feature.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from feature_repo.columns import Codes, Flags, Floats
from feature_repo.histories import LONGEST
from feature_repo.vectors import BUCKETS

DECAY = 0.8
"""Weight of a past candidate against the one after it."""


@dataclass(frozen=True)
class Span:
    """Pairs of a block by query: query q has the pairs [starts[q], starts[q + 1]) and uses width[q] slots."""

    starts: Codes
    width: Codes


def interleaved(*parts: tuple[sp.csr_array, Codes]) -> sp.csr_array:
    """Rows of several matrices, stacked by query: each part gives rows (queries, k) of its matrix."""
    gathered = sp.vstack([matrix[rows.ravel()] for matrix, rows in parts], format="csr")
    starts = np.cumsum([0, *(rows.size for _, rows in parts[:-1])])
    places = [start + np.arange(rows.size).reshape(rows.shape) for start, (_, rows) in zip(starts, parts, strict=True)]
    return gathered[np.concatenate(places, axis=1).ravel()]


def dense_cosines(slots: Floats, shown: Floats, span: Span) -> Floats:
    """(pairs, slots) of slots (queries, slots, d) and candidates (pairs, d); 0 beyond a query's width."""
    found = np.zeros((len(shown), slots.shape[1]), np.float32)
    for query, (start, end, width) in enumerate(zip(span.starts[:-1], span.starts[1:], span.width, strict=True)):
        found[start:end, :width] = shown[start:end] @ slots[query, :width].T
    return found


def lexical_cosines(slots: sp.csr_array, shown: sp.csr_array, span: Span, scratch: Floats) -> Floats:
    """(pairs, slots) of term rows, slots stacked by query; `scratch` is zero, holds 2**18 x slots, and stays zero."""
    per_query = slots.shape[0] // len(span.width)
    found = np.zeros((shown.shape[0], per_query), np.float32)
    slot_of = np.repeat(np.arange(slots.shape[0]) % per_query, np.diff(slots.indptr))
    for query, (start, end, width) in enumerate(zip(span.starts[:-1], span.starts[1:], span.width, strict=True)):
        low, high = slots.indptr[query * per_query], slots.indptr[query * per_query + width]
        if low == high:
            continue
        terms, at = slots.indices[low:high], slot_of[low:high]
        space = scratch[: BUCKETS * width].reshape(BUCKETS, width)
        space[terms, at] = slots.data[low:high]
        found[start:end, :width] = shown[start:end] @ space
        space[terms, at] = 0
    return found


def summaries(cosines: Floats, known: Flags) -> dict[str, Floats]:
    """Maximum, mean, newest and decayed mean over a pair's known slots (newest first); NaN where none is known.

    Sums run over LONGEST slots whatever the block holds: how numpy groups a sum depends on its length.
    """
    cosines, known = _filled(cosines), _filled(known)
    some = known.any(axis=1)
    held = np.where(known, cosines, 0)
    weights = np.where(known, DECAY ** np.arange(known.shape[1], dtype=np.float32), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = held.sum(axis=1) / known.sum(axis=1)
        decayed = (held * weights).sum(axis=1) / weights.sum(axis=1)
    return {
        "max": np.where(some, np.where(known, cosines, -np.inf).max(axis=1), np.nan),
        "mean": mean,
        "last": np.where(known[:, 0], cosines[:, 0], np.nan),
        "decayed": decayed,
    }


def _filled(slots: npt.NDArray) -> npt.NDArray:
    """(pairs, LONGEST): further slots are 0 or False."""
    if slots.shape[1] == LONGEST:
        return slots
    filled = np.zeros((len(slots), LONGEST), slots.dtype)
    filled[:, : slots.shape[1]] = slots
    return filled
