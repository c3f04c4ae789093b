"""The understood plan of a typed text as chips, one a part. Knows no page and no grammar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from serving.http.ranking import RequestPlan

CALLED: Mapping[str, str] = {
    "must": "must have",
    "nice": "nice to have",
    "not_": "without",
    "levels": "level",
    "not_levels": "not of level",
    "countries": "in",
    "not_countries": "not in",
    "languages": "speaks",
    "rate_min": "hourly rate from",
    "rate_max": "hourly rate up to",
    "budget_min": "budget from",
    "budget_max": "budget up to",
    "budget_kind": "paid",
    "hours_min": "hours a week from",
    "hours_max": "hours a week up to",
    "available": "available now",
    "agencies": "agencies",
    "domains": "domain",
    "not_domains": "not of domain",
    "posted_within_days": "days since posted, at most",
}
"""Parts of a plan as people call them; another part goes by its own name."""
PART_OF_NEED: Mapping[str, str] = {"must": "must", "nice": "nice", "not": "not_"}
"""How a skill is needed -> the part of a plan that lists it."""


@dataclass(frozen=True)
class Chip:
    """One part: what it is called, its values, and the words of the text that gave it."""

    part: str
    called: str
    values: str
    source: str


def chips_of(plan: RequestPlan, text: str) -> Iterator[Chip]:
    """The parts that the plan asks for, skills first."""
    asked: dict[str, Any] = {}
    for skill in plan.skills:
        asked.setdefault(PART_OF_NEED[skill.need], []).append(skill.label)
    for part, value in (asked | plan.parts).items():
        spans = [text[span.start : span.end] for span in plan.spans if span.part == part]
        yield Chip(part, called(part), _shown(value), " … ".join(dict.fromkeys(spans)))


def called(part: str) -> str:
    """A part of a plan as people call it."""
    return CALLED.get(part, part.replace("_", " "))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, Mapping):
        return " ".join(map(_shown, value.values()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
