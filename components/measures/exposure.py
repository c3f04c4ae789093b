"""Who is seen: how a ranking spreads the attention of its first places over candidates.

Attention to rank r is 1 / log2(1 + r) up to rank k and none below, the discount of NDCG. Knows no ranker.
"""

import numpy as np
import numpy.typing as npt

from components.measures.arrays import FloatArray, IntArray


def exposure_at_k(score: npt.ArrayLike, query: IntArray, k: int) -> FloatArray:
    """Attention (n_rows,) that each row gets where rows of a query stand in the order of their score.

    query (n_rows,): the query of each row, ascending. Rows of equal score stand in the order given.

    >>> exposure_at_k([0.1, 0.9, 0.5], np.array([0, 0, 0]), k=2).round(2).tolist()
    [0.0, 1.0, 0.63]
    """
    values = np.asarray(score, dtype=np.float64)
    order = np.lexsort((-values, query))
    starts = np.searchsorted(query, query)
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - starts[order] + 1
    attention: FloatArray = np.where(rank <= k, 1 / np.log2(1 + rank), 0.0)
    return attention


def gini(exposure: npt.ArrayLike) -> float:
    """Gini index of candidates' exposure (n,): 0 where all have the same, 1 - 1/n where one has all; NaN of none.

    With x ascending: sum over i = 1..n of (2i - n - 1) x_i, over n times the sum of x.

    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    x = np.sort(np.asarray(exposure, dtype=np.float64))
    n, total = len(x), float(x.sum())
    if not total > 0:
        return float("nan")
    return float(((2 * np.arange(1, n + 1) - n - 1) * x).sum() / (n * total))


def share_of_least(exposure: npt.ArrayLike, percentiles: npt.ArrayLike) -> FloatArray:
    """Share of all exposure that the least exposed candidates have, at percentiles 0 to 100 (the Lorenz curve).

    >>> share_of_least([0, 1, 3], [0, 50, 100]).tolist()
    [0.0, 0.125, 1.0]
    """
    x = np.sort(np.asarray(exposure, dtype=np.float64))
    summed = np.concatenate([[0.0], np.cumsum(x)])
    at = np.asarray(percentiles, dtype=np.float64) / 100 * len(x)
    shares: FloatArray = np.interp(at, np.arange(len(x) + 1), summed) / summed[-1]
    return shares
