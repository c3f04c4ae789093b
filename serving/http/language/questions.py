"""The body of a question and its answer, and the bounds that bad input meets before any work is done.

Knows no stage: bodies turn into plain questions, and answers into responses.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat, StringConstraints, model_validator

from components.language.answers.answer import Answer
from metier.contract import Surface
from metier.surfaces import surface_spec
from metier.texts.fields import Id, LongText, Model
from serving.events.versions import plain_text
from serving.http.filter_schema import CandidateFilterValues
from serving.language.asking import Look, Question
from serving.request.trace import RequestTrace

MOST_ABOUT = 20
QuestionText = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]


class Ask(Model):
    """A question about candidates: those that it names by id, else those that its text, its topic and its job find."""

    question: QuestionText
    surface: Surface = "talent_search"
    actor_id: Annotated[Id | None, Field(description="who asks; null or absent for a visitor without an account")] = (
        None
    )
    job_id: Id | None = None
    text: Annotated[LongText | None, Field(description="searches candidates before the question is asked")] = None
    filters: CandidateFilterValues = Field(default_factory=dict)
    k: Annotated[int, Field(ge=1, le=MOST_ABOUT, description="candidates that the answer may speak of")] = 5
    deadline_ms: Annotated[FiniteFloat, Field(ge=1, le=60_000)] = 3_000.0
    timings: bool = False

    @model_validator(mode="after")
    def _usable(self) -> "Ask":
        if not surface_spec(self.surface).retrieves:
            if None in (self.job_id, self.actor_id):
                raise ValueError(f"{self.surface} needs actor_id and job_id")
            if self.text or self.filters:
                raise ValueError(f"{self.surface} looks at the applicants of job_id; leave out text and filters")
        if surface_spec(self.surface).shows_jobs and self.job_id is not None:
            raise ValueError("job_feed takes no job_id; name the job in the question")
        return self

    def to_question(self) -> Question:
        """The question, personal data masked."""
        text = None if self.text is None else plain_text(self.text)
        return Question(
            self.surface,
            self.actor_id or "",
            plain_text(self.question),
            k=self.k,
            job_id=self.job_id,
            text=text,
            filters=self.filters,
        )


class Cited(BaseModel):
    """Characters `start` to `end` of what the candidate shows in `field`: exactly `quote`."""

    candidate_id: str
    field: str
    start: int
    end: int
    quote: str


class Said(BaseModel):
    """One sentence of the answer, and the spans that support it."""

    text: str
    citations: list[Cited]


class LookedAt(BaseModel):
    """How many candidates' texts were searched, and which words of the question none of them shows."""

    candidates: int
    missing: list[str]


class AskResponse(BaseModel):
    """An answer whose every sentence is supported by its citations; none, and the reason, where nothing supports one.

    `model` is the language model that put it into words, absent where it is the evidence itself.
    """

    surface: str
    as_of: datetime
    answered: bool
    answer: str
    sentences: list[Said]
    looked_at: LookedAt
    reason: str | None = None
    model: str | None = None
    bundle: str
    snapshot_version: str
    tier: str | None = None
    degraded: list[str]
    timings_ms: dict[str, float] | None = None


def response(body: Ask, looked: Look, answer: Answer, model: str | None, trace: RequestTrace) -> AskResponse:
    """What `POST /v1/ask` answers to `body`."""
    sentences = [
        Said(text=statement.text, citations=[Cited(**vars(citation)) for citation in statement.citations])
        for statement in answer.statements
    ]
    return AskResponse(
        surface=body.surface,
        as_of=looked.now,
        answered=bool(sentences),
        answer=answer.text,
        sentences=sentences,
        looked_at=LookedAt(candidates=answer.looked_at, missing=list(answer.missing)),
        reason=answer.reason,
        model=model,
        bundle=looked.stages.bundle.version,
        snapshot_version=looked.stages.candidates.version,
        tier=None if looked.slate is None else looked.slate.tier,
        degraded=trace.degraded,
        timings_ms={**trace.timings_ms, "total": trace.elapsed_ms} if body.timings else None,
    )
