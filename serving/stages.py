"""The request path of one surface: hydrate the actor, filter, source, score by the ladder, select.

Retrieval, features, rankers and blend in one process. Unknown ids are errors of the caller; whatever else fails costs
a tier and is named in the trace. Knows neither HTTP nor Ray, and writes nothing.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from components.releases import Bundle
from components.retrieval import Eligibility
from components.retrieval.questions import Question
from feature_repo.hydrate import Read, query_features
from feature_repo.inputs.encoded import QueryColumns
from metier.errors import MetierError, NotFoundError, RankerError, RestingStoreError
from serving.actor import Actor, hydrated, request_row
from serving.candidates.online import read_online
from serving.candidates.snapshot import ReleaseSnapshot, Rows
from serving.candidates.space import CandidateSpace
from serving.request.ladder import TierScores, score_by_ladder
from serving.request.ranking import RankingRequest, Slate, SlateEntry
from serving.request.trace import Pace, RequestTrace
from serving.select import ranked_entries

LOG = logging.getLogger(__name__)
SOURCED = 500
"""Candidates that retrieval hands to the rankers."""

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """Candidates to score: rows of `among`, and their scores (n,) where retrieval was asked."""

    among: CandidateSpace
    ids: list[str]
    rows: Rows
    allowed: npt.NDArray[np.bool_]
    retrieval: Scores | None = None


class Stages:
    """One bundle with its candidates; `read` answers with the online store's values. Safe to share between threads."""

    def __init__(self, bundle: Bundle, candidates: CandidateSpace, read: Read, pace: Pace | None = None) -> None:
        self.bundle = bundle
        self.candidates = candidates
        self.pace = pace or Pace()
        self._read = read
        self._counts = bundle.manifest.candidate_counts

    @property
    def snapshot(self) -> ReleaseSnapshot:
        """The candidates that were released."""
        return self.candidates.base

    def answer(self, request: RankingRequest, trace: RequestTrace, now: datetime) -> Slate:
        """The slate for `request`; NotFoundError for an unknown actor, job or candidate, InputError for bad filters."""
        with trace.stage("hydrate"):
            actor = hydrated(request, trace, now, self.candidates.vectors, self._read, self.bundle.encoder)
        with trace.stage("filter"):
            eligible = self.candidates.eligibility(request)
        with trace.stage("source"):
            found = self._source(request, actor, eligible, trace, now)
        with trace.stage("score"):
            matrix = _Once(lambda: self._inputs(request, actor, found, now))
            scored = self._score(request, actor, found, matrix, trace)
        with trace.stage("select"):
            agencies = found.among.agencies(found.rows)
            entries = ranked_entries(request, found.ids, scored.score, agencies, found.allowed)
            features = matrix() if entries and scored.tier in ("ensemble", "xgboost") else None
            shown = self._with_features(entries, features, request.explain, trace)
        return Slate(uuid.uuid4().hex, now, shown, scored.tier, dict(eligible.dropped), len(found.ids))

    def warm_up(self, now: datetime) -> None:
        """Run every part once, for nobody in particular and a few candidates: what loads lazily loads here.

        Where the online store fails, the parts that need it load with the first request that it answers. A ranker may
        have no score for nobody, and an endpoint of the user's own may be down: as in a request, that stops nothing.
        """
        ensemble = self.bundle.ensemble
        request, rows = RankingRequest(self.candidates.surface, ""), np.arange(min(50, len(self.candidates)))
        self.bundle.encoder.encode_queries(["warm"])
        self.candidates.find(Question("warm", None, None), 10)
        try:
            row = query_features(request.surface, request_row(request, now), self._read)
        except Exception as error:
            if isinstance(error, MetierError) and not isinstance(error, RestingStoreError):
                raise
            LOG.warning("the online store failed while %s warmed up", request.surface, exc_info=True)
            return
        columns = QueryColumns.encode(request.surface, row, self.candidates.vectors)
        features = self.candidates.inputs(columns, rows, self._counts, None, now)
        try:
            ensemble.score(features)
        except RankerError:
            LOG.warning("a ranker of %s gave no scores while it warmed up", request.surface, exc_info=True)
        self._popularity(self.candidates, rows, Actor(row, columns, None))

    def _source(
        self, request: RankingRequest, actor: Actor, eligible: Eligibility, trace: RequestTrace, now: datetime
    ) -> Found:
        if request.candidates is not None:
            return self._given(request, eligible, trace, now)
        if request.surface == "applicant_review":
            rows, score = np.flatnonzero(eligible.mask), None
        else:
            rows, score = self._retrieved(actor, eligible, trace)
            extra = np.setdiff1d(self._promoted(request), rows)
            rows = np.append(rows, extra)
            score = None if score is None else np.append(score, np.zeros(len(extra)))
        return Found(self.candidates, self.candidates.at(rows), rows, eligible.mask[rows], score)

    def _promoted(self, request: RankingRequest) -> Rows:
        paid = [each.candidate_id for each in request.promoted]
        rows = self.candidates.rows(paid)
        absent = [candidate for candidate, row in zip(paid, rows, strict=True) if row < 0]
        if absent:
            raise NotFoundError(f"unknown candidate {absent[0]!r}; PUT it first")
        return rows

    def _given(self, request: RankingRequest, eligible: Eligibility, trace: RequestTrace, now: datetime) -> Found:
        """The caller's candidates; what neither release nor change log holds is read through Feast."""
        wanted = list(dict.fromkeys([*(request.candidates or ()), *(each.candidate_id for each in request.promoted)]))
        among, allowed, rows = self.candidates, eligible.mask, self.candidates.rows(wanted)
        absent = [candidate for candidate, row in zip(wanted, rows, strict=True) if row < 0]
        if absent:
            among = self._with_misses(absent, trace, now)
            allowed, rows = among.eligibility(request).mask, among.rows(wanted)
        ids = [candidate for candidate, row in zip(wanted, rows, strict=True) if row >= 0]
        rows = rows[rows >= 0]
        return Found(among, ids, rows, allowed[rows])

    def _with_misses(self, absent: list[str], trace: RequestTrace, now: datetime) -> CandidateSpace:
        candidates = self.candidates
        try:
            return candidates.joined(read_online(candidates.base, absent, now, candidates.vectors, self._read))
        except NotFoundError:
            raise
        except Exception as error:  # the store is down: they are left out, the request goes on
            LOG.warning("the online store failed", exc_info=True)
            trace.degrade("new candidates", f"the online store failed ({type(error).__name__})")
            return candidates

    def _retrieved(self, actor: Actor, eligible: Eligibility, trace: RequestTrace) -> tuple[Rows, Scores | None]:
        """Rows and scores of what retrieval finds, topped up with what is popular where it finds too little.

        No scores where there was nothing to request with, or retrieval failed.
        """
        rows, score, answered = np.empty(0, np.int64), np.empty(0), False
        if actor.question is not None:
            try:
                (rows, score), answered = self.candidates.find(actor.question, SOURCED, eligible.mask), True
            except Exception as error:  # the index failed: popularity stands in
                LOG.warning("retrieval failed", exc_info=True)
                trace.degrade("retrieval", f"failed ({type(error).__name__})")
        wanted = min(SOURCED, int(eligible.mask.sum())) - len(rows)
        if wanted > 0:
            rest = np.setdiff1d(np.flatnonzero(eligible.mask), rows)
            popular = rest[np.argsort(-self._popularity(self.candidates, rest, actor), kind="stable")[:wanted]]
            rows, score = np.append(rows, popular), np.append(score, -1.0 - np.arange(len(popular)))
        return rows, score if answered else None

    def _score(
        self, request: RankingRequest, actor: Actor, found: Found, matrix: "_Once", trace: RequestTrace
    ) -> TierScores:
        ensemble = self.bundle.ensemble
        tiers: dict[str, Callable[[], npt.NDArray]] = {}
        if actor.columns is not None:
            tiers["ensemble"] = lambda: ensemble.score(matrix())
            if "xgboost" in ensemble.rankers:
                tiers["xgboost"] = lambda: ensemble.rankers["xgboost"].score(matrix())
        retrieved, question = found.retrieval, actor.question
        if retrieved is not None:
            tiers["retrieval"] = lambda: retrieved
        elif _named(request) and found.among is self.candidates and question is not None:
            tiers["retrieval"] = lambda: self._by_retrieval(question, found)
        tiers["popularity"] = lambda: self._popularity(found.among, found.rows, actor)
        ready = () if retrieved is None else ("retrieval",)
        return score_by_ladder(tiers, len(found.ids), trace, self.pace, ready)

    def _inputs(self, request: RankingRequest, actor: Actor, found: Found, now: datetime) -> Floats:
        """Model inputs (n_candidates, n_features)."""
        if actor.columns is None:
            raise NotFoundError(f"no features of {request.actor_id!r} are at hand")
        return found.among.inputs(actor.columns, found.rows, self._counts, request.job_id, now)

    def _by_retrieval(self, question: Question, found: Found) -> Scores:
        mask = np.zeros(len(self.candidates), np.bool_)
        mask[found.rows] = True
        rows, score = self.candidates.find(question, len(found.rows), mask)
        given = np.full(len(self.candidates), -1.0)
        given[rows] = score
        return given[found.rows]

    def _popularity(self, among: CandidateSpace, rows: Rows, actor: Actor) -> Scores:
        """Popularity of rows, the category of who asks (or of the job asked for) first."""
        view = "freelancer_profile" if among.surface == "job_feed" else "job_profile"
        return among.popularity(rows, actor.category(view))

    def _with_features(
        self, entries: list[tuple[int, SlateEntry]], features: Floats | None, explain: int, trace: RequestTrace
    ) -> list[SlateEntry]:
        """Entries with the features they were scored by, and reasons for the first `explain`."""
        if features is None:
            return [entry for _, entry in entries]
        shown = [replace(entry, features=features[place]) for place, entry in entries]
        try:
            told = self.bundle.ensemble.reasons(features[[place for place, _ in entries[:explain]]])
        except Exception as error:  # the slate stands without them
            LOG.warning("no reasons could be given", exc_info=True)
            trace.degrade("reasons", f"failed ({type(error).__name__})")
            told = []
        return [replace(entry, reasons=why) for entry, why in zip(shown, told, strict=False)] + shown[len(told) :]


class _Once:
    """A value computed when first asked for; an error is raised again each time."""

    def __init__(self, compute: Callable[[], Floats]) -> None:
        self._compute = compute
        self._value: Floats | None = None

    def __call__(self) -> Floats:
        if self._value is None:
            self._value = self._compute()
        return self._value


def _named(request: RankingRequest) -> bool:
    """Whether the request itself says which candidates: the caller's own, or the applicants of a job."""
    return request.candidates is not None or request.surface == "applicant_review"
