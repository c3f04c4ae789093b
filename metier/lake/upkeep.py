"""Upkeep of the lake: bring its files to the contract's version, merge small ones, take rows out.

Killed anywhere, a repeat finishes, and readers see each file or date as it was or as it will be. Knows versions, sizes
and rows that the caller marks; not what rows mean.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import TypeAlias

import duckdb
import fsspec.core
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metier.contract import CONTRACT_VERSION, TABLES, VERSION_KEY, ids_of, table
from metier.errors import ContractError
from metier.lake.exchange import Exchange
from metier.lake.lake import Lake
from metier.lake.steps import STEPS, Step, masked_rejects
from metier.texts.ids import with_plain_ids

MEMORY_LIMIT = "1500MB"
ROWS_A_BATCH = 65_536
MEGABYTE = 1 << 20

Marks: TypeAlias = Callable[[pa.Table], pa.ChunkedArray]
"""From rows (n_rows) to booleans (n_rows)."""


@dataclass(frozen=True)
class Sizes:
    """Bytes between which a file is left alone, and those at which a merged one may end."""

    smallest: int = 32 * MEGABYTE
    target: int = 128 * MEGABYTE
    largest: int = 256 * MEGABYTE


@dataclass(frozen=True)
class MigrationReport:
    """Files that were brought to the version, those that had it, and those of refused rows that were masked anew."""

    upgraded: int
    current: int
    quarantine_masked: int = 0


@dataclass(frozen=True)
class CompactionReport:
    """Files of all tables before and after."""

    before: int
    after: int


def migrate(lake: Lake, steps: Mapping[int, Step] = STEPS, version: int = CONTRACT_VERSION) -> MigrationReport:
    """Bring every file to `version`, one at a time; ContractError, and nothing done, where a step is missing."""
    with Exchange.of(lake) as exchange:
        versions = {path: (name, _version(schema)) for name in TABLES for path, schema in lake.schemas(name)}
        for path, (_, current) in versions.items():
            _require_steps(path, current, steps, version)
        behind = {path: entry for path, entry in versions.items() if entry[1] < version}
        for path, (name, current) in behind.items():
            schema = table(name).schema.with_metadata({VERSION_KEY: str(version).encode()})
            upgraded = (_upgraded(path, name, rows, current, steps, schema) for rows in _rows(exchange, path))
            exchange.replace([path], [exchange.write(path, schema, upgraded)])
        for name in TABLES:
            _hash_addresses(lake, exchange, name)
        masked = _masked_quarantine(exchange)
    return MigrationReport(len(behind), len(versions) - len(behind), masked)


def _hash_addresses(lake: Lake, exchange: Exchange, name: str) -> None:
    """Ids that hold an e-mail address, as earlier imports kept them, become what every door calls them now."""
    for path, schema in list(lake.schemas(name)):
        columns = [column for column in ids_of(name) if column in schema.names]
        ids = pq.read_table(path, columns=columns, filesystem=exchange.fs, partitioning=None)
        if with_plain_ids(ids, columns)[1]:
            plain = (with_plain_ids(rows, columns)[0] for rows in _rows(exchange, path))
            exchange.replace([path], [exchange.write(path, schema, plain)])


def compact(lake: Lake, sizes: Sizes = Sizes()) -> CompactionReport:
    """Merge the files of a date that are too small and split those too large: the same rows, in the lake's order."""
    before = _file_count(lake)
    with Exchange.of(lake) as exchange, lake.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        for name in TABLES:
            for _, dated in groupby(lake.files(name), posixpath.dirname):
                chosen = _to_merge({path: exchange.fs.size(path) for path in dated}, sizes)
                if chosen:
                    _require_current(exchange, chosen)
                    exchange.replace(chosen, list(_merged(exchange, connection, name, chosen, sizes)))
    return CompactionReport(before, _file_count(lake))


def marked(lake: Lake, name: str, columns: Sequence[str], marks: Marks) -> int:
    """How many rows of a table `marks` is true for, given `columns`."""
    fs, _ = fsspec.core.url_to_fs(lake.url)
    return sum(_true(_marks_of(fs, path, columns, marks)) for path in lake.files(name))


def take_out(lake: Lake, name: str, columns: Sequence[str], marks: Marks) -> int:
    """Remove the rows of a table that `marks` is true for, given `columns`; how many there were."""
    removed = 0
    with Exchange.of(lake) as exchange:
        for path in lake.files(name):
            mask = _marks_of(exchange.fs, path, columns, marks)
            if number := _true(mask):
                removed += number
                exchange.replace([path], _without(exchange, path, mask) if number < len(mask) else [])
    return removed


def take_out_quarantined(lake: Lake, marks: Marks) -> int:
    """Remove the rejected rows, of all tables, that `marks` is true for; how many there were."""
    removed = 0
    with Exchange.of(lake) as exchange:
        for path, rows in _quarantine(exchange):
            mask = pc.fill_null(marks(rows), False)
            if number := _true(mask):
                removed += number
                exchange.fs.mv(exchange.write(path, rows.schema, [rows.filter(pc.invert(mask))]), path)
    return removed


def _masked_quarantine(exchange: Exchange) -> int:
    """How many files of refused rows held personal data that is masked now."""
    changed = 0
    for path, rows in _quarantine(exchange):
        masked = masked_rejects(rows)
        if masked is not rows:
            exchange.fs.mv(exchange.write(path, rows.schema, [masked]), path)
            changed += 1
    return changed


def _quarantine(exchange: Exchange) -> Iterator[tuple[str, pa.Table]]:
    """(path, refused rows) of each file."""
    for path in sorted(exchange.fs.glob(f"{exchange.root}/quarantine/*/part-*.parquet")):
        yield path, pq.read_table(path, filesystem=exchange.fs)


def _merged(
    exchange: Exchange, connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str], sizes: Sizes
) -> Iterator[str]:
    """Temporary files that hold the rows of `paths` in the lake's order."""
    declared = table(name)
    listed = ", ".join("'" + (exchange.prefix + path).replace("'", "''") + "'" for path in paths)
    rows = f"FROM read_parquet([{listed}], hive_partitioning = false)"
    order = ", ".join(("event_timestamp", *declared.key))
    (remaining,) = connection.sql(f"SELECT count(*) {rows}").fetchall()[0]
    reader = connection.sql(f"SELECT * {rows} ORDER BY {order}").to_arrow_reader(ROWS_A_BATCH)
    batches = (pa.Table.from_batches([batch]).cast(declared.schema) for batch in reader)
    for number in count():
        if remaining == 0:
            return
        temporary = exchange.temporary(f"{posixpath.dirname(paths[0])}/{number}")
        remaining -= _write_one(exchange, temporary, declared.schema, batches, remaining, sizes)
        yield temporary


def _write_one(
    exchange: Exchange, path: str, schema: pa.Schema, batches: Iterator[pa.Table], remaining: int, sizes: Sizes
) -> int:
    """Write batches until the file is large enough, unless what is left is too little for one more; how many rows."""
    rows = 0
    with exchange.fs.open(path, "wb") as sink, pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(batch)
            rows += batch.num_rows
            size = sink.tell()
            if size >= sizes.target and (remaining - rows) * size / rows >= sizes.smallest:
                break
    return rows


def _to_merge(size: Mapping[str, int], sizes: Sizes) -> list[str]:
    """Files of a date to write anew: those too large, and those too small, with one more where they are not enough."""
    small = [path for path in size if size[path] < sizes.smallest]
    large = [path for path in size if size[path] > sizes.largest]
    medium = sorted(size.keys() - {*small, *large}, key=lambda path: size[path])
    if small and sum(size[path] for path in (*small, *large)) < sizes.smallest:
        small += medium[:1]
    return sorted([*small, *large]) if len(small) > 1 or large else []


def _without(exchange: Exchange, path: str, mask: pa.ChunkedArray) -> list[str]:
    """The temporary file that holds the rows of `path` but those marked as gone."""
    keep, start = pc.invert(mask), 0

    def batches() -> Iterator[pa.Table]:
        nonlocal start
        for rows in _rows(exchange, path):
            yield rows.filter(keep.slice(start, rows.num_rows))
            start += rows.num_rows

    return [exchange.write(path, pq.read_schema(path, filesystem=exchange.fs), batches())]


def _rows(exchange: Exchange, path: str) -> Iterator[pa.Table]:
    with exchange.fs.open(path) as source:
        file = pq.ParquetFile(source)
        for batch in file.iter_batches(ROWS_A_BATCH):
            yield pa.Table.from_batches([batch], file.schema_arrow)


def _marks_of(fs: fsspec.AbstractFileSystem, path: str, columns: Sequence[str], marks: Marks) -> pa.ChunkedArray:
    return pc.fill_null(marks(pq.read_table(path, columns=list(columns), filesystem=fs)), False)


def _true(marks: pa.ChunkedArray) -> int:
    return int(pc.sum(marks.cast(pa.int64())).as_py() or 0)


def _file_count(lake: Lake) -> int:
    return sum(len(lake.files(name)) for name in TABLES)


def _version(schema: pa.Schema) -> int:
    metadata: dict[bytes, bytes] = schema.metadata or {}
    return int(metadata.get(VERSION_KEY, b"1"))


def _require_current(exchange: Exchange, paths: Sequence[str]) -> None:
    for path in paths:
        if _version(pq.read_schema(path, filesystem=exchange.fs)) != CONTRACT_VERSION:
            raise ContractError(
                f"{path} is not of contract version {CONTRACT_VERSION}; run `metier lake migrate` first"
            )


def _require_steps(path: str, current: int, steps: Mapping[int, Step], version: int) -> None:
    if current > version:
        raise ContractError(
            f"{path} has contract version {current}, this metier migrates to {version}; "
            "upgrade metier (`pip install --upgrade metier`)"
        )
    missing = [step for step in range(current, version) if step not in steps]
    if missing:
        raise ContractError(
            f"{path} has contract version {current}, and no step leads on from {missing[0]}; import its source again"
        )


def _upgraded(
    path: str, name: str, rows: pa.Table, current: int, steps: Mapping[int, Step], schema: pa.Schema
) -> pa.Table:
    for version in range(current, _version(schema)):
        rows = steps[version](name, rows)
    try:
        return rows.select(schema.names).cast(schema)
    except (KeyError, ValueError) as error:
        raise ContractError(
            f"{path} does not become a file of the contract ({error}); import its source again"
        ) from error
