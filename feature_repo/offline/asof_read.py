"""Point-in-time reads of Parquet tables, answered in Arrow.

Entity rows keep their order, number and columns. DuckDB finds which version each row sees, one view at a time, and
only those versions are fetched, so that memory grows with the answer and not with the tables. Timestamps are compared
in UTC to the microsecond. Knows no Feast and writes nothing but what DuckDB spills.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_repo.offline.asof_sql import VersionTable, row_ids_as_of, row_ids_of_newest, rows_at, rows_between
from metier.errors import FeatureError

ROWS_AT_ONCE = 131_072
"""Entity rows gathered at a time: keeps a chunk of text below the 2 GiB that Arrow's offsets reach."""

ABSENT = -1
"""The row id of no version."""


@dataclass(frozen=True)
class ViewJoin:
    """What one feature view adds to the entity rows. `features`: column of the table -> name in the answer."""

    versions: VersionTable
    entity_keys: tuple[str, ...]
    features: Mapping[str, str]
    ttl: timedelta


@dataclass(frozen=True)
class VersionReader:
    """Reads versions by DuckDB within `memory_limit`; beyond it, DuckDB spills into `spill_folder`."""

    memory_limit: str
    threads: int
    spill_folder: Path

    def as_of(
        self, entities: pa.Table, moment: str, joins: Sequence[ViewJoin], created_by_then: bool = False
    ) -> pa.Table:
        """`entities` and, appended, the features that each row saw at its timestamp in the column `moment`.

        `created_by_then` leaves out versions created after that timestamp.
        """
        result = entities
        with self.connect() as connection:
            for join in joins:
                columns = _columns_as_of(connection, _narrow(entities, moment, join.entity_keys), join, created_by_then)
                for column, name in join.features.items():
                    result = result.append_column(name, columns[column])
        return result

    def newest(self, versions: VersionTable, columns: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        """Each key's newest version between two moments, both included."""
        with self.connect() as connection, _unchanged(versions):
            between = {"start": start, "end": end}
            row_ids = connection.sql(row_ids_of_newest(versions), params=between).to_arrow_table()["row_id"]
            return _rows(connection, versions, columns, row_ids)

    def count_keys(self, versions: VersionTable, start: datetime, end: datetime) -> int:
        """Number of keys with a version between two moments, both included."""
        with self.connect() as connection:
            between = {"start": start, "end": end}
            return int(connection.sql(row_ids_of_newest(versions), params=between).to_arrow_table().num_rows)

    def between(
        self, versions: VersionTable, columns: Sequence[str], start: datetime | None, end: datetime | None
    ) -> pa.Table:
        """Every version between two moments, both included; None is no limit."""
        schema = table_schema(Path(versions.path))
        with self.connect() as connection:
            between = {"start": start, "end": end}
            rows = connection.sql(rows_between(versions, columns), params=between).to_arrow_table()
        return rows.cast(_only(schema, columns))

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB connection in UTC."""
        with duckdb.connect(
            config={
                "threads": self.threads,
                "memory_limit": self.memory_limit,
                "temp_directory": str(self.spill_folder),
            }
        ) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection


def table_schema(path: Path) -> pa.Schema:
    """Arrow schema of a Parquet file or folder; FeatureError where there is none."""
    if not _files(path):
        raise FeatureError(f"no feature table at {path}; build it first (`metier pipeline run features`)")
    return pq.ParquetDataset(path).schema


def _narrow(entities: pa.Table, moment: str, keys: Sequence[str]) -> pa.Table:
    """Position, keys and moment of the entity rows; a naive moment is UTC."""
    columns = {f"key_{number}": entities[key] for number, key in enumerate(keys)}
    moments = entities[moment].cast(pa.timestamp("us", tz="UTC"), safe=False)
    return pa.table({"position": np.arange(entities.num_rows), **columns, "moment": moments})


def _columns_as_of(
    connection: duckdb.DuckDBPyConnection, entities: pa.Table, join: ViewJoin, created_by_then: bool
) -> pa.Table:
    """The columns of one view, a row for each row of `entities`."""
    sql = row_ids_as_of(join.versions, join.ttl // timedelta(microseconds=1), created_by_then)
    with _unchanged(join.versions):
        connection.register("entities", entities)
        latest = {"latest": pc.max(entities["moment"]).as_py()}
        row_ids = connection.sql(sql, params=latest).to_arrow_table()["row_id"]
        return _rows(connection, join.versions, list(join.features), row_ids)


def _rows(
    connection: duckdb.DuckDBPyConnection, versions: VersionTable, columns: Sequence[str], row_ids: pa.ChunkedArray
) -> pa.Table:
    """The versions at `row_ids`, in that order and as often; a null id gives nulls. Types are the table's own."""
    distinct, index = np.unique(row_ids.fill_null(ABSENT).to_numpy(), return_inverse=True)
    connection.register("row_ids", pa.table({"__row_id": distinct}))
    rows = connection.sql(rows_at(versions, columns)).to_arrow_table().combine_chunks()
    order = np.argsort(rows["__row_id"].to_numpy())
    if len(order) < len(distinct):  # ABSENT, the first of them, is in no file
        order = np.concatenate([[0], order])
    rows = rows.drop_columns(["__row_id"]).cast(_only(table_schema(Path(versions.path)), columns))
    return _gather(rows, order[index], row_ids.is_null().to_numpy())


def _gather(rows: pa.Table, index: npt.NDArray[np.int64], absent: npt.NDArray[np.bool_]) -> pa.Table:
    """rows[index], null where absent; gathered a part at a time."""
    parts = [rows.slice(0, 0)]
    for start in range(0, len(index), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        parts.append(rows.take(pa.array(index[part], mask=absent[part])))
    return pa.concat_tables(parts)


def _only(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    missing = [column for column in columns if column not in schema.names]
    if missing:
        raise FeatureError(f"the feature table lacks {missing}; build it again (`metier pipeline run features`)")
    return pa.schema([schema.field(column) for column in columns])


@contextmanager
def _unchanged(versions: VersionTable) -> Iterator[None]:
    """Row ids are read before the rows are fetched: refuse an answer that mixes two builds of a table."""
    path = Path(versions.path)
    table_schema(path)
    before = _fingerprint(path)
    yield
    if _fingerprint(path) != before:
        raise FeatureError(f"{path} was rebuilt while it was read; ask again")


def _fingerprint(path: Path) -> list[tuple[int, int, int]]:
    return [(stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in (file.stat() for file in _files(path))]


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path] * path.exists()
