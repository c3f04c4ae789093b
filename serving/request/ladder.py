"""The fallback ladder: full ensemble, XGBoost alone, retrieval score, popularity in the category.

A tier that fails, or that the deadline leaves no time for, gives way to the next and is named in `degraded`; the last
one needs nothing but the snapshot. Knows no HTTP and no feature.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.request.trace import Pace, RequestTrace

LOG = logging.getLogger(__name__)
LADDER = ("ensemble", "xgboost", "retrieval", "popularity")

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
    offered = [tier for tier in LADDER if tier in tiers]
    for tier in offered[:-1]:
        if tier not in ready and trace.remaining_ms <= pace.expected_ms(tier, n_candidates):
            trace.degrade(tier, f"{max(trace.remaining_ms, 0.0):.0f} ms left of {trace.deadline_ms:g}")
            if trace.remaining_ms > 0:
                pace.ease(tier)
            continue
        begun = trace.elapsed_ms
        scores = scores_of(tier, tiers[tier], trace)
        if scores is None:
            continue
        pace.learn(tier, n_candidates, trace.elapsed_ms - begun)
        return TierScores(scores, tier)
    return TierScores(np.asarray(tiers[offered[-1]](), dtype=np.float64), offered[-1])


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


def popularity_in_category(
    popularity: FloatArray, categories: npt.NDArray[np.object_], category: str | None
) -> FloatArray:
    """Popularity (n,), those of the category before all others."""
    if category is None:
        return popularity
    return popularity + np.where(categories == category, 1.0 + popularity.max(initial=0.0), 0.0)
