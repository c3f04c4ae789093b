"""Time splits by whole queries, with gaps in which outcomes mature. Knows timestamps, not features or rankers.

The gap is the longest time that a head that grades relevance takes to mature, its window and its recording delay, so
that every label of the train part was known before the first validation query, and every label of validation before
the first test query: queries whose last candidate was shown too late for that are in no part. A log too short for a
head lets `choose_heads` leave that head out of the grades; its outcome column may still be trained on where `censored`
leaves it known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.outcomes.maturity import DAY_US, Microseconds, microseconds
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError, InputError

FRACTIONS = (0.7, 0.15, 0.15)
FEWEST_LEFT = 0.5

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TimeSplit:
    """Masks over queries, disjoint. last train + gap <= first validation; last validation + gap <= first test.

    rows_left: share of the rows, immature ones counted, that landed in a part. warning: names the gap when that
    is under half, else None.
    """

    train: Mask
    validation: Mask
    test: Mask
    gap_days: float
    rows_left: float
    validation_start: datetime
    test_start: datetime
    warning: str | None


def time_split(
    query_timestamps: pa.Array | pa.ChunkedArray,
    gap_days: float,
    fractions: Sequence[float] = FRACTIONS,
    group_sizes: NDArray[np.int64] | None = None,
    immature_rows: int = 0,
    last_shown: pa.Array | pa.ChunkedArray | None = None,
) -> TimeSplit:
    """Train, validation and test, in the proportions of `fractions` among the queries that are kept.

    query_timestamps (n_queries,) in any order, all mature; `group_sizes` their rows (default: one each);
    `immature_rows` were left out before and count as lost; `last_shown` is when each query showed its last candidate
    (default: at once). EmptyDataError when a part would be empty.
    """
    stamps = microseconds(query_timestamps)
    if len(fractions) != 3 or min(fractions) <= 0 or gap_days < 0:
        raise InputError(
            f"a split needs three positive fractions and a gap of zero or more, not {fractions}, {gap_days}"
        )
    order = np.argsort(stamps, kind="stable")
    cuts = _largest(stamps[order], round(gap_days * DAY_US), [part / sum(fractions) for part in fractions])
    if cuts is None:
        raise EmptyDataError(_too_short(stamps, gap_days))
    shown = stamps if last_shown is None else microseconds(last_shown)
    settled = shown + round(gap_days * DAY_US)
    validation_start, test_start = stamps[order[cuts[1]]], stamps[order[cuts[3]]]
    train = _mask(len(stamps), order[: cuts[0]]) & (settled <= validation_start)
    validation = _mask(len(stamps), order[cuts[1] : cuts[2]]) & (settled <= test_start)
    if not (train.any() and validation.any()):
        raise EmptyDataError(_too_short(stamps, gap_days))
    test = _mask(len(stamps), order[cuts[3] :])
    sizes = np.ones(len(stamps), dtype=np.int64) if group_sizes is None else group_sizes
    share_left = float(sizes[train | validation | test].sum() / (sizes.sum() + immature_rows))
    return TimeSplit(
        train,
        validation,
        test,
        gap_days,
        share_left,
        validation_start=_moment(validation_start),
        test_start=_moment(test_start),
        warning=None if share_left >= FEWEST_LEFT else _few_left(share_left, gap_days),
    )


def choose_heads(
    query_timestamps: pa.Array | pa.ChunkedArray,
    as_of: datetime,
    heads: Sequence[str],
    days: Mapping[str, float],
    fractions: Sequence[float] = FRACTIONS,
) -> tuple[str, ...]:
    """The heads that may grade relevance: all, or all but those that mature last, until half the log is left.

    query_timestamps: of every query of the log, immature ones too; `days` until each head is mature. What a split costs
    is the immature tail and two gaps, three times that. The quickest heads are kept whatever they cost.
    """
    stamps = microseconds(query_timestamps)
    for window in sorted({days[head] for head in heads}, reverse=True):
        chosen = tuple(head for head in heads if days[head] <= window)
        if _share_left(stamps, as_of, window, fractions) >= FEWEST_LEFT:
            break
    return chosen


def _share_left(stamps: Microseconds, as_of: datetime, window: float, fractions: Sequence[float]) -> float:
    gap = round(window * DAY_US)
    mature = np.sort(stamps[stamps <= int(as_of.timestamp() * 1_000_000) - gap])
    cuts = _largest(mature, gap, [part / sum(fractions) for part in fractions])
    if cuts is None:
        return 0.0
    return (cuts[0] + cuts[2] - cuts[1] + len(mature) - cuts[3]) / len(stamps)


def _largest(stamps: Microseconds, gap: int, fractions: Sequence[float]) -> tuple[int, int, int, int] | None:
    """(train end, validation start, validation end, test start) in sorted `stamps`; None when no split fits.

    Keeps the most queries in the given proportions: binary search on how many are kept.
    """
    best = None
    low, high = 1, len(stamps)
    while low <= high:
        count = (low + high) // 2
        cuts = _cuts(stamps, gap, [max(1, round(count * part)) for part in fractions])
        if cuts is None:
            high = count - 1
        else:
            best, low = cuts, count + 1
    return best


def _cuts(stamps: Microseconds, gap: int, sizes: Sequence[int]) -> tuple[int, int, int, int] | None:
    """Cuts that give each part its size or more, None when they do not fit."""
    bounds = []
    first = 0
    for size in sizes[:2]:
        if first + size > len(stamps):
            return None
        last = int(np.searchsorted(stamps, stamps[first + size - 1], side="right"))
        bounds.append(last)
        first = max(last, int(np.searchsorted(stamps, stamps[last - 1] + gap, side="left")))
        bounds.append(first)
    return (bounds[0], bounds[1], bounds[2], bounds[3]) if first + sizes[2] <= len(stamps) else None


def _mask(length: int, positions: NDArray[np.int64]) -> Mask:
    mask = np.zeros(length, dtype=np.bool_)
    mask[positions] = True
    return mask


def _too_short(stamps: Microseconds, gap_days: float) -> str:
    span = (int(stamps.max()) - int(stamps.min())) / DAY_US if len(stamps) else 0.0
    return (
        f"{len(stamps)} mature queries over {span:.1f} days cannot be split with two gaps of {gap_days:g} days; "
        "train heads with shorter windows or bring a longer log"
    )


def _few_left(share_left: float, gap_days: float) -> str:
    return (
        f"the split leaves {share_left:.0%} of the rows: two gaps and the immature tail take {gap_days:g} days each; "
        "train heads with shorter windows or bring a longer log"
    )


def _moment(stamp: Any) -> datetime:
    moment: datetime = pa.scalar(int(stamp), TIMESTAMP).as_py()
    return moment
