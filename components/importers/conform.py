"""Bring any Arrow table to the data contract: the rows that keep it, the rows that do not, and why.

A column that is missing or of a hopeless type is an error; a row that cannot be used is rejected with a reason.
Knows one table at a time: references to other tables are for validation, and what the lake holds is for ingest.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.duplicates import FIRST_OF_KEY, contradictions
from components.importers.values.casting import SPELLED, readable
from components.importers.values.reading import GENERAL, TOO_EARLY, ReadColumn, Reading, read_column
from components.language.names.allowed import NOT_ONE_OF
from metier.contract import RANGES, TIMESTAMP, Column, Table, table
from metier.errors import ContractError, EmptyDataError, UnconvertibleTypeError
from metier.lake.lake import all_different

REASON = "metier.reason"
"""Column by which a reader marks rows that it could not read (null elsewhere); conform rejects those."""
LINE = "metier.line"
"""Column with the text of a row that could not be split into columns (null elsewhere)."""
NOTE = b"metier.note"
"""Schema metadata by which an importer says what the report must repeat about a table."""
TEXTS = b"metier.texts"
"""Schema metadata with the TextCounts, as JSON, of an importer that made the texts of a piece plain itself."""
SPELLED_AS = b"metier.spelled_as"
"""Schema metadata, as JSON, with what a file's first pieces decided of each column's Reading."""
REPEATED_KEY = "key repeats an earlier row with other content"

Mask = np.ndarray
Fault = tuple[Mask, str]


@dataclass(frozen=True)
class Conformed:
    """`rows` in the contract's schema; `rejected` as they came, `reasons` one text each; warnings on columns."""

    rows: pa.Table
    rejected: pa.Table
    reasons: pa.Array
    warnings: tuple[str, ...]


def conform(name: str, incoming: pa.Table, clock: datetime, source: str) -> Conformed:
    """Rows of `incoming` that keep the contract of table `name` at the run's clock, and the others with reasons.

    Absent columns are filled where the contract allows it (nullable, declared default, recorded_at from
    event_timestamp), as are nulls in them. Equal copies of a row are kept for the lake to count as duplicates.
    """
    declared = table(name)
    if incoming.num_rows == 0:
        raise EmptyDataError(f"{source} holds no rows for table {name}; export it again or leave the file out")
    _require_columns(declared, incoming, source)
    readable_rows, faults = _readable(incoming)
    spelled = json.loads((incoming.schema.metadata or {}).get(SPELLED_AS, b"{}"))
    columns: dict[str, pa.ChunkedArray] = {}
    for column in declared.columns:
        reading = Reading(**spelled.get(column.name, {}))
        read = _read(declared, column, reading, readable_rows, source)
        columns[column.name], column_faults = _conform_column(column, read, columns)
        faults += column_faults
    faults += _row_faults(name, columns, clock)
    typed = pa.table({c.name: columns[c.name] for c in declared.columns})
    faults += _repeats(declared, typed, faults)
    bad = _any(faults, incoming.num_rows)
    extra = [c for c in incoming.column_names if c not in (*typed.column_names, REASON, LINE)]
    return Conformed(
        typed.filter(pa.array(~bad)).cast(declared.schema),
        _quarantined_rows(readable_rows, extra).filter(pa.array(bad)),
        _reasons(faults, bad, readable_rows),
        (f"{source}: columns not in the contract are ignored: {', '.join(extra)}",) if extra else (),
    )


def _require_columns(declared: Table, incoming: pa.Table, source: str) -> None:
    repeated = sorted({c for c in incoming.column_names if incoming.column_names.count(c) > 1})
    if repeated:
        raise ContractError(f"{source}: column {repeated[0]} of {declared.name} occurs twice; keep one of them")
    for column in declared.columns:
        optional = not column.required or column.default is not None or column.name == "recorded_at"
        if column.name not in incoming.column_names and not optional:
            raise ContractError(
                f"{source}: table {declared.name} lacks column {column.name} ({SPELLED[column.type]}); "
                f"add it or rename the column that holds it"
            )


def _readable(incoming: pa.Table) -> tuple[pa.Table, list[Fault]]:
    """The table without dictionaries or invalid UTF-8, and the faults that reading alone finds."""
    faults: list[Fault] = []
    columns = {}
    for column in incoming.column_names:
        columns[column], broken = readable(incoming[column])
        if broken is not None:
            faults.append((_mask(broken), f"{column} is not valid UTF-8"))
    if REASON in columns:
        faults.append((_mask(pc.is_valid(columns[REASON])), "row could not be read"))
    return pa.table(columns), faults


def _read(declared: Table, column: Column, reading: Reading, rows: pa.Table, source: str) -> ReadColumn:
    raw = rows[column.name] if column.name in rows.column_names else _absent(rows, column)
    try:
        return read_column(raw, column, reading)
    except UnconvertibleTypeError as error:
        raise ContractError(
            f"{source}: column {column.name} of table {declared.name} has type {raw.type}, "
            f"which cannot become {SPELLED[column.type]}; export it as {column.type}"
        ) from error


def _conform_column(
    column: Column, read: ReadColumn, done: dict[str, pa.ChunkedArray]
) -> tuple[pa.ChunkedArray, list[Fault]]:
    """The column with its defaults filled, and its faults."""
    unread = np.asarray(pc.is_valid(read.reasons))
    filled = _filled(column, pa.chunked_array([read.values]), unread, done)
    missing = _mask(pc.is_null(filled)) & ~unread if column.required else np.zeros(len(unread), bool)
    faults = [*_unread(column, read.reasons), (missing, f"{column.name} is missing")]
    return filled, [*faults, *_value_faults(column, filled)]


def _absent(rows: pa.Table, column: Column) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(rows.num_rows, column.type)])


def _unread(column: Column, reasons: pa.Array) -> Iterator[Fault]:
    """A fault for each reason why a value could not be read."""
    for reason in pc.unique(reasons).drop_null().to_pylist():
        yield _mask(pc.equal(reasons, reason)), f"{column.name} is {_unread_as(column, reason)}"


def _unread_as(column: Column, reason: str) -> str:
    if reason == TOO_EARLY:
        return reason
    if reason == NOT_ONE_OF:
        return f"not one of {', '.join(column.allowed)}"
    return f"not a {SPELLED[column.type]}{'' if reason in GENERAL else f': {reason}'}"


def _filled(column: Column, read: pa.ChunkedArray, unread: Mask, done: dict[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """Missing values from the declared default, recorded_at from event_timestamp; unreadable ones stay null."""
    fill = done["event_timestamp"] if column.name == "recorded_at" else pa.scalar(column.default, column.type)
    return pc.if_else(pa.array(unread), read, pc.coalesce(read, fill))


def _value_faults(column: Column, values: pa.ChunkedArray) -> Iterator[Fault]:
    if column.minimum is not None:
        yield _mask(pc.less(values, column.minimum)), f"{column.name} is below {column.minimum:g}"
    if column.maximum is not None:
        yield _mask(pc.greater(values, column.maximum)), f"{column.name} is above {column.maximum:g}"


def _row_faults(name: str, columns: dict[str, pa.ChunkedArray], clock: datetime) -> Iterator[Fault]:
    now = pa.scalar(clock, TIMESTAMP)
    happened, recorded = columns["event_timestamp"], columns["recorded_at"]
    yield _mask(pc.greater(happened, now)), "event_timestamp is after the run's clock"
    yield _mask(pc.greater(recorded, now)), "recorded_at is after the run's clock"
    yield _mask(pc.less(recorded, happened)), "recorded_at is before event_timestamp"
    for low, high in RANGES.get(name, ()):
        yield _mask(pc.greater(columns[low], columns[high])), f"{low} is above {high}"
    if name == "interactions":
        neither = pc.and_(pc.is_null(columns["job_id"]), pc.is_null(columns["client_id"]))
        yield _mask(neither), "neither job_id nor client_id is set"


def _repeats(declared: Table, typed: pa.Table, faults: list[Fault]) -> list[Fault]:
    """The rows whose key an earlier sound row holds with other content."""
    sound = np.flatnonzero(~_any(faults, typed.num_rows))
    repeats = np.zeros(typed.num_rows, bool)
    rows = typed.take(pa.array(sound))
    if all_different(rows.select(list(declared.key))):
        return [(repeats, REPEATED_KEY)]
    with duckdb.connect(config={"threads": 1}) as connection:
        contradicting = contradictions(connection, declared, rows, FIRST_OF_KEY)
    repeats[sound[contradicting.to_numpy()]] = True
    return [(repeats, REPEATED_KEY)]


def _quarantined_rows(rows: pa.Table, extra: list[str]) -> pa.Table:
    """The rows as they came, for quarantine: without the reader's mark, and LINE under a plain name."""
    unmarked = rows.drop_columns([REASON]) if REASON in rows.column_names else rows
    return unmarked.rename_columns(["line" if c == LINE and "line" not in extra else c for c in unmarked.column_names])


def _reasons(faults: list[Fault], bad: Mask, rows: pa.Table) -> pa.Array:
    """Every reason of each bad row in one text; the reader's own where it has one."""
    none = pa.nulls(int(bad.sum()), pa.string())
    parts = [pc.if_else(pa.array(mask[bad]), reason, none) for mask, reason in faults]
    joined = pc.binary_join_element_wise(*parts, "; ", null_handling="skip")
    marked = rows[REASON].filter(pa.array(bad)).combine_chunks() if REASON in rows.column_names else none
    return pc.coalesce(marked, joined)


def _mask(flags: pa.ChunkedArray | pa.Array) -> Mask:
    """Nulls count as false."""
    return np.asarray(pc.fill_null(flags, False))


def _any(faults: list[Fault], rows: int) -> Mask:
    union = np.zeros(rows, bool)
    for mask, _ in faults:
        union |= mask
    return union
