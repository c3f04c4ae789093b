"""How long the lake keeps each table's rows, and their removal once they are older.

Age is counted from event_timestamp to the lake's clock. Of an entity only versions that a newer one had replaced by
then are too old: what was true at the limit, and all since, stays. Knows no person and nothing built from the lake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import ENTITY_TABLES, TABLES, TIMESTAMP, table
from metier.errors import SettingsError
from metier.lake import Lake
from metier.lake.upkeep import Marks, marked, take_out

RETENTION_DAYS: Mapping[str, int | None] = MappingProxyType(
    {
        "freelancers": 1095,
        "clients": 1095,
        "jobs": 1095,
        "queries": 730,
        "impressions": 730,
        "interactions": 1095,
    }
)
"""Days by table; None keeps for ever. METIER_RETENTION_DAYS gives others, as JSON."""


@dataclass(frozen=True)
class RetentionReport:
    """By table, how many rows are (or were) too old, and the days that apply; how many conversations were."""

    rows: dict[str, int]
    days: dict[str, int | None]
    applied: bool
    conversations: int = 0

    def render(self) -> str:
        """Lines for a person."""
        verb = "removed" if self.applied else "would be removed"
        lines = [f"{name:14}{self.rows[name]:>12,} rows {verb}, {_limit(self.days[name])}" for name in self.rows]
        return "\n".join([*lines, f"{'conversations':14}{self.conversations:>12,} files {verb}"])


def retain(lake: Lake, as_of: datetime, overrides: Mapping[str, int | None], *, apply: bool) -> RetentionReport:
    """Count, and with `apply` remove, the rows that are too old at `as_of`; SettingsError for days of no table."""
    days = declared_days(overrides)
    rows: dict[str, int] = {}
    for name, limit in days.items():
        if limit is None:
            rows[name] = 0
            continue
        columns, marks = _too_old(lake, name, as_of - timedelta(days=limit))
        rows[name] = (take_out if apply else marked)(lake, name, columns, marks)
    return RetentionReport(rows, days, apply)


def declared_days(overrides: Mapping[str, int | None]) -> dict[str, int | None]:
    """Days by table with the overrides; SettingsError where they name no table or no number of days."""
    strange = sorted(overrides.keys() - TABLES.keys())
    if strange:
        raise SettingsError(f"METIER_RETENTION_DAYS names {strange[0]!r}; use some of: {', '.join(TABLES)}")
    negative = sorted(name for name, days in overrides.items() if days is not None and days < 1)
    if negative:
        raise SettingsError(f"METIER_RETENTION_DAYS gives {negative[0]} less than a day; give 1 or more, or null")
    return {**RETENTION_DAYS, **overrides}


def _too_old(lake: Lake, name: str, limit: datetime) -> tuple[list[str], Marks]:
    """Columns to look at, and which of their rows are too old."""
    before = pa.scalar(limit, TIMESTAMP)
    if name not in ENTITY_TABLES:
        return ["event_timestamp"], lambda rows: pc.less(rows["event_timestamp"], before)
    columns = list(table(name).key)
    stays = _true_at(lake, name, limit)

    def marks(rows: pa.Table) -> pa.ChunkedArray:
        versions = pc.binary_join_element_wise(*(rows[column].cast(pa.string()) for column in columns), "\n")
        return pc.and_(pc.less(rows["event_timestamp"], before), pc.invert(pc.is_in(versions, value_set=stays)))

    return columns, marks


def _true_at(lake: Lake, name: str, limit: datetime) -> pa.Array:
    """Keys, as text, of the versions before `limit` that no other one before it had replaced."""
    entity, *clocks = table(name).key
    with lake.connect() as connection:
        versions = connection.sql(
            f"SELECT {entity}, max(event_timestamp) AS event_timestamp, "
            f"arg_max(recorded_at, (event_timestamp, recorded_at)) AS recorded_at "
            f"FROM {name} WHERE event_timestamp < $limit GROUP BY {entity}",
            params={"limit": limit},
        ).to_arrow_table()
    texts = [versions[entity], *(versions[clock].cast(TIMESTAMP).cast(pa.string()) for clock in clocks)]
    return pc.binary_join_element_wise(*texts, "\n").combine_chunks()


def _limit(days: int | None) -> str:
    return "kept for ever" if days is None else f"kept for {days:,} days"
