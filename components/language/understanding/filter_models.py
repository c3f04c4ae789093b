"""The filters of each surface that searches, typed. Knows no candidate; `components.retrieval.filters` applies them.

Words are compared without case and a list means any of its values; a filter that is null or empty asks for nothing. A
candidate whose value is unknown does not pass a filter on it.
"""

from typing import Annotated

from pydantic import Field

from metier.contract import BUDGET_KINDS, LEVELS
from metier.texts.fields import Model, ShortText, Texts

Words = ShortText | Texts | None
Number = float | None
Flag = bool | None


class _CandidateFilters(Model):
    category: Words = None
    country: Annotated[Words, Field(description="by any English name, or by its code: Philippines, PH")] = None
    skills: Annotated[Words, Field(description="has any of these")] = None
    skills_all: Annotated[Words, Field(description="has all of these")] = None
    language: Annotated[Words, Field(description="by its English name, or by its code: German, de")] = None
    level: Annotated[Words, Field(description=f"experience level: {', '.join(LEVELS)}, or as sites call them")] = None
    not_skills: Annotated[Words, Field(description="has none of these")] = None
    not_countries: Annotated[Words, Field(description="is in none of these")] = None
    not_levels: Annotated[Words, Field(description="is of none of these levels")] = None
    rate_min_usd: Annotated[Number, Field(description="lowest hourly rate, of jobs paid by the hour too")] = None
    rate_max_usd: Annotated[Number, Field(description="highest hourly rate, of jobs paid by the hour too")] = None


class PersonFilters(_CandidateFilters):
    """Filters of talent search."""

    hours_min: Annotated[Number, Field(description="works at least so many hours a week")] = None
    available: Annotated[Flag, Field(description="can begin now: is listed, and has hours left")] = None
    agencies: Annotated[Flag, Field(description="true: of an agency; false: of none")] = None


class JobFilters(_CandidateFilters):
    """Filters of the job feed."""

    not_industries: Annotated[Words, Field(description="is of none of these industries")] = None
    budget_kind: Annotated[Words, Field(description=f"{', '.join(BUDGET_KINDS)}, or as sites call them")] = None
    budget_min_usd: Annotated[Number, Field(description="budgets that reach at least this")] = None
    budget_max_usd: Annotated[Number, Field(description="budgets that begin at most here")] = None
    posted_since: Annotated[str | None, Field(description="ISO 8601 date or time, UTC where it names no zone")] = None
