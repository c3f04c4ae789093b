"""Cosines between the texts of a query and its candidates, query by query, without a dense pair-by-term matrix.

A query has slots (its own text, its request, its past candidates); each candidate is held against every slot.
Works on rows of vectors; knows no feature.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from feature_repo.inputs.columns import Codes, Flags, Floats, Indices
from feature_repo.views import LONGEST

DECAY = 0.8
"""Weight of a past candidate against the one after it."""


@dataclass(frozen=True)
class Span:
    """Pairs of a block by query: query q has the pairs [starts[q], starts[q + 1]) and uses width[q] slots."""

    starts: Codes
    width: Codes


def interleaved(queries: int, *parts: sp.csr_array) -> sp.csr_array:
    """Rows of several matrices, stacked by query: each part has the same number of rows a query, query by query."""
    gathered = _stacked(parts)
    if queries == 1:
        return gathered
    starts = np.cumsum([0, *(part.shape[0] for part in parts[:-1])])
    columns = [start + np.arange(part.shape[0]).reshape(queries, -1) for start, part in zip(starts, parts, strict=True)]
    return gathered[np.concatenate(columns, axis=1).ravel()]


def _stacked(matrices: tuple[sp.csr_array, ...]) -> sp.csr_array:
    """One below the other, rows as they are."""
    data, indices, lengths = (
        np.concatenate(parts)
        for parts in zip(*((matrix.data, matrix.indices, np.diff(matrix.indptr)) for matrix in matrices), strict=True)
    )
    starts = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=starts[1:])
    return sp.csr_array((data, indices, starts), shape=(len(lengths), matrices[0].shape[1]))


def dense_cosines(slots: Floats, candidates: Floats, span: Span) -> Floats:
    """(pairs, slots) of slots (queries, slots, d) and candidates (pairs, d); 0 beyond a query's width."""
    cosines = np.zeros((len(candidates), slots.shape[1]), np.float32)
    for query, (start, end, width) in enumerate(zip(span.starts[:-1], span.starts[1:], span.width, strict=True)):
        cosines[start:end, :width] = candidates[start:end] @ slots[query, :width].T
    return cosines


def lexical_cosines(slots: sp.csr_array, candidates: sp.csr_array, span: Span, scratch: Indices) -> Floats:
    """(pairs, slots) of term rows, slots stacked by query; `scratch` (2**18,) is zero and stays zero."""
    per_query = slots.shape[0] // len(span.width)
    cosines = np.zeros((candidates.shape[0], per_query), np.float32)
    slot_of = np.repeat(np.arange(slots.shape[0]) % per_query, np.diff(slots.indptr))
    for query, (start, end, width) in enumerate(zip(span.starts[:-1], span.starts[1:], span.width, strict=True)):
        low, high = slots.indptr[query * per_query], slots.indptr[query * per_query + width]
        if low == high:
            continue
        terms, at = slots.indices[low:high], slot_of[low:high]
        scratch[terms] = np.arange(1, high - low + 1)
        space = np.zeros((high - low + 1, width), np.float32)
        space[scratch[terms], at] = slots.data[low:high]
        first, last = candidates.indptr[start], candidates.indptr[end]
        columns = scratch[candidates.indices[first:last]]
        scratch[terms] = 0
        pairs = sp.csr_array(
            (candidates.data[first:last], columns, candidates.indptr[start : end + 1] - first),
            shape=(end - start, len(space)),
        )
        cosines[start:end, :width] = pairs @ space
    return cosines


def summaries(cosines: Floats, mask: Flags) -> dict[str, Floats]:
    """Maximum, mean, newest and decayed mean over a pair's known slots (newest first); NaN where none is known.

    Sums run over LONGEST slots whatever the block holds: how numpy groups a sum depends on its length.
    """
    cosines, mask = _filled(cosines), _filled(mask)
    any_slot = mask.any(axis=-1)
    filled = np.where(mask, cosines, 0)
    weights = np.where(mask, DECAY ** np.arange(mask.shape[-1], dtype=np.float32), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=-1) / mask.sum(axis=-1)
        decayed = (filled * weights).sum(axis=-1) / weights.sum(axis=-1)
    return {
        "max": np.where(any_slot, np.where(mask, cosines, -np.inf).max(axis=-1), np.nan),
        "mean": mean,
        "last": np.where(mask[..., 0], cosines[..., 0], np.nan),
        "decayed": decayed,
    }


def _filled(slots: npt.NDArray) -> npt.NDArray:
    """(pairs, LONGEST): further slots are 0 or False."""
    if slots.shape[-1] == LONGEST:
        return slots
    filled = np.zeros((*slots.shape[:-1], LONGEST), slots.dtype)
    filled[..., : slots.shape[-1]] = slots
    return filled
