"""Cells that are no text: Arrow's numbers, booleans, lists and times to the types of the contract."""

import json
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.values import machine
from components.importers.values.moments.epochs import NO_EPOCH
from components.language.amounts.numbers import NO_NUMBER, NOT_WHOLE
from metier.contract import BOOLEAN, INTEGER, NUMBER, TEXT, TEXT_LIST, TIMESTAMP, Column
from metier.errors import UnconvertibleTypeError

_REFUSED = {NUMBER: NO_NUMBER, INTEGER: NOT_WHOLE, TEXT: NOT_WHOLE, TIMESTAMP: NO_EPOCH}
_FILLED = "lambda part: part IS NOT NULL AND part <> ''"


def typed(
    cells: pa.ChunkedArray, column: Column, kind: str, missing: Sequence[str]
) -> tuple[pa.Array, pa.Array] | None:
    """Values and reasons of cells that are no text; None for texts, and for what is read as it would be written."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    as_written = kind == "word" or (kind == "boolean" and not pa.types.is_boolean(cells.type))
    if is_text(cells.type) or (as_written and _is_scalar(cells.type)):
        return None
    given = _without(cells.combine_chunks(), missing)
    values = given.cast(column.type) if pa.types.is_null(given.type) else _converted(given, column.type)
    refused = pc.and_(pc.is_valid(given), pc.is_null(values))
    return values, pc.if_else(refused, pa.scalar(_REFUSED.get(column.type), TEXT), pa.scalar(None, TEXT))


def as_text(cells: pa.ChunkedArray) -> pa.Array:
    """Texts, and scalars as they would be written; NaN is missing."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    values = _without(cells.combine_chunks(), ())
    return values.cast(TEXT)


def spelled(cells: pa.ChunkedArray, of_money: bool = False) -> pa.ChunkedArray:
    """Structures, lists of them, and all lists `of_money`, as JSON; other cells as they are."""
    inner = cells.type.value_type if _is_list(cells.type) else cells.type
    if not (pa.types.is_struct(inner) or (of_money and _is_list(cells.type))):
        return cells
    values = (
        None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in cells.to_pylist()
    )
    return pa.chunked_array([pa.array(values, TEXT)])


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this Arrow type, or those of its dictionary, are texts."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_scalar(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _without(values: pa.Array, missing: Sequence[str]) -> pa.Array:
    """NaN and what a mapping calls missing as null."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if missing and _is_scalar(values.type):
        values = pc.if_else(
            pc.is_in(values.cast(TEXT), value_set=pa.array(list(missing), TEXT), skip_nulls=True),
            pa.scalar(None, values.type),
            values,
        )
    return values


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _integral(values: pa.Array) -> pa.Array:
    """Whole numbers as int64; a fraction, or a number beyond what a float holds exactly, becomes null."""
    if pa.types.is_floating(values.type):
        exact = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), 2.0**53))
        values = pc.if_else(exact, values, pa.scalar(None, values.type))
    elif not pa.types.is_integer(values.type):
        raise UnconvertibleTypeError
    return _arrow_cast(values, INTEGER)


def _converted(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Values that are no text, null where they are none of the target's; UnconvertibleTypeError where none can be."""
    if target == TEXT:
        is_whole = pa.types.is_decimal(values.type) and values.type.scale == 0
        return (values if is_whole else _integral(values)).cast(TEXT)
    if target == INTEGER:
        return _integral(values)
    kind = values.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    accepted = (
        (target == NUMBER and numeric)
        or (target == BOOLEAN and pa.types.is_boolean(kind))
        or (target == TIMESTAMP and (numeric or pa.types.is_timestamp(kind) or pa.types.is_date(kind)))
        or (pa.types.is_list(target) and _is_list(kind))
    )
    if not accepted:
        raise UnconvertibleTypeError
    if target == TEXT_LIST:
        return _text_lists(_arrow_cast(values, target))
    if target == TIMESTAMP and _is_scalar(kind):
        return machine.epochs(values)
    read = _arrow_cast(values, target)
    return pc.if_else(pc.is_finite(read), read, pa.scalar(None, NUMBER)) if target == NUMBER else read


def _text_lists(values: pa.Array) -> pa.Array:
    """Lists without null or empty members, as text lists from CSV are read."""
    members = pc.list_flatten(values)
    if members.null_count == 0 and not pc.any(pc.equal(members, "")).as_py():
        return values
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lists", pa.table({"value": values}))
        filled = (
            connection.sql(f"SELECT list_filter(value, {_FILLED}) AS value FROM lists")
            .to_arrow_table()["value"]
            .combine_chunks()
        )
    return filled.cast(TEXT_LIST)


def _arrow_cast(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Arrow's cast; a timestamp without a zone is UTC, and nanoseconds are cut to microseconds."""
    try:
        return values.cast(target, safe=not pa.types.is_timestamp(values.type))
    except pa.ArrowException as error:
        raise UnconvertibleTypeError from error
