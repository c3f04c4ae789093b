"""What a sentence changes in a search: filters that it applies, limits that it gives up, another skill. Pure."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.language.assistant.arguments import Search, listed
from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.limits import RATES, SUMS, Wording, named, scaled, settled
from components.language.assistant.planning.moves import Reader, Reading
from components.language.assistant.planning.phrases import (
    AGAIN,
    ALSO,
    CHEAPER,
    CORRECTING,
    DEARER,
    INSTEAD,
    LESS_SENIOR,
    MORE_SENIOR,
    MOVED,
    MULTIPLIED,
    ONLY,
    RELAXES,
    asked_for,
    plain,
)
from components.language.assistant.planning.rewriting import with_skills, without_skills
from components.language.assistant.planning.whom import positions_in

_MONEY = (*RATES, *SUMS)
_TAKES_OUT = re.compile(
    r"\b(?:drop|remove|delete|forget|ignore|lift|lose|skip|clear|reset|scrap|get rid of|give up|do away with"
    r"|take (?:off|out|away)|no (?:more|longer|need for)|without|stop (?:asking|looking|searching) for)\b(?: about)? *"
    r"(?P<what>.*?)(?=,? *\b(?:but|add|include|instead|use|only|and (?:add|use|make|search|only|take|show))\b|[;.!?]|$)"
)
"""Words that take something out of a search, and what: "remove Poland"."""
_UNNEEDED = re.compile(
    r"(?P<what>[^,;.]+?) (?:(?:is|are)(?:n't| not)|not) (?:needed|necessary|required|important)(?: any ?more)?\b"
)
_SWAPS = re.compile(
    r"\b(?:swap|replace|exchange) (?P<what>.+?) (?:for|with|by) (?P<wanted>.+)"
    r"|\binstead of (?P<what_first>[^,]+?),\s*(?P<wanted_then>.+)|(?P<wanted_first>.+?),? instead of (?P<what_then>.+)"
)
_NO = re.compile(r"^(?:and |but |ok(?:ay)?,? |so )*(?:no|not)\b(?: speaking)? *(?P<what>.*)$")
_GIVING_WAY = 0.99
"""Below (or above) the middle of what is shown."""


@dataclass(frozen=True)
class Change:
    """Another search, if its text changed; filters to apply; limits to relax, by the name of a filter."""

    search: Search
    apply: Mapping[str, Any] = field(default_factory=dict)
    relax: tuple[str, ...] = ()


def change_of(said: str, search: Search, conversation: Conversation, reader: Reader) -> Change:
    """What `said` changes in `search`, where the conversation stands."""
    corrects = CORRECTING.match(said)
    said = CORRECTING.sub("", said, count=1)
    text, limits = plain(said), conversation.limits
    if MULTIPLIED.search(text) or MOVED.search(text):
        return Change(search, dict(scaled(text, limits)))
    what, rest_of_it = _out_and_rest(text)
    if what and (out := _taken_out(what, search, limits, reader)) is not None:
        said = rest_of_it
        limits = {name: value for name, value in limits.items() if name not in out.relax} | dict(out.apply)
        rest = _asked(said, out.search, conversation, limits, reader) if said else Change(out.search)
        return _joined(out, rest)
    relax = tuple(named(text, limits)) if RELAXES.search(text) else ()
    if "agenc" in text and limits.get("agencies") is False and (AGAIN.search(text) or ALSO.search(text)):
        relax = (*relax, "agencies")
    if (no := _NO.match(text)) and (languages := _without_languages(no["what"], search, limits, reader)):
        return languages
    limits = {name: value for name, value in limits.items() if name not in relax}
    asked = _asked(said, search, conversation, limits, reader, replaces=corrects is not None)
    relaxed = Change(search, relax=relax)
    return relaxed if relax and not asked.apply else _joined(relaxed, asked)


def _out_and_rest(text: str) -> tuple[str, str]:
    """What a sentence takes out, as "swap React for Vue" does React, and what it says besides; else both empty."""
    if swaps := _SWAPS.search(text):
        what = swaps["what"] or swaps["what_first"] or swaps["what_then"]
        return what, swaps["wanted"] or swaps["wanted_then"] or swaps["wanted_first"]
    taken = _UNNEEDED.search(text) or _TAKES_OUT.search(text)
    return (taken["what"], f"{text[: taken.start()]} {text[taken.end() :]}".strip(" ,;.")) if taken else ("", "")


def _joined(first: Change, then: Change) -> Change:
    """Both, the second of which was made of the first one's search."""
    relax = (name for name in (*first.relax, *then.relax) if name not in then.apply)
    return Change(then.search, {**first.apply, **then.apply}, tuple(dict.fromkeys(relax)))


def _asked(
    said: str,
    search: Search,
    conversation: Conversation,
    limits: Mapping[str, Any],
    reader: Reader,
    *,
    replaces: bool = False,
) -> Change:
    """What a sentence asks for over the limits in force."""
    text, reading = plain(said), reader.read(asked_for(said), search.surface)
    asked = {} if reading is None else _filters(text, reading)
    if not any(name in asked for name in _MONEY) and (compared := dict(_compared(text, conversation))):
        return Change(search, compared)
    if reading is None:
        return Change(search)
    wording = Wording(
        adds=bool(ALSO.search(text) or AGAIN.search(text)) and not replaces,
        only=bool(ONLY.search(text)),
        again=bool(AGAIN.search(text)),
        broad=len(reading.plan.countries) > sum(span.part == "countries" for span in reading.plan.spans),
    )
    change = settled(asked, limits, wording)
    if not wording.only:
        search = with_skills(search, reading, reader, replaces=replaces or bool(INSTEAD.search(text)))
    search = without_skills(search, [skill for skill, _, need in reading.skills if need == "not"], reader)
    apply, relax = _skills_let_in(reading, limits, change.apply, reader)
    return Change(search, apply, (*change.relax, *relax))


def _filters(text: str, reading: Reading) -> dict[str, Any]:
    """The filters that a sentence asks for."""
    asked = dict(reading.filters)
    if reading.plan.levels:
        asked["level"] = list(reading.plan.levels)
    if ONLY.search(text) and reading.plan.must:
        asked["skills"] = [label for _, label, need in reading.skills if need == "must"]
    return asked


def _skills_let_in(
    reading: Reading, limits: Mapping[str, Any], apply: Mapping[str, Any], reader: Reader
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(filters to apply, those to relax): a skill that was ruled out and is asked for now is ruled out no more."""
    ruled_out = listed(apply.get("not_skills", limits.get("not_skills")))
    wanted = [label for _, label, need in reading.skills if need != "not"]
    names = {name.lower() for label in wanted for name in _all_names(label, reader)}
    left = [name for name in ruled_out if name.lower() not in names]
    if len(left) == len(ruled_out):
        return dict(apply), ()
    others = {name: value for name, value in apply.items() if name != "not_skills"}
    return (others | {"not_skills": left}, ()) if left else (others, ("not_skills",))


def _all_names(label: str, reader: Reader) -> Sequence[str]:
    """What the taxonomy calls a skill: the filter that rules it out has all of it."""
    reading = reader.read(f"no {label}", "talent_search")
    return listed(reading.filters.get("not_skills")) if reading is not None else [label]


def _taken_out(what: str, search: Search, limits: Mapping[str, Any], reader: Reader) -> Change | None:
    """The search without the limits that are called by a name, or the values that are; None where nothing is."""
    if languages := _without_languages(what, search, limits, reader):
        return languages
    if called := tuple(named(what, limits)):
        return Change(search, relax=called)
    reading = reader.read(asked_for(what), search.surface)
    if reading is None:
        return None
    skills = [skill for skill, _, need in reading.skills if need != "not"]
    shorter = without_skills(search, skills, reader)
    asked = _excluding(reading, [] if shorter != search else skills, reader)
    change = settled(asked, limits, Wording(takes_out=True))
    sums = [name for name in limits if name in _MONEY] if any(name in reading.filters for name in _MONEY) else []
    scalars = [name for name in ("hours_min", "available", "agencies", "budget_kind") if name in reading.filters]
    relax = [*change.relax, *sums, *(name for name in scalars if name in limits)]
    taken = Change(shorter, change.apply, tuple(dict.fromkeys(relax)))
    return None if taken == Change(search) else taken


def _excluding(reading: Reading, skills: Sequence[str], reader: Reader) -> dict[str, Any]:
    """The exclusions of what a reading asks for."""
    plan, asked = reading.plan, dict[str, Any]()
    if countries := (*plan.countries, *plan.not_countries):
        asked["not_countries"] = list(countries)
    if levels := (*plan.levels, *plan.not_levels):
        asked["not_levels"] = list(levels)
    labels = [label for skill, label, need in reading.skills if skill in skills or need == "not"]
    if names := [name for label in labels for name in _all_names(label, reader)]:
        asked["not_skills"] = names
    return asked


def _without_languages(what: str, search: Search, limits: Mapping[str, Any], reader: Reader) -> Change | None:
    """The search without the languages that are named and held; None where none is."""
    held, what = listed(limits.get("language")), asked_for(what)
    readings = [reader.read(text, search.surface) for text in (what, f"speaks {what}")] if held else []
    spoken = {name for reading in readings if reading is not None for name in reading.plan.languages}
    left = [name for name in held if name not in spoken]
    if len(left) == len(held):
        return None
    return Change(search, {"language": left}) if left else Change(search, relax=("language",))


def _compared(text: str, conversation: Conversation) -> Iterator[tuple[str, Any]]:
    """'Cheaper', 'better paid', 'more senior': against whom of the shown it names, else all of them."""
    surface = conversation.surface
    if CHEAPER.search(text):
        shown = list(_sums(text, conversation, "hourly_rate_usd" if surface == "talent_search" else "budget_max_usd"))
        limit = conversation.limits.get("rate_max_usd")
        if shown:
            yield "rate_max_usd", round(_GIVING_WAY * statistics.median(shown), 2)
        elif limit is not None:
            yield "rate_max_usd", round(_GIVING_WAY * limit, 2)
    elif DEARER.search(text):
        name = "hourly_rate_usd" if surface == "talent_search" else "budget_max_usd"
        if shown := list(_sums(text, conversation, name, hourly=True)):
            yield "rate_min_usd", round(statistics.median(shown) / _GIVING_WAY, 2)
        elif shown := list(_sums(text, conversation, name)):
            yield "budget_min_usd", round(statistics.median(shown) / _GIVING_WAY, 2)
    elif MORE_SENIOR.search(text):
        yield "level", "expert"
    elif LESS_SENIOR.search(text):
        yield "level", "entry"


def _sums(text: str, conversation: Conversation, name: str, hourly: bool = False) -> Iterator[float]:
    than = positions_in(text, conversation) if " than " in text else ()
    positions = than or range(len(conversation.shortlist))
    for candidate in (conversation.shortlist[position] for position in positions):
        is_meant = not hourly or candidate.shown.get("budget_kind", "hourly") == "hourly"
        if is_meant and name in candidate.shown:
            yield float(candidate.shown[name])
