"""Members of a list that are objects, each by its one name: {"id": 3, "name": "Tiling"} is Tiling."""

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = ("name", "label", "title", "displayName", "prefLabel", "skill", "language", "value", "text")
"""Fields that name an object, the likeliest first."""


def named_members(members: Sequence[Any]) -> list[Any] | None:
    """The members, objects among them by the field that names them all; None where no field does, or several may."""
    objects = [member for member in members if isinstance(member, Mapping)]
    if not objects:
        return list(members)
    field = _naming_field(objects)
    if field is None:
        return None
    return [member.get(field) if isinstance(member, Mapping) else member for member in members]


def _naming_field(objects: Sequence[Mapping[str, Any]]) -> str | None:
    """A usual name's field, or the only field that there is; its values are texts."""
    fields = {key for entry in objects for key in entry}
    known = [name for name in _NAMES if name in fields]
    found = known[0] if known else next(iter(fields), "") if len(fields) == 1 else ""
    values = [entry.get(found) for entry in objects]
    return found if any(values) and all(isinstance(value, str | None) for value in values) else None
