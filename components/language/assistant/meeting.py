"""What of a search a candidate shows that it meets, each with its span. Knows no ranker and no engine."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from components.language.answers.evidence import is_citable
from components.language.answers.shown import Shown, Unit
from components.language.answers.told import stated
from components.language.assistant.results import Said
from metier.contract import Surface

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "country": ("country",),
    "language": ("languages",),
    "level": ("experience_level",),
    "hours_min": ("hours_per_week",),
    "rate_min_usd": ("hourly_rate_usd", "budget_min_usd", "budget_max_usd"),
    "rate_max_usd": ("hourly_rate_usd", "budget_min_usd", "budget_max_usd"),
    "budget_kind": ("budget_kind",),
    "budget_min_usd": ("budget_min_usd", "budget_max_usd"),
    "budget_max_usd": ("budget_min_usd", "budget_max_usd"),
    "posted_since": ("posted_at",),
}
"""What shows that a limit is met."""


class Names(Protocol):
    """What is asked of a taxonomy."""

    def find(self, name: str) -> str | None:
        """The skill of this name."""


def met(shown: Shown, surface: Surface, skills: Collection[str], limits: Mapping[str, Any], names: Names) -> list[Said]:
    """Skills (ids) that the candidate lists, and the values that keep the limits; in the order of its fields."""
    return [
        Said(text=statement.text, citations=list(statement.citations))
        for unit in _units(shown, skills, limits, names)
        if is_citable(unit)
        for statement in [stated(shown.candidate_id, unit, surface)]
    ]


def _units(shown: Shown, skills: Collection[str], limits: Mapping[str, Any], names: Names) -> Iterator[Unit]:
    fields = {field for limit in limits for field in _FIELDS.get(limit, ())}
    yield from (each for each in shown.units if each.field == "skills" and skills and names.find(each.text) in skills)
    for field in shown.texts:
        whole = shown.whole(field) if field in fields else None
        if whole is not None:
            yield whole
