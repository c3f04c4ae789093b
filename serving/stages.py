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
from feature_repo.vectors import DIMENSIONS
from metier.errors import NotFoundError, ServingError
from serving.ask import Ask, Entry, Slate
from serving.fallback import Scored, climb, popularity_in_category
from serving.misses import Misses, read_misses
from serving.select import ranked_entries
from serving.snapshot import CandidateSnapshot, Rows, judged
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
            seen = self.snapshot.rows(ask.exclude)
            eligible = judged(self.snapshot.pool, ask, np.unique(seen[seen >= 0]))
        with trail.stage("source"):
            found = self._source(ask, actor, eligible, trail, now)
        with trail.stage("score"):
            matrix = _Once(lambda: self._matrix(ask, actor, found, now))
            scored = self._score(ask, actor, found, matrix, trail)
        with trail.stage("select"):
            entries = ranked_entries(
                ask, found.ids, scored.score, self._agencies(found), self._allowed(found, eligible)
            )
            features = matrix() if entries and scored.tier in ("ensemble", "xgboost") else None
            shown = self._with_features(entries, features, ask.explain, trail)
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
            if ask.surface == "applicant_review":
                raise ServingError("whose job this is cannot be checked now; ask again in a second") from error
            trail.without("actor features", f"the online store failed ({type(error).__name__})")
            typed = self._typed(ask, trail)
            return Actor(row, None, None if typed is None else Question(ask.text or "", typed, None))
        _require_known(ask, known)
        vectors = self.snapshot.release.vectors
        (question,) = questions(self.snapshot.surface, known, vectors)
        typed, embeddings = self._typed(ask, trail), None
        if typed is not None:
            question = replace(question, vectors=typed)
            embeddings = dict(zip([ask.text or ""], typed, strict=False))
        return Actor(known, QueryColumns.encode(self.snapshot.surface, known, vectors, embeddings), question)

    def _typed(self, ask: Ask, trail: Trail) -> Floats | None:
        """Vector (1, dimension) of the typed text, (0, dimension) where the encoder failed; None for no text."""
        if not (ask.text and ask.text.strip()):
            return None
        try:
            return self.bundle.encoder.encode_queries([ask.text])
        except Exception as error:  # words still find and rank
            LOG.warning("the encoder failed", exc_info=True)
            trail.without("text vector", f"the encoder failed ({type(error).__name__})")
            return np.empty((0, DIMENSIONS), np.float32)

    def _source(self, ask: Ask, actor: Actor, eligible: Eligibility, trail: Trail, now: datetime) -> Found:
        if ask.candidates is not None:
            return self._given(ask, trail, now)
        if self.snapshot.surface == "applicant_review":
            rows = np.flatnonzero(eligible.mask)
            return Found(self.snapshot.at(rows), rows, None, None)
        rows, score = self._retrieved(actor, eligible, trail)
        promoted = self.snapshot.rows([each.candidate_id for each in ask.promoted])
        _require_all(promoted, [each.candidate_id for each in ask.promoted])
        extra = np.setdiff1d(promoted, rows)
        rows = np.append(rows, extra)
        return Found(
            self.snapshot.at(rows), rows, None, None if score is None else np.append(score, np.zeros(len(extra)))
        )

    def _given(self, ask: Ask, trail: Trail, now: datetime) -> Found:
        """The caller's candidates; what the snapshot does not hold is read through Feast."""
        wanted = list(dict.fromkeys([*(ask.candidates or ()), *(each.candidate_id for each in ask.promoted)]))
        rows = self.snapshot.rows(wanted)
        absent = [candidate for candidate, row in zip(wanted, rows, strict=True) if row < 0]
        misses = self._misses(ask, absent, trail, now) if absent else None
        known = [candidate for candidate, row in zip(wanted, rows, strict=True) if row >= 0]
        return Found([*known, *(misses.ids if misses else ())], rows[rows >= 0], misses, None)

    def _misses(self, ask: Ask, absent: list[str], trail: Trail, now: datetime) -> Misses | None:
        try:
            return read_misses(self.snapshot, ask, absent, now, self._read)
        except NotFoundError:
            raise
        except Exception as error:  # the store is down: they are left out, the request goes on
            LOG.warning("the online store failed", exc_info=True)
            trail.without("new candidates", f"the online store failed ({type(error).__name__})")
            return None

    def _retrieved(
        self, actor: Actor, eligible: Eligibility, trail: Trail
    ) -> tuple[Rows, npt.NDArray[np.float64] | None]:
        """Rows and scores of what retrieval finds, topped up with what is popular where it finds too little.

        No scores where there was nothing to ask with, or retrieval failed.
        """
        rows, score, answered = np.empty(0, np.int64), np.empty(0), False
        if actor.question is not None:
            try:
                (found,) = retrieve(self.snapshot.release.retriever, [actor.question], SOURCED, eligible.mask)
                rows, score, answered = self.snapshot.rows(found[0].tolist()), found[1].astype(np.float64), True
            except Exception as error:  # the index failed: popularity stands in
                LOG.warning("retrieval failed", exc_info=True)
                trail.without("retrieval", f"failed ({type(error).__name__})")
        wanted = min(SOURCED, int(eligible.mask.sum())) - len(rows)
        rest = np.setdiff1d(np.flatnonzero(eligible.mask), rows)
        popular = rest[np.argsort(-self._popularity(actor)[rest], kind="stable")[: max(wanted, 0)]]
        score = np.append(score, -1.0 - np.arange(len(popular)))
        return np.append(rows, popular), score if answered else None

    def _score(self, ask: Ask, actor: Actor, found: Found, matrix: "_Once", trail: Trail) -> Scored:
        ensemble = self.bundle.ensemble
        tiers: dict[str, Callable[[], npt.NDArray]] = {}
        if actor.columns is not None:
            tiers["ensemble"] = lambda: ensemble.score(matrix())
            if "xgboost" in ensemble.rankers:
                tiers["xgboost"] = lambda: ensemble.rankers["xgboost"].score(matrix())
        retrieved, question = found.retrieval, actor.question
        if retrieved is not None:
            tiers["retrieval"] = lambda: retrieved
        elif _named(ask) and found.misses is None and question is not None:
            tiers["retrieval"] = lambda: self._by_retrieval(question, found)
        tiers["popularity"] = lambda: self._by_popularity(actor, found)
        ready = () if retrieved is None else ("retrieval",)
        return climb(tiers, len(found.ids), trail, self.pace, ready)

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

    def _by_retrieval(self, question: Question, found: Found) -> npt.NDArray[np.float64]:
        mask = np.zeros(len(self.snapshot), np.bool_)
        mask[found.rows] = True
        (given,) = retrieve(self.snapshot.release.retriever, [question], len(found.rows), mask)
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
        return [*known, *(found.misses.agencies if found.misses else ())]

    def _with_features(
        self, entries: list[tuple[int, Entry]], features: Floats | None, explain: int, trail: Trail
    ) -> list[Entry]:
        """Entries with the features they were scored by, and reasons for the first `explain`."""
        if features is None:
            return [entry for _, entry in entries]
        shown = [replace(entry, features=features[place]) for place, entry in entries]
        try:
            told = self.bundle.ensemble.reasons(features[[place for place, _ in entries[:explain]]])
        except Exception as error:  # the slate stands without them
            LOG.warning("no reasons could be given", exc_info=True)
            trail.without("reasons", f"failed ({type(error).__name__})")
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


def _named(ask: Ask) -> bool:
    """Whether the request itself says which candidates: the caller's own, or the applicants of a job."""
    return ask.candidates is not None or ask.surface == "applicant_review"


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
