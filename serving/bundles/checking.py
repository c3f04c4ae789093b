"""Whether a bundle may serve: it is asked what was asked before, beside the one that serves. And how stages warm up.

Nothing is recorded. After each step is rested REST times as long as it took: who is served meanwhile comes first.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import numpy.typing as npt

from components.retrieval.questions import Question
from feature_repo.hydrate import query_row
from metier.errors import MetierError, RestingStoreError, first_line
from serving.actor import request_row
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from serving.stages import Considered, Stages

LOG = logging.getLogger(__name__)
PATIENT_MS = 60_000.0
REST = 4.0

Scores = npt.NDArray[np.float32]


def fault_of(stages: Stages, served: Stages | None, requests: Sequence[RankingRequest], now: datetime) -> str | None:
    """Why these stages must not serve in place of those that do; None where nothing speaks against them.

    They must score every candidate by a finite number. They must not give all candidates of a request the same score
    where the served ones tell them apart, in more than half of such requests. At least one request has to be scored.
    """
    tried = apart = flat = 0
    why = "there is none"
    for request in requests:
        with _sharing():
            try:
                considered = stages.consider(request, RequestTrace(PATIENT_MS), now)
            except MetierError as error:  # what was asked for once may be unknown today
                why = str(error)
                continue
            if considered.actor.columns is None or not considered.sourced.ids:
                why = "the online store does not answer, or no candidate is found"
                continue
            scores = _scores(stages, considered)
            if isinstance(scores, str):
                return scores
        tried += 1
        with _sharing():
            stages.every_tier(considered, RequestTrace(PATIENT_MS))  # loads what is loaded when first asked
        if served is not None:
            with _sharing():
                told_apart = _tells_apart(served, request, now)
            apart, flat = apart + told_apart, flat + (told_apart and not _varied(scores))
    if not tried:
        return f"it could not be tried on any of {len(requests)} requests ({why})"
    if 2 * flat > apart:
        return f"it gives all candidates one score in {flat} of {apart} requests where what is served does not"
    return None


def warm_up(stages: Stages, requests: Sequence[RankingRequest], now: datetime) -> None:
    """Answer recorded requests by every tier, so that what is loaded when first asked is there; in nobody's sight.

    What fails here would fail a request. Where the online store fails, the parts that need it load with the first
    request that it answers; an endpoint of the user's own that ranks may be down: that stops nothing.
    """
    surface = stages.candidates.surface
    stages.bundle.encoder.encode_queries(["warm"])
    if stages.bundle.reader is not None:
        stages.bundle.reader("warm", ())
    stages.candidates.search(Question("warm", None, None), 10)
    try:
        query_row(surface, request_row(RankingRequest(surface, ""), now), stages.reads.row)
    except Exception as error:
        if isinstance(error, MetierError) and not isinstance(error, RestingStoreError):
            raise
        LOG.warning("the online store failed while %s warmed up", surface, exc_info=True)
        return
    for request in requests:
        trace = RequestTrace(PATIENT_MS)
        try:
            considered = stages.consider(request, trace, now)
        except MetierError as error:
            LOG.info("%s does not warm up by a recorded request: %s", surface, error)
            continue
        if stages.ranked is not None and considered.actor.columns is not None:
            considered.inputs()
        stages.every_tier(considered, trace)


@contextmanager
def _sharing() -> Iterator[None]:
    """Rest after the block."""
    begun = time.monotonic()
    yield
    time.sleep(REST * (time.monotonic() - begun))


def _scores(stages: Stages, considered: Considered) -> Scores | str:
    """What the ensemble gives the candidates (n,), or what is wrong with it."""
    n = len(considered.sourced.ids)
    if stages.ranked is None:
        return "it has no rankers"
    try:
        scores = np.asarray(stages.ranked.ensemble.score(considered.inputs()))
    except Exception as error:  # a ranker of somebody's own may raise anything
        return f"it gives no scores ({type(error).__name__}: {first_line(error)})"
    if scores.shape != (n,):
        return f"it gives scores of shape {scores.shape} for {n} candidates"
    amiss = int((~np.isfinite(scores)).sum())
    return f"it gives {amiss} of {n} candidates a score that is no number" if amiss else scores


def _tells_apart(stages: Stages, request: RankingRequest, now: datetime) -> bool:
    """Whether stages give candidates of a request different scores."""
    try:
        scores = _scores(stages, stages.consider(request, RequestTrace(PATIENT_MS), now))
    except MetierError:
        return False
    return not isinstance(scores, str) and _varied(scores)


def _varied(scores: Scores) -> bool:
    return len(scores) > 1 and bool(np.ptp(scores) > 0)
