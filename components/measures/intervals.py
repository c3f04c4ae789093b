"""Bootstrap intervals over actors: resample who asked, never rows, since one actor's queries resemble each other.

An estimate is a ratio of sums over actors. A log of more than MAX_CLUSTERS actors is first pooled at random into that
many groups of actors, which are as independent as the actors were and keep the cost of a resample constant.
Knows nothing of metrics, rankers or policies: values and who they belong to.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from components.measures.arrays import FloatArray, codes_of
from metier.errors import InputError
from metier.stored import Number

RESAMPLES = 2_000
MAX_CLUSTERS = 20_000
BLOCK_CELLS = 2_000_000


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds over `n` values of `n_actors` actors; NaN where it cannot be said."""

    value: Number
    low: Number
    high: Number
    n: int
    n_actors: int

    @property
    def above_zero(self) -> bool:
        """The whole interval lies above zero."""
        return self.low > 0

    @property
    def below_zero(self) -> bool:
        """The whole interval lies below zero."""
        return self.high < 0

    def widened(self, *elsewhere: float) -> "Interval":
        """With the error of a figure that the value depends on: `elsewhere`, the values at that figure's bounds.

        Independent errors add in quadrature: a bound .3 off that the other figure would put .4 off comes to lie .5 off.
        """
        off = [value - self.value for value in elsewhere if not math.isnan(value)]
        below, above = min((0.0, *off)), max((0.0, *off))
        low = self.value - math.hypot(self.value - self.low, below)
        return replace(self, low=low, high=self.value + math.hypot(self.high - self.value, above))

    @classmethod
    def exact(cls, value: float) -> "Interval":
        """A measured figure without sampling error, such as a latency percentile or a count."""
        return cls(value, value, value, 1, 1)


def mean_interval(
    values: npt.ArrayLike,
    actors: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """(Weighted) mean of the values that are not NaN. values, actors, weights: (n,), actor ids of any dtype.

    Bounds are expanded percentiles (Hesterberg 2015, section 5.2): percentiles taken a little further out, as a t
    quantile and the n/(n-1) of the variance ask; without it few actors give intervals that are too narrow.

    Actor a asked three times and b once, so the mean is 3 / 4, and either of the two may be all that a resample draws:

    >>> mean_interval([1, 1, 1, 0], ["a", "a", "a", "b"])
    Interval(value=0.75, low=0.0, high=1.0, n=4, n_actors=2)
    """
    value, ids = np.asarray(values, dtype=np.float64), np.asarray(actors)
    weight = np.ones(value.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if value.ndim != 1 or not value.shape == ids.shape == weight.shape:
        raise InputError(f"values, actors and weights have shapes {value.shape}, {ids.shape}, {weight.shape}; align")
    defined = ~np.isnan(value)
    sums = cluster_sums(np.column_stack([value * weight, weight])[defined], ids[defined])
    return statistic_interval(sums, _weighted_means, int(defined.sum()), confidence, resamples, seed)


def statistic_interval(
    sums: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    n: int,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A statistic of `n` values by their sums (n_clusters, m), with bounds as `mean_interval` has them.

    `statistic` makes one figure of each row of totals (k, m): (k,), NaN where it is not defined. There are no bounds
    for one cluster.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(sums.sum(axis=0)[None])[0])
        if len(sums) < 2 or math.isnan(value):
            return Interval(value, math.nan, math.nan, n, len(sums))
        drawn = statistic(resample(sums, resamples, seed))
        low, high = np.nanquantile(drawn, expanded_levels(len(sums), confidence))
    return Interval(value, float(low), float(high), n, len(sums))


def paired_difference(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    actors: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    seed: int = 0,
) -> Interval:
    """(Weighted) mean of a - b over the queries where both are defined; a, b, actors: (n_queries,).

    Two queries are defined on both sides, (0.75 - 0.5 + 0.5 - 0.5) / 2:

    >>> difference = paired_difference([0.75, float("nan"), 0.5], [0.5, 0.1, 0.5], ["a", "b", "c"])
    >>> difference.value, difference.n, difference.above_zero
    (0.125, 2, False)
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise InputError(f"paired values have shapes {first.shape} and {second.shape}; give both for the same queries")
    return mean_interval(first - second, actors, weights, seed=seed)


def _weighted_means(totals: FloatArray) -> FloatArray:
    """(k,) of totals (k, 2): weighted values, weights."""
    means: FloatArray = np.where(totals[:, 1] > 0, totals[:, 0] / totals[:, 1], np.nan)
    return means


def cluster_sums(columns: FloatArray, clusters: npt.ArrayLike) -> FloatArray:
    """Sum (n, m) columns by cluster id (n,) -> (n_clusters, m), clusters in order of first appearance."""
    codes, unique = codes_of(clusters)
    if (codes < 0).any():
        raise InputError(f"{(codes < 0).sum()} actor ids are null; every value belongs to an actor")
    summed = [np.bincount(codes, column, unique) for column in columns.T]
    return np.column_stack(summed) if summed else np.zeros((unique, 0))


def resample(sums: FloatArray, resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """Totals (resamples, m) of clusters drawn with replacement from (n_clusters, m)."""
    rng = np.random.default_rng(seed)
    pooled = _pooled(sums, rng)
    n = len(pooled)
    block = max(1, BLOCK_CELLS // n)
    totals = np.empty((resamples, sums.shape[1]))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(0, n, size=(rows, n), dtype=np.int32) + (np.arange(rows) * n)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        totals[start : start + rows] = counts.astype(np.float64) @ pooled
    return totals


def expanded_levels(n_clusters: int, confidence: float) -> tuple[float, float]:
    """Quantile levels of the expanded percentile interval (Hesterberg 2015)."""
    quantile = math.sqrt(n_clusters / (n_clusters - 1)) * special.stdtrit(n_clusters - 1, (1 - confidence) / 2)
    tail = float(special.ndtr(quantile))
    return tail, 1 - tail


def _pooled(sums: FloatArray, rng: np.random.Generator) -> FloatArray:
    """At most MAX_CLUSTERS rows: clusters dealt at random into groups of (nearly) equal number."""
    if len(sums) <= MAX_CLUSTERS:
        return sums
    group = rng.permutation(len(sums)) % MAX_CLUSTERS
    return np.column_stack([np.bincount(group, column, MAX_CLUSTERS) for column in sums.T])
