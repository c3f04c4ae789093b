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
_RATES = {"rate_min_usd": ("rate_min",), "rate_max_usd": ("rate_max",)}
_BUDGETS = {"budget_min_usd": ("rate_min", "budget_min"), "budget_max_usd": ("rate_max", "budget_max")}
"""The parts that a filter on sums may take. A job's budget is by the hour or for the whole, as its kind says: of a plan
that names both, the rate counts."""


class Labels(Protocol):
    """What filters ask of a taxonomy."""

    def label(self, skill_id: str) -> str: ...
    def aliases(self, skill_id: str) -> tuple[str, ...]: ...


def plan_filters(plan: Plan, surface: Surface, taxonomy: Labels, exchange: Exchange, now: datetime) -> dict[str, Any]:
    """The filters of talent search or the job feed that the plan's hard parts mean, by name.

    A sum in a currency that the table lacks limits nothing.
    """
    shows_jobs, asked = surface_spec(surface).shows_jobs, dict(plan.asked())
    parts = _OF_JOBS if shows_jobs else _OF_PEOPLE
    filters = {name: _value(part, asked[part], taxonomy, now) for name, part in parts.items() if part in asked}
    is_rated = plan.rate_min is not None or plan.rate_max is not None
    for name, sums in (_BUDGETS if shows_jobs else _RATES).items():
        money = asked.get(sums[0] if is_rated or not shows_jobs else sums[-1])
        if money is not None and (dollars := exchange.in_usd(money)) is not None:
            filters[name] = dollars
    if shows_jobs and _BUDGETS.keys() & filters.keys():
        filters.setdefault("budget_kind", "hourly" if is_rated else "fixed")
    return filters


def filtered_parts(surface: Surface, filters: Iterable[str]) -> Iterator[str]:
    """The parts of a plan in whose place filters of these names stand."""
    shows_jobs = surface_spec(surface).shows_jobs
    parts = (_OF_JOBS if shows_jobs else _OF_PEOPLE) | _SOFT
    sums = _BUDGETS if shows_jobs else _RATES
    for name in filters:
        yield from sums.get(name, (parts[name],) if name in parts else ())


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
