"""What tools are asked, typed: nothing but these fields reaches the marketplace. Knows no tool and no engine."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from components.language.understanding import PARTS
from components.language.understanding.filter_models import JobFilters, PersonFilters
from metier.contract import Level
from metier.texts.fields import Id, Model, ShortText

Searching = Literal["talent_search", "job_feed"]
SearchText = Annotated[str, Field(max_length=2_000, description="what is looked for, in the words of a person")]
Ignored = Annotated[
    tuple[ShortText, ...],
    Field(max_length=50, description=f"parts of what the text asks that count no more: {', '.join(PARTS)}"),
]
MOST_SHOWN = 20
Shown = Annotated[int, Field(ge=1, le=MOST_SHOWN, description="candidates to show")]
CandidateIds = Annotated[tuple[Id, ...], Field(min_length=2, max_length=5)]
SkillNames = Annotated[
    tuple[ShortText, ...], Field(max_length=10, description="by any of their names: Kubernetes, k8s")
]


class _Search(Model):
    text: SearchText | None = None
    ignore: Ignored = ()
    k: Shown = 5
    filters: PersonFilters | JobFilters

    @property
    def stated(self) -> dict[str, Any]:
        """The filters that ask for something, by name."""
        return {name: value for name, value in self.filters.model_dump().items() if value not in (None, [])}


class PeopleSearch(_Search):
    """People for a client's text, job or both. Limits that the text names hold; a filter stands in the place of one."""

    surface: Literal["talent_search"] = "talent_search"
    job_id: Annotated[Id | None, Field(description="a job of the client that people are for")] = None
    filters: PersonFilters = PersonFilters()

    @model_validator(mode="after")
    def _require_job_or_text(self) -> "PeopleSearch":
        if self.job_id is None and not (self.text or "").strip():
            raise ValueError("give job_id, text or both")
        return self


class JobSearch(_Search):
    """Jobs for a freelancer, by a text or by their profile alone. Limits that the text names hold."""

    surface: Literal["job_feed"] = "job_feed"
    filters: JobFilters = JobFilters()


Search = Annotated[PeopleSearch | JobSearch, Field(discriminator="surface")]
"""A search as it stands: results carry theirs, and `change_filters` goes on from it."""


class Changes(PersonFilters, JobFilters):
    """Filters to apply; null changes nothing."""


class ChangeFilters(Model):
    """Goes on from a search with filters applied, and limits relaxed, then searches again."""

    search: Search
    apply: Changes = Changes()
    relax: Annotated[
        tuple[ShortText, ...],
        Field(max_length=50, description="limits that hold no more: filters (country) or parts of a plan (countries)"),
    ] = ()

    @model_validator(mode="after")
    def _known_to_the_surface(self) -> "ChangeFilters":
        known = type(self.search.filters).model_fields
        for name in self.applied:
            if name not in known:
                raise ValueError(f"{self.search.surface} has no filter {name}; it has {', '.join(known)}")
        for name in self.relax:
            if name not in known and name not in PARTS:
                raise ValueError(f"{name!r} is no limit; use one of: {', '.join((*known, *PARTS))}")
        return self

    @property
    def applied(self) -> dict[str, Any]:
        """The filters to apply that ask for something, by name."""
        return {name: value for name, value in self.apply.model_dump().items() if value not in (None, [])}


class Compare(Model):
    """Two to five candidates side by side, by what they show."""

    surface: Searching
    candidate_ids: CandidateIds


class Ask(Model):
    """A question about candidates: those of `candidate_ids`, else those that the question names or searches for."""

    surface: Searching
    question: Annotated[str, Field(min_length=1, max_length=1_000, description="such as: who knows Kubernetes?")]
    candidate_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()


class MarketRates(Model):
    """What people charge, or jobs pay, by the hour, of those that the asker may be shown."""

    surface: Annotated[Searching, Field(description="talent_search: what people charge; job_feed: what jobs pay")]
    skills: SkillNames = ()
    country: Annotated[ShortText | None, Field(description="by any English name, or by its code")] = None
    level: Level | None = None


class DraftJobPost(Model):
    """A job post from what somebody says they need. Nothing is posted."""

    text: Annotated[str, Field(min_length=1, max_length=2_000, description="what is to be done, in a person's words")]


def listed(value: Any) -> list[Any]:
    """The values of a filter, which may be one, a list of them, or none."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
