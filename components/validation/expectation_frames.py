"""What the expectations look at: one frame of rows a table, of columns of the lake's files, and of the lake's age.

Heavy checks (copies of a key, references) are columns that DuckDB computes; the expectations only compare them.
Knows the contract and SQL; not Great Expectations.
"""

from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from metier.contract import ANONYMOUS, TABLES, Table
from metier.lake import Lake

LARGEST_FRAME = 1_000_000
"""A larger table is checked on a reproducible sample of about so many rows and on all rows whose key repeats."""
COPIES = "copies_of_key"
EITHER = "job_or_client_set"

_ACTORS = f"CASE WHEN starts_with(actor_id, '{ANONYMOUS}') THEN true " \
    "WHEN surface = 'job_feed' THEN actor_id IN (SELECT freelancer_id FROM freelancers) " \
    "ELSE actor_id IN (SELECT client_id FROM clients) END"  # fmt: skip
_CANDIDATES = "CASE WHEN surface IS NULL THEN true " \
    "WHEN surface = 'job_feed' THEN candidate_id IN (SELECT job_id FROM jobs) " \
    "ELSE candidate_id IN (SELECT freelancer_id FROM freelancers) END"  # fmt: skip
_BY_SURFACE = {"queries": {"actor_id": _ACTORS}, "impressions": {"candidate_id": _CANDIDATES}}
"""References whose table depends on the surface of the query."""
_SURFACES = "LEFT JOIN (SELECT query_id, any_value(surface) AS surface FROM queries GROUP BY query_id) USING (query_id)"
_SOURCES = {"impressions": f"impressions {_SURFACES}"}


def references(declared: Table) -> dict[str, str]:
    """Column that refers to another table -> frame column that says whether it is known there."""
    return {column: f"{column}_known" for column in (*declared.references, *_BY_SURFACE.get(declared.name, {}))}


def rows_frame(connection: duckdb.DuckDBPyConnection, declared: Table, largest: int = LARGEST_FRAME) -> pd.DataFrame:
    """The table's rows: its columns under a rule (lists as their length), COPIES, EITHER and what is known."""
    key = ", ".join(declared.key)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS "
        f"SELECT {key}, count(*) AS {COPIES} FROM {declared.name} GROUP BY ALL HAVING count(*) > 1"
    )
    selected = [*_ruled_columns(declared), f"coalesce({COPIES}, 1) AS {COPIES}"]
    for column, target in declared.references.items():
        condition = f"{column} IN (SELECT {TABLES[target].key[0]} FROM {target})"
        selected.append(f"coalesce({column} IS NULL OR {condition}, false) AS {column}_known")
    for column, condition in _BY_SURFACE.get(declared.name, {}).items():
        selected.append(f"coalesce({condition}, false) AS {column}_known")
    if declared.name == "interactions":
        selected.append(f"job_id IS NOT NULL OR client_id IS NOT NULL AS {EITHER}")
    (rows,) = connection.execute(f"SELECT count(*) FROM {declared.name}").fetchall()[0]
    chosen = f"hash({key}) % {rows} < {largest} OR {COPIES} IS NOT NULL" if rows > largest else "true"
    source = f"{_SOURCES.get(declared.name, declared.name)} LEFT JOIN repeated USING ({key})"
    return connection.sql(f"SELECT {', '.join(selected)} FROM {source} WHERE {chosen}").to_arrow_table().to_pandas()


def columns_frame(lake: Lake) -> pd.DataFrame:
    """(table, column, expected_type, found_type, files) of every column that the lake's files have or should have."""
    file_counts: dict[tuple[str, str, str, str], int] = {}
    for name, declared in TABLES.items():
        for _, schema in lake.schemas(name):
            for column in declared.columns:
                position = schema.get_field_index(column.name)
                kind = "absent" if position < 0 else _spelled(schema.field(position).type)
                entry = (name, column.name, _spelled(column.type), kind)
                file_counts[entry] = file_counts.get(entry, 0) + 1
    rows: list[tuple[Any, ...]] = [(*entry, files) for entry, files in file_counts.items()]
    return pd.DataFrame(rows, columns=["table", "column", "expected_type", "found_type", "files"])


def age_frame(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> pd.DataFrame:
    """(table, days_since_recorded) of every table that holds rows."""
    rows = []
    for name in TABLES:
        (newest,) = connection.execute(f"SELECT max(recorded_at) FROM {name}").fetchall()[0]
        if newest is not None:
            rows.append((name, (as_of - newest).total_seconds() / 86_400))
    return pd.DataFrame(rows, columns=["table", "days_since_recorded"])


def _ruled_columns(declared: Table) -> list[str]:
    ids = {*declared.key, *references(declared)}
    ruled = [
        c
        for c in declared.columns
        if c.required or c.allowed or c.name in ids or (c.minimum, c.maximum) != (None, None)
    ]
    return [f"len({c.name}) AS {c.name}" if pa.types.is_list(c.type) else c.name for c in ruled]


def _spelled(kind: pa.DataType) -> str:
    """The type's name; how a list calls its members is no difference."""
    return f"list<{_spelled(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)
