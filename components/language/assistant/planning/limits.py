"""Limits that hold, and what a sentence makes of them: the last word wins, and what was ruled out stays so. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.language.assistant.arguments import listed
from components.language.assistant.planning.phrases import FACTORS, MOVED, MULTIPLIED
from components.language.names.countries import country_code

RATES = ("rate_min_usd", "rate_max_usd")
SUMS = ("budget_min_usd", "budget_max_usd")
TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"rate|hourly|price|cost|money|pay|charge|cheap|expensive", (*RATES, *SUMS)),
    (r"budget", (*SUMS, *RATES)),
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
    (r"exclu|ruled out|left out|exception", ("not_countries", "not_skills", "not_levels", "not_industries")),
)
"""What limits are called, and the filters that are meant."""
_ENDS = (
    (re.compile(r"\b(?:minimum|min|lowest|floor|lower (?:limit|bound)|at least)\b"), "_min"),
    (re.compile(r"\b(?:maximum|max|highest|cap|ceiling|upper (?:limit|bound)|at most|up to)\b"), "_max"),
)
EVERYTHING = re.compile(
    r"\b(?:all|every|everything|any of (?:that|it|this)|restrictions?|limits|filters|constraints)\b"
)
_OPPOSITE = {"not_countries": "country", "not_levels": "level", "not_skills": "skills", "not_industries": ""}
"""What each exclusion is the opposite of."""
_JOINED = ("country", "language", "level")
_DOWN = frozenset(("lower", "reduce", "decrease", "cut", "drop"))


@dataclass(frozen=True)
class Wording:
    """How a sentence puts what it asks for: beside what holds, alone, or as allowed once more."""

    adds: bool = False
    only: bool = False
    again: bool = False
    broad: bool = False
    """Whether countries are those of a region: none of them is named itself."""
    takes_out: bool = False
    """Whether what is ruled out only stops to be asked for where it was."""


@dataclass(frozen=True)
class Settled:
    """Filters to apply, and the names of those that hold no more."""

    apply: dict[str, Any] = field(default_factory=dict)
    relax: tuple[str, ...] = ()


def named(text: str, limits: Mapping[str, Any]) -> Iterator[str]:
    """The limits in force that a text calls by a name; all where it says so."""
    ends = [end for pattern, end in _ENDS if pattern.search(text)]
    found = [name for pattern, names in TOPICS if re.search(pattern, text) for name in names if name in limits]
    bounded = [name for name in found or limits if any(end in name for end in ends)]
    if bounded or found:
        yield from dict.fromkeys(bounded or found)
    elif EVERYTHING.search(text):
        yield from limits


def scaled(text: str, limits: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """(filter, value) of limits in numbers that are doubled, halved, or moved by so much."""
    factor, step, numbers = 1.0, 0.0, {name: held for name, held in limits.items() if isinstance(held, float)}
    if multiplied := MULTIPLIED.search(text):
        factor = FACTORS[multiplied["factor"]]
    elif moved := MOVED.search(text):
        amount = float(moved["amount"]) * (-1 if moved["verb"] in _DOWN else 1)
        factor, step = (1 + amount / 100, 0.0) if moved["percent"] else (1.0, amount)
    else:
        return
    for name in list(named(text, numbers)) or (numbers if len(numbers) == 1 else ()):
        value = round(factor * numbers[name] + step, 2)
        if value > 0:
            yield name, value


def settled(asked: Mapping[str, Any], limits: Mapping[str, Any], wording: Wording) -> Settled:
    """What a sentence that asks for the filters `asked` makes of the limits in force."""
    apply, relax = dict(asked), list[str]()
    for name in _JOINED:
        if name in asked and name in limits and wording.adds and not wording.only:
            apply[name] = _distinct(name, [*listed(limits[name]), *listed(asked[name])])
    for away, wanted in _OPPOSITE.items():
        if away in asked:
            _rule_out(away, wanted, apply, relax, limits, wording)
        elif away in limits and wanted in asked:
            _let_in(away, wanted, apply, relax, limits, wording)
    return Settled(apply, tuple(relax))


def _rule_out(
    away: str, wanted: str, apply: dict[str, Any], relax: list[str], limits: Mapping[str, Any], wording: Wording
) -> None:
    """Out of what is wanted goes what is ruled out; beside what was ruled out before where it was not wanted."""
    keys = {_key(away, value) for value in apply[away]}
    held = listed(limits.get(wanted)) if wanted not in apply else []
    kept = [value for value in held if _key(away, value) not in keys]
    taken = {_key(away, value) for value in held} & keys
    new = apply[away]
    if taken and kept:
        apply[wanted] = kept
    elif taken:
        relax.append(wanted)
    if taken and (kept or wording.takes_out):
        new = [value for value in new if _key(away, value) not in taken]
    if new:
        apply[away] = _distinct(away, [*listed(limits.get(away)), *new])
    else:
        del apply[away]


def _let_in(
    away: str, wanted: str, apply: dict[str, Any], relax: list[str], limits: Mapping[str, Any], wording: Wording
) -> None:
    """What was ruled out and is wanted now is ruled out no more; all that was, where only this is wanted."""
    if wording.broad and wanted == "country" and not wording.again:
        return
    keys = {_key(away, value) for value in listed(apply[wanted])}
    held = listed(limits[away])
    left = [] if wording.only else [value for value in held if _key(away, value) not in keys]
    if len(left) == len(held):
        return
    if left:
        apply[away] = left
    else:
        relax.append(away)
    if wording.again and wanted not in limits:
        del apply[wanted]


def _distinct(name: str, values: list[Any]) -> list[Any]:
    """Each value of a filter once, as it was said first."""
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(_key(name, value), value)
    return list(found.values())


def _key(name: str, value: Any) -> str:
    code = country_code(str(value)) if name in ("country", "not_countries") else None
    return code or str(value).lower()
