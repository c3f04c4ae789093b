"""The endpoint's event log into the lake: each line counts once, however often the import is killed and repeated.

What was imported is kept beside the segments, in imported.json; nothing else in the folder is changed. Knows how the
log spells rows; what rows must look like is conform's, and what the lake holds already is ingest's.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from components.importers.conform import LINE, NOTE, REASON
from components.importers.ingest import IngestReport, TableReport, ingest
from components.importers.logs.event_lines import (
    UNREADABLE,
    Chunk,
    Line,
    Offsets,
    read_events,
    segments,
    waiting,
)
from components.importers.logs.repeated_posts import with_first_clocks, without_stored
from components.importers.logs.unknown_ids import Unknown, joined, unknown_ids
from components.importers.values.casting import SPELLED
from metier.contract import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TABLES,
    TEXT,
    TEXT_LIST,
    TIMESTAMP,
    Table,
)
from metier.durable import write_whole
from metier.errors import ContractError, InputError, SettingsError
from metier.lake import Lake
from metier.locks import exclusively

FLOAT32_LIST = pa.list_(pa.float32())
_FITS: dict[pa.DataType, Callable[[Any], bool]] = {
    TEXT: lambda value: isinstance(value, str),
    TIMESTAMP: lambda value: isinstance(value, str),
    BOOLEAN: lambda value: isinstance(value, bool),
    INTEGER: lambda value: type(value) is int and abs(value) < 2**63,
    NUMBER: lambda value: type(value) is float or (type(value) is int and abs(value) <= 2**53),
    TEXT_LIST: lambda value: isinstance(value, list) and all(isinstance(member, str) for member in value),
    FLOAT32_LIST: lambda value: isinstance(value, np.ndarray),
}
"""Which JSON values a column takes; Arrow alone would take "abc" for a list and true for a number."""


@dataclass(frozen=True)
class EventsReport(IngestReport):
    """What became of the rows, and which lines wait for a later import: ahead of the clock, or torn.

    `unknown` are the ids that interactions name and the lake does not hold, by table.
    """

    waiting_lines: int = 0
    torn_lines: int = 0
    unknown: Unknown = field(default_factory=dict)

    def __add__(self, other: "EventsReport") -> "EventsReport":
        names = (*TABLES, UNREADABLE)
        reports_of = {
            name: [report.tables[name] for report in (self, other) if name in report.tables] for name in names
        }
        tables = {name: sum(reports, TableReport()) for name, reports in reports_of.items() if reports}
        return EventsReport(
            tables,
            waiting_lines=self.waiting_lines + other.waiting_lines,
            torn_lines=self.torn_lines + other.torn_lines,
            unknown=joined(self.unknown, other.unknown),
        )

    def render(self) -> str:
        """The counts of ingest, the lines that wait, and how many ids nobody knows."""
        ahead = f"{self.waiting_lines:,} lines recorded after this import's clock"
        lines = [super().render(), f"waiting: {ahead}, {self.torn_lines:,} torn last lines"]
        if self.unknown:
            counts = ", ".join(f"{len(ids):,} {name}" for name, ids in self.unknown.items())
            lines.append(f"unknown: interactions name {counts} that the lake does not hold")
        return "\n".join(lines)


def import_events(lake: Lake, folder: Path, clock: datetime, *, came_before: bool = False) -> EventsReport:
    """Bring the lines of `folder` that were recorded by `clock` to the lake; InputError while another import runs.

    `came_before`: its interactions are in another log too, and those that the lake holds by now count nowhere.
    """
    if not folder.exists():
        return EventsReport({})
    with no_other_import(folder):
        imported, importing = _read_ledger(folder)
        reports: dict[str, TableReport] = {}
        unknown: Unknown = {}
        for chunk in _chunks(folder, imported, importing, clock):
            _write_ledger(folder, imported, importing=chunk.offsets)
            for name, report in _ingest(lake, chunk, clock, came_before).items():
                reports[name] = reports.get(name, TableReport()) + report
            unknown = joined(unknown, unknown_ids(lake, chunk.lines))
            imported = chunk.offsets
            _write_ledger(folder, imported, importing=None)
        ordered = {name: reports[name] for name in (*TABLES, UNREADABLE) if name in reports}
        waiting_lines, torn_lines = waiting(folder, imported)
        return EventsReport(ordered, waiting_lines=waiting_lines, torn_lines=torn_lines, unknown=unknown)


def _chunks(folder: Path, imported: Offsets, importing: Offsets | None, clock: datetime) -> Iterator[Chunk]:
    """First, line by line, the chunk that a killed import may have left half done: its rejects land where they did."""
    if importing is not None:
        for chunk in read_events(folder, imported, clock, until=importing):
            imported = chunk.offsets
            yield chunk
    yield from read_events(folder, imported, clock)


def _ingest(lake: Lake, chunk: Chunk, clock: datetime, came_before: bool) -> dict[str, TableReport]:
    names = sorted({line.segment for line in chunk.lines})
    source = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    lines = (without_stored if came_before else with_first_clocks)(lake, chunk.lines)
    of_table = {name: [line for line in lines if line.table == name] for name in (*TABLES, UNREADABLE)}
    unreadable = _quarantine(lake, of_table.pop(UNREADABLE), source)
    tables = ((name, source, _rows(TABLES[name], entries)) for name, entries in of_table.items() if entries)
    return {**ingest(lake, tables, clock).tables, **unreadable}


def _quarantine(lake: Lake, lines: list[Line], source: str) -> dict[str, TableReport]:
    """Keep the text of lines that hold no event of any table."""
    if not lines:
        return {}
    reasons = [line.reason or "" for line in lines]
    quarantined = lake.quarantine(
        UNREADABLE, pa.table({"line": [line.text for line in lines]}), pa.array(reasons), source
    )
    return {UNREADABLE: TableReport(read=quarantined, quarantined=quarantined, reasons=dict(Counter(reasons)))}


def _rows(declared: Table, lines: list[Line]) -> pa.Table:
    """The rows in the table's columns, timestamps as text; those with misfits are marked for conform to reject."""
    columns: dict[str, pa.Array] = {}
    faults: dict[int, list[str]] = {}
    for column in declared.columns:
        values = [line.row.get(column.name) for line in lines]
        for position, value in enumerate(values):
            if value is not None and not _FITS[column.type](value):
                faults.setdefault(position, []).append(f"{column.name} is not a {SPELLED[column.type]}")
                values[position] = None
        columns[column.name] = pa.array(values, TEXT if column.type == TIMESTAMP else column.type)
    if faults:
        at = range(len(lines))
        columns[REASON] = pa.array(["; ".join(faults[p]) if p in faults else None for p in at], TEXT)
        columns[LINE] = pa.array([lines[p].text if p in faults else None for p in at], TEXT)
    return _noted(pa.table(columns), sorted({key for line in lines for key in line.row}.difference(columns)))


def _noted(rows: pa.Table, strange: list[str]) -> pa.Table:
    if not strange:
        return rows
    return rows.replace_schema_metadata(
        {NOTE: f"columns not in the contract are ignored: {', '.join(strange)}".encode()}
    )


def imported_whole(folder: Path) -> set[str]:
    """Names of the segments whose every byte was imported."""
    imported, _ = _read_ledger(folder)
    return {path.name for path in segments(folder) if imported.get(path.name, 0) == path.stat().st_size}


@contextmanager
def no_other_import(folder: Path) -> Iterator[None]:
    """No import of the folder begins meanwhile; InputError while one runs."""
    refusal = InputError(f"another import of {folder} is running; wait until it ends, then repeat this")
    with ExitStack() as stack:
        try:
            if folder.exists():
                stack.enter_context(exclusively(folder / "import.lock", refusal))
        except OSError as error:
            raise SettingsError(
                f"{folder} cannot be imported from ({error.strerror}); make it a folder to write to"
            ) from error
        yield


def _read_ledger(folder: Path) -> tuple[Offsets, Offsets | None]:
    """(what was imported, the ends of a chunk that a killed import was at) for the segments that are still there."""
    path = folder / "imported.json"
    if not path.exists():
        return {}, None
    present = {segment.name for segment in segments(folder)}
    try:
        ledger = json.loads(path.read_bytes())
        imported = {name: int(end) for name, end in ledger["imported"].items() if name in present}
        return imported, ledger["importing"] and dict(ledger["importing"])
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise ContractError(
            f"{path} cannot be read as the record of imports; remove it and import again, the lake knows what it holds"
        ) from error


def _write_ledger(folder: Path, imported: Offsets, importing: Offsets | None) -> None:
    offsets = {"imported": dict(imported), "importing": importing and dict(importing)}
    write_whole(folder / "imported.json", json.dumps(offsets))
