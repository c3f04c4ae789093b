"""How Feast writes stored values and their keys, spelled without Feast: whoever reads them needs no client of it.

Tests hold each against Feast's own (entity_key_serialization_version 3). Knows no store.
"""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import mmh3
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from metier.contract import TIMESTAMP

PROJECT = "metier"

_TEXT = 2
"""Feast's number for the type of a key."""
_NO_TIMESTAMP = -(2**63)
_Type = descriptor_pb2.FieldDescriptorProto
FIELDS = {
    pa.string(): ("string_val", 2, _Type.TYPE_STRING),
    pa.int64(): ("int64_val", 4, _Type.TYPE_INT64),
    pa.float64(): ("double_val", 5, _Type.TYPE_DOUBLE),
    pa.float32(): ("float_val", 6, _Type.TYPE_FLOAT),
    pa.bool_(): ("bool_val", 7, _Type.TYPE_BOOL),
    TIMESTAMP: ("unix_timestamp_val", 8, _Type.TYPE_INT64),
    pa.list_(pa.string()): ("string_list_val", 12, _Type.TYPE_STRING),
    pa.list_(pa.int64()): ("int64_list_val", 14, _Type.TYPE_INT64),
    pa.list_(pa.float32()): ("float_list_val", 16, _Type.TYPE_FLOAT),
}
"""Of each type of a feature the field of feast.types.Value that holds it: name, number, type (of an element)."""


class WrittenRow(NamedTuple):
    """A row on its way into a store: its entity_key, by feature what is stored and its text, and its two stamps."""

    key: bytes
    values: Mapping[str, tuple[bytes, str | None]]
    event: datetime
    created: datetime | None


def entity_key(key: str, name: str) -> bytes:
    """The bytes that stand for an entity: the name of its key, and which one it is."""
    value = name.encode()
    return key_prefix(key) + struct.pack("<II", _TEXT, len(value)) + value


@cache
def key_prefix(key: str) -> bytes:
    """What the bytes of all entities with a key of this name begin with."""
    named = key.encode()
    return struct.pack("<III", 1, _TEXT, len(named)) + named


def entity_of(stored: bytes) -> str:
    """Which entity an entity_key stands for."""
    (named,) = struct.unpack_from("<I", stored, 8)
    return stored[12 + named + 8 :].decode()


def hash_field(view: str, feature: str) -> bytes:
    """The field of a Valkey hash that holds a feature."""
    return struct.pack("<I", mmh3.hash(f"{view}:{feature}", signed=False))


def field_of(kind: pa.DataType) -> str:
    """The field of feast.types.Value that holds values of this type."""
    return FIELDS[kind][0]


def decoded(content: bytes, kind: pa.DataType, expected: str) -> Any:
    """A stored value as `to_pylist` of an Arrow column of this type gives it; None where none is stored.

    `expected` is field_of(kind): a value of another type, stored under an earlier declaration, is converted.
    """
    value = _Value.FromString(content)
    field = value.WhichOneof("val")
    if field is None:
        return None
    told = getattr(value, field)
    if field.endswith("_list_val"):
        told = list(told.val)
    elif field == "unix_timestamp_val":
        told = None if told == _NO_TIMESTAMP else datetime.fromtimestamp(told, UTC)
    return told if field == expected else pa.scalar(told, kind).as_py()


def encoded(kind: pa.DataType, value: Any) -> tuple[bytes, str | None]:
    """A value as Feast stores it, and how Feast spells it as text: scalars alone, and no moments.

    None and NaN are stored as no value.
    """
    message, field = _Value(), field_of(kind)
    if value is None or value != value:
        return b"", None
    if pa.types.is_list(kind):
        elements = getattr(message, field)
        elements.SetInParent()
        elements.val.extend(value)
    elif kind == TIMESTAMP:
        setattr(message, field, int(value.timestamp()))
    else:
        setattr(message, field, str(value) if kind == pa.string() else value)
    is_spelled = not (pa.types.is_list(kind) or kind == TIMESTAMP)
    return message.SerializeToString(), str(getattr(message, field)) if is_spelled else None


def encoded_text(value: str) -> bytes:
    """A text as Feast stores it."""
    return encoded(pa.string(), value)[0]


def _value_message() -> Any:
    """A message with the fields of feast.types.Value that metier writes, by its own name."""
    file = descriptor_pb2.FileDescriptorProto(name="metier/stored_value.proto", package="metier", syntax="proto3")
    value = file.message_type.add(name="StoredValue")
    value.oneof_decl.add(name="val")
    for kind, (name, number, of) in FIELDS.items():
        typed: dict[str, Any] = {"type": of}
        if pa.types.is_list(kind):
            elements = value.nested_type.add(name=f"{name}_elements")
            elements.field.add(name="val", number=1, type=of, label=_Type.LABEL_REPEATED)
            typed = {"type": _Type.TYPE_MESSAGE, "type_name": f".metier.StoredValue.{elements.name}"}
        value.field.add(name=name, number=number, label=_Type.LABEL_OPTIONAL, oneof_index=0, **typed)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("metier.StoredValue"))


_Value = _value_message()
