"""What tools find, typed. Texts of candidates are data, as they are stored, personal data masked. Knows no tool."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from components.language.answers.told import Citation
from components.language.assistant.arguments import Search, Searching
from metier.contract import BudgetKind, Level


class Said(BaseModel):
    """A sentence, and the spans that support it, of the values that candidates show."""

    text: str
    citations: list[Citation] = []


class Candidate(BaseModel):
    """One candidate: `shown` by field, what of the search it `meets`, and what moved its score, in words."""

    candidate_id: str
    rank: int
    score: float
    shown: Mapping[str, str]
    meets: list[Said] = []
    reasons: list[str] = []


class Wanted(BaseModel):
    """What the text asks for beyond limits, by which candidates are ordered; skills by their labels."""

    must: list[str] = []
    nice: list[str] = []
    levels: list[str] = []
    domains: list[str] = []


class SearchResult(BaseModel):
    """A slate that is recorded nowhere.

    `limits` are the filters that held, stated or understood from the text; `fitting` counts whom they leave, `sure`
    those of them who are known to keep every one: a limit that was understood leaves whose value is unknown. Where few
    are sure, `without` counts who is known to keep all others, for each of the limits. `listing` counts those of the
    fitting who list every skill that must be; None where none is asked for. Skills are no limit: they order.
    """

    search: Search
    candidates: list[Candidate]
    fitting: int
    sure: int
    listing: int | None = None
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


class Told(BaseModel):
    """An answer whose every sentence is supported by its citations; none, and the reason, without evidence."""

    sentences: list[Said]
    looked_at: int
    reason: str | None = None


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
