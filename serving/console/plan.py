"""The understood plan of a typed text as chips, one a part. Knows no page and no grammar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
NO_PARTS = ("text", "spans")


@dataclass(frozen=True)
class Chip:
    """One part: what it is called, its values, and the words of the text that gave it."""

    part: str
    called: str
    values: str
    source: str


def chips_of(plan: Mapping[str, Any], text: str) -> Iterator[Chip]:
    """The parts that the plan asks for, in its order."""
    for part, value in plan.items():
        if part not in NO_PARTS and value not in (None, [], ()):
            yield Chip(part, CALLED.get(part, part.replace("_", " ")), _shown(value), _source(plan, part, text))


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, Mapping):
        return " ".join(map(_shown, value.values()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _source(plan: Mapping[str, Any], part: str, text: str) -> str:
    spans = [span for span in plan.get("spans") or () if span["part"] == part]
    return " … ".join(dict.fromkeys(text[span["start"] : span["end"]] for span in spans))
