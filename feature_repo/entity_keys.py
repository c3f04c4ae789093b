"""The keys of an online read as Feast is asked for them: texts, or whole numbers that are read as text.

The offline store takes the same ones. Knows names of keys; no store.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from feast.protos.feast.types.Value_pb2 import Value

from feature_repo.definitions import ENTITIES
from metier.errors import FeatureError

_KEYS = frozenset(entity.join_key for entity in ENTITIES)


def required_keys(entity_rows: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns of the entity rows, with keys as texts; FeatureError where there is no row, or one has no key."""
    columns = entity_rows if isinstance(entity_rows, Mapping) else _columns(entity_rows)
    return {
        name: [_key(name, row, value) for row, value in enumerate(values)]
        if name in _KEYS and isinstance(values, Sequence)
        else values
        for name, values in columns.items()
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    if not rows:
        raise FeatureError("there are no entity rows to read; give one or more, such as [{'freelancer_id': 'fr_1'}]")
    for number, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            raise FeatureError(f"entity row {number} has other keys than row 0; give each {', '.join(rows[0])}")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _key(name: str, row: int, value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str | Value):
        return value
    fact = f"is {type(value).__name__}, and ids are text; convert it" if value is not None else "is missing; give one"
    raise FeatureError(f"{name} of entity row {row} {fact}")
