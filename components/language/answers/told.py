"""An answer made of evidence alone: sentences that name a candidate and quote what it shows, each with its spans.

Knows no question and no model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.language.answers.evidence import Evidence
from components.language.answers.shown import PLACE, PROSE, Unit
from metier.contract import Surface
from metier.surfaces import surface_spec

_OF_PERSON = {
    "title": "{id} is titled “{}”.",
    "skills": "{id} lists under skills: {}.",
    "category": "{id} is in the category {}.",
    "languages": "{id} speaks {}.",
    "hourly_rate_usd": "{id} charges {} USD an hour.",
    "experience_level": "{id} is of the level {}.",
    "hours_per_week": "{id} works {} hours a week.",
}
_OF_JOB = {
    "title": "{id} is titled “{}”.",
    "skills": "{id} lists under skills: {}.",
    "category": "{id} is in the category {}.",
    "languages": "{id} asks for the language {}.",
    "company": "{id} is posted by {}.",
    "industry": "{id} is in the industry {}.",
    "budget_kind": "{id} is paid {}.",
    "budget_min_usd": "{id} has a budget from {} USD.",
    "budget_max_usd": "{id} has a budget of up to {} USD.",
    "salary_min_usd": "{id} pays a salary from {} USD.",
    "salary_max_usd": "{id} pays a salary of up to {} USD.",
    "experience_level": "{id} asks for the level {}.",
    "openings": "{id} has {} openings.",
    "posted_at": "{id} was posted on {}.",
}
_IN_PLACE, _SAYS = "{id} is in {}.", "{id} says: “{}”"


@dataclass(frozen=True)
class Citation:
    """Characters `start` to `end` of what a candidate shows in a field; `quote` is exactly they."""

    candidate_id: str
    field: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class Statement:
    """One sentence of an answer, and the spans that support it."""

    text: str
    citations: tuple[Citation, ...]


def told(evidence: Evidence, surface: Surface) -> Iterator[Statement]:
    """What there is to say of one candidate: what it shows, then the values that were asked for; nothing twice.

    Of a requirement's spans the first is told.
    """
    units = dict.fromkeys([*(units[0] for units in evidence.found), *evidence.values])
    place = [unit for unit in units if unit.field in PLACE]
    said = False
    for unit in units:
        if unit.field not in PLACE:
            yield stated(evidence.shown.candidate_id, unit, surface)
        elif not said:
            said = True
            yield _statement(evidence.shown.candidate_id, _IN_PLACE, place)


def stated(candidate_id: str, unit: Unit, surface: Surface) -> Statement:
    """What one unit of a candidate says."""
    return _statement(candidate_id, _wording(unit.field, surface), [unit])


def _wording(field: str, surface: Surface) -> str:
    if field in PLACE:
        return _IN_PLACE
    if field in PROSE:
        return _SAYS
    return (_OF_JOB if surface_spec(surface).shows_jobs else _OF_PERSON)[field]


def _statement(candidate_id: str, wording: str, units: Sequence[Unit]) -> Statement:
    citations = tuple(Citation(candidate_id, unit.field, unit.start, unit.end, unit.text) for unit in units)
    quoted = ", ".join(dict.fromkeys(unit.text for unit in units))
    return Statement(wording.replace("{id}", candidate_id).replace("{}", quoted, 1), citations)
