"""Health of tables and feature views at a moment: how fresh, how much a day, how many nulls.

Asks DuckDB for ages and daily counts; repairs nothing. A day's volume is compared with the median of the same weekday
in the weeks before, because a marketplace has a weekly rhythm that a limit must not take for a fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median

import duckdb

from components.monitoring.findings import Finding, Limits, measured, unmeasured
from components.monitoring.histograms import ViewState
from feature_repo.build.aggregates import PROFILE_VIEWS
from feature_repo.build.corpus import TEXT_VIEWS
from metier.contract import ENTITY_TABLES, TABLES

SLOW = frozenset({*ENTITY_TABLES, *PROFILE_VIEWS, *TEXT_VIEWS})
"""What changes only when someone edits."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Volume:
    """Rows of a table by day of event_timestamp, without gaps, up to the last whole day."""

    table: str
    last: date
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Nulls:
    """Keys of a feature view, and by column how many of them have a null."""

    rows: int
    nulls: Mapping[str, int]

    @classmethod
    def of(cls, state: ViewState) -> "Nulls":
        """What a state says of nulls."""
        return cls(state.rows, {name: column.nulls for name, column in state.columns.items()})


def newest_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, datetime | None]:
    """The newest event_timestamp of each of the lake's tables; None for an empty one."""
    newest: dict[str, datetime | None] = {}
    for table in TABLES:
        ((stamp,),) = connection.execute(f"SELECT max(event_timestamp) FROM {table}").fetchall()
        newest[table] = stamp.astimezone(UTC) if stamp else None
    return newest


def freshness(newest: Mapping[str, datetime | None], as_of: datetime, limits: Limits) -> Iterator[Finding]:
    """Hours from each newest row to `as_of`, of tables or views by name."""
    for name, stamp in newest.items():
        limit = limits.slow_freshness_hours if name in SLOW else limits.freshness_hours
        if stamp is None:
            yield unmeasured("freshness", name, note="it has no rows")
        else:
            yield measured("freshness", name, value=(as_of - stamp) / HOUR, high=limit)


def daily_volumes(connection: duckdb.DuckDBPyConnection, as_of: datetime, weeks: int) -> list[Volume]:
    """The last whole day before `as_of` and the days of `weeks` weeks before it, from each table's first row on."""
    last = as_of.astimezone(UTC).date() - DAY
    start = last - weeks * 7 * DAY
    volumes = []
    for table in TABLES:
        query = (
            f"SELECT event_timestamp::DATE AS day, count(*) FROM {table} "
            "WHERE event_timestamp >= ?::DATE::TIMESTAMPTZ AND event_timestamp < ?::DATE::TIMESTAMPTZ GROUP BY day"
        )
        counts = dict(connection.execute(query, [start, last + DAY]).fetchall())
        ((first,),) = connection.execute(f"SELECT min(event_timestamp)::DATE FROM {table}").fetchall()
        begun = max(start, first) if first else last
        rows = tuple(counts.get(begun + day * DAY, 0) for day in range((last - begun).days + 1))
        volumes.append(Volume(table, last, rows))
    return volumes


def volume(volumes: list[Volume], limits: Limits) -> Iterator[Finding]:
    """Rows of each table's last day as a multiple of the median of its weekday before."""
    for table in volumes:
        before = usual(table)
        if before is None:
            yield unmeasured("volume", table.table, note="no day to compare with: it began less than a week before")
            continue
        note = f"{table.rows[-1]:,} rows on {table.last}; its weekday has {before:,.0f}"
        ratio = table.rows[-1] / before if before else None
        if ratio is None or before < limits.least_daily_rows:
            few = f"{note}, {limits.least_daily_rows:,} needed"
            yield unmeasured("volume", table.table, value=ratio, note=few)
        else:
            low, high = limits.least_volume_ratio, limits.most_volume_ratio
            yield measured("volume", table.table, value=ratio, low=low, high=high, note=note)


def usual(volume: Volume) -> float | None:
    """Median of the same weekday's rows before the last day; None where there is no such day."""
    before = volume.rows[-8::-7]
    return float(median(before)) if before else None


def null_rates(now: Mapping[str, Nulls], previous: Mapping[str, Nulls], limits: Limits) -> Iterator[Finding]:
    """How far each column's share of nulls moved since the previous run."""
    for view, current in now.items():
        before = previous.get(view)
        for column in current.nulls:
            yield _null_rate(view, column, current, before, limits)


def _null_rate(view: str, column: str, now: Nulls, before: Nulls | None, limits: Limits) -> Finding:
    if before is None or column not in before.nulls:
        return unmeasured("null rate", view, column, note="the previous run did not measure it")
    if not (now.rows and before.rows):
        return unmeasured("null rate", view, column, note=f"no rows {'now' if before.rows else 'in the previous run'}")
    rates = before.nulls[column] / before.rows, now.nulls[column] / now.rows
    change, note = abs(rates[1] - rates[0]), f"{rates[0]:.1%} then, {rates[1]:.1%} now"
    if min(now.rows, before.rows) < limits.least_rows:
        few = f"{note}; {min(now.rows, before.rows):,} rows, {limits.least_rows:,} needed"
        return unmeasured("null rate", view, column, value=change, note=few)
    return measured("null rate", view, column, value=change, high=limits.null_rate_change, note=note)
