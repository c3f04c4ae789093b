"""The fallback ladder: full ensemble, XGBoost alone, retrieval score, popularity in the category.

A tier that fails, or that the deadline leaves no time for, gives way to the next and is named in `degraded`; the last
one needs nothing but the snapshot. The share of a tier is what the deadline leaves once that is set aside which has to
follow any tier. What was begun is not cut short: a thread cannot be. Knows no HTTP and no feature.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.request.trace import Pace, RequestTrace

LOG = logging.getLogger(__name__)
LADDER = ("ensemble", "xgboost", "retrieval", "popularity")
RETRIEVAL, SELECT = "retrieval", "select"
"""The tier that finds candidates too, and the stage that follows any tier, as a Pace knows them."""

FloatArray = npt.NDArray[np.float64]
Score = Callable[[], FloatArray]


@dataclass(frozen=True)
class TierScores:
    """Scores (n_candidates,) and the tier that gave them."""

    scores: FloatArray
    tier: str


def score_by_ladder(
    tiers: Mapping[str, Score], n_candidates: int, trace: RequestTrace, pace: Pace, ready: Collection[str] = ()
) -> TierScores:
    """The scores of the first tier of LADDER that is there, fits the deadline and gives finite scores.

    Tiers that are `ready`, their scores computed before, and the last one are asked whatever the time.
    """
    *uncertain, last = [tier for tier in LADDER if tier in tiers]
    trace.candidates = n_candidates
    for tier in uncertain:
        if tier not in ready and not fits(tier, n_candidates, trace, pace):
            continue
        begun = trace.elapsed_ms
        scores = scores_of(tier, tiers[tier], trace)
        took_ms = trace.elapsed_ms - begun
        if tier not in ready and (scores is not None or took_ms > pace.expected_ms(tier, n_candidates)):
            pace.learn(tier, n_candidates, took_ms)
        if scores is not None:
            trace.tier = tier
            return TierScores(scores, tier)
    trace.tier = last
    return TierScores(np.asarray(tiers[last](), dtype=np.float64), last)


def fits(tier: str, n_candidates: int, trace: RequestTrace, pace: Pace) -> bool:
    """Whether the deadline leaves time for a tier and for what follows it; where it does not, the trace says so."""
    follows_ms = pace.expected_ms(SELECT, n_candidates)
    if trace.remaining_ms - follows_ms > pace.expected_ms(tier, n_candidates):
        return True
    trace.degrade_late(tier)
    if trace.remaining_ms > 0:
        pace.ease(tier)
    return False


def scores_of(tier: str, score: Score, trace: RequestTrace) -> FloatArray | None:
    """What a tier scores; None, and named in the trace, where it fails or a score is no number."""
    try:
        scores = np.asarray(score(), dtype=np.float64)
    except Exception as error:  # whatever fails costs its tier, never the request
        LOG.warning("tier %s failed", tier, exc_info=True)
        trace.degrade(tier, f"failed ({type(error).__name__})")
        return None
    if not np.isfinite(scores).all():
        trace.degrade(tier, "gave a score that is no number")
        return None
    return scores


def popular_before_others(popularity: FloatArray, first: npt.NDArray[np.bool_]) -> FloatArray:
    """Popularity (n,), those that are `first` before all others."""
    return popularity + np.where(first, 1.0 + popularity.max(initial=0.0), 0.0)
