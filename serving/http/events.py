"""Bodies of feedback and of new versions, and what acknowledges them. Knows no clock and no log."""

from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat, model_validator

from metier.contract import BudgetKind, ClientStatus, FreelancerStatus, JobStatus, Kind, Level, Side, Visibility
from metier.texts.fields import Id, LongText, Model, ShortText, Texts
from serving.http.fields import Moment, Money

MOST_INTERACTIONS = 1_000


class Interaction(Model):
    """What one side did about the other; sending it again changes nothing, its id with other content is refused."""

    interaction_id: Id
    kind: Kind
    side: Side
    freelancer_id: Id
    job_id: Id | None = None
    client_id: Id | None = None
    query_id: Id | None = None
    value_usd: FiniteFloat | None = None
    rating: FiniteFloat | None = None
    dwell_seconds: Money | None = None
    event_timestamp: Moment | None = None

    @model_validator(mode="after")
    def _about_a_counterpart(self) -> "Interaction":
        if self.job_id is None and self.client_id is None:
            raise ValueError("give job_id, client_id or both")
        return self


class Interactions(Model):
    """Feedback, one or many."""

    interactions: Annotated[list[Interaction], Field(min_length=1, max_length=MOST_INTERACTIONS)]

    @model_validator(mode="after")
    def _each_id_once(self) -> "Interactions":
        first: dict[str, Interaction] = {}
        for interaction in self.interactions:
            name = interaction.interaction_id
            if first.setdefault(name, interaction) != interaction:
                raise ValueError(f"{name!r} is given twice with other content; give each interaction an id of its own")
        return self

    def distinct(self) -> list[Interaction]:
        """Each interaction once."""
        return list({interaction.interaction_id: interaction for interaction in self.interactions}.values())


class _CandidateVersion(Model):
    """A version as of event_timestamp, by default now; columns as in the data contract."""

    title: ShortText
    category: ShortText | None = None
    country: ShortText | None = None
    region: ShortText | None = None
    city: ShortText | None = None
    languages: Texts | None = None
    experience_level: Level | None = None
    event_timestamp: Moment | None = None


class FreelancerVersion(_CandidateVersion):
    """A freelancer as of event_timestamp, by default now; columns as in the data contract."""

    overview: LongText
    skills: Texts
    hourly_rate_usd: Annotated[FiniteFloat, Field(ge=0, le=100_000)] | None = None
    hours_per_week: Annotated[FiniteFloat, Field(ge=0, le=168)] | None = None
    agency_id: Id | None = None
    status: FreelancerStatus = "listed"
    joined_at: Moment | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> "FreelancerVersion":
        if self.status == "listed" and not any(map(str.strip, (self.title, self.overview, *self.skills))):
            raise ValueError("a listed freelancer has a title, an overview or skills; give one")
        return self


class ClientVersion(Model):
    """A client as of event_timestamp, by default now; columns as in the data contract."""

    country: ShortText | None = None
    payment_verified: bool | None = None
    status: ClientStatus = "active"
    joined_at: Moment | None = None
    event_timestamp: Moment | None = None


class JobVersion(_CandidateVersion):
    """A job as of event_timestamp, by default now; columns as in the data contract."""

    description: LongText
    skills: Texts
    client_id: Id | None = None
    posted_at: Moment | None = None
    company: ShortText | None = None
    industry: ShortText | None = None
    budget_kind: BudgetKind | None = None
    budget_min_usd: Money | None = None
    budget_max_usd: Money | None = None
    salary_min_usd: Money | None = None
    salary_max_usd: Money | None = None
    openings: Annotated[int, Field(ge=1, le=10_000)] = 1
    visibility: Visibility = "public"
    status: JobStatus = "open"

    @model_validator(mode="after")
    def _can_be_found(self) -> "JobVersion":
        if self.status == "open" and not (self.title.strip() or self.description.strip()):
            raise ValueError("an open job has a title or a description; give one")
        return self

    @model_validator(mode="after")
    def _pays_forwards(self) -> "JobVersion":
        for name in ("budget", "salary"):
            low, high = getattr(self, f"{name}_min_usd"), getattr(self, f"{name}_max_usd")
            if low is not None and high is not None and low > high:
                raise ValueError(f"{name}_min_usd {low:g} is above {name}_max_usd {high:g}; give the lower one first")
        return self


class Accepted(BaseModel):
    """How many events are on disk now, and how many of their ids nobody knows yet, by table, where there are any."""

    accepted: int
    unknown: dict[str, int] | None = None


class Version(BaseModel):
    """A new version is durable; a replica whose snapshot_version ends in `sequence` or more serves it."""

    id: str
    sequence: int
