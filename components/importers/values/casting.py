"""How messages spell the contract's types, and Arrow columns without dictionaries or invalid UTF-8."""

import pyarrow as pa

from metier.contract import BOOLEAN, INTEGER, NUMBER, TEXT, TEXT_LIST, TIMESTAMP

SPELLED = {TEXT: "text", TEXT_LIST: "list of text", NUMBER: "number", INTEGER: "whole number", BOOLEAN: "true or false",
           TIMESTAMP: "ISO 8601 timestamp", pa.list_(pa.float32()): "list of numbers"}  # fmt: skip
"""How messages spell the contract's types."""


def readable(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.Array | None]:
    """`values` without dictionary encoding or invalid UTF-8 (bytes replaced), and which rows held some, if any."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return _replaced(values)
    return values, None


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


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
