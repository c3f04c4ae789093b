"""One Arrow column to one contract type, value by value: what cannot be read becomes null.

Knows Arrow and DuckDB types and how exports spell them; knows no table, no key and no rule about values.
"""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import BOOLEAN, INTEGER, NUMBER, TEXT, TEXT_LIST, TIMESTAMP, Column
from metier.errors import UnconvertibleTypeError

SPELLED = {TEXT: "text", TEXT_LIST: "list of text", NUMBER: "number", INTEGER: "whole number", BOOLEAN: "true or false",
           TIMESTAMP: "ISO 8601 timestamp", pa.list_(pa.float32()): "list of numbers"}  # fmt: skip
"""How messages spell the contract's types."""

_JSON_ARRAY = "starts_with(ltrim(value), '[')"
_SEPARATED = "list_transform(string_split(value, ';'), lambda part: trim(part))"
_FILLED = "lambda part: part IS NOT NULL AND part <> ''"
_PARSE = {
    NUMBER: "TRY_CAST(value AS DOUBLE)",
    INTEGER: "TRY_CAST(value AS DOUBLE)",
    BOOLEAN: "TRY_CAST(value AS BOOLEAN)",
    TIMESTAMP: "CASE WHEN regexp_matches(value, '^\\d{4}-\\d') THEN TRY_CAST(value AS TIMESTAMPTZ) END",
    TEXT_LIST: f"list_filter(CASE WHEN {_JSON_ARRAY} THEN TRY_CAST(TRY_CAST(value AS JSON) AS VARCHAR[]) "
    f"ELSE {_SEPARATED} END, {_FILLED})",
    pa.list_(pa.float32()): "TRY_CAST(TRY_CAST(value AS JSON) AS FLOAT[])",
}
"""SQL that reads a text, null where it cannot: ISO 8601 with or without zone (none: UTC), lists as JSON or 'a;b'."""


def blank_to_null(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Missing values as null: NaN, and the empty text everywhere but in required free text."""
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    free_text = column.type == TEXT and column.required and not column.allowed and not column.name.endswith("_id")
    if not _is_text(values.type) or free_text:
        return values
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), pa.scalar(None, values.type), values)


def cast(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """`values` as `target`, null where a value cannot be read; UnconvertibleTypeError where none of its type can."""
    if pa.types.is_null(values.type):
        return values.cast(target)
    if _is_text(values.type):
        return values.cast(TEXT) if target == TEXT else _parsed(values, target)
    if target == TEXT:
        return _integral(values).cast(TEXT)
    if target == INTEGER:
        return _integral(values)
    return _typed(values, target)


def readable(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.Array | None]:
    """`values` without dictionary encoding or invalid UTF-8 (bytes replaced), and which rows held some, if any."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return _replaced(values)
    return values, None


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _parsed(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("lists", pa.table({"value": pc.utf8_trim_whitespace(values)}))
        read = connection.sql(f"SELECT {_PARSE[target]} AS value FROM lists").to_arrow_table()["value"]
    if target in (NUMBER, INTEGER):
        read = pc.if_else(pc.is_finite(read), read, pa.scalar(None, NUMBER))
    return _integral(read) if target == INTEGER else read.cast(target)


def _integral(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers as int64; a fraction, or a number beyond what a float holds exactly, becomes null."""
    if pa.types.is_floating(values.type):
        exact = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), 2.0**53))
        values = pc.if_else(exact, values, pa.scalar(None, values.type))
    elif not pa.types.is_integer(values.type):
        raise UnconvertibleTypeError
    return _arrow_cast(values, INTEGER)


def _typed(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """A value that is no text to a target that is neither text nor a whole number."""
    kind = values.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    accepted = (
        (target == NUMBER and numeric)
        or (target == BOOLEAN and pa.types.is_boolean(kind))
        or (target == TIMESTAMP and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)))
        or (pa.types.is_list(target) and _is_list(kind))
    )
    if not accepted:
        raise UnconvertibleTypeError
    if target == TEXT_LIST:
        return _text_lists(_arrow_cast(values, target))
    read = _arrow_cast(values, target)
    return pc.if_else(pc.is_finite(read), read, pa.scalar(None, NUMBER)) if target == NUMBER else read


def _text_lists(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists without null or empty members, as text lists from CSV are read."""
    members = pc.list_flatten(values)
    if members.null_count == 0 and not pc.any(pc.equal(members, "")).as_py():
        return values
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lists", pa.table({"value": values}))
        filled = connection.sql(f"SELECT list_filter(value, {_FILLED}) AS value FROM lists").to_arrow_table()["value"]
    return filled.cast(TEXT_LIST)


def _arrow_cast(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """Arrow's cast; a timestamp without a zone is UTC, and nanoseconds are cut to microseconds."""
    try:
        return values.cast(target, safe=not pa.types.is_timestamp(values.type))
    except pa.ArrowException as error:
        raise UnconvertibleTypeError from error


def _replaced(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.Array]:
    decoded = [_decode(value) for value in values.cast(_as_bytes(values.type)).to_pylist()]
    rows = pa.chunked_array([pa.array([value for value, _ in decoded], values.type)])
    return rows, pa.array([broken for _, broken in decoded], BOOLEAN)


def _as_bytes(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.binary()) if _is_list(kind) else pa.binary()


def _decode(value: bytes | list[bytes | None] | None) -> tuple[str | list[str | None] | None, bool]:
    """Text with replacement characters, and whether any were needed."""
    if value is None:
        return None, False
    if isinstance(value, list):
        members = [_decode(member) for member in value]
        return [member for member, _ in members], any(broken for _, broken in members)  # type: ignore[misc]
    try:
        return value.decode(), False
    except UnicodeDecodeError:
        return value.decode(errors="replace"), True
