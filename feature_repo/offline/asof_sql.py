"""SQL of point-in-time reads: which version of a key's row was the newest at a moment.

A version is named by its row id in the Parquet files, so that the join carries a few narrow columns and the features
are fetched afterwards, once for each version in use. Knows no Feast and opens no connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ROW_ID = "(file_index::BIGINT << 40 | file_row_number)"
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
        """Query of keys, happened, learned and row_id of every row; naive timestamps are UTC."""
        keys = "".join(f"{quoted(key)} AS key_{number}, " for number, key in enumerate(self.keys))
        created = "NULL" if self.created_timestamp is None else quoted(self.created_timestamp)
        return (
            f"SELECT {keys}{quoted(self.event_timestamp)}::TIMESTAMPTZ AS happened, "
            f"{created}::TIMESTAMPTZ AS learned, {ROW_ID} AS row_id FROM {self.scan}"
        )


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """`value` as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def row_ids_as_of(versions: VersionTable, ttl_microseconds: int, created_by_then: bool) -> str:
    """Query of `row_id`, one row for each row of `entities` (position, key_0.., moment), in order of position.

    The parameter $latest is the newest moment of all; no version after it is looked at.
    The newest event timestamp at or before the moment wins, then the newest created timestamp, then the later row;
    null where there is none or where it is older than `ttl_microseconds` (0: never too old). `created_by_then` leaves
    out versions created after the moment: a version then counts from the later of its two timestamps, unless one
    with a newer event timestamp counts already. Keys are numbered first: sorting numbers is what makes it fast.
    """
    keys = [f"key_{number}" for number in range(len(versions.keys))]
    same = " AND ".join(f"{{0}}.{key} = codes.{key}" for key in keys) or "true"
    key = ", ".join(keys) or "true"
    cut = created_by_then and versions.created_timestamp is not None
    counts_from = "greatest(happened, learned)" if cut else "happened"
    created = " AND learned IS NOT NULL" if cut else ""
    still_newest = "happened = max(happened) OVER history AND " if cut else ""
    fresh = f"epoch_us(e.moment) - epoch_us(v.happened) <= {ttl_microseconds}" if ttl_microseconds else "true"
    return f"""
        WITH codes AS MATERIALIZED (
            SELECT *, row_number() OVER ()::INTEGER AS code FROM (SELECT DISTINCT {key} FROM entities)
        ),
        coded AS (
            SELECT code, {counts_from} AS counts_from, happened, learned, row_id
            FROM ({versions.narrow}) AS narrow JOIN codes ON {same.format("narrow")}
            WHERE happened <= $latest{created}
        ),
        versions AS (
            SELECT code, counts_from, happened, row_id FROM coded
            WINDOW history AS (
                PARTITION BY code ORDER BY counts_from, happened, learned NULLS FIRST, row_id ROWS UNBOUNDED PRECEDING
            )
            QUALIFY {still_newest}lead(counts_from) OVER history IS DISTINCT FROM counts_from
        ),
        coded_entities AS (SELECT position, moment, code FROM entities LEFT JOIN codes ON {same.format("entities")})
        SELECT CASE WHEN {fresh} THEN v.row_id END AS row_id
        FROM coded_entities e ASOF LEFT JOIN versions v ON e.code = v.code AND e.moment >= v.counts_from
        ORDER BY e.position
    """


def row_ids_of_newest(versions: VersionTable) -> str:
    """Query of `row_id` of each key's newest version with an event timestamp between the parameters $start and $end."""
    keys = ", ".join(f"key_{number}" for number in range(len(versions.keys))) or "true"
    return f"""
        SELECT row_id FROM ({versions.narrow}) WHERE happened BETWEEN $start AND $end
        QUALIFY row_number() OVER (
            PARTITION BY {keys} ORDER BY happened DESC, learned DESC NULLS LAST, row_id DESC
        ) = 1
        ORDER BY row_id
    """


def rows_between(versions: VersionTable, columns: Sequence[str]) -> str:
    """Query of `columns` of every version between the parameters $start and $end, either of which may be null.

    Versions of the world come oldest first: Feast tells them apart by no key and lets the last that it writes win.
    """
    happened, *learned = (f"{quoted(name)}::TIMESTAMPTZ" for name in versions.timestamps)
    oldest_first = ", ".join([happened, *(f"{name} NULLS FIRST" for name in learned), ROW_ID])
    return (
        f"SELECT {_listed(columns)} FROM {versions.scan} "
        f"WHERE {happened} >= coalesce($start, '-infinity'::TIMESTAMPTZ) "
        f"AND {happened} <= coalesce($end, 'infinity'::TIMESTAMPTZ)"
        + (f" ORDER BY {oldest_first}" if not versions.keys else "")
    )


def rows_at(versions: VersionTable, columns: Sequence[str]) -> str:
    """Query of __row_id and `columns` of the versions whose id is in `row_ids` (__row_id), in no order."""
    return (
        f"SELECT __row_id, {_listed(columns)} FROM (SELECT *, {ROW_ID} AS __row_id FROM {versions.scan}) "
        "SEMI JOIN row_ids USING (__row_id)"
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
