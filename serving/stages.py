"""The request path of one surface: hydrate the actor, filter, source, score by the ladder, select.

Retrieval, features, rankers and blend in one process. Unknown ids are errors of the caller; whatever else fails costs
a tier and is named in the trail. Knows neither HTTP nor Ray, and writes nothing.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.ranking.bundle import Bundle
from components.retrieval.eligibility import Eligibility
from components.retrieval.questions import Question, questions, retrieve
from feature_repo.encoded import QueryColumns
from feature_repo.hydrate import Read, query_features
from feature_repo.transforms import pair_matrix
from metier.errors import NotFoundError
from serving.ask import Ask, Entry, Slate
from serving.fallback import Scored, climb, popularity_in_category
from serving.misses import Misses, read_misses
from serving.select import ranked_entries
from serving.snapshot import CandidateSnapshot, Rows
from serving.trail import Pace, Trail

LOG = logging.getLogger(__name__)
SOURCED = 500
"""Candidates that retrieval hands to the rankers."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Actor:
    """Who asks: one row of stored features, its encoding and what it says to retrieval; None where a store failed."""

    row: pa.Table
    columns: QueryColumns | None
    question: Question | None


@dataclass(frozen=True)
class Found:
    """Candidates to score: rows of the snapshot, then those read through Feast. `retrieval` (n,) where it was asked."""

    ids: list[str]
    rows: Rows
    misses: Misses | None
    retrieval: npt.NDArray[np.float64] | None


class Stages:
    """One bundle with one release; `read` answers with the online store's values. Safe to share between threads."""

    def __init__(self, bundle: Bundle, snapshot: CandidateSnapshot, read: Read, pace: Pace | None = None) -> None:
        self.bundle = bundle
        self.snapshot = snapshot
        self.pace = pace or Pace()
        self._read = read
        self._counts = bundle.manifest.candidate_counts

    def answer(self, ask: Ask, trail: Trail, now: datetime) -> Slate:
        """The slate for `ask`; NotFoundError for an unknown actor, job or candidate, InputError for unknown filters."""
        with trail.stage("hydrate"):
            actor = self._actor(ask, trail, now)
        with trail.stage("filter"):
            eligible = self._eligible(ask)
        with trail.stage("source"):
            found = self._source(ask, actor, eligible, trail, now)
        with trail.stage("score"):
            matrix = _Once(lambda: self._matrix(ask, actor, found, now))
            scored = self._score(ask, actor, found, matrix, trail)
        with trail.stage("select"):
            entries = ranked_entries(
                ask, found.ids, scored.score, self._agencies(found), self._allowed(found, eligible)
            )
            shown = self._with_features(entries, found, matrix if scored.tier in ("ensemble", "xgboost") else None, ask)
        return Slate(uuid.uuid4().hex, now, shown, scored.tier, dict(eligible.dropped), len(found.ids))

    def warm_up(self, now: datetime) -> None:
        """Run every part once, for nobody in particular and a few candidates: what loads lazily loads here."""
        rows = np.arange(min(50, len(self.snapshot)))
        row = query_features(self.snapshot.surface, _request(Ask(self.snapshot.surface, ""), now), self._read)
        columns = QueryColumns.encode(self.snapshot.surface, row, self.snapshot.release.vectors)
        inputs = pair_matrix(
            self.snapshot.surface, columns, self.snapshot.columns, np.zeros_like(rows), rows, self._counts
        )
        self.bundle.ensemble.score(inputs)
        self.bundle.encoder.encode_queries(["warm"])
        retrieve(self.snapshot.release.retriever, [Question("warm", None, None)], 10)
        self._popularity(Actor(row, columns, None))

    def _actor(self, ask: Ask, trail: Trail, now: datetime) -> Actor:
        row = _request(ask, now)
        try:
            known = query_features(self.snapshot.surface, row, self._read)
        except Exception as error:  # the store is down: what needs it is left out, the request goes on
            LOG.warning("the online store failed", exc_info=True)
            trail.without("actor features", f"the online store failed ({type(error).__name__})")
            return Actor(row, None, Question(ask.text, None, None) if ask.text else None)
        _require_known(ask, known)
        vectors = self.snapshot.release.vectors
        (question,) = questions(self.snapshot.surface, known, vectors)
        embeddings = None
        if ask.text and ask.text.strip():
            embeddings = {ask.text: self.bundle.encoder.encode_queries([ask.text])[0]}
            question = replace(question, vectors=embeddings[ask.text][None])
        return Actor(known, QueryColumns.encode(self.snapshot.surface, known, vectors, embeddings), question)

    def _eligible(self, ask: Ask) -> Eligibility:
        snapshot = self.snapshot
        if snapshot.jobs is not None:
            judged = snapshot.jobs.feed(ask.actor_id, ask.filters)
        elif snapshot.surface == "applicant_review":
            judged = snapshot.people.applicants(ask.actor_id, ask.job_id or "")  # type: ignore[union-attr]
        else:
            judged = snapshot.people.search(ask.actor_id, ask.job_id, ask.filters)  # type: ignore[union-attr]
        excluded = snapshot.rows(ask.exclude)
        excluded = excluded[excluded >= 0]
        if len(excluded) == 0:
            return judged
        mask = judged.mask.copy()
        count = int(mask[excluded].sum())
        mask[excluded] = False
        return Eligibility(mask, {**judged.dropped, **({"excluded": count} if count else {})})

    def _source(self, ask: Ask, actor: Actor, eligible: Eligibility, trail: Trail, now: datetime) -> Found:
        if ask.candidates is not None:
            return self._given(ask, now)
        if self.snapshot.surface == "applicant_review":
            rows = np.flatnonzero(eligible.mask)
            return Found(self.snapshot.at(rows), rows, None, None)
        rows, score = self._retrieved(actor, eligible, trail)
        promoted = self.snapshot.rows([each.candidate_id for each in ask.promoted])
        _require_all(promoted, [each.candidate_id for each in ask.promoted])
        extra = np.setdiff1d(promoted, rows)
        rows, score = np.append(rows, extra), np.append(score, np.zeros(len(extra)))
        return Found(self.snapshot.at(rows), rows, None, score)

    def _given(self, ask: Ask, now: datetime) -> Found:
        """The caller's candidates; what the snapshot does not hold is read through Feast."""
        wanted = list(dict.fromkeys([*(ask.candidates or ()), *(each.candidate_id for each in ask.promoted)]))
        rows = self.snapshot.rows(wanted)
        absent = [candidate for candidate, row in zip(wanted, rows, strict=True) if row < 0]
        misses = read_misses(self.snapshot, absent, now, self._read) if absent else None
        known = [candidate for candidate, row in zip(wanted, rows, strict=True) if row >= 0]
        return Found([*known, *absent], rows[rows >= 0], misses, None)

    def _retrieved(self, actor: Actor, eligible: Eligibility, trail: Trail) -> tuple[Rows, npt.NDArray[np.float64]]:
        """Rows and scores of what retrieval finds, topped up with what is popular where it finds too little."""
        rows, score = np.empty(0, np.int64), np.empty(0)
        if actor.question is not None:
            try:
                (found,) = retrieve(self.snapshot.release.retriever, [actor.question], SOURCED, eligible.mask)
                rows, score = self.snapshot.rows(found[0].tolist()), found[1].astype(np.float64)
            except Exception as error:  # the index failed: popularity stands in
                LOG.warning("retrieval failed", exc_info=True)
                trail.without("retrieval", f"failed ({type(error).__name__})")
        wanted = min(SOURCED, int(eligible.mask.sum())) - len(rows)
        if wanted <= 0:
            return rows, score
        rest = np.setdiff1d(np.flatnonzero(eligible.mask), rows)
        popular = rest[np.argsort(-self._popularity(actor)[rest], kind="stable")[:wanted]]
        return np.append(rows, popular), np.append(score, -1.0 - np.arange(len(popular)))

    def _score(self, ask: Ask, actor: Actor, found: Found, matrix: "_Once", trail: Trail) -> Scored:
        ensemble = self.bundle.ensemble
        tiers: dict[str, Callable[[], npt.NDArray]] = {}
        if actor.columns is not None:
            tiers["ensemble"] = lambda: ensemble.score(matrix())
            if "xgboost" in ensemble.rankers:
                tiers["xgboost"] = lambda: ensemble.rankers["xgboost"].score(matrix())
        if found.misses is None and actor.question is not None:
            tiers["retrieval"] = lambda: self._by_retrieval(actor, found)
        tiers["popularity"] = lambda: self._by_popularity(actor, found)
        return climb(tiers, len(found.ids), trail, self.pace)

    def _matrix(self, ask: Ask, actor: Actor, found: Found, now: datetime) -> Floats:
        """Model inputs (n_candidates, n_features)."""
        surface, asked = self.snapshot.surface, actor.columns
        if asked is None:
            raise NotFoundError(f"no features of {ask.actor_id!r} are at hand")
        columns = self.snapshot.columns
        if surface == "applicant_review" and ask.job_id:
            columns = self.snapshot.with_applications(ask.job_id, now)
        zeros = np.zeros(len(found.rows), np.int64)
        inputs = pair_matrix(surface, asked, columns, zeros, found.rows, self._counts)
        if found.misses is None:
            return inputs
        others = np.arange(len(found.misses.ids))
        fresh = pair_matrix(surface, asked, found.misses.columns, np.zeros_like(others), others, self._counts)
        return np.concatenate([inputs, fresh])

    def _by_retrieval(self, actor: Actor, found: Found) -> npt.NDArray[np.float64]:
        if found.retrieval is not None:
            return found.retrieval
        mask = np.zeros(len(self.snapshot), np.bool_)
        mask[found.rows] = True
        (given,) = retrieve(self.snapshot.release.retriever, [actor.question], len(found.rows), mask)  # type: ignore[list-item]
        score = dict(zip(given[0].tolist(), given[1].tolist(), strict=True))
        return np.array([score.get(candidate, -1.0) for candidate in found.ids])

    def _popularity(self, actor: Actor) -> npt.NDArray[np.float64]:
        """Popularity by row, the category of who asks (or of the job asked for) first."""
        view = "freelancer_profile" if self.snapshot.surface == "job_feed" else "job_profile"
        name = f"{view}__category"
        wanted = actor.row[name][0].as_py() if name in actor.row.column_names else None
        return popularity_in_category(self.snapshot.popularity, self.snapshot.categories, wanted)

    def _by_popularity(self, actor: Actor, found: Found) -> npt.NDArray[np.float64]:
        known = self._popularity(actor)[found.rows]
        return np.append(known, np.zeros(len(found.ids) - len(known)))

    def _allowed(self, found: Found, eligible: Eligibility) -> npt.NDArray[np.bool_]:
        """Which of the found may be shown (n_candidates,)."""
        allowed = eligible.mask[found.rows]
        if found.misses is None:
            return allowed
        return np.append(allowed, found.misses.allowed)

    def _agencies(self, found: Found) -> list[str | None]:
        """Agency of each found candidate, for the cap of talent search."""
        if self.snapshot.surface != "talent_search":
            return [None] * len(found.ids)
        known = [self.snapshot.agencies[row] for row in found.rows]
        return [*known, *([None] * (len(found.ids) - len(known)))]

    def _with_features(
        self, entries: list[tuple[int, Entry]], found: Found, matrix: "_Once | None", ask: Ask
    ) -> list[Entry]:
        """Entries with the features they were scored by, and reasons for the first `ask.explain`."""
        if matrix is None or not entries:
            return [entry for _, entry in entries]
        features = matrix()
        shown = [replace(entry, features=features[place]) for place, entry in entries]
        told = self.bundle.ensemble.reasons(features[[place for place, _ in entries[: ask.explain]]])
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


def _request(ask: Ask, now: datetime) -> pa.Table:
    """The one row that stored features are joined to."""
    told = {"actor_id": ask.actor_id, "job_id": ask.job_id, "text": ask.text}
    row = pa.table({name: pa.array([value], pa.string()) for name, value in told.items()})
    return row.append_column("event_timestamp", pa.array([now], pa.timestamp("us", tz="UTC")))


def _require_known(ask: Ask, asked: pa.Table) -> None:
    role = "freelancer" if ask.surface == "job_feed" else "client"
    if asked[f"{role}_profile__status"][0].as_py() is None:
        raise NotFoundError(f"unknown {role} {ask.actor_id!r}; import it or PUT it, then wait for the next refresh")
    if ask.surface == "job_feed" or ask.job_id is None:
        return
    if asked["job_profile__status"][0].as_py() is None:
        raise NotFoundError(f"unknown job {ask.job_id!r}; import it or PUT it, then wait for the next refresh")
    owner = asked["job_profile__client_id"][0].as_py()
    if ask.surface == "applicant_review" and owner not in (None, ask.actor_id):
        raise NotFoundError(f"job {ask.job_id!r} is not a job of client {ask.actor_id!r}; name its own client")


def _require_all(rows: Rows, candidates: list[str]) -> None:
    absent = [candidate for candidate, row in zip(candidates, rows, strict=True) if row < 0]
    if absent:
        raise NotFoundError(f"unknown candidate {absent[0]!r}; PUT it, then wait for the next refresh")
