"""One question on its way: what it asks, who is ranked for it, and what their texts show.

What is ranked for a question is shown to nobody as a slate, so no event records it. Knows neither HTTP nor Ray.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from components.language.answers.answer import Answer, extracted, in_words
from components.language.answers.asked import Asked, read_question
from components.language.answers.shown import Shown, Terms, shown_fields
from feature_repo.texts.text import analyze
from metier.contract import Surface
from metier.surfaces import surface_spec
from serving.engine import Engine
from serving.request.ranking import RankingRequest, Slate
from serving.request.trace import RequestTrace
from serving.stages import SOURCED, Stages

READ_AT_ONCE = 50
"""Candidates whose texts are gathered together: mostly the first ones show enough."""
MODEL_SHARE = 0.9
"""Of the time that a request has left, which a language model gets: on a busy machine the rest goes for the answer."""


@dataclass(frozen=True)
class Question:
    """A question about candidates, at most `k` of which the answer speaks of; `text` and `job_id` say whom to look at.

    `actor_id` is empty where a visitor asks, who has no account.
    """

    surface: Surface
    actor_id: str
    question: str
    k: int = 5
    job_id: str | None = None
    text: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    candidates: Sequence[str] = ()
    """Whom to look at, where the question itself names nobody; none: whom it finds."""


@dataclass(frozen=True)
class Look:
    """A question taken apart, and whom it looks at: no slate where it is refused as it stands."""

    question: Question
    asked: Asked
    stages: Stages
    slate: Slate | None
    now: datetime


def look(question: Question, engine: Engine, trace: RequestTrace) -> Look:
    """Take the question apart and rank for it; raises what ranking raises."""
    stages = engine.serving(question.surface)
    space = stages.candidates

    def known(words: Sequence[str]) -> list[bool]:
        return [row >= 0 for row in space.rows(words)]

    asked = read_question(question.question, question.surface, _terms_of(stages), engine.taxonomy, known)
    outside = [name for name in asked.named if question.candidates and name not in question.candidates]
    if outside:
        asked = replace(asked, refusal=f"{', '.join(outside)} is none of the candidates that are asked about")
    if asked.refusal is not None:
        return Look(question, asked, stages, None, engine.now())
    slate, stages = engine.slate(_request(question, asked), trace)
    return Look(question, asked, stages, slate, slate.event_timestamp)


def answered(looked: Look, engine: Engine, trace: RequestTrace) -> Answer:
    """The answer that the texts of the slate's candidates give, in the words of the language model if there is one."""
    question, stages, terms_of = looked.question, looked.stages, _terms_of(looked.stages)
    with trace.stage("evidence"):
        candidates = _shown(looked.slate, stages, terms_of) if looked.slate else iter(())
        answer = extracted(
            question.question,
            looked.asked,
            candidates,
            question.surface,
            most=question.k,
            embed=stages.bundle.encoder.encode,
            mentions=engine.taxonomy.mentions,
        )
    if engine.model is None or not answer.statements:
        return answer
    with trace.stage("model"), trace.waiting():
        deadline_s = min(engine.settings.llm_timeout_seconds, MODEL_SHARE * trace.remaining_ms / 1e3)
        answer = in_words(answer, question.question, engine.model, terms_of, deadline_s)
    if answer.degraded is not None:
        trace.degrade("language model", answer.degraded)
    return answer


def _request(question: Question, asked: Asked) -> RankingRequest:
    """Whom to look at: the candidates that are named, else those found by the question's text, its topic and its job.

    A text is read for what it asks, as a search is; of the question, which evidence has to meet, nothing is a filter.
    """
    searched = " ".join(part for part in (question.text, asked.topic) if part)
    named = asked.named or question.candidates
    searches = surface_spec(question.surface).retrieves and not named
    return RankingRequest(
        question.surface,
        question.actor_id,
        k=SOURCED,
        job_id=question.job_id,
        text=searched or None if searches else None,
        candidates=named or None,
        filters=question.filters,
        understand=None if question.text else False,
    )


def _terms_of(stages: Stages) -> Terms:
    return partial(analyze, language=stages.candidates.vectors.language)


def _shown(slate: Slate, stages: Stages, terms_of: Terms) -> Iterator[Shown]:
    """The slate's candidates in its order, read as they are needed."""
    space, columns = stages.candidates, shown_fields(stages.candidates.surface)
    ids = [entry.candidate_id for entry in slate.entries]
    for first in range(0, len(ids), READ_AT_ONCE):
        names = ids[first : first + READ_AT_ONCE]
        for name, version in zip(names, space.versions(space.rows(names), columns), strict=True):
            yield Shown.of(name, version, space.surface, terms_of)
