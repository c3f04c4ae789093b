"""A file's rows in the contract's columns, piece by piece; and a folder that keeps pieces for a second look.

Knows files and mappings; not what rows of a table mean together.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from collections.abc import Mapping as Map
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.importers.conform import LINE, REASON, REPEATED_KEY, conform
from components.importers.files.opening import open_rows
from components.importers.ingest import IngestReport
from components.importers.mapped.mapped_values import Findings, mapped_columns, named, settled
from components.importers.mapped.mapping import FIRST_KNOWN, Mapping
from components.importers.mapped.said import SAID
from components.importers.mapped.sources import read_cells
from components.importers.values.reading import Reading
from metier.contract import TEXT, TIMESTAMP
from metier.errors import ContractError
from metier.lake.lake import MEMORY_LIMIT
from metier.texts.free_texts import made_plain

UNREAD = "unread rows"
ROW = "metier_row"
"""Column with the number of a row in its file, 1 first, those that could not be read behind the others of a piece."""
SOUND = "metier_sound"
CLIENT = "metier_client_"
"""What the columns begin with that a file of posts has about their clients."""
REPEATS, NEAR, CONTRADICTS = "repeats the text of", "near-duplicate of", "contradicts"
SET_ASIDE = re.compile(f"^((?:{REPEATS}|{NEAR}|{CONTRADICTS}) [a-z]+) .*")
"""Reasons of rows that an earlier one of the file stands for, which they name."""


def mapped_pieces(path: Path, mapping: Mapping, findings: Findings) -> Iterator[pa.Table]:
    """The file's rows as mapped_columns has them, with ROW, and REASON and LINE of those that could not be read.

    Rows without an id of their own have none here. ContractError names a column that the file lacks.
    """
    first, rules = 1, mapping.rules
    for rows in _opened(path, mapping):
        readable, unread = _split(rows)
        rules = settled(rules, readable)
        table = mapped_columns(rules, readable, findings)
        clients = mapped_columns(mapping.clients, readable, findings)
        for name in mapping.clients:
            table = table.append_column(f"{CLIENT}{name}", clients[name])
        if mapping.id is not None:
            column = mapping.table.column(mapping.table.key[0])
            reading = Reading("text", missing=mapping.missing)
            ids = read_cells(readable[mapping.id], mapping.id, column, reading)
            table = table.append_column(column.name, named(ids, column, findings))
        table = _with_moment(table, mapping)
        if unread is not None:
            lines, counts = made_plain(pa.table({UNREAD: unread[LINE]}), {UNREAD: str})
            findings.texts += counts
            marked = pa.table({REASON: unread[REASON], LINE: lines[UNREAD]})
            table = pa.concat_tables([table, marked], promote_options="default")
        yield table.append_column(ROW, pa.array(np.arange(first, first + table.num_rows)))
        first += table.num_rows


class Spill:
    """Pieces of mapped rows in `folder`, in their order: one piece in memory at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def add(self, rows: pa.Table) -> None:
        """Keep a piece; pieces may differ in columns of marks."""
        pq.write_table(rows, self._folder / f"{self._count:06}.parquet", compression="zstd")
        self._count += 1

    def pieces(self) -> Iterator[pa.Table]:
        """The pieces as they came."""
        for number in range(self._count):
            yield pq.read_table(self._folder / f"{number:06}.parquet")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with all pieces as the view `spilled`; what does not fit into memory goes to the folder."""
        connection = duckdb.connect(
            config={"threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": str(self._folder / "duckdb")}
        )
        connection.execute("SET TimeZone = 'UTC'")
        files = str(self._folder / "*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW spilled AS FROM read_parquet('{files}', union_by_name = true)")
        return connection


def sound(name: str, rows: pa.Table, clock: datetime, source: str) -> pa.Array:
    """Which rows keep the contract, whatever the others say: none other may stand for one that is set aside."""
    if not rows.num_rows:
        return pa.array([], pa.bool_())
    conformed = conform(name, rows, clock, source)
    bad = conformed.rejected[ROW].filter(pc.not_equal(conformed.reasons, REPEATED_KEY))
    return pc.invert(pc.is_in(rows[ROW], value_set=bad)).combine_chunks()


def with_reasons(rows: pa.Table, reasons: Map[int, str], marks: Collection[str]) -> pa.Table:
    """The spilled rows without `marks` and what is said of clients; those of `reasons` (by ROW) marked as set aside."""
    found = pa.array([reasons.get(number) for number in rows[ROW].to_pylist()], TEXT)
    kept = [name for name in rows.column_names if name not in (*marks, REASON) and not name.startswith((CLIENT, SAID))]
    marked = pc.coalesce(rows[REASON], found) if REASON in rows.column_names else found
    return rows.select(kept).append_column(REASON, marked)


def shortened(report: IngestReport) -> IngestReport:
    """The report with one reason for all rows that are set aside for others, each of which its reason names."""
    return IngestReport({name: replace(table, reasons=_short(table.reasons)) for name, table in report.tables.items()})


def _short(reasons: Map[str, int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for reason, number in reasons.items():
        counts[SET_ASIDE.sub(r"\1 that its row in quarantine names", reason)] += number
    return dict(counts)


def _opened(path: Path, mapping: Mapping) -> Iterator[pa.Table]:
    """The file's pieces; a column that it lacks is named with what the mapping takes from it."""
    sources = mapping.sources()
    try:
        yield from open_rows(path, mapping.file, list(sources))
    except ContractError as error:
        told = str(error)
        for source, column in sources.items():
            lacks = f"{path} has no column {source!r}"
            told = told.replace(lacks, f"{lacks}, from which {mapping.path} takes {column}")
        raise ContractError(told) from error


def _split(rows: pa.Table) -> tuple[pa.Table, pa.Table | None]:
    """The rows that could be read; REASON and LINE of the others, the whole row where it has no line."""
    if REASON not in rows.column_names:
        return rows, None
    broken = rows.filter(pc.is_valid(rows[REASON])).to_pylist()
    reasons = [row.pop(REASON) for row in broken]
    lines = [row.pop(LINE, None) or json.dumps(row, ensure_ascii=False, default=str) for row in broken]
    unread = pa.table({REASON: pa.array(reasons, TEXT), LINE: pa.array(lines, TEXT)}) if broken else None
    return rows.filter(pc.is_null(rows[REASON])), unread


def _with_moment(table: pa.Table, mapping: Mapping) -> pa.Table:
    """With event_timestamp, from what says since when a row counts; null where nothing does."""
    if "event_timestamp" in table.column_names:
        return table
    moments = pa.chunked_array([pa.array([mapping.clock], TIMESTAMP).take(pa.array(np.zeros(table.num_rows, int)))])
    first_known = FIRST_KNOWN[mapping.table.name]
    if first_known in table.column_names:
        moments = pc.coalesce(table[first_known], moments)
    return table.append_column("event_timestamp", moments)
