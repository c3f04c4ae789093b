"""The event lake: date-partitioned Parquet tables, appended idempotently and atomically.

One file per append and date, named by its content: `<table>/event_date=YYYY-MM-DD/part-<sha>.parquet`. A note beside
files, left by metier.lake.upkeep, says which of them stand for which. Knows the tables, not what their rows mean.
"""

import hashlib
import io
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import duckdb
import fsspec.core
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metier.contract import CONTRACT_VERSION, TABLES, table
from metier.errors import ContractError, EmptyDataError
from metier.lake.footers import Footer, span

REPLACED = "replaced-"
"""Name of a note: {"written": [...], "replaced": [...]}, files of its folder of which only one half counts."""
MEMORY_LIMIT = "2GB"
"""What a connection may hold in memory."""
READS = 5
"""How often a read begins anew where files are replaced meanwhile."""


@dataclass(frozen=True)
class AppendReport:
    """Rows written and rows left out because the lake already held their key."""

    written: int
    duplicates: int


Journal: TypeAlias = Callable[[str, Sequence[str], AppendReport], None]
"""Hears of files before they appear: (table or quarantine/table, paths below the lake, the append they are of)."""


class Lake:
    """The six tables under one directory or fsspec URL. `journal` hears of what is written through this object."""

    def __init__(self, url: str, journal: Journal | None = None) -> None:
        self.url = str(url).rstrip("/")
        self._journal = journal
        self._fs, self._root = fsspec.core.url_to_fs(self.url)
        self._footers: dict[str, Footer] = {}

    def files(self, name: str) -> list[str]:
        """Paths of the table's Parquet files, oldest date first; of a replacement under way, one half only."""
        entries = {
            path: path.rsplit("/", 1) for path in self._fs.glob(f"{self._root}/{table(name).name}/event_date=*/*")
        }
        parts = {path for path, (_, file) in entries.items() if file.startswith("part-") and file.endswith(".parquet")}
        hidden: set[str] = set()
        for path in sorted(path for path, (_, file) in entries.items() if file.startswith(REPLACED)):
            try:
                note = json.loads(self._fs.cat_file(path))
            except FileNotFoundError:  # what the note was about is done: look again
                return self.files(name)
            folder = entries[path][0]
            written, replaced = ({f"{folder}/{file}" for file in note[half]} for half in ("written", "replaced"))
            hidden |= replaced if written <= parts else written
        return sorted(parts - hidden)

    def schemas(self, name: str) -> Iterator[tuple[str, pa.Schema]]:
        """(path, Arrow schema) of each of the table's files; ContractError for one that cannot be read."""
        for path in self.files(name):
            yield path, self._metadata(path).schema.to_arrow_schema()

    def append(self, name: str, rows: pa.Table) -> AppendReport:
        """Write the rows whose key the lake does not hold yet; `rows` has the table's schema."""
        declared = table(name)
        if not rows.schema.equals(declared.schema, check_metadata=False):
            raise ContractError(f"{name}: rows have schema {rows.schema.names}; conform them to the contract first")
        fresh = self._only_new(name, rows)
        report = AppendReport(fresh.num_rows, rows.num_rows - fresh.num_rows)
        dated = _by_date(fresh, declared.key)
        self._write(name, report, {f"{name}/event_date={date}": part.cast(declared.schema) for date, part in dated})
        return report

    def read(self, name: str, columns: Sequence[str] | None = None, as_of: datetime | None = None) -> pa.Table:
        """Rows recorded at or before `as_of`, ordered by event_timestamp, then key."""
        order = ", ".join(("event_timestamp", *table(name).key))
        query = f"SELECT {', '.join(columns or ['*'])} FROM {name} ORDER BY {order}"
        for attempt in range(READS):
            try:
                with self.connect(as_of) as connection:
                    result: pa.Table = connection.sql(query).to_arrow_table()
                break
            except (duckdb.IOException, FileNotFoundError):  # upkeep removed a listed file: what stands for it is there
                if attempt + 1 == READS:
                    raise
        if columns is None:
            return result.cast(table(name).schema)
        return result

    def matching(self, name: str, rows: pa.Table, columns: Sequence[str] = ()) -> pa.Table:
        """The lake's rows that have the key of one of `rows`, or its first `columns`; reads only files that may."""
        key, files = list(columns or table(name).key), self._files_near(name, rows)
        if not files:
            return table(name).schema.empty_table()
        with self._connection() as connection:
            self._create_view(connection, name, files)
            connection.register("incoming", rows.select(key))
            rows = connection.sql(f"FROM {name} SEMI JOIN incoming USING ({', '.join(key)})").to_arrow_table()
        return rows.cast(table(name).schema)

    def connect(self, as_of: datetime | None = None) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection (UTC, one thread) with a view per table of what was recorded by `as_of`.

        What does not fit into MEMORY_LIMIT goes to a folder of the system's for temporary files, and leaves with the
        connection.
        """
        connection = self._connection()
        for name in TABLES:
            self._create_view(connection, name, self.files(name), as_of)
        return connection

    def as_of(self) -> datetime:
        """The lake's own clock: its newest recorded_at. EmptyDataError on an empty lake."""
        return self.span()[1]

    def span(self) -> tuple[datetime, datetime]:
        """Oldest and newest recorded_at. EmptyDataError on an empty lake."""
        footers = (self._metadata(path) for name in TABLES for path in self.files(name))
        spans = [span(footer, "recorded_at") for footer in footers if footer.num_rows]
        if not spans:
            raise EmptyDataError(f"the lake at {self.url} is empty; run `metier import` or `metier simulate` first")
        return min(first for first, _ in spans), max(last for _, last in spans)

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        return {name: sum(self._metadata(path).num_rows for path in self.files(name)) for name in TABLES}

    def digest(self) -> str:
        """sha256 over file names, which are content hashes: equal lakes have equal digests."""
        names = "\n".join(path.removeprefix(self._root) for name in TABLES for path in self.files(name))
        return hashlib.sha256(names.encode()).hexdigest()

    def quarantine(self, name: str, rows: pa.Table, reasons: pa.Array, source: str) -> int:
        """Keep rejected rows as JSON beside their reason; the same rejects land in the same file."""
        if rows.num_rows == 0:
            return 0
        lines = [json.dumps(row, default=str, ensure_ascii=False) for row in _spelled_times(rows).to_pylist()]
        rejected = pa.table(
            {"table": [name] * len(lines), "source": [source] * len(lines), "reason": reasons, "row": lines}
        )
        folder = f"quarantine/{name}"
        self._write(folder, AppendReport(len(lines), 0), {folder: rejected})
        return len(lines)

    def quarantined(self, name: str) -> pa.Table:
        """Rejected rows of the table: table, source, reason, row (JSON)."""
        paths = sorted(self._fs.glob(f"{self._root}/quarantine/{name}/part-*.parquet"))
        parts = [pq.read_table(path, filesystem=self._fs) for path in paths]
        empty = pa.schema([(column, pa.string()) for column in ("table", "source", "reason", "row")]).empty_table()
        return pa.concat_tables([empty, *parts])

    def _protocols(self) -> tuple[str, ...]:
        protocol = self._fs.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        spill = str(Path(tempfile.gettempdir()) / f"metier-{uuid.uuid4().hex}")
        connection = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": spill})
        connection.execute("SET TimeZone = 'UTC'")
        if "file" not in self._protocols():
            connection.register_filesystem(self._fs)
        return connection

    def _only_new(self, name: str, rows: pa.Table) -> pa.Table:
        """Rows of new keys, the first of equal keys, in their order."""
        keys, files = rows.select(list(table(name).key)), self._files_near(name, rows)
        if not files and all_different(keys):
            return rows
        key = ", ".join(keys.column_names)
        with self._connection() as connection:
            self._create_view(connection, name, files)
            connection.register("incoming", keys.append_column("position", pa.array(np.arange(rows.num_rows))))
            connection.execute(f"CREATE TEMP TABLE lake AS SELECT {key} FROM {name} SEMI JOIN incoming USING ({key})")
            fresh = connection.sql(
                f"SELECT min(position) AS position FROM incoming ANTI JOIN lake USING ({key}) "
                f"GROUP BY {key} ORDER BY position"
            ).to_arrow_table()
        return rows.take(fresh["position"])

    def _files_near(self, name: str, rows: pa.Table) -> list[str]:
        """Files that may hold a key of `rows`: of its dates where the key has the moment, else where ids overlap."""
        files, key = self.files(name), table(name).key
        if rows.num_rows == 0:
            return []
        if "event_timestamp" in key:
            dates = {f"event_date={date}" for date in pc.unique(_dates(rows)).to_pylist()}
            files = [path for path in files if path.rsplit("/", 2)[1] in dates]
        limits = pc.min_max(rows[key[0]])
        first, last = limits["min"].as_py(), limits["max"].as_py()
        return [path for path in files if self._footer(name, path).meets(first, last)]

    def _write(self, name: str, report: AppendReport, tables: Mapping[str, pa.Table]) -> None:
        """A file in each folder below the lake, named by its content; the journal hears of all before one appears."""
        written: list[str] = []
        for folder, rows in tables.items():
            buffer = io.BytesIO()
            pq.write_table(rows, buffer, compression="zstd")
            content = buffer.getvalue()
            path = f"{self._root}/{folder}/part-{hashlib.sha256(content).hexdigest()[:16]}.parquet"
            self._fs.makedirs(f"{self._root}/{folder}", exist_ok=True)
            self._fs.pipe_file(temporary(path), content)
            written.append(path)
        if self._journal is not None:
            self._journal(name, [path.removeprefix(f"{self._root}/") for path in written], report)
        for path in written:
            self._fs.mv(temporary(path), path)

    def _metadata(self, path: str) -> pq.FileMetaData:
        try:
            with self._fs.open(path) as handle:
                return pq.read_metadata(handle)
        except pa.ArrowInvalid as error:
            raise ContractError(f"{path} is not a whole Parquet file; remove it and import its table again") from error

    def _create_view(
        self, connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str], as_of: datetime | None = None
    ) -> None:
        if not paths:
            connection.register(f"{name}_empty", table(name).schema.empty_table())
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {name}_empty")
            return
        older = min(self._footer(name, path).version for path in paths) < CONTRACT_VERSION
        prefix = "" if "file" in self._protocols() else f"{self._protocols()[0]}://"
        listed = ", ".join("'" + (prefix + path).replace("'", "''") + "'" for path in paths)
        rows = f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = {older})"
        if older:  # columns that came since are null
            connection.register(f"{name}_now", table(name).schema.empty_table())
            rows = f"SELECT {', '.join(table(name).schema.names)} FROM (FROM {name}_now UNION ALL BY NAME {rows})"
        condition = "" if as_of is None else f" WHERE recorded_at <= TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat()}'"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM ({rows}){condition}")

    def _footer(self, name: str, path: str) -> Footer:
        """Read once; ContractError unless the file's contract version is this one or the one before."""
        if path not in self._footers:
            footer = Footer.of(self._metadata(path), table(name).key[0])
            if footer.version > CONTRACT_VERSION:
                raise ContractError(
                    f"{path} has contract version {footer.version}, this metier reads up to {CONTRACT_VERSION}; "
                    "upgrade metier (`pip install --upgrade metier`)"
                )
            if footer.version < CONTRACT_VERSION - 1:
                raise ContractError(
                    f"{path} has contract version {footer.version}, too old to read; run `metier lake migrate`"
                )
            self._footers[path] = footer
        return self._footers[path]


def temporary(path: str) -> str:
    """Where a file is written before it appears at `path`."""
    folder, _, file = path.rpartition("/")
    return f"{folder}/.{file}.writing"


def all_different(keys: pa.Table) -> bool:
    """Whether no two rows are equal."""
    return bool(keys.group_by(keys.column_names, use_threads=False).aggregate([]).num_rows == keys.num_rows)


def _spelled_times(rows: pa.Table) -> pa.Table:
    """Timestamps as text: a rejected row may hold one that Python cannot represent."""
    for position, column in enumerate(rows.schema):
        if pa.types.is_timestamp(column.type):
            rows = rows.set_column(position, column.name, rows[column.name].cast(pa.string()))
    return rows


def _by_date(rows: pa.Table, key: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """(ISO date, rows of that event date), each ordered by event_timestamp, then key."""
    if rows.num_rows == 0:
        return
    columns = dict.fromkeys(("event_timestamp", *key))
    ordered = rows.take(pc.sort_indices(rows, sort_keys=[(column, "ascending") for column in columns]))
    counted = pc.value_counts(_dates(ordered)).to_pylist()
    start = 0
    for day, count in ((entry["values"], entry["counts"]) for entry in counted):
        yield day.isoformat(), ordered.slice(start, count)
        start += count


def _dates(rows: pa.Table) -> pa.ChunkedArray:
    return rows["event_timestamp"].cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
