"""A plan as pairs of a slot and a value, and how many of them an understanding gets right. Knows no interval.

A region counts as one value, which is right where its countries are. A skill that people wrote and the taxonomy does
not know counts as missed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from components.language.names.countries import country_code
from components.language.names.industries import industry_name
from components.language.names.regions import region_countries
from components.language.names.spoken import language_name
from components.language.taxonomy import Taxonomy
from components.language.understanding import Money, Plan

Pair = tuple[str, Any]
_PLACES = ("countries", "not_countries")
_SKILLS = ("must", "nice", "not")
_DOMAINS = ("domains", "not_domains")
_SUMS = ("rate_min", "rate_max", "budget_min", "budget_max")
_PLAIN = ("budget_kind", "hours_min", "hours_max", "available", "agencies", "posted_within_days")


def asked_pairs(plan: Mapping[str, Any], taxonomy: Taxonomy) -> Iterator[Pair]:
    """The pairs of a plan as people write it: skills, places and industries by name, `regions` beside countries."""
    for slot in _SKILLS:
        yield from ((slot, taxonomy.find(name) or f"unknown: {name}") for name in plan.get(slot) or ())
    for slot in _PLACES:
        yield from ((slot, _place(name)) for name in plan.get(slot) or ())
    yield from (("countries", _place(name)) for name in plan.get("regions") or ())
    yield from (("languages", language_name(name) or name) for name in plan.get("languages") or ())
    yield from ((slot, level) for slot in ("levels", "not_levels") for level in plan.get(slot) or ())
    yield from ((slot, industry_name(name)) for slot in _DOMAINS for name in plan.get(slot) or ())
    for slot in _SUMS:
        if (money := plan.get(slot)) is not None:
            yield slot, (float(money["amount"]), money["currency"])
    yield from ((slot, plan[slot]) for slot in _PLAIN if plan.get(slot) is not None)


def planned_pairs(plan: Plan) -> Iterator[Pair]:
    """The pairs of a plan as it was understood; of places those that were said, regions whole."""
    for part, value in plan.asked():
        slot = part.rstrip("_")
        if part in _PLACES:
            yield from dict.fromkeys((slot, _place(span.value)) for span in plan.spans if span.part == part)
        elif isinstance(value, tuple):
            yield from ((slot, each) for each in value)
        else:
            yield slot, (value.amount, value.currency) if isinstance(value, Money) else value


def counted(plan: Plan, asked: Mapping[str, Any], taxonomy: Taxonomy) -> tuple[int, int, int]:
    """(pairs that are right, pairs understood, pairs asked)."""
    right, planned = set(asked_pairs(asked, taxonomy)), set(planned_pairs(plan))
    return len(right & planned), len(planned), len(right)


def _place(name: str) -> Any:
    """A region's countries, else the code."""
    return region_countries(name) or country_code(name) or name
