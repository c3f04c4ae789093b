"""SQL of point-in-time reads: which version of a key's row was the newest at a moment.

A version is named by its place in the Parquet files, so that the join carries a few narrow columns and the features
are fetched afterwards, once for each version in use. Knows no Feast and opens no connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PLACE = "(file_index::BIGINT << 40 | file_row_number)"
"""Where a row lies: its file among the scanned ones, then its number in the file."""


@dataclass(frozen=True)
class VersionTable:
    """A Parquet file, or a folder of them, whose rows are versions of the key in `keys` (none: of the world)."""

    path: str
    keys: tuple[str, ...]
    event_timestamp: str
    created_timestamp: str | None = None

    @property
    def scan(self) -> str:
        """FROM item that reads the whole table."""
        files = self.path if self.path.endswith(".parquet") else f"{self.path}/**/*.parquet"
        return f"read_parquet({literal(files)}, hive_partitioning = false)"

    @property
    def timestamps(self) -> tuple[str, ...]:
        """The timestamp columns that the table has."""
        return tuple(name for name in (self.event_timestamp, self.created_timestamp) if name)

    @property
    def narrow(self) -> str:
        """Query of keys, happened, learned and place of every row; naive timestamps are UTC."""
        keys = "".join(f"{quoted(key)} AS key_{number}, " for number, key in enumerate(self.keys))
        created = "NULL" if self.created_timestamp is None else quoted(self.created_timestamp)
        return (
            f"SELECT {keys}{quoted(self.event_timestamp)}::TIMESTAMPTZ AS happened, "
            f"{created}::TIMESTAMPTZ AS learned, {PLACE} AS place FROM {self.scan}"
        )


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """`value` as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def places_as_of(versions: VersionTable, ttl_microseconds: int, known_by_then: bool) -> str:
    """Query of `place`, one row for each row of `entities` (position, key_0.., moment), in order of position.

    The newest event timestamp at or before the moment wins, then the newest created timestamp, then the later row;
    null where there is none or where it is older than `ttl_microseconds` (0: never too old). `known_by_then` leaves
    out versions created after the moment: a version then counts from the later of its two timestamps, unless one
    with a newer event timestamp counts already.
    """
    keys = [f"key_{number}" for number in range(len(versions.keys))]
    by_key = f"PARTITION BY {', '.join(keys)} " if keys else ""
    by_moment = f"PARTITION BY {', '.join([*keys, 'counts_from'])}"
    cut = known_by_then and versions.created_timestamp is not None
    counts_from = "greatest(happened, learned)" if cut else "happened"
    known = " AND learned IS NOT NULL" if cut else ""
    on = " AND ".join([*(f"e.{key} = v.{key}" for key in keys), "e.moment >= v.counts_from"])
    fresh = f"epoch_us(e.moment) - epoch_us(v.happened) <= {ttl_microseconds}" if ttl_microseconds else "true"
    return f"""
        WITH narrow AS ({versions.narrow}),
        counted AS (
            SELECT *, {counts_from} AS counts_from FROM narrow
            WHERE happened <= (SELECT max(moment) FROM entities){known}
        ),
        ranked AS (SELECT *, max(happened) OVER ({by_key}ORDER BY counts_from) AS newest FROM counted),
        versions AS (
            SELECT * FROM ranked WHERE happened = newest
            QUALIFY row_number() OVER ({by_moment} ORDER BY learned DESC NULLS LAST, place DESC) = 1
        )
        SELECT CASE WHEN {fresh} THEN v.place END AS place
        FROM entities e ASOF LEFT JOIN versions v ON {on}
        ORDER BY e.position
    """


def places_of_newest(versions: VersionTable) -> str:
    """Query of `place` of each key's newest version with an event timestamp between the parameters $start and $end."""
    keys = ", ".join(f"key_{number}" for number in range(len(versions.keys))) or "true"
    return f"""
        SELECT place FROM ({versions.narrow}) WHERE happened BETWEEN $start AND $end
        QUALIFY row_number() OVER (
            PARTITION BY {keys} ORDER BY happened DESC, learned DESC NULLS LAST, place DESC
        ) = 1
        ORDER BY place
    """


def rows_between(versions: VersionTable, columns: Sequence[str]) -> str:
    """Query of `columns` of every version between the parameters $start and $end, either of which may be null."""
    happened = f"{quoted(versions.event_timestamp)}::TIMESTAMPTZ"
    return (
        f"SELECT {_listed(columns)} FROM {versions.scan} "
        f"WHERE {happened} >= coalesce($start, '-infinity'::TIMESTAMPTZ) "
        f"AND {happened} <= coalesce($end, 'infinity'::TIMESTAMPTZ)"
    )


def rows_at(versions: VersionTable, columns: Sequence[str]) -> str:
    """Query of __place and `columns` of the versions whose place is in `wanted` (__place), in no order."""
    return (
        f"SELECT __place, {_listed(columns)} FROM (SELECT *, {PLACE} AS __place FROM {versions.scan}) "
        "SEMI JOIN wanted USING (__place)"
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
