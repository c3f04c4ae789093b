"""Searches drawn from forms and a taxonomy, each with the words that a model is to copy and the plan they mean.

Forms to train on and forms to measure on are files of their own. Pure: equal seeds give equal searches.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from components.language.query_model.drawn import Drawn, Values
from components.language.query_model.words import Words
from components.language.taxonomy import Taxonomy
from metier.contract import Surface

Half = Literal["train", "held_out"]
SURFACES: tuple[Surface, Surface] = ("talent_search", "job_feed")
_SLOT = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")
_REPEATED = frozenset(("must", "nice", "not"))
"""Parts that several clauses of one search may ask for."""
MOST_CLAUSES = 4
LOWER_CASE = 0.5
"""Share of the searches that are typed without capitals."""


@dataclass(frozen=True)
class Search:
    """`plan` as benchmarks have it: skills, places and industries by name, sums as {"amount", "currency"}."""

    text: str
    surface: Surface
    words: Words
    plan: dict[str, Any] = field(default_factory=dict)


def searches(taxonomy: Taxonomy, half: Half, count: int, seed: int = 0) -> list[Search]:
    """`count` searches of both surfaces in turn."""
    draw = random.Random(f"{half} {seed}")  # noqa: S311
    values = Values(taxonomy, draw)
    return [_search(forms(half), SURFACES[n % 2], values, draw) for n in range(count)]


@cache
def forms(half: Half) -> dict[str, list[str]]:
    """The lines of a file of forms, by kind."""
    return tomllib.loads((files(__package__) / f"{half}.toml").read_text())


def _search(lines: dict[str, list[str]], surface: Surface, values: Values, draw: random.Random) -> Search:
    kind = "talent" if surface == "talent_search" else "job"
    form = draw.choice(lines["openings"]) + draw.choice(lines[f"{kind}_heads"])
    own, separator = lines[f"{kind}_clauses"], draw.choice(lines["separators"])
    for _ in range(draw.randrange(MOST_CLAUSES + 1)):
        clause = draw.choice(own if draw.random() < 0.45 else lines["clauses"])
        if not (_parts(form) & _parts(clause)) - _REPEATED:
            form += separator + clause
    return _filled(form + draw.choice(lines["endings"]), surface, values, draw)


def _parts(form: str) -> set[str]:
    """What a form asks for; the sides of a sum, and agencies, are one."""
    names = (slot[1].removeprefix("not_").split("_")[0] for slot in _SLOT.finditer(form))
    return {"agencies" if name in ("no", "agencies") else name for name in names}


def _filled(form: str, surface: Surface, values: Values, draw: random.Random) -> Search:
    words: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    is_lower = draw.random() < LOWER_CASE

    def fill(slot: re.Match[str]) -> str:
        if slot[1] == "role":
            return values.role()
        drawn = values.literal(slot[1], slot[2]) if slot[2] else values.draw(slot[1])
        said = drawn.said.lower() if is_lower else drawn.said
        _note(words, plan, drawn, said)
        return said

    text = _SLOT.sub(fill, form)
    return Search(text.lower() if is_lower else text, surface, Words.model_validate(words), plan)


def _note(words: dict[str, Any], plan: dict[str, Any], drawn: Drawn, said: str) -> None:
    for name in drawn.fields:
        if drawn.is_one:
            words[name] = said
        elif said not in words.setdefault(name, []):
            words[name].append(said)
    for part, value in drawn.plan:
        if drawn.is_one:
            plan[part] = value
        elif value not in plan.setdefault(part, []):
            plan[part].append(value)


def plain(found: Sequence[Search]) -> list[dict[str, Any]]:
    """As a file of searches to measure has them, an object a search."""
    return [{"surface": search.surface, "text": search.text, "plan": search.plan} for search in found]
