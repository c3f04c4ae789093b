"""The request path of one surface: hydrate the actor, filter, source, score by the ladder, select.

All in one process. An unknown actor or job is the caller's error, unknown candidates are named in the slate; whatever
else fails costs a tier and is named in the trace. Knows neither HTTP nor Ray, and writes nothing.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import numpy.typing as npt

from components.releases import Bundle
from components.releases.unranked import Unranked
from components.retrieval import Eligibility
from components.retrieval.questions import Question
from feature_repo.hydrate import HELD_AS_OF, Reads, newer_windows
from feature_repo.inputs.transforms import require_computed
from metier.errors import NotFoundError
from metier.surfaces import surface_spec
from serving.actor import Actor, Encodings, hydrate_actor
from serving.candidates.clients import ChangedClients
from serving.candidates.named import NamedCandidates, SourcedCandidates
from serving.candidates.online import read_online
from serving.candidates.snapshot import ReleaseSnapshot, Rows
from serving.candidates.space import CandidateSpace
from serving.exploration.explore import Scored, explored
from serving.request.ladder import LADDER, RETRIEVAL, SELECT, TierScores, fits, score_by_ladder, scores_of
from serving.request.outcomes import tells_probability, with_outcomes
from serving.request.ranking import RankingRequest, Slate
from serving.request.reasons import READ_FEATURES, with_features
from serving.request.trace import Pace, RequestTrace
from serving.select import ranked_entries

LOG = logging.getLogger(__name__)
SOURCED = 500
"""Candidates that retrieval hands to the rankers."""
COVISITED = 100
"""Of these, at most so many that others turned to with what the actor turned to."""

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Inputs = Callable[[], Floats]


@dataclass(frozen=True)
class Considered:
    """What a request is about once its candidates are found; `inputs` computes theirs when first asked."""

    request: RankingRequest
    now: datetime
    actor: Actor
    sourced: SourcedCandidates
    inputs: Inputs
    dropped: Mapping[str, int]
    unknown: list[str]


class Stages:
    """One bundle, or what stands for it where nothing was trained, with its candidates. Safe to share between threads.

    `reads` ask for the online store's values; `clients` are those of the change log.
    """

    def __init__(
        self,
        bundle: Bundle | Unranked,
        candidates: CandidateSpace,
        reads: Reads,
        pace: Pace | None = None,
        clients: ChangedClients | None = None,
    ) -> None:
        self.bundle = bundle
        self.candidates = candidates
        self.pace = pace or Pace()
        self.reads = reads
        self._clients = clients or ChangedClients()
        self._encodings = Encodings(candidates.vectors)
        self.ranked = None if isinstance(bundle, Unranked) else bundle
        """The bundle, where it has rankers."""
        if self.ranked is not None:
            require_computed(candidates.surface, self.ranked.manifest.feature_names)

    @property
    def snapshot(self) -> ReleaseSnapshot:
        """The candidates that were released."""
        return self.candidates.base

    def with_bundle(self, bundle: Bundle, candidates: CandidateSpace) -> "Stages":
        """Stages of another bundle over its candidates, for the same actors."""
        return Stages(bundle, candidates, self.reads, clients=self._clients)

    def answer(self, request: RankingRequest, trace: RequestTrace, now: datetime) -> Slate:
        """The slate for `request`; NotFoundError for an unknown actor or job, InputError for bad filters."""
        trace.surface = request.surface
        considered = self.consider(request, trace, now)
        with trace.stage("score"):
            tiers, ready = self._tiers(considered)
            scored = score_by_ladder(tiers, len(considered.sourced.ids), trace, self.pace, ready)
        with trace.stage(SELECT):
            slate = self._slate(considered, scored, scored.tier in READ_FEATURES, trace)
        if not (request.explain or request.outcomes):
            self.pace.learn(SELECT, trace.candidates, trace.timings_ms[SELECT])
        return slate

    def by_tier(self, request: RankingRequest, trace: RequestTrace, now: datetime) -> dict[str, Slate]:
        """The slate of every tier over the same candidates, whatever the time, the best tier first.

        Errors as `answer`; a tier that fails is left out and named in the trace. Where a tier scores by features, the
        entries of all have them.
        """
        return self.every_tier(self.consider(request, trace, now), trace)

    def every_tier(self, considered: Considered, trace: RequestTrace) -> dict[str, Slate]:
        """As `by_tier`, of candidates that were found."""
        tiers, _ = self._tiers(considered)
        scored = {tier: scores_of(tier, tiers[tier], trace) for tier in LADDER if tier in tiers}
        by_features = any(scored.get(tier) is not None for tier in READ_FEATURES)
        return {
            tier: self._slate(considered, TierScores(scores, tier), by_features, trace)
            for tier, scores in scored.items()
            if scores is not None
        }

    def consider(self, request: RankingRequest, trace: RequestTrace, now: datetime) -> Considered:
        """Hydrate the actor, filter and find candidates; errors as `answer`."""
        with trace.stage("hydrate"):
            read = self._clients.over(self.reads.row)
            actor = hydrate_actor(request, trace, now, read, self.bundle, self._encodings)
        with trace.stage("filter"):
            named = self._named(request, trace, now)
            among = None if request.candidates is None else named.rows
            eligible = named.space.eligibility(request, among)
        with trace.stage("source"):
            sourced = self._source(request, actor, named, eligible, trace)
        inputs = cache(lambda: self._inputs(request, actor, sourced, now))
        unknown = {"unknown": len(named.unknown)} if named.unknown else {}
        return Considered(request, now, actor, sourced, inputs, {**eligible.dropped, **unknown}, named.unknown)

    def _slate(self, considered: Considered, scored: TierScores, by_features: bool, trace: RequestTrace) -> Slate:
        request, sourced = considered.request, considered.sourced
        held = considered.actor.row.get(HELD_AS_OF, {})
        agencies = sourced.space.agencies(sourced.rows)
        ranked = ranked_entries(request, sourced.ids, scored.scores, agencies, sourced.eligible)
        shown = explored(request, ranked, Scored(sourced, scored.scores, agencies))
        trace.exploration_loss = shown.loss
        entries, told = [entry for _, entry in shown.entries], False
        if entries and self.ranked is not None and by_features:
            features = considered.inputs()[[position for position, _ in shown.entries]]
            entries = with_features(entries, features, self.ranked, scored.tier, request.explain, trace)
            told = tells_probability(request, scored.tier, self.ranked)
            if told and request.outcomes:
                entries = with_outcomes(entries, features, self.ranked, trace)
        return Slate(
            query_id=request.query_id or uuid.uuid4().hex,
            event_timestamp=considered.now,
            entries=entries,
            tier=scored.tier,
            dropped=considered.dropped,
            considered=len(sourced.ids),
            unknown=considered.unknown,
            tells_probability=told,
            understood=request.understood,
            reading={**request.reading, **newer_windows(held, self.snapshot.released_at)},
            variant=shown.variant,
        )

    def _named(self, request: RankingRequest, trace: RequestTrace, now: datetime) -> NamedCandidates:
        """What the request names; those that neither release nor change log holds are read online."""
        placed = (placement.candidate_id for placement in request.promoted)
        ids = list(dict.fromkeys([*(request.candidates or ()), *placed]))
        space, rows = self.candidates, self.candidates.rows(ids)
        if request.candidates is not None and (rows < 0).any():
            space = self._with_online([ids[position] for position in np.flatnonzero(rows < 0)], trace, now)
            rows = space.rows(ids)
        if (rows >= 0).all():
            return NamedCandidates(space, ids, rows, [])
        unknown = [candidate for candidate, row in zip(ids, rows, strict=True) if row < 0]
        known = [candidate for candidate, row in zip(ids, rows, strict=True) if row >= 0]
        return NamedCandidates(space, known, rows[rows >= 0], unknown)

    def _with_online(self, absent: list[str], trace: RequestTrace, now: datetime) -> CandidateSpace:
        candidates = self.candidates
        try:
            part = read_online(candidates.base, absent, now, candidates.vectors, self.reads.table)
        except Exception as error:  # the store is down: they are left out, the request goes on
            LOG.warning("the online store failed", exc_info=True)
            trace.degrade("new candidates", f"the online store failed ({type(error).__name__})")
            return candidates
        return candidates if part is None else candidates.joined(part)

    def _source(
        self,
        request: RankingRequest,
        actor: Actor,
        named: NamedCandidates,
        eligible: Eligibility,
        trace: RequestTrace,
    ) -> SourcedCandidates:
        rows, scores, ids = named.rows, None, named.ids
        if not request.names_candidates:
            rows, scores = self._retrieve(actor, eligible, trace)
            promoted = np.setdiff1d(named.rows, rows)
            rows = np.append(rows, promoted)
            scores = None if scores is None else np.append(scores, np.zeros(len(promoted)))
        elif request.candidates is None:
            rows = np.flatnonzero(eligible.mask)
        if rows is not named.rows:
            ids = named.space.ids_at(rows)
        return SourcedCandidates(named.space, ids, rows, eligible.mask[rows], scores)

    def _retrieve(self, actor: Actor, eligible: Eligibility, trace: RequestTrace) -> tuple[Rows, Scores | None]:
        """Rows and scores of what retrieval finds, topped up with what is popular where it finds too little.

        No scores where there was nothing to search with, no time for it, or retrieval failed.
        """
        rows, scores, retrieved = np.empty(0, np.int64), np.empty(0), False
        if actor.question is not None and fits(RETRIEVAL, SOURCED, trace, self.pace):
            begun = trace.elapsed_ms
            try:
                (rows, scores), retrieved = self.candidates.search(actor.question, SOURCED, eligible.mask), True
                rows, scores = self._with_covisited(actor, eligible, rows, scores)
                self.pace.learn(RETRIEVAL, SOURCED, trace.elapsed_ms - begun)
            except Exception as error:  # the index failed: popularity stands in
                LOG.warning("retrieval failed", exc_info=True)
                trace.degrade(RETRIEVAL, f"failed ({type(error).__name__})")
        missing = min(SOURCED, int(eligible.mask.sum())) - len(rows)
        if missing > 0:
            unretrieved = np.setdiff1d(np.flatnonzero(eligible.mask), rows)
            popularity = self._popularity(self.candidates, unretrieved, actor)
            popular = unretrieved[np.argsort(-popularity, kind="stable")[:missing]]
            rows, scores = np.append(rows, popular), np.append(scores, -1.0 - np.arange(len(popular)))
        return rows, scores if retrieved else None

    def _with_covisited(self, actor: Actor, eligible: Eligibility, rows: Rows, scores: Scores) -> tuple[Rows, Scores]:
        """What was found, and behind it, in place of the last of SOURCED, what others turned to with the actor's past.

        Only where a freelancer's own past is what is searched with: a typed text says itself what is wanted.
        """
        if actor.columns is None or not surface_spec(self.candidates.surface).shows_jobs or actor.has_typed:
            return rows, scores
        near = self.candidates.covisited(actor.columns.past.identity[0], COVISITED)
        near = near[eligible.mask[near] & ~np.isin(near, rows)]
        kept = SOURCED - len(near)
        return np.append(rows[:kept], near), np.append(scores[:kept], np.zeros(len(near)))

    def _tiers(self, considered: Considered) -> tuple[dict[str, Callable[[], npt.NDArray]], tuple[str, ...]]:
        """What scores the candidates, by tier, and the tiers whose scores are there already."""
        actor, sourced, inputs = considered.actor, considered.sourced, considered.inputs
        tiers: dict[str, Callable[[], npt.NDArray]] = {}
        if self.ranked is not None and actor.columns is not None:
            ensemble = self.ranked.ensemble
            tiers["ensemble"] = lambda: ensemble.score(inputs())
            if "xgboost" in ensemble.rankers:
                tiers["xgboost"] = lambda: ensemble.score_alone("xgboost", inputs())
        retrieved, question = sourced.retrieval_scores, actor.question
        if retrieved is not None:
            tiers[RETRIEVAL] = lambda: retrieved
        elif considered.request.names_candidates and sourced.space is self.candidates and question is not None:
            tiers[RETRIEVAL] = lambda: self._by_retrieval(question, sourced.rows)
        tiers["popularity"] = lambda: self._popularity(sourced.space, sourced.rows, actor)
        return tiers, () if retrieved is None else (RETRIEVAL,)

    def _inputs(self, request: RankingRequest, actor: Actor, sourced: SourcedCandidates, now: datetime) -> Floats:
        """Model inputs (n_candidates, n_features)."""
        if self.ranked is None or actor.columns is None:
            raise NotFoundError(f"no rankers, or no features of {request.actor_id!r}, are at hand")
        names = self.ranked.manifest.feature_names
        return sourced.space.inputs(actor.columns, sourced.rows, names, request.job_id, now)

    def _by_retrieval(self, question: Question, rows: Rows) -> Scores:
        """Retrieval's scores of rows (n,), -1 where it does not find one."""
        mask = np.zeros(len(self.candidates), np.bool_)
        mask[rows] = True
        retrieved, scores = self.candidates.search(question, len(rows), mask)
        by_row = np.full(len(self.candidates), -1.0)
        by_row[retrieved] = scores
        return by_row[rows]

    def _popularity(self, space: CandidateSpace, rows: Rows, actor: Actor) -> Scores:
        """Popularity of rows, the category of the actor (or of the job searched for) first."""
        view = "freelancer_profile" if surface_spec(space.surface).shows_jobs else "job_profile"
        return space.popularity(rows, actor.category(view))
