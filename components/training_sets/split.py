"""Time splits by whole queries, with gaps in which outcomes mature. Knows timestamps, not features or rankers.

The gap is the longest attribution window among the heads that grade relevance, so that every label of the train part
was known before the first validation query, and every label of validation before the first test query. A log too
short for a head's window lets `choose_heads` leave that head out of the grades; its outcome column may still be
trained on where `censored` leaves it known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.labels import window_days
from metier.contract import ATTRIBUTION_DAYS, TIMESTAMP
from metier.errors import EmptyDataError, InputError

DAY_US = 86_400_000_000
FRACTIONS = (0.7, 0.15, 0.15)
FEWEST_LEFT = 0.5

Mask = NDArray[np.bool_]
Microseconds = NDArray[np.int64]


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


def gap_days(heads: Sequence[str], windows: Mapping[str, float] = ATTRIBUTION_DAYS) -> float:
    """The longest attribution window among `heads`."""
    days = window_days(windows)
    return max(days[head] for head in heads)


def time_split(
    query_timestamps: pa.Array | pa.ChunkedArray,
    gap_days: float,
    fractions: Sequence[float] = FRACTIONS,
    group_sizes: NDArray[np.int64] | None = None,
    immature_rows: int = 0,
) -> TimeSplit:
    """Train, validation and test, in the proportions of `fractions` among the queries that are kept.

    query_timestamps (n_queries,) in any order, all mature; `group_sizes` their rows (default: one each);
    `immature_rows` were left out before and count as lost. EmptyDataError when a part would be empty.
    """
    stamps = microseconds(query_timestamps)
    if len(fractions) != 3 or min(fractions) <= 0 or gap_days < 0:
        raise InputError(
            f"a split needs three positive fractions and a gap of zero or more, not {fractions}, {gap_days}"
        )
    order = np.argsort(stamps, kind="stable")
    cuts = _largest(stamps[order], int(gap_days * DAY_US), [part / sum(fractions) for part in fractions])
    if cuts is None:
        raise EmptyDataError(_too_short(stamps, gap_days))
    train = _mask(len(stamps), order[: cuts[0]])
    validation = _mask(len(stamps), order[cuts[1] : cuts[2]])
    test = _mask(len(stamps), order[cuts[3] :])
    sizes = np.ones(len(stamps), dtype=np.int64) if group_sizes is None else group_sizes
    share_left = float(sizes[train | validation | test].sum() / (sizes.sum() + immature_rows))
    return TimeSplit(
        train,
        validation,
        test,
        gap_days,
        share_left,
        validation_start=_moment(stamps[order[cuts[1]]]),
        test_start=_moment(stamps[order[cuts[3]]]),
        warning=None if share_left >= FEWEST_LEFT else _few_left(share_left, gap_days),
    )


def choose_heads(
    query_timestamps: pa.Array | pa.ChunkedArray,
    as_of: datetime,
    heads: Sequence[str],
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
    fractions: Sequence[float] = FRACTIONS,
) -> tuple[str, ...]:
    """The heads that may grade relevance: all, or all but those of the longest windows, until half the log is left.

    query_timestamps: of every query of the log, immature ones too. What a split costs is the immature tail and two
    gaps, three windows in all. The shortest windows are kept whatever they cost.
    """
    days = window_days(windows)
    stamps = microseconds(query_timestamps)
    for window in sorted({days[head] for head in heads}, reverse=True):
        chosen = tuple(head for head in heads if days[head] <= window)
        if _share_left(stamps, as_of, window, fractions) >= FEWEST_LEFT:
            break
    return chosen


def censored(
    outcomes: Mapping[str, NDArray[np.float32]],
    row_timestamps: pa.Array | pa.ChunkedArray,
    known_by: datetime,
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
) -> dict[str, NDArray[np.float32]]:
    """Outcomes with NaN where the window had not passed by `known_by`, such as the start of the next part."""
    age = int(known_by.timestamp() * 1_000_000) - microseconds(row_timestamps)
    days = window_days(windows)
    return {
        head: np.where(age >= days[head] * DAY_US, column, np.float32(np.nan)).astype(np.float32)
        for head, column in outcomes.items()
    }


def microseconds(timestamps: pa.Array | pa.ChunkedArray) -> Microseconds:
    """(n,) int64 microseconds since 1970 of a timestamp column without nulls."""
    stamps: Microseconds = timestamps.cast(TIMESTAMP).cast(pa.int64()).to_numpy()
    return stamps


def _share_left(stamps: Microseconds, as_of: datetime, window: float, fractions: Sequence[float]) -> float:
    gap = int(window * DAY_US)
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
