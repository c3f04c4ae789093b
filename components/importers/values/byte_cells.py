"""Columns of bytes as text: what Spark and Hive write of their strings, and UUIDs. Knows Arrow; no file."""

from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.values.casting import readable
from metier.contract import TEXT

_UUID_BYTES = 16


def with_texts(rows: pa.Table) -> tuple[pa.Table, pa.Array]:
    """The rows with bytes as the text that they are in UTF-8, or as UUIDs; a column that is neither stays as it is.

    Where some values of a text are no UTF-8, their rows have a reason; null elsewhere.
    """
    reasons = pa.nulls(rows.num_rows, TEXT)
    for position, field in enumerate(rows.schema):
        if (texts := _texts(rows[field.name])) is None:
            continue
        texts, broken = readable(texts)
        if broken is not None:
            if pc.all(pc.or_(broken.fill_null(False), pc.is_null(texts.combine_chunks()))).as_py():
                continue
            reasons = pc.coalesce(
                reasons, pc.if_else(broken, f"{field.name} is not valid UTF-8", pa.scalar(None, TEXT))
            )
        rows = rows.set_column(position, field.name, texts)
    return rows, reasons


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The bytes as text that may not be UTF-8; None for what is no column of bytes."""
    kind = values.type
    if kind == pa.uuid():
        return pa.chunked_array([_uuids(chunk.storage) for chunk in values.chunks], TEXT)
    if pa.types.is_list(kind) and _is_bytes(kind.value_type):
        return values.cast(pa.list_(pa.binary())).cast(pa.list_(TEXT), safe=False)
    if not _is_bytes(kind):
        return None
    plain = values.cast(pa.binary())
    if _are_uuids(plain):
        return pa.chunked_array([_uuids(chunk) for chunk in plain.chunks], TEXT)
    return pa.chunked_array([chunk.view(TEXT) for chunk in plain.chunks], TEXT)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _are_uuids(values: pa.ChunkedArray) -> bool:
    """Whether all are of a UUID's length and some are no text."""
    if pc.any(pc.not_equal(pc.binary_length(values), _UUID_BYTES)).as_py() is not False:
        return False
    given = (value for value in values.to_pylist() if value is not None)
    return not all(_is_shown(value) for value in given)


def _is_shown(value: bytes) -> bool:
    try:
        return value.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _uuids(values: pa.Array) -> pa.Array:
    return pa.array((None if value is None else str(UUID(bytes=value)) for value in values.to_pylist()), TEXT)
