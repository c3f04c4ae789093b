"""Intervals over actors: resample who asked, never rows, since one actor's queries resemble each other.

An estimate is a function of sums over actors. Bounds are those of the studentised bootstrap (Efron 1979; Hall 1988, who
shows why it covers skewed values where percentiles do not), or of Student's t on a side where these lie further out:
thirty actors hold less of the tails than whoever they were drawn from.

In simulations of 30 to 300 actors with skewed values, rare hits and unequal numbers of queries these bounds cover 93 to
97% (benchmarks/quality/coverage.py), percentiles .78 to .96. What fewer cannot tell is said: FEWEST_ACTORS, as many as
LEAST_WORTH of equal weight, FEWEST_APART of whom differ from the others.

A log of more than MAX_CLUSTERS actors is first pooled at random into that many groups of actors, which are as
independent as the actors were and keep the cost of a resample constant.
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

CONFIDENCE = 0.95
RESAMPLES = 2_000
MAX_CLUSTERS = 20_000
BLOCK_CELLS = 2_000_000
FEWEST_ACTORS = 30
LEAST_WORTH = 15.0
FEWEST_APART = 10
"""Actors whose own value is not the one that most have: hits where most have none."""
NUDGE = 1e-6
"""Relative step of the numerical derivative of a statistic."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds over `n` values of `n_actors` actors; NaN where it cannot be said."""

    value: Number
    low: Number
    high: Number
    n: int
    n_actors: int
    too_few: str = ""
    """What is missing for the bounds to cover what they say; empty where nothing is."""

    @property
    def above_zero(self) -> bool:
        """The whole interval lies above zero."""
        return self.low > 0

    @property
    def below_zero(self) -> bool:
        """The whole interval lies below zero."""
        return self.high < 0

    def lower(self, level: float) -> float:
        """The bound that the truth lies below with probability `level` at most: one side alone."""
        return self.value - (self.value - self.low) * self._reach(level)

    def upper(self, level: float) -> float:
        """The bound that the truth lies above with probability `level` at most: one side alone."""
        return self.value + (self.high - self.value) * self._reach(level)

    def _reach(self, level: float) -> float:
        """How far the bound of one side at `level` lies, in distances of the stored one, by Student's t."""
        if not 0 < level < 0.5:
            raise InputError(f"the level of a bound is {level}; use a probability between 0 and .5, such as .05")
        freedom = max(self.n_actors - 1, 1)
        return float(special.stdtrit(freedom, level) / special.stdtrit(freedom, (1 - CONFIDENCE) / 2))

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
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """(Weighted) mean of the values that are not NaN. values, actors, weights: (n,), actor ids of any dtype.

    Bounds stay within the values. Actor a asked three times and b once, so the mean is 3 / 4, and two actors leave open
    what it is:

    >>> interval = mean_interval([1, 1, 1, 0], ["a", "a", "a", "b"])
    >>> interval.value, interval.low, interval.high, interval.too_few
    (0.75, 0.0, 1.0, '2 actors, 30 are wanted')
    """
    value, ids = np.asarray(values, dtype=np.float64), np.asarray(actors)
    weight = np.ones(value.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if value.ndim != 1 or not value.shape == ids.shape == weight.shape:
        raise InputError(f"values, actors and weights have shapes {value.shape}, {ids.shape}, {weight.shape}; align")
    defined = ~np.isnan(value)
    sums = cluster_sums(np.column_stack([value * weight, weight])[defined], ids[defined])
    counted = value[defined & (weight > 0)]
    within = (float(counted.min()), float(counted.max())) if counted.size else (-math.inf, math.inf)
    interval = statistic_interval(sums, _weighted_means, int(defined.sum()), within, confidence, resamples, seed=seed)
    return replace(interval, too_few=interval.too_few or _missing(sums))


def statistic_interval(
    sums: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    n: int,
    within: tuple[float, float] = (-math.inf, math.inf),
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    *,
    seed: int = 0,
) -> Interval:
    """A statistic of `n` values by their sums (n_clusters, m), with bounds as `mean_interval` has them.

    `statistic` makes one figure of each row of totals (k, m): (k,), NaN where it is not defined; its values lie
    `within`. Its standard error is by the delta method. There are no bounds for one cluster.
    """
    too_few = f"{len(sums)} actors, {FEWEST_ACTORS} are wanted" if len(sums) < FEWEST_ACTORS else ""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(sums.sum(axis=0)[None])[0])
        if len(sums) < 2 or math.isnan(value):
            return Interval(value, math.nan, math.nan, n, len(sums), too_few)
        pooled = _pooled(sums, np.random.default_rng(seed))
        moments = np.column_stack([pooled, np.einsum("ij,ik->ijk", pooled, pooled).reshape(len(pooled), -1)])
        (error,) = _errors(moments.sum(axis=0)[None], statistic, len(pooled))
        drawn = resample(moments, resamples, seed)
        off = (statistic(drawn[:, : sums.shape[1]]) - value) / _errors(drawn, statistic, len(pooled))
    tail = (1 - confidence) / 2
    reach = -float(special.stdtrit(len(sums) - 1, tail))
    defined = off[np.isfinite(off)]
    down, up = np.quantile(defined, (tail, 1 - tail)) if defined.size else (-reach, reach)
    low = max(value - max(float(up), reach) * float(error), within[0])
    high = min(value - min(float(down), -reach) * float(error), within[1])
    return Interval(value, min(low, value), max(high, value), n, len(sums), too_few)


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


def _errors(moments: FloatArray, statistic: Callable[[FloatArray], FloatArray], n: int) -> FloatArray:
    """Standard errors (k,) of a statistic of totals over n clusters by the delta method.

    moments (k, m + m * m): totals of the clusters' sums and of the products of these.
    """
    m = math.isqrt(moments.shape[1])  # m^2 <= m + m^2 < (m + 1)^2
    totals, products = moments[:, :m], moments[:, m:].reshape(-1, m, m)
    step = NUDGE * np.maximum(np.abs(totals), NUDGE)
    slopes = np.empty_like(totals)
    for column in range(m):
        off = np.zeros_like(totals)
        off[:, column] = step[:, column]
        slopes[:, column] = (statistic(totals + off) - statistic(totals - off)) / (2 * step[:, column])
    squares = (slopes[:, None, :] @ products @ slopes[:, :, None])[:, 0, 0]
    variance = squares - (slopes * totals).sum(axis=1) ** 2 / n
    apart = np.einsum("kj,kjj->k", slopes**2, products)  # what rounding is small beside
    return np.sqrt(np.where(variance > ROUNDING * apart, variance * n / (n - 1), 0.0))


def _missing(sums: FloatArray) -> str:
    """What the actors (weighted values, weights) lack for bounds of their mean, or nothing."""
    weight = sums[:, 1]
    worth = weight.sum() ** 2 / (weight**2).sum()
    if worth < LEAST_WORTH:
        return f"actors worth {worth:.0f} of equal weight, {LEAST_WORTH:.0f} are wanted"
    own = sums[weight > 0, 0] / weight[weight > 0]
    apart = len(own) - int(np.unique(own, return_counts=True)[1].max())
    return f"{apart} actors differ from the others, {FEWEST_APART} are wanted" if apart < FEWEST_APART else ""


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
