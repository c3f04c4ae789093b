"""Bodies of the ranking routes and their response, and the bounds that bad input meets before any work is done.

Knows no stage: bodies turn into plain requests, and slates into responses.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, FiniteFloat, model_validator

from components.language.reasons import in_words
from components.language.understanding import PARTS
from metier.contract import Surface
from metier.stored import as_plain
from metier.texts.fields import ALL_NAMING, Id, IdText, LongText, Model, ShortText
from serving.events.versions import plain_text
from serving.http.fields import Plain, named_values
from serving.http.filter_schema import JobFilterValues, PersonFilterValues
from serving.request.ranking import Promoted, RankingRequest, Slate, SlateEntry, Understood
from serving.request.trace import RequestTrace

MOST_CANDIDATES = 1_000
_SKILLS = ("must", "nice", "not_")


class PromotedPlacement(Model):
    """A paid placement; it must be eligible and relevant enough to be shown, and is marked."""

    candidate_id: Id
    rank: Annotated[int, Field(ge=1, le=100)]


class RankingBody(Model):
    """What every ranking route understands."""

    actor_id: Annotated[Id | None, Field(description="who asks; null or absent for a visitor without an account")] = (
        None
    )
    k: Annotated[int, Field(ge=1, le=100, description="entries wanted")] = 20
    deadline_ms: Annotated[FiniteFloat, Field(ge=1, le=60_000)] = 150.0
    query_id: Annotated[
        Id | None,
        Field(description="made by the caller, one a slate: sent again, the same slate is answered and recorded once"),
    ] = None
    session_id: Id | None = None
    context: Annotated[
        dict[ShortText, Plain], Field(max_length=50), named_values(lambda _: "a text, a number, a boolean or null")
    ] = Field(default_factory=dict)
    promoted: Annotated[list[PromotedPlacement], Field(max_length=10)] = Field(default_factory=list)
    exclude: Annotated[list[IdText], Field(max_length=MOST_CANDIDATES, description="already seen"), ALL_NAMING] = Field(
        default_factory=list
    )
    explain: Annotated[int, Field(ge=0, le=10, description="entries to give reasons for")] = 0
    outcomes: Annotated[
        bool, Field(description="whether entries say what may come of them, where scores are probabilities")
    ] = False
    timings: bool = False

    def to_request(self, surface: Surface) -> RankingRequest:
        """The request as the stages take it."""
        shared = RankingRequest.__dataclass_fields__.keys() & type(self).model_fields.keys()
        values = {name: getattr(self, name) for name in shared}
        if values.get("text") is not None:
            values["text"] = plain_text(values["text"])
        promoted = [Promoted(placement.candidate_id, placement.rank) for placement in self.promoted]
        return RankingRequest(**{**values, "actor_id": self.actor_id or "", "surface": surface, "promoted": promoted})


class SearchBody(RankingBody):
    """What a route understands that searches with a text."""

    text: LongText | None = None
    understand: Annotated[
        bool | None, Field(description="whether the text is read for what it asks; null: as METIER_UNDERSTAND says")
    ] = None
    ignore: Annotated[
        list[ShortText], Field(max_length=50, description=f"parts of the plan to leave out: {', '.join(PARTS)}")
    ] = Field(default_factory=list)


class TalentSearch(SearchBody):
    """A client looks for people, for a job, by text, or both."""

    job_id: Id | None = None
    filters: PersonFilterValues = Field(default_factory=dict)

    @model_validator(mode="after")
    def _require_job_or_text(self) -> "TalentSearch":
        if self.job_id is None and not (self.text or "").strip():
            raise ValueError("give job_id, text or both")
        return self


class JobFeed(SearchBody):
    """A freelancer's feed, or search with a text."""

    filters: JobFilterValues = Field(default_factory=dict)


class ApplicantReview(RankingBody):
    """The open applicants of a job."""

    actor_id: Id
    job_id: Id


class Rank(RankingBody):
    """The caller's own candidates."""

    surface: Surface
    candidates: Annotated[list[IdText], Field(min_length=1, max_length=MOST_CANDIDATES), ALL_NAMING]
    job_id: Id | None = None
    text: LongText | None = None

    @model_validator(mode="after")
    def _usable(self) -> "Rank":
        repeated = _repeated(self.candidates)
        if repeated is not None:
            raise ValueError(f"candidate {repeated!r} is listed twice; list each once")
        if self.surface == "applicant_review" and None in (self.job_id, self.actor_id):
            raise ValueError("applicant_review needs actor_id and job_id")
        return self


class Reason(BaseModel):
    """What a topic adds to the score that ordered the candidate, every ranker counting by its weight.

    `feature` is the one of the topic that moved the score most that way; `words` say what it is of this candidate.
    """

    topic: str
    feature: str
    adds: float
    words: str


class RankedCandidate(BaseModel):
    """One candidate of a slate; what its score is, `score_is` of the answer says."""

    candidate_id: str
    rank: int
    score: float
    placement: str
    reasons: list[Reason] | None = None
    outcomes: Annotated[
        dict[str, float] | None,
        Field(
            description="probability that this candidate, shown at this rank, comes so far as each outcome or farther "
            "(click, then apply or invite, accept, hire), within its days; of those that came as far as one, the share "
            "that goes on to the next is the quotient. null where not asked for, and where scores only order"
        ),
    ] = None


class PlannedSkill(BaseModel):
    """A skill of the taxonomy, and whether it is a must, nice to have or a must-not."""

    id: str
    label: str
    need: str


class PlannedSpan(BaseModel):
    """The characters [start, end) of the text that gave `value` to `part`."""

    part: str
    value: str
    start: int
    end: int


class RequestPlan(BaseModel):
    """What the text was understood to ask.

    `parts` are all but skills; `filters` are those that eligibility obeyed, sums in US dollars by `usd_per_unit` of the
    table `exchange_as_of`; `text` was not understood; `left_out` are parts that the request ignored or stated itself.
    """

    skills: list[PlannedSkill]
    parts: dict[str, Any]
    filters: dict[str, Any]
    text: str
    spans: list[PlannedSpan]
    left_out: list[str]
    exchange_as_of: str | None = None
    usd_per_unit: dict[str, float] | None = None

    @classmethod
    def of(cls, understood: Understood) -> "RequestPlan":
        plain = as_plain(understood.plan)
        exchange = understood.exchange
        return cls(
            skills=[PlannedSkill(id=skill, label=label, need=need) for skill, label, need in understood.skills],
            parts={part: plain[part] for part, _ in understood.plan.asked() if part not in _SKILLS},
            filters=dict(understood.filters),
            text=understood.plan.text,
            spans=[PlannedSpan(**span) for span in plain["spans"]],
            left_out=list(understood.left_out),
            exchange_as_of=exchange.as_of if exchange.usd else None,
            usd_per_unit=dict(exchange.usd) or None,
        )


class RankingResponse(BaseModel):
    """A slate, what ranked it, and what it does without.

    `dropped` counts by reason who is not shown: of all candidates, or of those that the request gave. `unknown` are
    the candidates and placements of the request that nobody knows. `plan` is what the text was understood to ask.
    """

    query_id: str
    surface: str
    as_of: datetime
    slate: list[RankedCandidate]
    bundle: str
    snapshot_version: str
    tier: str
    degraded: list[str]
    dropped: dict[str, int]
    unknown: list[str]
    considered: int
    score_is: Annotated[
        Literal["probability", "order"],
        Field(
            description="probability: a score is the probability of a click or better were the candidate shown first, "
            "calibrated on slates that were logged. order: a score only orders this slate and is no probability. That "
            "is so of tiers other than the ensemble, of a ranker that learned from interactions without impressions, "
            "of bundles that were trained before ranks were calibrated, and of candidates that the caller gave"
        ),
    ]
    plan: RequestPlan | None = None
    timings_ms: dict[str, float] | None = None


def response(
    body: RankingBody, slate: Slate, trace: RequestTrace, *, surface: Surface, bundle: str, snapshot_version: str
) -> RankingResponse:
    """What a ranking route answers to `body`."""
    return RankingResponse(
        query_id=slate.query_id,
        surface=surface,
        as_of=slate.event_timestamp,
        slate=[_ranked_candidate(surface, entry, explained=entry.rank <= body.explain) for entry in slate.entries],
        bundle=bundle,
        snapshot_version=snapshot_version,
        tier=slate.tier,
        degraded=trace.degraded,
        dropped=dict(slate.dropped),
        unknown=list(slate.unknown),
        considered=slate.considered,
        score_is="probability" if slate.tells_probability else "order",
        plan=None if slate.understood is None else RequestPlan.of(slate.understood),
        timings_ms={**trace.timings_ms, "total": trace.elapsed_ms} if body.timings else None,
    )


def _ranked_candidate(surface: Surface, entry: SlateEntry, explained: bool) -> RankedCandidate:
    reasons = [
        Reason(
            topic=reason.topic,
            feature=reason.feature,
            adds=reason.adds,
            words=in_words(surface, reason.feature, reason.value),
        )
        for reason in entry.reasons
    ]
    return RankedCandidate(
        candidate_id=entry.candidate_id,
        rank=entry.rank,
        score=entry.score,
        placement=entry.placement,
        reasons=reasons if explained else None,
        outcomes=None if entry.outcomes is None else dict(entry.outcomes),
    )


def _repeated(values: list[str]) -> str | None:
    if len(set(values)) == len(values):
        return None
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
