"""What eligibility obeys of a plan: its hard parts, as the filters of a surface.

Hard is what people mean as a limit: where somebody is, what they cost, what must not be (skills, levels, industries,
countries), agencies, the language, the hours, that somebody is available now, and how old a post may be. Skills, levels
and domains that are asked for are soft, and so is all that would be nice: they are what rankers order by.

Of limits that were only understood from a sentence, a candidate fails those that it is known to break. Whose value is
unknown stays: people leave fields empty, and a sentence may be read wrong, so absence of data hides nobody. Filters
that a request states itself are strict instead (`components.retrieval.filters`).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from components.language.understanding.exchange import Exchange
from components.language.understanding.plan import Plan
from metier.contract import Surface
from metier.surfaces import surface_spec

_BOTH = {
    "not_skills": "not_",
    "not_levels": "not_levels",
    "country": "countries",
    "not_countries": "not_countries",
    "language": "languages",
}
_OF_PEOPLE = _BOTH | {"agencies": "agencies", "available": "available", "hours_min": "hours_min"}
_OF_JOBS = _BOTH | {
    "not_industries": "not_domains",
    "budget_kind": "budget_kind",
    "posted_since": "posted_within_days",
}
"""The part whose value each filter takes."""
_SOFT = {"skills": "must", "skills_all": "must", "level": "levels"}
_RATES = {"rate_min_usd": "rate_min", "rate_max_usd": "rate_max"}
_BUDGETS = {"budget_min_usd": "budget_min", "budget_max_usd": "budget_max"}
"""The part that a filter on sums takes, in US dollars. People have no budget."""


class Labels(Protocol):
    """What filters ask of a taxonomy."""

    def label(self, skill_id: str) -> str: ...
    def aliases(self, skill_id: str) -> tuple[str, ...]: ...


def plan_filters(plan: Plan, surface: Surface, taxonomy: Labels, exchange: Exchange, now: datetime) -> dict[str, Any]:
    """The filters of talent search or the job feed that the plan's hard parts mean, by name.

    A sum in a currency that the table lacks limits nothing.
    """
    asked = dict(plan.asked())
    parts, sums = _parts(surface)
    filters = {name: _value(part, asked[part], taxonomy, now) for name, part in parts.items() if part in asked}
    for name, part in sums.items():
        if part in asked and (dollars := exchange.in_usd(asked[part])) is not None:
            filters[name] = dollars
    return filters


def filtered_parts(surface: Surface, filters: Iterable[str]) -> Iterator[str]:
    """The parts of a plan in whose place filters of these names stand."""
    parts, sums = _parts(surface)
    places = parts | sums | _SOFT
    return (places[name] for name in filters if name in places)


def _parts(surface: Surface) -> tuple[dict[str, str], dict[str, str]]:
    """The filters of a surface that take a part as it is, and those that take a sum."""
    return (_OF_JOBS, _RATES | _BUDGETS) if surface_spec(surface).shows_jobs else (_OF_PEOPLE, _RATES)


def foreign_currencies(plan: Plan) -> Mapping[str, None]:
    """Codes of the currencies other than US dollars that the plan names, in its order."""
    sums = (plan.rate_min, plan.rate_max, plan.budget_min, plan.budget_max)
    return dict.fromkeys(money.currency for money in sums if money is not None and money.currency != "USD")


def _value(part: str, value: Any, taxonomy: Labels, now: datetime) -> Any:
    if part == "not_":
        return [name for skill in value for name in (taxonomy.label(skill), *taxonomy.aliases(skill))]
    if part == "posted_within_days":
        return (now - timedelta(days=value)).isoformat()
    return list(value) if isinstance(value, tuple) else value
