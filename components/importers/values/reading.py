"""How the cells of a column are spelled, and the one way to read them: `import contract` and every mapping use it.

Knows cells and contract columns; no file, no table and no mapping.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.values.casting import cast
from components.importers.values.cleaning import html_text, is_missing, listed, truth
from components.importers.values.money import Money, budget, rate
from components.importers.values.spelled_dates import relative_date, spelled_date
from metier.contract import TEXT, Column
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line, tidy

NOT_ONE_OF = "not one of the contract's values"

Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Reading:
    """How a column's cells are spelled.

    `kind` None: as the column's contract type and allowed words ask. `missing` adds to what counts as nothing;
    `values` maps whole cells, whatever their case, to what they stand for; of `pattern`, a regular expression, the one
    group is read. `format` is strptime's, for dates; `clock` what relative dates count from; `separator` stands between
    the members of a list (None: decided over the column); `end` is the end of a range that the column takes.
    """

    kind: str | None = None
    missing: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    pattern: str | None = None
    format: str | None = None
    clock: datetime | None = None
    separator: str | None = None
    end: Literal["low", "high"] = "low"


@dataclass(frozen=True)
class ReadColumn:
    """`values` of the column's type; `reasons` of text, null where the value is fine or the cell simply missing."""

    values: pa.Array
    reasons: pa.Array


def read_column(cells: pa.ChunkedArray, column: Column, reading: Reading) -> ReadColumn:
    """The cells as values of `column`; a cell that cannot be read with certainty is null and has a reason."""
    if reading.kind is None and column.type != TEXT:
        raw = cast(
            pc.if_else(pc.equal(pc.utf8_trim_whitespace(cells), ""), pa.scalar(None, TEXT), cells), column.type
        ).combine_chunks()
        return ReadColumn(raw, pa.nulls(len(raw), TEXT))
    encoded = cast(cells, TEXT).combine_chunks().dictionary_encode()
    values, reasons = [], []
    for text in encoded.dictionary.to_pylist():
        value, reason = _read(text, column, reading)
        values.append(value)
        reasons.append(reason)
    return ReadColumn(
        pa.array(values, column.type).take(encoded.indices), pa.array(reasons, TEXT).take(encoded.indices)
    )


def first_read(columns: Sequence[ReadColumn]) -> ReadColumn:
    """Row by row the first value that is there; the first reason where there is none."""
    values = pc.coalesce(*(column.values for column in columns))
    reasons = pc.coalesce(*(column.reasons for column in columns))
    return ReadColumn(values, pc.if_else(pc.is_valid(values), pa.scalar(None, TEXT), reasons))


def _read(text: str, column: Column, reading: Reading) -> tuple[Any, str | None]:
    text = reading.values.get(text, text)
    if is_missing(text) or text.casefold() in {word.casefold() for word in reading.missing}:
        return None, None
    try:
        value = _reader(column, reading)(text)
    except RefusedValueError as refused:
        return None, str(refused)
    if column.allowed:
        return (value.casefold(), None) if value.casefold() in column.allowed else (None, NOT_ONE_OF)
    return value, None


def _reader(column: Column, reading: Reading) -> Reader:
    readers: dict[str, Reader] = {
        "text": tidy if column.name == "description" else one_line,
        "html": html_text,
        "money": lambda text: _end(reading, budget(text)),
        "rate": lambda text: _end(reading, rate(text)),
        "list": listed,
        "date": lambda text: spelled_date(text, reading.format),
        "relative_date": lambda text: relative_date(text, reading.clock or datetime.now(UTC)),
        "boolean": truth,
    }
    return readers[reading.kind or "text"]


def _end(reading: Reading, money: Money) -> float | None:
    return money.high if reading.end == "high" else money.low
