"""Ranking metrics, one value a query: the only NDCG of the platform.

Every function takes rows in any order (relevance, score, query_id) and returns float64 (n_queries,) in the order in
which query ids first appear. NaN marks a query without a relevant candidate: undefined, to be counted, never a zero
or a one. Equal scores are broken at random and the value is the expectation over that: each tied candidate gets the
mean over the ranks that its tie spans. Rows of unknown relevance (NaN) are left out of their query.
Gain 2^relevance - 1, discount 1 / log2(1 + rank) (Burges et al. 2005); relevant means relevance above zero.
Knows nothing of rankers, actors, tables or intervals.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from components.measures.arrays import FloatArray, IntArray, codes_of, run_starts
from metier.errors import InputError

HIGHEST_GRADE = 100.0
"""Relevance above this is a count or an id in the wrong column, not a grade."""


def ndcg_at_k(relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int) -> FloatArray:
    """Normalised discounted cumulative gain of the k best scored candidates.

    Grades 2, 0, 1 in the order of their scores gain 3, 0, 1, so (3 / 1 + 1 / 2) / (3 / 1 + 1 / log2(3)):

    >>> ndcg_at_k([2, 0, 1], [0.9, 0.8, 0.7], ["q", "q", "q"], k=3).round(4)
    array([0.9639])
    """
    ranking = _rank(relevance, score, query_id, k)
    return _ratio_or_nan(*_dcg(ranking, np.exp2(ranking.relevance) - 1.0, k))


def weighted_ndcg_at_k(
    relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, weight: npt.ArrayLike, k: int
) -> tuple[FloatArray, FloatArray]:
    """(value, weight) per query, each row's gain multiplied by its weight (n_rows,); average values by these weights.

    With weights of 1 / propensity or 1 / examination this is the inverse propensity estimate of the DCG (Joachims,
    Swaminathan and Schnabel 2017; Agarwal et al. 2019), normalised by that of the ideal one: the weighted mean is the
    sum of gains over the sum of ideal gains. Within a query of one click the weight cancels out, between queries not.

    Each query has one click, which the new order puts first; that of query b was logged at rank 2, where half look, so
    it stands for two:

    >>> weighted_ndcg_at_k([1, 0, 0, 1], [0.9, 0.1, 0.1, 0.9], ["a", "a", "b", "b"], weight=[1, 2, 1, 2], k=2)
    (array([1., 1.]), array([1., 2.]))
    """
    gained, ideal = weighted_dcg_at_k(relevance, score, query_id, weight, k)
    return _ratio_or_nan(gained, ideal), ideal


def weighted_dcg_at_k(
    relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, weight: npt.ArrayLike, k: int
) -> tuple[FloatArray, FloatArray]:
    """(gained, ideal) per query, each row's gain multiplied by its weight; ndcg_at_k is their ratio at weight one."""
    ranking = _rank(relevance, score, query_id, k)
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != np.shape(relevance) or not np.all(np.isfinite(weights) & (weights >= 0)):
        raise InputError("weight holds one finite, non-negative number a row; correct the rows that do not")
    return _dcg(ranking, (np.exp2(ranking.relevance) - 1.0) * weights[ranking.row], k)


def mrr(relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int | None = None) -> FloatArray:
    """One over the rank of the first relevant candidate, zero when it ranks below k.

    The first relevant candidate of query a ranks second; query b has none:

    >>> mrr([0, 1, 1, 0], [0.9, 0.8, 0.7, 0.5], ["a", "a", "a", "b"])
    array([0.5, nan])
    """
    ranking = _rank(relevance, score, query_id, k)
    first = _first_tie_with_relevant(ranking)
    size, hits, above = ranking.tie_size[first], ranking.tie_hits[first], ranking.tie_above[first]
    # Within the tie, P(first relevant at place i) = C(size - i, hits - 1) / C(size, hits), i = 1..size - hits + 1.
    n_ranks = size - hits + 1 if k is None else np.clip(np.minimum(size - hits + 1, k - above), 0, None)
    tie = np.repeat(np.arange(first.size), n_ranks)
    rank = np.arange(tie.size) - np.repeat(run_starts(n_ranks), n_ranks) + 1
    odds = np.exp(_log_choose(size[tie] - rank, hits[tie] - 1) - _log_choose(size[tie], hits[tie]))
    values = _sum_by(ranking.tie_query[first][tie], odds / (above[tie] + rank), ranking.n_queries)
    return np.where(_relevant_count(ranking) > 0, values, np.nan)


def recall_at_k(relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int) -> FloatArray:
    """Relevant candidates among the first k over all relevant candidates of the query.

    One of the two relevant candidates is among the first two:

    >>> recall_at_k([1, 0, 1], [0.9, 0.8, 0.7], [7, 7, 7], k=2)
    array([0.5])
    """
    ranking = _rank(relevance, score, query_id, k)
    inside = np.clip(k - ranking.tie_above, 0, ranking.tie_size) / ranking.tie_size
    retrieved = _sum_by(ranking.tie_query, ranking.tie_hits * inside, ranking.n_queries)
    total = _relevant_count(ranking)
    return _ratio_or_nan(retrieved, total)


def hit_rate_at_k(relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int) -> FloatArray:
    """Probability that at least one relevant candidate is among the first k (zero or one without ties).

    Three candidates tie for two places and one of them is relevant, so it is shown two times in three:

    >>> hit_rate_at_k([1, 0, 0], [0.5, 0.5, 0.5], [7, 7, 7], k=2).round(3)
    array([0.667])
    """
    ranking = _rank(relevance, score, query_id, k)
    size, hits = ranking.tie_size, ranking.tie_hits
    slots = np.clip(k - ranking.tie_above, 0, size)
    # Hypergeometric: no relevant one among `slots` drawn of `size`.
    possible = slots <= size - hits
    spared = np.where(possible, size - hits, size)
    missed = np.where(possible, np.exp(_log_choose(spared, slots) - _log_choose(size, slots)), 0.0)
    all_missed = np.ones(ranking.n_queries)
    np.multiply.at(all_missed, ranking.tie_query, missed)
    return np.where(_relevant_count(ranking) > 0, 1.0 - all_missed, np.nan)


def expected_discount(above: IntArray, size: IntArray, k: int) -> FloatArray:
    """Mean of 1 / log2(1 + rank), zero past k, over the `size` ranks that follow `above` better candidates."""
    deepest = min(k, int(np.max(above + size, initial=0)))
    cumulative = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(2, deepest + 2)))])
    mean: FloatArray = (cumulative[np.minimum(above + size, deepest)] - cumulative[np.minimum(above, deepest)]) / size
    return mean


@dataclass(frozen=True)
class _Ranking:
    """Rows sorted by query, best score first, and the ties among them. Row arrays (n,), tie arrays (n_ties,)."""

    n_queries: int
    row: IntArray  # position in the caller's arrays
    query: IntArray
    relevance: FloatArray
    tie: IntArray  # of each row
    tie_query: IntArray
    tie_size: IntArray
    tie_hits: IntArray  # relevant rows in the tie
    tie_above: IntArray  # better scored rows of the same query


def _rank(relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int | None) -> _Ranking:
    relevances, scores, queries, n_queries = _validated(relevance, score, query_id, k)
    labelled = np.flatnonzero(~np.isnan(relevances))
    row = labelled[np.lexsort((-scores[labelled], queries[labelled]))]
    query, ordered = queries[row], scores[row]
    new_query = np.ones(row.size, dtype=bool)
    new_query[1:] = query[1:] != query[:-1]
    new_tie = new_query.copy()
    new_tie[1:] |= ordered[1:] != ordered[:-1]
    start = np.flatnonzero(new_tie)
    tie = np.cumsum(new_tie) - 1
    query_start = np.flatnonzero(new_query)[np.cumsum(new_query)[start] - 1] if row.size else start
    hits = _sum_by(tie, relevances[row] > 0, start.size)
    return _Ranking(
        n_queries=n_queries,
        row=row,
        query=query,
        relevance=relevances[row],
        tie=tie,
        tie_query=query[start],
        tie_size=np.diff(start, append=row.size),
        tie_hits=hits.astype(np.int64),
        tie_above=start - query_start,
    )


def _validated(
    relevance: npt.ArrayLike, score: npt.ArrayLike, query_id: npt.ArrayLike, k: int | None
) -> tuple[FloatArray, FloatArray, IntArray, int]:
    relevances, scores = np.asarray(relevance, dtype=np.float64), np.asarray(score, dtype=np.float64)
    ids = np.asarray(query_id)
    if relevances.ndim != 1 or not relevances.shape == scores.shape == ids.shape:
        raise InputError(
            f"relevance, score and query_id have shapes {relevances.shape}, {scores.shape} and {ids.shape}; "
            "give one row per candidate in each"
        )
    if k is not None and k < 1:
        raise InputError(f"k is {k}; use 1 or more")
    if np.isnan(scores).any():
        raise InputError(f"{np.isnan(scores).sum()} scores are NaN; a ranker scores every candidate or leaves it out")
    if (relevances < 0).any() or (relevances > HIGHEST_GRADE).any():
        raise InputError(f"relevance lies outside 0..{HIGHEST_GRADE:g}; pass grades (0 seen to 4 hire)")
    codes, unique = codes_of(ids)
    if (codes < 0).any():
        raise InputError(f"{(codes < 0).sum()} query ids are null; every row belongs to a query")
    return relevances, scores, codes, unique


def _dcg(ranking: _Ranking, gain: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """(gained, ideal) per query."""
    discount = expected_discount(ranking.tie_above, ranking.tie_size, k)
    gained = _sum_by(ranking.query, gain * discount[ranking.tie], ranking.n_queries)
    best = np.lexsort((-gain, ranking.query))
    position = np.arange(best.size) - np.searchsorted(ranking.query, ranking.query, side="left")
    ideal_discount = np.where(position < k, 1.0 / np.log2(position + 2.0), 0.0)
    ideal = _sum_by(ranking.query, gain[best] * ideal_discount, ranking.n_queries)
    return gained, ideal


def _sum_by(group: IntArray, values: npt.NDArray, n_groups: int) -> FloatArray:
    return np.bincount(group, values, n_groups).astype(np.float64)


def _ratio_or_nan(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
    return ratio


def _relevant_count(ranking: _Ranking) -> FloatArray:
    return _sum_by(ranking.tie_query, ranking.tie_hits, ranking.n_queries)


def _first_tie_with_relevant(ranking: _Ranking) -> IntArray:
    """Position of each query's best tie that holds a relevant row; queries without one have none."""
    candidates = np.flatnonzero(ranking.tie_hits > 0)
    _, first = np.unique(ranking.tie_query[candidates], return_index=True)
    return candidates[first]


def _log_choose(n: npt.ArrayLike, r: npt.ArrayLike) -> FloatArray:
    n, r = np.asarray(n, dtype=np.float64), np.asarray(r, dtype=np.float64)
    logarithm: FloatArray = gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1)
    return logarithm
