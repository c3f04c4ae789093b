"""How the cells of a column are spelled, and the one way to read them: `import contract` and every mapping use it.

Spellings of programs are read column by column, all others once for each distinct cell. Knows cells and contract
columns; no file, no table and no mapping.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.values import machine
from components.importers.values.id_cells import no_ids
from components.importers.values.kinds import MONEY, NUMBERS, Reading, kind_of, reader
from components.importers.values.lists import CANNOT_BE_READ, separator_of
from components.importers.values.missing import MISSING
from components.importers.values.moments.spelled_dates import NO_DATE
from components.importers.values.patterns import parts
from components.importers.values.pay.money import NO_SUM
from components.importers.values.typed_cells import as_text, is_text, spelled, typed
from components.language.amounts.numbers import NO_NUMBER
from components.language.names.allowed import NOT_ONE_OF
from components.language.names.yes_no import NEITHER
from metier.contract import EARLIEST, TEXT, TIMESTAMP, Column
from metier.errors import RefusedValueError

__all__ = ["GENERAL", "NOT_ONE_OF", "TOO_EARLY", "ReadColumn", "Reading", "decided", "first_read", "read_column"]

TOO_EARLY = f"before {EARLIEST:%Y-%m-%d}"

GENERAL = frozenset({NO_NUMBER, NO_SUM, NO_DATE, NEITHER, CANNOT_BE_READ})
"""Reasons that say no more than what the column takes."""


_MOST_REASONS = 100
"""Reasons of one column, each of which is counted and told by itself."""


@dataclass(frozen=True)
class ReadColumn:
    """`values` of the column's type; `reasons` of text, null where the value is fine or the cell simply missing."""

    values: pa.Array
    reasons: pa.Array


def read_column(cells: pa.ChunkedArray, column: Column, reading: Reading) -> ReadColumn:
    """The cells as values of `column`; a cell that cannot be read with certainty is null and has a reason.

    UnconvertibleTypeError where the cells are no text and nothing of their type can become the column's.
    """
    read = _read(cells, column, reading)
    if column.type == TIMESTAMP:
        return _of_markets(read)
    if not column.name.endswith("_id"):
        return read
    reasons = pc.coalesce(read.reasons, no_ids(read.values))
    return ReadColumn(pc.if_else(pc.is_null(reasons), read.values, pa.scalar(None, TEXT)), reasons)


def _of_markets(read: ReadColumn) -> ReadColumn:
    """Without moments before any market, by which programs write that there is none: 0001-01-01, 1900-01-01."""
    early = pc.fill_null(pc.less(read.values, pa.scalar(EARLIEST, TIMESTAMP)), False)
    if not pc.any(early).as_py():
        return read
    values = pc.if_else(early, pa.scalar(None, TIMESTAMP), read.values)
    return ReadColumn(values, pc.if_else(early, pa.scalar(TOO_EARLY, TEXT), read.reasons))


def _read(cells: pa.ChunkedArray, column: Column, reading: Reading) -> ReadColumn:
    kind = kind_of(column, reading.kind)
    if kind == "list" or kind in MONEY:
        cells = spelled(cells, kind in MONEY)
    if (converted := typed(cells, column, kind, reading.missing)) is not None:
        return ReadColumn(*converted)
    texts, reasons = _prepared(as_text(cells), column, kind, reading)
    reading = _decided(texts, kind, reading)
    texts = machine.with_points(texts) if reading.decimal == "," else texts
    read = _by_machine(texts, kind, reading)
    if read is None:
        return _one_by_one(texts, reasons, column, kind, reading)
    rest = pc.and_(pc.is_valid(texts), pc.is_null(read))
    if not pc.any(rest).as_py():
        return ReadColumn(read.cast(column.type), reasons)
    others = _one_by_one(texts.filter(rest), reasons.filter(rest), column, kind, reading)
    return ReadColumn(_merged(read.cast(column.type), others.values, rest), _merged(reasons, others.reasons, rest))


def decided(cells: pa.ChunkedArray, column: Column, reading: Reading) -> Reading:
    """`reading` with what these cells decide of it, for the other pieces of the same column."""
    kind = kind_of(column, reading.kind)
    is_number = kind in MONEY or kind in NUMBERS
    open_to_decide = (kind == "list" and reading.separator is None) or (is_number and reading.decimal is None)
    if not open_to_decide or not is_text(cells.type):
        return reading
    return _decided(_prepared(as_text(cells), column, kind, reading)[0], kind, reading)


def first_read(columns: Sequence[ReadColumn]) -> ReadColumn:
    """Row by row the first value that is there; the first reason where there is none."""
    values, reasons = columns[0].values, columns[0].reasons
    for column in columns[1:]:
        rest = pc.is_null(values)
        values = _merged(values, column.values.filter(rest), rest)
        reasons = pc.coalesce(reasons, column.reasons)
    return ReadColumn(values, pc.if_else(pc.is_valid(values), pa.scalar(None, TEXT), reasons))


def _prepared(texts: pa.Array, column: Column, kind: str, reading: Reading) -> tuple[pa.Array, pa.Array]:
    """Trimmed cells, null where they are missing, with the pattern's part and the mapped values; and reasons."""
    reasons = pa.nulls(len(texts), TEXT)
    if reading.pattern is not None:
        texts, reasons = parts(_without(texts, sorted(MISSING), reading.missing), reading.pattern)
    if kind != "word" and reading.values:
        texts = _replaced(texts, reading.values)
    if kind == "verbatim":
        free_text = column.required and not column.name.endswith("_id")
        return _without(texts, () if free_text else ("",), reading.missing), reasons
    trimmed = pc.utf8_trim_whitespace(texts)
    kept = {word.strip().casefold() for word in reading.values} if kind == "word" else set()
    return _without(trimmed, sorted(MISSING - kept), reading.missing), reasons


def _without(texts: pa.Array, words: Sequence[str], declared: Sequence[str]) -> pa.Array:
    missing = pa.array([*words, *(word.strip().casefold() for word in declared)], TEXT)
    if len(missing) == 0:
        return texts
    longest = max(pc.max(pc.utf8_length(missing)).as_py(), 1)
    short = pc.if_else(pc.less_equal(pc.utf8_length(texts), longest + 8), texts, None)
    is_missing = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(short)), value_set=missing, skip_nulls=True)
    return pc.if_else(is_missing, pa.scalar(None, TEXT), texts)


def _replaced(texts: pa.Array, values: Mapping[str, str]) -> pa.Array:
    """Whole cells that the mapping names, whatever their case, as what it says."""
    names = pa.array([name.strip().casefold() for name in values], TEXT)
    found = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), value_set=names, skip_nulls=True)
    return pc.coalesce(pa.array(list(values.values()), TEXT).take(found), texts)


def _decided(texts: pa.Array, kind: str, reading: Reading) -> Reading:
    if kind == "list" and reading.separator is None:
        counted = pc.value_counts(texts.drop_null()).to_pylist()
        return replace(reading, separator=separator_of({entry["values"]: entry["counts"] for entry in counted}))
    if (kind in MONEY or kind in NUMBERS) and reading.decimal is None and texts.null_count < len(texts):
        has_comma = machine.has_decimal_comma(texts)
        has_point = kind in MONEY and not has_comma and machine.has_decimal_point(texts)
        return replace(reading, decimal="," if has_comma else "." if has_point else "")
    return reading


def _by_machine(texts: pa.Array, kind: str, reading: Reading) -> pa.Array | None:
    """Values of cells as programs spell them, null for all others; None where the kind has no such spelling."""
    if kind in ("date", "relative_date"):
        return machine.moments(texts) if reading.format is None else None
    if kind in ("number", "value"):
        return machine.numbers(texts)
    if kind == "whole":
        return machine.whole_numbers(texts)
    if kind in MONEY:
        return machine.sums(texts, bool(reading.decimal))
    if kind == "text":
        return machine.plain_texts(texts)
    return texts if kind == "verbatim" else None


def _one_by_one(texts: pa.Array, reasons: pa.Array, column: Column, kind: str, reading: Reading) -> ReadColumn:
    """Each distinct cell by the reader of its kind."""
    coded = texts.dictionary_encode()
    read: Callable[[str], Any] = reader(kind, column, reading)
    values, refusals = [], []
    for text in coded.dictionary.to_pylist():
        value, reason = _value(read, text)
        values.append(value)
        refusals.append(reason)
    found = pa.array(_told_apart(refusals), TEXT).take(coded.indices)
    return ReadColumn(pa.array(values, column.type).take(coded.indices), pc.coalesce(reasons, found))


def _told_apart(reasons: list[str | None]) -> list[str | None]:
    """Reasons that name what they refuse; where there are too many, without the names."""
    if len(set(reasons)) <= _MOST_REASONS:
        return reasons
    return [reason and reason.partition(":")[0] for reason in reasons]


def _value(read: Callable[[str], Any], text: str) -> tuple[Any, str | None]:
    try:
        return read(text), None
    except RefusedValueError as refused:
        return None, str(refused)


def _merged(values: pa.Array, others: pa.Array, rest: pa.Array) -> pa.Array:
    """`values`, and `others` in the rows of `rest`."""
    flags = np.asarray(rest)
    index = np.arange(len(values))
    index[flags] = len(values) + np.arange(len(others))
    return pa.concat_arrays([values, others]).take(pa.array(index))
