"""A move as a call of a tool: typed arguments made of what the person said and of what the conversation holds.

Whoever chose the move, no argument comes from anywhere else. Knows no engine.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.language.assistant.arguments import (
    MOST_SHOWN,
    Ask,
    ChangeFilters,
    Changes,
    Compare,
    DraftJobPost,
    JobSearch,
    MarketRates,
    PeopleSearch,
    Search,
    listed,
)
from components.language.assistant.conversation import Conversation
from components.language.assistant.drafting import described
from components.language.assistant.planning.changes import Change, change_of
from components.language.assistant.planning.moves import Move, Reader, Reading
from components.language.assistant.planning.phrases import (
    ASKED,
    CHARGED,
    EXPLAINED,
    has_words,
    ids_in,
    plain,
    shown_after,
)
from components.language.assistant.planning.rewriting import cut
from components.language.assistant.planning.whom import ORDINAL
from components.language.names.countries import country_name
from components.language.understanding.plan_filters import filtered_parts
from metier.texts.fields import Model

MOST_COMPARED = 5
_WHO = re.compile(
    r"\b(?:which|who|any|either|neither) of (?:them|these|those|you)\b|\bwhich ones?\b|\banyone\b", re.IGNORECASE
)
_DOES_ANY = re.compile(r"^(?:does|do|can|is|are|has|have) (?:who|they|these|those)\b", re.IGNORECASE)
_LEADING = re.compile(r"^(?:(?:hm+|so|and|ok|okay|well|hey|now)[, ]+)+", re.IGNORECASE)
_OF_THIS = re.compile(r"\b(?:this|that|it|these|those|them|such)\b")


@dataclass(frozen=True)
class Call:
    """A tool by its name, and its arguments."""

    tool: str
    arguments: Model


def calls_of(move: Move, said: str, conversation: Conversation, reader: Reader) -> Call | None:
    """The call that a move means; None for what is answered from the conversation alone."""
    match move.doing:
        case "search":
            return _search(said, conversation, reader)
        case "change":
            if conversation.search is None:
                return _search(said, conversation, reader)
            return _change(change_of(said, conversation.search, conversation, reader), conversation.search)
        case "undo" if conversation.before:
            return _searching(conversation.before[-1])
        case "more" if conversation.search:
            shown = shown_after(plain(said), conversation.search.k, MOST_SHOWN)
            return _searching(conversation.search.model_copy(update={"k": shown}))
        case "compare":
            return _compare(move, said, conversation)
        case "ask":
            return Call("ask", _ask(move, said, conversation))
        case "market_rates":
            return Call("market_rates", _rates(said, conversation, reader))
        case "draft":
            return Call("draft_job_post", DraftJobPost(text=_need(said, conversation, reader)))
    return None


def _searching(search: Search) -> Call:
    return Call("search_jobs" if search.surface == "job_feed" else "search_talent", search)


def _search(said: str, conversation: Conversation, reader: Reader) -> Call:
    if conversation.surface == "job_feed":
        return _searching(JobSearch(text=said if has_words(said) else None))
    job = next((name for name in ids_in(said) if reader.surface_of(name) != "talent_search"), None)
    rest = said.replace(job, " ") if job else said
    return _searching(PeopleSearch(text=rest if not job or has_words(rest) else None, job_id=job))


def _change(change: Change, search: Search) -> Call | None:
    """None where nothing is changed."""
    if not change.apply and not change.relax and change.search == search:
        return None
    if not change.apply and not change.relax:
        return _searching(change.search)
    apply = Changes.model_validate(change.apply)
    return Call("change_filters", ChangeFilters(search=change.search, apply=apply, relax=change.relax))


def _compare(move: Move, said: str, conversation: Conversation) -> Call | None:
    shortlist = [candidate.candidate_id for candidate in conversation.shortlist]
    named = [shortlist[position] for position in move.positions]
    ids = list(dict.fromkeys([*named, *(name for name in ids_in(said) if name not in named)]))
    if len(ids) < 2:
        ids = list(dict.fromkeys([*ids, *shortlist]))[: 2 if ids else MOST_COMPARED]
    if len(ids) < 2:
        return None
    return Call("compare", Compare(surface=conversation.surface, candidate_ids=tuple(ids[:MOST_COMPARED])))


def _ask(move: Move, said: str, conversation: Conversation) -> Ask:
    shortlist = [candidate.candidate_id for candidate in conversation.shortlist]
    named = [name for name in ids_in(said) if name not in shortlist]
    meant = [*(shortlist[position] for position in move.positions), *named] or shortlist
    question = _LEADING.sub("", said.split("?")[0].strip() + "?" if "?" in said else said)
    if named and (EXPLAINED.search(plain(said)) or not (ASKED.search(plain(said)) or CHARGED.search(plain(said)))):
        question = f"Tell me about {' and '.join(named)}"
    names = iter(meant)
    question = ORDINAL.sub(lambda match: next(names, match[0]), question)
    question = _DOES_ANY.sub("who", _WHO.sub("who", question))
    return Ask(surface=conversation.surface, question=question, candidate_ids=tuple(meant[:MOST_SHOWN]))


def _rates(said: str, conversation: Conversation, reader: Reader) -> MarketRates:
    """Of the skills, country and level that are named, else those of the search."""
    reading = reader.read(said, conversation.surface)
    before = reader.read(conversation.search.text or "", conversation.surface) if conversation.search else None
    skills = _skills(reading)
    goes_on = not skills
    plans = [each.plan for each in ((reading, before) if goes_on else (reading,)) if each is not None]
    country = next((plan.countries[0] for plan in plans if len(plan.countries) == 1), None)
    level = next((plan.levels[0] for plan in plans if plan.levels), None)
    skills = skills or _skills(before)
    return MarketRates(surface=conversation.surface, skills=skills[:3], country=country, level=level)


def _skills(reading: Reading | None) -> tuple[str, ...]:
    return tuple(label for _, label, need in reading.skills if need != "not") if reading is not None else ()


def _need(said: str, conversation: Conversation, reader: Reader) -> str:
    """What a post is for: what was said of it, else the search as it stands, in words."""
    need, search = described(said), conversation.search
    says_what = need != said.strip() and has_words(_OF_THIS.sub(" ", plain(need)))
    if search is None or says_what:
        return need
    reading = reader.read(search.text, search.surface) if search.text else None
    replaced = {*filtered_parts(search.surface, search.stated), *search.ignore}
    spans = [span for span in reading.plan.spans if span.part in replaced] if reading else []
    return ", ".join([cut(search.text or "", spans), *_in_words(search.stated, reader)]).strip(", ") or need


_WORDED: Mapping[str, str] = {
    "rate_max_usd": "up to ${:g} an hour",
    "rate_min_usd": "at least ${:g} an hour",
    "budget_max_usd": "budget up to ${:g}",
    "budget_min_usd": "budget from ${:g}",
    "hours_min": "at least {:g} hours a week",
}
_LISTED: Mapping[str, tuple[str, str]] = {
    "country": ("from {}", " or "),
    "not_countries": ("not from {}", " or "),
    "language": ("{} speaking", " and "),
    "level": ("{} level", " or "),
    "not_levels": ("not {} level", " or "),
    "skills": ("with {}", " and "),
    "skills_all": ("with {}", " and "),
    "not_skills": ("no {}", " or "),
}
_FLAGS: Mapping[tuple[str, Any], str] = {
    ("agencies", False): "no agencies",
    ("agencies", True): "agencies only",
    ("available", True): "available now",
}
"""Filters as a person would type them: numbers, lists and what joins them, flags."""


def _in_words(filters: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    for name, value in filters.items():
        if name in _WORDED:
            yield _WORDED[name].format(value)
        elif name in _LISTED:
            words = [str(each) for each in listed(value)]
            if name in ("country", "not_countries"):
                words = [country_name(each) for each in words]
            wording, joint = _LISTED[name]
            yield wording.format(joint.join(_labels(words, reader) if name == "not_skills" else words))
        elif (name, value) in _FLAGS:
            yield _FLAGS[name, value]


def _labels(names: list[str], reader: Reader) -> list[str]:
    """Skills once each, that are listed by all of their names."""
    readings = [reader.read(f"no {name}", "talent_search") for name in names]
    labels = [
        next((label for _, label, need in reading.skills if need == "not"), name) if reading else name
        for name, reading in zip(names, readings, strict=True)
    ]
    return list(dict.fromkeys(labels))
