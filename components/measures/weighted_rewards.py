"""Bounds of a mean of weighted rewards, where rewards are rare and weights heavy.

The heaviest weights carry most of the variance, and hardly any of their rows is rewarded, so what a log says of them is
mostly luck: a bootstrap of its rows covers too little. Here rows are put into strata of like weight that hold
FEWEST_REWARDS rewards each, and within a stratum rewards count as independent of the weights.

Rare rewards arrive as a compound Poisson process, whose sum is nearly gamma: its variance in units of its mean is known
from the log, and the bounds are the means under which what was observed lies in neither tail. With many rewards that is
the normal interval. Knows no policy: rewards, weights, and who they belong to.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from components.measures.arrays import FloatArray, IntArray
from components.measures.intervals import expanded_levels

FEWEST_REWARDS = 3
"""Rewarded rows in a stratum. With 1 to 10 the bounds covered alike on logs simulated from public bandits."""


@dataclass(frozen=True)
class WeightedRewards:
    """value = mean(direct + weight * (reward - predicted)) / scale + offset, the arrays (n_rows,), weights >= 0."""

    reward: FloatArray
    weight: FloatArray
    predicted: FloatArray
    direct: FloatArray
    scale: float = 1.0
    offset: float = 0.0

    @property
    def value(self) -> float:
        """The estimate."""
        return float(self._terms.mean() / self.scale + self.offset)

    def bounds(self, clusters: IntArray, confidence: float) -> tuple[float, float]:
        """(low, high) of the value; clusters (n_rows,) are the codes of who is independent of whom, two at least."""
        value, observed = self.value, float((self.weight * self.reward).mean() / self.scale)
        tail, other = expanded_levels(int(clusters.max()) + 1, confidence)
        spread = np.sqrt(self._variance() * self._design_effect(clusters)) / self.scale
        unseen = 1.0 - ((1 - confidence) / 2) ** (1 / effective_number(self.weight, clusters))  # the rule of three
        if not self.reward.any():
            return value, value + unseen
        if spread == 0:
            return value - observed * unseen, value
        if self.reward.min() < 0:
            return value + float(special.ndtri(tail)) * spread, value + float(special.ndtri(other)) * spread
        unit = spread**2 / observed
        low, high = (unit * special.gdtrib(1.0, level, observed / unit) for level in (other, tail))
        return value + float(low) - observed, value + float(high) - observed

    @property
    def _terms(self) -> FloatArray:
        return self.direct + self.weight * (self.reward - self.predicted)

    def _variance(self) -> float:
        """Of the mean of the terms, each row's reward drawn from its stratum."""
        stratum = _strata(self.weight, self.reward)
        rows = np.bincount(stratum)
        mean = np.bincount(stratum, self.reward) / rows
        variance = np.maximum(np.bincount(stratum, self.reward**2) / rows - mean**2, 0.0)
        off = self.direct + self.weight * (mean[stratum] - self.predicted) - self._terms.mean()
        return float((self.weight**2 * variance[stratum] + off**2).sum() / len(stratum) ** 2)

    def _design_effect(self, clusters: IntArray) -> float:
        """How many times the variance of independent rows that of their clusters is (Kish 1965), 1 at least."""
        off = self._terms - self._terms.mean()
        alone = (off**2).sum()
        return max(1.0, float((np.bincount(clusters, off) ** 2).sum() / alone)) if alone > 0 else 1.0


def effective_number(weight: FloatArray, clusters: IntArray) -> float:
    """(sum w)^2 / sum w^2 (Kish 1965) over the sums of the clusters: how many of equal weight they are worth."""
    sums = np.bincount(clusters, weight)
    return float(sums.sum() ** 2 / (sums**2).sum())


def _strata(weight: FloatArray, reward: FloatArray) -> IntArray:
    """Stratum of each row, 0 the heaviest; the last takes what is left of the rewards, all of them if they are few."""
    heaviest_first = np.argsort(-weight, kind="stable")
    seen = np.cumsum(reward[heaviest_first] != 0)
    number = np.maximum(seen - 1, 0) // FEWEST_REWARDS
    stratum = np.empty(len(weight), dtype=np.int64)
    stratum[heaviest_first] = np.minimum(number, max(int(seen[-1]) // FEWEST_REWARDS - 1, 0))
    return stratum
