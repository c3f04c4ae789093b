"""Examination: the probability that a rank was looked at, relative to rank 1. Estimated from clicks, never logged.

Position-based model (Joachims, Swaminathan and Schnabel 2017): P(click) = examination(rank) x relevance. Where a
randomised slice gives every rank the same expected relevance, the click rate by rank is examination up to a factor.
Promoted placements stay out: the caller passes organic and exploration rows only.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.measures.arrays import FloatArray, IntArray
from components.measures.ranking_metrics import weighted_dcg_at_k
from metier.errors import EmptyDataError, InputError

LEAST_EXAMINATION = 0.05
"""Corrections go no further than 1 / this: below it, noise of the estimate outweighs the bias removed."""


@dataclass(frozen=True)
class Examination:
    """Examination by rank: position r - 1 holds rank r, which never exceeds the rank before; rank 1 is 1."""

    by_rank: FloatArray

    def at(self, rank: npt.ArrayLike) -> FloatArray:
        """Examination of each rank (n,); ranks past the last estimated one take its value."""
        ranks = _ranks(rank)
        values: FloatArray = self.by_rank[np.minimum(ranks, len(self.by_rank)) - 1]
        return values


def estimate_examination(
    rank: npt.ArrayLike, clicked: npt.ArrayLike, propensity: npt.ArrayLike | None = None
) -> Examination:
    """From the randomised slice: rank (n,) 1-based, clicked (n,) 0 or 1.

    Rows are weighted by 1 / propensity where given, which makes every candidate equally frequent at every rank. Rates
    are made non-increasing by isotonic regression weighted by the rows of each rank.

    Both candidates at rank 1 were clicked and one of two at rank 2, which is looked at half as often:

    >>> estimate_examination(rank=[1, 1, 2, 2], clicked=[1, 1, 1, 0]).by_rank
    array([1. , 0.5])
    """
    from sklearn.isotonic import isotonic_regression

    ranks, clicks = _ranks(rank), np.asarray(clicked, dtype=np.float64)
    weight = np.ones(len(ranks)) if propensity is None else 1.0 / np.asarray(propensity, dtype=np.float64)
    if not np.isfinite(weight).all():
        raise InputError("a propensity is NaN or zero; keep the rows of the randomised slice only")
    impressions = np.bincount(ranks - 1, weight)
    ranks_seen = np.flatnonzero(impressions)
    rate = np.bincount(ranks - 1, weight * clicks)[ranks_seen] / impressions[ranks_seen]
    falling = isotonic_regression(rate, sample_weight=np.bincount(ranks - 1)[ranks_seen], increasing=False)
    if not falling.size or falling[0] <= 0:
        raise EmptyDataError("the randomised slice holds no click; examination cannot be estimated from it yet")
    relative = np.interp(np.arange(impressions.size), ranks_seen, falling / falling[0])
    return Examination(np.clip(relative, LEAST_EXAMINATION, 1.0))


def corrected_ndcg_at_k(
    relevance: npt.ArrayLike,
    score: npt.ArrayLike,
    query_id: npt.ArrayLike,
    k: int,
    rank: npt.ArrayLike,
    examination: Examination,
) -> tuple[FloatArray, FloatArray]:
    """(value, weight) per query of logged slates re-ranked; average values by these weights.

    Each gain is divided by the examination of the rank it was logged at. Within a query that cancels out (a slate with
    one click has the same NDCG at any weight), so the correction lives in the weights: the corrected ideal gain. Their
    weighted mean is the sum of corrected gains over the sum of ideal ones.

    Each query has one click, which the new order puts first; that of query b was logged at rank 2, where half look, so
    it stands for two:

    >>> half = estimate_examination(rank=[1, 1, 2, 2], clicked=[1, 1, 1, 0])
    >>> corrected_ndcg_at_k([1, 0, 0, 1], [0.9, 0.1, 0.1, 0.9], ["a", "a", "b", "b"], 2, [1, 2, 1, 2], half)
    (array([1., 1.]), array([1., 2.]))
    """
    gained, ideal = weighted_dcg_at_k(relevance, score, query_id, 1.0 / examination.at(rank), k)
    return np.divide(gained, ideal, out=np.full(len(ideal), np.nan), where=ideal > 0), ideal


def _ranks(rank: npt.ArrayLike) -> IntArray:
    ranks = np.asarray(rank)
    if ranks.size and (not np.issubdtype(ranks.dtype, np.integer) or ranks.min() < 1):
        raise InputError("ranks are 1-based whole numbers; pass the logged rank of each row")
    return ranks.astype(np.int64)
