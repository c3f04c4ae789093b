"""What tools find, typed. Texts of candidates are data, as they are stored, personal data masked. Knows no tool."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from components.language.assistant.arguments import Search, Searching
from metier.contract import BudgetKind, Level


class Candidate(BaseModel):
    """One candidate: `shown` by field, and why it stands where it does, in words."""

    candidate_id: str
    rank: int
    score: float
    shown: Mapping[str, str]
    reasons: list[str] = []


class Wanted(BaseModel):
    """What the text asks for beyond limits, by which candidates are ordered; skills by their labels."""

    must: list[str] = []
    nice: list[str] = []
    levels: list[str] = []
    domains: list[str] = []


class SearchResult(BaseModel):
    """A slate that is recorded nowhere.

    `limits` are the filters that held, stated or understood from the text; `fitting` counts whom they leave. Where
    those are fewer than were asked for, `without` counts who would fit without each of the limits alone.
    """

    search: Search
    candidates: list[Candidate]
    fitting: int
    limits: Mapping[str, Any]
    wanted: Wanted
    without: Mapping[str, int] = {}
    changed: list[str] = []
    """What `change_filters` did, in words."""
    tier: str


class Comparison(BaseModel):
    """Candidates beside each other, in the order that was asked for; `not_shown` are unknown, or not for the asker."""

    surface: Searching
    candidates: list[Candidate]
    not_shown: list[str]


class Rates(BaseModel):
    """US dollars an hour: quartiles of what is known of `known` candidates; None where fewer than five are."""

    surface: Searching
    skills: list[str]
    country: str | None
    level: Level | None
    known: int
    unknown: int
    low: float | None
    median: float | None
    high: float | None


class JobPost(BaseModel):
    """A draft in the fields of `PUT /v1/jobs/{job_id}`; `missing` is what a post of its kind says besides."""

    title: str
    description: str
    skills: list[str]
    country: str | None = None
    languages: list[str] = []
    experience_level: Level | None = None
    budget_kind: BudgetKind | None = None
    budget_min_usd: float | None = None
    budget_max_usd: float | None = None
    missing: list[str] = []
