"""Weights of a blend of rankers: the point of the simplex with the best NDCG@10, shrunk and checked by cross-fitting.

Works on standardised validation scores alone. Knows no ranker, feature or file.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from components.measures import Interval, ndcg_at_k, paired_difference
from components.measures.arrays import FloatArray

FOLDS = 5
RESAMPLES = 200
MOST_POINTS = 300


def blend_weights(scores: FloatArray, relevance: npt.ArrayLike, query_id: npt.ArrayLike, seed: int = 0) -> FloatArray:
    """Weights (n_rankers,), summing to one, of standardised scores (n_rows, n_rankers).

    The weights are the mean, over bootstrap resamples of the queries, of the best point of a grid on the simplex:
    where the queries cannot tell rankers apart, they share the weight. Only where cross-fitting over queries finds the
    blend worse than the best single ranker, its whole interval below zero, has that ranker weight one.
    """
    n_rankers = scores.shape[1]
    if n_rankers == 1:
        return np.ones(1)
    rng = np.random.default_rng(seed)
    points = simplex_points(n_rankers, rng)
    values = np.column_stack([ndcg_at_k(relevance, scores @ point, query_id, 10) for point in points])
    values = values[~np.isnan(values[:, 0])]
    if len(values) == 0:
        return np.full(n_rankers, 1.0 / n_rankers)
    single = np.zeros(n_rankers)
    single[int(values[:, :n_rankers].mean(axis=0).argmax())] = 1.0
    if len(values) < 2 * FOLDS:
        return single
    gain = _cross_fitted_gain(values, points, rng)
    return single if gain.below_zero else _shrunk(values, points, rng)


def _cross_fitted_gain(values: FloatArray, points: FloatArray, rng: np.random.Generator) -> Interval:
    """Blend minus best single ranker, both chosen without the queries they are judged on."""
    n_rankers = points.shape[1]
    folds = rng.permutation(len(values)) % FOLDS
    blended, alone = np.empty(len(values)), np.empty(len(values))
    for fold in range(FOLDS):
        inside, outside = values[folds != fold], folds == fold
        blended[outside] = values[outside][:, _nearest(points, _shrunk(inside, points, rng))]
        alone[outside] = values[outside][:, int(inside[:, :n_rankers].mean(axis=0).argmax())]
    return paired_difference(blended, alone, np.arange(len(values)))


def simplex_points(n_rankers: int, rng: np.random.Generator) -> FloatArray:
    """Points (n_points, n_rankers): the corners first, then an even grid, or random ones where it is too large."""
    steps = 20 if n_rankers == 2 else 10
    grid = np.array(list(_compositions(steps, n_rankers, MOST_POINTS)), dtype=np.float64) / steps
    if len(grid) >= MOST_POINTS:
        grid = rng.dirichlet(np.ones(n_rankers), MOST_POINTS)
    inner = grid[grid.max(axis=1) < 1.0]
    return np.vstack([np.eye(n_rankers), inner])


def _compositions(total: int, parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """Ways, the first `most` of them, to write `total` as `parts` whole numbers."""
    if parts == 1:
        yield (total,)
        return
    yielded = 0
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1, most - yielded):
            if yielded >= most:
                return
            yielded += 1
            yield (first, *rest)


def _shrunk(values: FloatArray, points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Mean over resamples of the queries of the best point; values (n_queries, n_points)."""
    counts = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), size=RESAMPLES)
    best: FloatArray = points[(counts @ values).argmax(axis=1)].mean(axis=0)
    return best


def _nearest(points: FloatArray, weights: FloatArray) -> int:
    return int(((points - weights) ** 2).sum(axis=1).argmin())
