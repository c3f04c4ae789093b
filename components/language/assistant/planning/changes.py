"""What a sentence changes in a search: filters that it applies, limits that it gives up, another skill. Pure."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.language.assistant.arguments import JobSearch, PeopleSearch, Search, listed
from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.moves import Reading, Reads
from components.language.assistant.planning.phrases import (
    ALSO,
    CHEAPER,
    DEARER,
    EVERYTHING,
    INSTEAD,
    LESS_SENIOR,
    MORE_SENIOR,
    ONLY,
    RELAXES,
    plain,
)
from components.language.names.countries import country_code

_RATES = ("rate_min_usd", "rate_max_usd")
_SUMS = ("budget_min_usd", "budget_max_usd")
TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"rate|hourly|price|cost|money|pay|charge|cheap|expensive", (*_RATES, *_SUMS)),
    (r"budget", (*_SUMS, *_RATES)),
    (r"countr|place|location|where|region|anywhere|worldwide|based", ("country", "not_countries")),
    (r"level|senior|junior|experience", ("level", "not_levels")),
    (r"language|speak", ("language",)),
    (r"hour(?!ly)|full[- ]?time|part[- ]?time", ("hours_min",)),
    (r"availab|start", ("available",)),
    (r"agenc", ("agencies",)),
    (r"date|recen|posted|old|days|weeks?\b", ("posted_since",)),
    (r"fixed|kind of (?:budget|pay)", ("budget_kind",)),
    (r"industr|domain", ("not_industries",)),
    (r"skill", ("not_skills", "skills", "skills_all")),
)
"""What limits are called, and the filters that are meant."""
_GIVING_WAY = 0.99
"""Below (or above) the middle of what is shown."""


@dataclass(frozen=True)
class Change:
    """Another search, if its text changed; filters to apply; limits to relax, by the name of a filter."""

    search: Search
    apply: Mapping[str, Any] = field(default_factory=dict)
    relax: tuple[str, ...] = ()


def change_of(said: str, search: Search, conversation: Conversation, reads: Reads) -> Change:
    """What `said` changes in `search`, where the conversation stands."""
    text, limits = plain(said), conversation.limits
    relax = tuple(_relaxed(text, limits)) if RELAXES.search(text) else ()
    reading = reads(said, search.surface)
    applied = {} if reading is None else _applied(text, reading, limits, relax)
    if relax and reading is not None and not applied:
        return Change(search, relax=relax)
    apply = dict(_compared(text, conversation))
    if not apply and reading is not None:
        apply = applied
        search = _with_skills(search, text, reading, reads)
    return Change(search, apply, tuple(name for name in relax if name not in apply))


def _relaxed(text: str, limits: Mapping[str, Any]) -> Iterator[str]:
    """The limits in force that a text gives up: those that it names, all where it says so."""
    named = [name for pattern, names in TOPICS if re.search(pattern, text) for name in names if name in limits]
    if named:
        yield from dict.fromkeys(named)
    elif EVERYTHING.search(text):
        yield from limits


def _compared(text: str, conversation: Conversation) -> Iterator[tuple[str, Any]]:
    """'Cheaper', 'better paid', 'more senior': against what is shown."""
    surface = conversation.surface
    if CHEAPER.search(text):
        shown = list(_sums(conversation, "hourly_rate_usd" if surface == "talent_search" else "budget_max_usd"))
        limit = conversation.limits.get("rate_max_usd")
        if shown:
            yield "rate_max_usd", round(_GIVING_WAY * statistics.median(shown), 2)
        elif limit is not None:
            yield "rate_max_usd", round(_GIVING_WAY * limit, 2)
    elif DEARER.search(text):
        field = "hourly_rate_usd" if surface == "talent_search" else "budget_max_usd"
        if shown := list(_sums(conversation, field, hourly=True)):
            yield "rate_min_usd", round(statistics.median(shown) / _GIVING_WAY, 2)
        elif shown := list(_sums(conversation, field)):
            yield "budget_min_usd", round(statistics.median(shown) / _GIVING_WAY, 2)
    elif MORE_SENIOR.search(text):
        yield "level", "expert"
    elif LESS_SENIOR.search(text):
        yield "level", "entry"


def _sums(conversation: Conversation, name: str, hourly: bool = False) -> Iterator[float]:
    for candidate in conversation.shortlist:
        is_meant = not hourly or candidate.shown.get("budget_kind", "hourly") == "hourly"
        if is_meant and name in candidate.shown:
            yield float(candidate.shown[name])


def _applied(text: str, reading: Reading, limits: Mapping[str, Any], relax: Sequence[str]) -> dict[str, Any]:
    """The filters that a sentence asks for, over those in force."""
    plan, apply = reading.plan, dict(reading.filters)
    if plan.levels:
        apply["level"] = list(plan.levels)
    for name in ("country", "language", "level"):
        if name in apply and name in limits and name not in relax and ALSO.search(text) and not ONLY.search(text):
            apply[name] = list(dict.fromkeys([*listed(limits[name]), *listed(apply[name])]))
    away = set(plan.not_countries)
    kept = [place for place in listed(limits.get("country")) if (country_code(place) or place) not in away]
    if away and kept and "country" not in apply:
        apply.pop("not_countries", None)
        apply["country"] = kept
    if ONLY.search(text) and plan.must:
        apply["skills"] = [label for _, label, need in reading.skills if need == "must"]
    return apply


def _with_skills(search: Search, text: str, reading: Reading, reads: Reads) -> Search:
    """The search with the skills that a sentence names in place of its own ('make that X'), or beside them."""
    labels = [label for _, label, need in reading.skills if need in ("must", "nice")]
    if not labels or ONLY.search(text):
        return search
    typed, new = search.text or "", ", ".join(labels)
    if INSTEAD.search(text):
        before = reads(typed, search.surface)
        spans = [span for span in before.plan.spans if span.part == "must"] if before else []
        for span in reversed(spans[1:]):
            typed = typed[: span.start] + typed[span.end :]
        typed = typed[: spans[0].start] + new + typed[spans[0].end :] if spans else f"{new} {typed}".strip()
    else:
        typed = f"{typed}, {new}" if typed else new
    return with_text(search, typed)


def with_text(search: PeopleSearch | JobSearch, text: str) -> Search:
    """The same search for another text."""
    return search.model_copy(update={"text": text})
