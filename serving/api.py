"""Requests and responses of the endpoint, and the bounds that bad input meets before any work is done.

Knows no stage: models turn into plain asks and slates into plain answers. Everything else lives in routes.py.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    model_validator,
)

from metier.contract import Surface
from serving.events.versions import plain_text
from serving.request.ask import Ask, Promoted, Slate
from serving.request.trail import Trail

MOST_CANDIDATES = 1_000
MOST_INTERACTIONS = 1_000

LONGEST_NAME = 60
"""Characters of a field's name that an error repeats."""


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("an id is more than white space")
    return name


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("give a moment of the years 1 to 9999 in UTC") from None


Id = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
ShortText = Annotated[str, StringConstraints(max_length=500)]
LongText = Annotated[str, StringConstraints(max_length=50_000)]
Texts = Annotated[list[ShortText], Field(max_length=200)]
Money = Annotated[FiniteFloat, Field(ge=0)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Plain = ShortText | bool | Whole | FiniteFloat | None
Filters = Annotated[dict[ShortText, Plain | Texts], Field(max_length=20)]


class Model(BaseModel):
    """Refuses what it does not know: a misspelt field is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PromotedPlacement(Model):
    """A paid placement; it must be eligible and relevant enough to be shown, and is marked."""

    candidate_id: Id
    rank: Annotated[int, Field(ge=1, le=100)]


class RankingRequest(Model):
    """What every ranking route understands."""

    actor_id: Id
    k: Annotated[int, Field(ge=1, le=100, description="entries wanted")] = 20
    deadline_ms: Annotated[FiniteFloat, Field(gt=0, le=60_000)] = 150.0
    session_id: Id | None = None
    context: Annotated[dict[ShortText, Plain], Field(max_length=50)] = Field(default_factory=dict)
    promoted: Annotated[list[PromotedPlacement], Field(max_length=10)] = Field(default_factory=list)
    exclude: Annotated[list[Id], Field(max_length=MOST_CANDIDATES, description="already seen")] = Field(
        default_factory=list
    )
    explain: Annotated[int, Field(ge=0, le=10, description="entries to give reasons for")] = 0
    timings: bool = False

    def ask(self, surface: Surface) -> Ask:
        """The request as the stages want it."""
        told = {name: getattr(self, name) for name in Ask.__dataclass_fields__ if name in type(self).model_fields}
        if told.get("text") is not None:
            told["text"] = plain_text(told["text"])
        paid = [Promoted(each.candidate_id, each.rank) for each in self.promoted]
        return Ask(**{**told, "surface": surface, "promoted": paid})


class TalentSearch(RankingRequest):
    """A client looks for people, for a job, by text, or both."""

    job_id: Id | None = None
    text: LongText | None = None
    filters: Filters = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something_is_asked(self) -> "TalentSearch":
        if self.job_id is None and not (self.text or "").strip():
            raise ValueError("give job_id, text or both")
        return self


class JobFeed(RankingRequest):
    """A freelancer's feed, or search with a text."""

    text: LongText | None = None
    filters: Filters = Field(default_factory=dict)


class ApplicantReview(RankingRequest):
    """The open applicants of a job."""

    job_id: Id


class Rank(RankingRequest):
    """The caller's own candidates."""

    surface: Surface
    candidates: Annotated[list[Id], Field(min_length=1, max_length=MOST_CANDIDATES)]
    job_id: Id | None = None
    text: LongText | None = None

    @model_validator(mode="after")
    def _usable(self) -> "Rank":
        twice = _repeated(self.candidates)
        if twice is not None:
            raise ValueError(f"candidate {twice!r} is listed twice; list each once")
        if self.surface == "applicant_review" and self.job_id is None:
            raise ValueError("applicant_review needs job_id")
        return self


class Interaction(Model):
    """What one side did about the other; sending it again changes nothing."""

    interaction_id: Id
    kind: Annotated[str, Field(pattern="^(click|save|dismiss|apply|invite|accept|decline|hire|end|pay|rate)$")]
    side: Annotated[str, Field(pattern="^(client|freelancer)$")]
    freelancer_id: Id
    job_id: Id | None = None
    client_id: Id | None = None
    query_id: Id | None = None
    value_usd: FiniteFloat | None = None
    rating: FiniteFloat | None = None
    dwell_seconds: Money | None = None
    event_timestamp: Moment | None = None

    @model_validator(mode="after")
    def _about_somebody(self) -> "Interaction":
        if self.job_id is None and self.client_id is None:
            raise ValueError("give job_id, client_id or both")
        return self


class Interactions(Model):
    """Feedback, one or many."""

    interactions: Annotated[list[Interaction], Field(min_length=1, max_length=MOST_INTERACTIONS)]


class FreelancerVersion(Model):
    """A freelancer as of event_timestamp, by default now; columns as in the data contract."""

    title: ShortText
    overview: LongText
    skills: Texts
    category: ShortText | None = None
    country: ShortText | None = None
    region: ShortText | None = None
    city: ShortText | None = None
    languages: Texts | None = None
    hourly_rate_usd: Annotated[FiniteFloat, Field(ge=0, le=100_000)] | None = None
    experience_level: Annotated[str, Field(pattern="^(entry|intermediate|expert)$")] | None = None
    hours_per_week: Annotated[FiniteFloat, Field(ge=0, le=168)] | None = None
    agency_id: Id | None = None
    status: Annotated[str, Field(pattern="^(listed|unavailable|private|suspended)$")] = "listed"
    joined_at: Moment | None = None
    event_timestamp: Moment | None = None


class JobVersion(Model):
    """A job as of event_timestamp, by default now; columns as in the data contract."""

    title: ShortText
    description: LongText
    skills: Texts
    client_id: Id | None = None
    posted_at: Moment | None = None
    category: ShortText | None = None
    company: ShortText | None = None
    industry: ShortText | None = None
    country: ShortText | None = None
    region: ShortText | None = None
    city: ShortText | None = None
    languages: Texts | None = None
    budget_kind: Annotated[str, Field(pattern="^(hourly|fixed)$")] | None = None
    budget_min_usd: Money | None = None
    budget_max_usd: Money | None = None
    experience_level: Annotated[str, Field(pattern="^(entry|intermediate|expert)$")] | None = None
    openings: Annotated[int, Field(ge=1, le=10_000)] = 1
    visibility: Annotated[str, Field(pattern="^(public|invite_only)$")] = "public"
    status: Annotated[str, Field(pattern="^(open|paused|filled|closed|removed)$")] = "open"
    event_timestamp: Moment | None = None


class Reason(BaseModel):
    """A feature and what it adds to the tree ranker's score."""

    feature: str
    adds: float


class Entry(BaseModel):
    """One candidate of a slate; score is P(relevant), or the score of the tier that answered."""

    candidate_id: str
    rank: int
    score: float
    placement: str
    reasons: list[Reason] | None = None


class RankingResponse(BaseModel):
    """A slate, what ranked it, and what it does without."""

    query_id: str
    surface: str
    as_of: datetime
    slate: list[Entry]
    bundle: str
    snapshot_version: str
    tier: str
    degraded: list[str]
    dropped: dict[str, int]
    considered: int
    timings_ms: dict[str, float] | None = None


class Accepted(BaseModel):
    """How many events are on disk now."""

    accepted: int


class Version(BaseModel):
    """A new version is durable; a replica whose snapshot_version ends in `sequence` or more serves it."""

    id: str
    sequence: int


class Problem(BaseModel):
    """An error: what is wrong, and what to do."""

    error: str


def response(
    surface: Surface, slate: Slate, trail: Trail, bundle: str, snapshot_version: str, timings: bool, explained: int
) -> RankingResponse:
    """The answer of a ranking route."""
    entries = [
        Entry(
            candidate_id=each.candidate_id,
            rank=each.rank,
            score=each.score,
            placement=each.placement,
            reasons=[Reason(feature=name, adds=adds) for name, adds in each.reasons]
            if each.rank <= explained
            else None,
        )
        for each in slate.entries
    ]
    return RankingResponse(
        query_id=slate.query_id,
        surface=surface,
        as_of=slate.event_timestamp,
        slate=entries,
        bundle=bundle,
        snapshot_version=snapshot_version,
        tier=slate.tier,
        degraded=trail.degraded,
        dropped=dict(slate.dropped),
        considered=slate.considered,
        timings_ms={**trail.timings_ms, "total": trail.elapsed_ms} if timings else None,
    )


def one_line(errors: list[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors as one line that names the field."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"the body is not JSON ({first['ctx']['error']}, character {first['loc'][-1]})"
    where = ".".join(_shown(part) for part in first["loc"] if part != "body") or "the body"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {first['msg']}{more}"


def _shown(part: str | int) -> str:
    """A field's name as far as a line can hold it: the caller chose it."""
    return "".join(each if each.isprintable() else "?" for each in str(part)[:LONGEST_NAME])


def _repeated(values: list[str]) -> str | None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
