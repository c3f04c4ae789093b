"""Dataclasses as JSON and back, by pydantic on the dataclass itself: no field is named a second time.

A plain `float` field that is not finite is written as null, so only a field that is never read back may be one. The
types below keep NaN, None and infinity apart. Unknown fields of a file are passed over; a field that an older file
lacks takes its default. Knows no path: `metier.durable` writes.
"""

import json
import math
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

Stored = TypeVar("Stored")


def _nan_for_null(value: Any) -> Any:
    return math.nan if value is None else value


def _number(value: float) -> float | str | None:
    return None if math.isnan(value) else value if math.isfinite(value) else str(value)


def _optional_number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)


Number = Annotated[float, BeforeValidator(_nan_for_null), PlainSerializer(_number)]
"""A float whose NaN is null in JSON; infinity is the text "inf"."""
OptionalNumber = Annotated[float | None, PlainSerializer(_optional_number)]
"""A float or None, which is null; what is not finite is the text "nan", "inf" or "-inf"."""
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat)]
"""A timezone-aware moment as ISO 8601 with its offset in digits."""


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def as_json(value: Any, indent: int | None = None) -> str:
    """A dataclass as JSON text."""
    return _adapter(type(value)).dump_json(value, indent=indent).decode()


def as_plain(value: Any) -> dict[str, Any]:
    """A dataclass as what json.loads gives of its JSON."""
    plain: dict[str, Any] = json.loads(as_json(value))
    return plain


def from_json(kind: type[Stored], text: str | bytes) -> Stored:
    """The inverse of as_json; ValueError, with every field that is wrong, for anything else."""
    read: Stored = _adapter(kind).validate_json(text)
    return read


def from_plain(kind: type[Stored], plain: object) -> Stored:
    """The inverse of as_plain; ValueError, with every field that is wrong, for anything else."""
    read: Stored = _adapter(kind).validate_python(plain)
    return read
