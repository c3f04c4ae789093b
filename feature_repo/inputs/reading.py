"""Typed texts to what candidates are compared with: a text's plan, its skills by every spelling of a taxonomy.

Knows how candidates are encoded; no candidate and no query.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np

from components.language.names.countries import country_name, country_names
from components.language.taxonomy import Taxonomy
from components.language.understanding import PARTS, Exchange, Money, Plan, Understanding, shipped_exchange
from feature_repo.inputs.asked import Ask
from feature_repo.inputs.columns import Codes, code_of, token_column
from metier.contract import LEVELS, Surface

UNDERSTOOD = "understood"
MOST_TEXTS = 100_000
"""So many texts are remembered."""


class TextReader:
    """Reads the texts of a surface. Safe to share between threads."""

    def __init__(
        self, surface: Surface, understanding: Understanding, taxonomy: Taxonomy, exchange: Exchange | None = None
    ) -> None:
        self._surface: Surface = surface
        self.understanding = understanding
        self._taxonomy = taxonomy
        self._exchange = exchange or shipped_exchange()
        self.read = lru_cache(MOST_TEXTS)(self._read)
        self.plan = lru_cache(MOST_TEXTS)(self._plan)
        """The plan of a text."""

    def __call__(self, text: str, unread: tuple[str, ...] = ()) -> Ask:
        """What the text asks for; parts of its plan that are `unread`, as a request ignores them, are not asked."""
        return self.read(text, unread)

    def of_plan(self, plan: Plan) -> Ask:
        """What a plan asks for."""
        spelled = self._spelled
        return Ask(
            must=tuple(map(spelled, plan.must)),
            near=tuple(map(self._near, plan.must)),
            kindred=self._kindred(plan.must),
            nice=tuple(map(spelled, plan.nice)),
            unwanted=tuple(map(spelled, plan.not_)),
            languages=tuple(_columns([language]) for language in plan.languages),
            levels=tuple(float(number) for number, level in enumerate(LEVELS) if _is_asked(level, plan)),
            countries=tuple(code_of(name) for code in plan.countries for name in _names_of(code)),
            rate_usd=(self._usd(plan.rate_min, -np.inf), self._usd(plan.rate_max, np.inf)),
        )

    def _read(self, text: str, unread: tuple[str, ...]) -> Ask:
        if unread == PARTS:
            return Ask()
        return self.of_plan(self.plan(text).without([part for part in unread if part in PARTS]))

    def _plan(self, text: str) -> Plan:
        return self.understanding.plan(text, self._surface)

    def _usd(self, money: Money | None, unlimited: float) -> float:
        """US dollars; no limit where the table of exchange lacks the currency."""
        worth = None if money is None else self._exchange.in_usd(money)
        return unlimited if worth is None else worth

    def _spelled(self, skill_id: str) -> Codes:
        return _columns(_spellings(self._taxonomy, [skill_id]))

    def _near(self, skill_id: str) -> Codes:
        """The skill, what is broader or narrower, and what is related."""
        return _columns(_spellings(self._taxonomy, [skill_id, *self._taxonomy.near(skill_id)]))

    def _kindred(self, skill_ids: Iterable[str]) -> Codes | None:
        categories = {self._taxonomy.category(skill_id) for skill_id in skill_ids} - {""}
        known = [self._by_category[category] for category in sorted(categories)]
        return np.unique(np.concatenate(known)) if known else None

    @cached_property
    def _by_category(self) -> dict[str, Codes]:
        members: dict[str, list[str]] = {}
        for skill in self._taxonomy.skills.values():
            members.setdefault(skill.category, []).append(skill.id)
        return {category: _columns(_spellings(self._taxonomy, ids)) for category, ids in members.items()}


def reading_of(filters: Mapping[str, Any] | None, unread: Sequence[str]) -> Mapping[str, Any]:
    """What the context of a logged query says of its text: the filters that were understood, and what was not read.

    `filters` is None where nobody understood it; all PARTS are `unread` where nobody was to.
    """
    if tuple(unread) == PARTS:
        return {UNDERSTOOD: False}
    return {UNDERSTOOD: {"filters": filters or {}, "left_out": list(unread)}} if unread or filters is not None else {}


def unread_parts(context: str | None) -> tuple[str, ...]:
    """The parts of a plan that a query was ranked without, by its context as JSON; none in a log of other programs."""
    if not context or UNDERSTOOD not in context:
        return ()
    try:
        said = json.loads(context).get(UNDERSTOOD)
    except (ValueError, AttributeError):
        return ()
    if said is False:
        return PARTS
    left_out = said.get("left_out") if isinstance(said, dict) else None
    return tuple(part for part in PARTS if part in left_out) if isinstance(left_out, list) else ()


def _is_asked(level: str, plan: Plan) -> bool:
    """Whether somebody of this level is asked for, where levels are asked for at all."""
    if not (plan.levels or plan.not_levels):
        return False
    return level not in plan.not_levels and (not plan.levels or level in plan.levels)


@cache
def _names_of(code: str) -> tuple[str, ...]:
    """What a country is called, and its code itself."""
    return (code, country_name(code), *(name for name, own in country_names().items() if own == code))


def _spellings(taxonomy: Taxonomy, skill_ids: Iterable[str]) -> list[str]:
    return [name for skill_id in skill_ids for name in (taxonomy.label(skill_id), *taxonomy.aliases(skill_id))]


def _columns(spellings: Iterable[str]) -> Codes:
    return np.unique(np.array([token_column(spelled) for spelled in spellings], np.int64))
