"""When an outcome can be told: once its window has passed since the impression, and the delay of its recording too.

A click .99 days after the impression that is recorded at 1.2 days is unknown at 1.0 days, not absent: with a recording
delay of .21 days its head is mature at 1.21 days. Delays are learned from the log, by kind, or declared. Knows no
impression.
"""

from collections.abc import Mapping
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.outcomes.funnel import HEAD_KINDS
from metier.contract import ATTRIBUTION_DAYS, TIMESTAMP
from metier.errors import InputError, UnknownNameError

DAY_US = 86_400_000_000
DELAY_QUANTILE = 0.99
"""A head waits until this share of its outcomes was recorded."""

Microseconds = NDArray[np.int64]


def mature_days(windows: Mapping[str, float], delays: Mapping[str, float]) -> dict[str, float]:
    """Days since the impression after which each head is known: of its kinds, the longest window and delay together.

    `windows` and `delays` in days by kind; a kind left out keeps its declared window, and is recorded at once.
    """
    for kind, days in (*windows.items(), *delays.items()):
        if kind not in ATTRIBUTION_DAYS:
            raise UnknownNameError("kind with an attribution window", kind, tuple(ATTRIBUTION_DAYS))
        if days < 0:
            raise InputError(f"{kind} waits {days} days; give its window and recording delay as zero or more")
    empty = next((kind for kind, days in windows.items() if days == 0), None)
    if empty:
        raise InputError(f"the attribution window of {empty} is 0 days; give a positive number")
    every = {**ATTRIBUTION_DAYS, **windows}
    return {head: max(every[kind] + delays.get(kind, 0.0) for kind in kinds) for head, kinds in HEAD_KINDS.items()}


def recording_delays(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, windows: Mapping[str, float] = ATTRIBUTION_DAYS
) -> dict[str, float]:
    """Days between event_timestamp and recorded_at by kind: the quantile DELAY_QUANTILE of the interactions seen.

    Interactions that are at least one window old decide, where there are any: of younger ones only the quick are there.
    No delay is longer than its window: a history that was recorded years later, all at once, says nothing of today.
    """
    every = {**ATTRIBUTION_DAYS, **windows}
    connection.register("kind_windows", pa.table({"kind": list(every), "days": list(map(float, every.values()))}))
    found = connection.execute(
        f"""
        SELECT kind, any_value(days), coalesce(
            quantile_cont(late, {DELAY_QUANTILE}) FILTER (age >= days), quantile_cont(late, {DELAY_QUANTILE})
        ) FROM (
            SELECT kind, days, epoch_us(recorded_at - event_timestamp) / {DAY_US} AS late,
                   epoch_us($as_of - event_timestamp) / {DAY_US} AS age
            FROM interactions JOIN kind_windows USING (kind)
        ) GROUP BY kind
        """,
        {"as_of": as_of},
    ).fetchall()
    learned = {kind: min(late, days) for kind, days, late in found}
    return {kind: learned.get(kind, 0.0) for kind in every}


def censored(
    outcomes: Mapping[str, NDArray[np.float32]],
    shown_at: pa.Array | pa.ChunkedArray,
    known_by: datetime,
    days: Mapping[str, float],
) -> dict[str, NDArray[np.float32]]:
    """Outcomes with NaN where fewer than the head's mature `days` had passed from `shown_at` to `known_by`."""
    age = int(known_by.timestamp() * 1_000_000) - microseconds(shown_at)
    return {
        head: np.where(age >= round(days[head] * DAY_US), column, np.float32(np.nan)).astype(np.float32)
        for head, column in outcomes.items()
    }


def microseconds(timestamps: pa.Array | pa.ChunkedArray) -> Microseconds:
    """(n,) int64 microseconds since 1970 of a timestamp column without nulls."""
    stamps: Microseconds = timestamps.cast(TIMESTAMP).cast(pa.int64()).to_numpy()
    return stamps
