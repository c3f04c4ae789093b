"""The text of a request as a plan, and the limits of it that eligibility obeys.

A model may read it first, and the grammar where the model fails. A filter that the request states itself stands in the
place of the part that the text says of the same; parts that it ignores are left out. What fails here costs the plan,
never the request. Knows no candidate and no HTTP.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from components.language.query_model import ModelUnderstanding
from components.language.taxonomy import Taxonomy
from components.language.understanding import PARTS, Exchange, Grammar, Plan, Understanding
from components.language.understanding.plan_filters import filtered_parts, foreign_currencies, plan_filters
from feature_repo.inputs.reading import TextReader
from metier.errors import MetierError
from serving.request.ranking import RankingRequest, Understood
from serving.request.trace import RequestTrace

LOG = logging.getLogger(__name__)


class TextPlans:
    """Reads texts by an understanding; `exchange` makes US dollars of what they name. Safe to share between threads.

    `by_default`: whether a request is read that does not say. A `model` is asked first, for half of the time that a
    request has left, less where its ranking needs more; where it fails the understanding reads, and the trace says so.
    """

    def __init__(
        self,
        understanding: Understanding,
        taxonomy: Taxonomy,
        exchange: Exchange,
        by_default: bool = True,
        *,
        model: ModelUnderstanding | None = None,
    ) -> None:
        self._model = model
        self._understanding = understanding
        self._by_default = by_default
        self._taxonomy = taxonomy
        self._exchange = exchange

    def read(
        self, request: RankingRequest, trace: RequestTrace, now: datetime, reader: TextReader | None = None
    ) -> RankingRequest:
        """The request with what its text asks, and what rankers are not to read in it.

        `reader` reads texts for the rankers: where it understands them as this does, they are read once.

        UnknownNameError where the request ignores what is no part of a plan.
        """
        Plan().without(request.ignore)
        if not (request.text or "").strip():
            return request
        if not self._is_read(request):
            return replace(request, unread=PARTS)
        stated = filtered_parts(request.surface, [name for name, value in request.filters.items() if _is_asked(value)])
        request = replace(request, unread=tuple(dict.fromkeys((*request.ignore, *stated))))
        if not self._limits(request):
            return request
        with trace.stage("understand"):
            try:
                return replace(request, understood=self._understood(request, trace, now, reader))
            except Exception as error:  # the text is searched for as it stands
                _note_failure(error, trace)
                return request

    def asks_a_model(self, request: RankingRequest) -> bool:
        """Whether a model reads the text of the request, which takes longer than to rank for it."""
        has_text = bool((request.text or "").strip())
        return self._model is not None and has_text and self._is_read(request) and self._limits(request)

    def planned(self, request: RankingRequest, trace: RequestTrace) -> RankingRequest:
        """The request with the plan of its text, for which a model is waited for: `read` asks none any more."""
        with trace.stage("understand"):
            try:
                return replace(request, plan=self._plan(request, trace, None))
            except Exception as error:
                _note_failure(error, trace)
                return replace(request, plan=Plan(text=request.text or ""))

    def _is_read(self, request: RankingRequest) -> bool:
        return self._by_default if request.understand is None else request.understand

    def _limits(self, request: RankingRequest) -> bool:
        """Whether a text leaves anybody out: of candidates that the caller names, none."""
        return not request.names_candidates

    def _plan(self, request: RankingRequest, trace: RequestTrace, reader: TextReader | None) -> Plan:
        text = request.text or ""
        if request.plan is not None:
            return request.plan
        if self._model is not None:
            within_ms = min(trace.remaining_ms / 2, trace.remaining_ms - trace.set_aside_ms)
            try:
                with trace.waiting():
                    return self._model.plan(text, request.surface, within_s=within_ms / 1e3)
            except MetierError as error:
                trace.degrade("query model", str(error))
        if (
            reader is not None
            and isinstance(reader.understanding, Grammar)
            and reader.understanding.reads_as(self._understanding)
        ):
            return reader.plan(text)
        return self._understanding.plan(text, request.surface)

    def _understood(
        self, request: RankingRequest, trace: RequestTrace, now: datetime, reader: TextReader | None
    ) -> Understood:
        read = self._plan(request, trace, reader)
        said = {part for part, _ in read.asked()}
        left_out = [part for part in request.unread if part in said]
        plan = read.without(left_out)
        used = {code: self._exchange.usd[code] for code in foreign_currencies(plan) if code in self._exchange.usd}
        return Understood(
            plan=plan,
            filters=plan_filters(plan, request.surface, self._taxonomy, self._exchange, now),
            skills=self._skills(plan),
            left_out=left_out,
            exchange=Exchange(self._exchange.as_of, used),
        )

    def _skills(self, plan: Plan) -> list[tuple[str, str, str]]:
        needs: Mapping[str, Sequence[str]] = {"must": plan.must, "nice": plan.nice, "not": plan.not_}
        return [(skill, self._taxonomy.label(skill), need) for need, skills in needs.items() for skill in skills]


def _note_failure(error: Exception, trace: RequestTrace) -> None:
    LOG.warning("a text was not understood", exc_info=True)
    trace.degrade("understanding", f"failed ({type(error).__name__})")


def _is_asked(value: Any) -> bool:
    return value is not None and value != []
