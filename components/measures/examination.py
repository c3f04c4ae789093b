"""Examination: the probability that a rank was looked at, relative to rank 1. Estimated from outcomes, never logged.

Position-based model (Joachims, Swaminathan and Schnabel 2017): P(positive) = examination(rank) x relevance. Relevance
cancels out within a group of rows that share it: of its positives, which rows they are depends on the ranks alone (the
conditional likelihood of a Poisson model with an effect for each group; Hausman, Hall and Griliches 1984). Groups are

* slates drawn at random, of which every rank has the same expected relevance; positives count 1 / propensity;
* showings of one pair of asker and candidate at different ranks of different queries (intervention harvesting: Agarwal
  et al., "Estimating Position Bias without Intrusive Interventions", WSDM 2019), whose relevance is taken as constant.

Promoted placements stay out: the caller passes organic and exploration rows only. Knows no ranker and no table.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from components.measures.arrays import FloatArray, IntArray, Mask, codes_of
from components.measures.intervals import cluster_sums
from components.measures.weighted_rewards import effective_number
from metier.errors import InputError, UnsupportedEstimate
from metier.stored import Number

Source = Literal["randomised", "rank variation"]

LEAST_EXAMINATION = 0.05
"""Corrections go no further than 1 / this: below it, noise of the estimate outweighs the bias removed."""
FEWEST_POSITIVES = 100.0
"""Positives (of equal weight) whose group was shown at another rank too; fewer tell nothing."""
FEWEST_ACTORS = 30
WIDEST = 4.0
"""How many times its lower bound the upper bound of one of the first 10 ranks may be."""
MOST_RANKS = 50
STEP_SPREAD = 0.5
"""A step from rank to rank may differ from that of a power law by this share of log(rank + 1) - log(rank), a standard
deviation; many positives overrule it."""
NORMAL_TAIL = float(special.ndtri(0.975))


@dataclass(frozen=True)
class Examination:
    """Examination by rank with 95% bounds: position r - 1 holds rank r, which never exceeds the rank before."""

    by_rank: tuple[Number, ...]
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    source: Source
    n: int
    """Positives that told, of equal weight."""
    n_actors: int

    def at(self, rank: npt.ArrayLike) -> FloatArray:
        """Examination of each rank (n,); ranks past the last estimated one take its value."""
        return _at(self.by_rank, rank)

    def bounds(self) -> tuple["Examination", "Examination"]:
        """As if the lower and the upper bounds were what is true."""
        return replace(self, by_rank=self.low), replace(self, by_rank=self.high)


@dataclass(frozen=True)
class ShownRows:
    """What was shown and what came of it, all (n,).

    rank 1-based; positive 0 or 1; query and actor ids; `pair` names the asker, the candidate and what was asked for,
    null where that is not known; propensity NaN where unknown.
    """

    rank: npt.ArrayLike
    positive: npt.ArrayLike
    query: npt.ArrayLike
    pair: npt.ArrayLike
    actor: npt.ArrayLike
    propensity: npt.ArrayLike | None = None


def estimate_examination(shown: ShownRows) -> Examination:
    """From randomised slates where they hold enough positives, else from pairs that were shown at several ranks.

    The logarithm falls by a step of zero or more from rank to rank, drawn towards the step of a power law of the rank
    whose exponent is estimated too. Bounds are by the sandwich covariance over actors.

    UnsupportedEstimate where neither source has FEWEST_POSITIVES of FEWEST_ACTORS with bounds within WIDEST: then
    nobody knows what was looked at.

    Each of 150 pairs was shown once at rank 1 and once at rank 2, and positive once: two times in three at rank 1:

    >>> rank, positive, pair = [1, 2] * 150, [1, 0, 1, 0, 0, 1] * 50, np.arange(150).repeat(2)
    >>> found = estimate_examination(ShownRows(rank, positive, query=np.arange(300), pair=pair, actor=pair))
    >>> found.source, found.n, [round(value, 2) for value in found.by_rank]
    ('rank variation', 150, [1.0, 0.5])
    """
    rank = np.minimum(_ranks(shown.rank), MOST_RANKS)
    positive = np.asarray(shown.positive, dtype=np.float64)
    (query, n_queries), (pair, _), (actor, _) = map(codes_of, (shown.query, shown.pair, shown.actor))
    propensity = np.full(len(rank), np.nan) if shown.propensity is None else np.asarray(shown.propensity, np.float64)
    at_random = randomised_queries(propensity, query, n_queries)[query]
    sources: tuple[tuple[Source, IntArray, FloatArray], ...] = (
        ("randomised", np.where(at_random, query, -1), positive / np.where(at_random, propensity, 1.0)),
        ("rank variation", pair, positive),
    )
    refusals = []
    for source, group, gained in sources:
        try:
            return _Groups.of(rank, gained, group, actor).examination(source)
        except UnsupportedEstimate as refusal:
            refusals.append(f"{source}: {refusal}")
    raise UnsupportedEstimate(
        f"nobody can tell from this log what was looked at ({'; '.join(refusals)}); show some slates in random order"
    )


def randomised_queries(propensity: npt.ArrayLike, query: IntArray, n_queries: int) -> Mask:
    """(n_queries,) queries of which no candidate's rank was certain: each row has a known propensity below 1."""
    certain = ~(np.asarray(propensity) < 1)  # NaN, unknown, counts as certain
    return np.asarray(np.bincount(query, weights=certain, minlength=n_queries) == 0)


@dataclass(frozen=True)
class _Groups:
    """Groups with a positive and more than one rank: rows shown and positives by rank, both (n_groups, n_ranks)."""

    shown: FloatArray
    gained: FloatArray
    actor: IntArray  # (n_groups,)
    n: float

    @classmethod
    def of(cls, rank: IntArray, gained: FloatArray, group: IntArray, actor: IntArray) -> "_Groups":
        """Of rows (n_rows,), those of group -1 left out; positives are scaled to count what they are worth."""
        n = int(group.max(initial=-1)) + 1
        known = group >= 0
        rank, gained, group, actor = rank[known], gained[known], group[known], actor[known]
        rows, mean = np.bincount(group, minlength=n), np.bincount(group, rank, n)
        several = np.bincount(group, rank**2.0, n) * rows > mean**2
        telling = several & (np.bincount(group, gained, n) > 0)
        chosen = telling[group]
        rank, gained, actor = rank[chosen], gained[chosen], actor[chosen]
        group = (np.cumsum(telling) - 1)[group[chosen]]
        shape = (int(telling.sum()), int(rank.max(initial=1)))
        cell = group * shape[1] + rank - 1
        whose = np.zeros(shape[0], dtype=np.int64)
        whose[group] = actor
        worth = effective_number(gained, np.arange(len(gained))) if len(gained) else 0.0
        scale = worth / gained.sum() if worth else 1.0
        cells = shape[0] * shape[1]
        return cls(
            np.bincount(cell, minlength=cells).reshape(shape).astype(np.float64),
            (np.bincount(cell, gained, cells) * scale).reshape(shape),
            whose,
            worth,
        )

    def examination(self, source: Source) -> Examination:
        """Estimate, or UnsupportedEstimate with what is missing."""
        n_actors = len(np.unique(self.actor))
        if self.n < FEWEST_POSITIVES or n_actors < FEWEST_ACTORS:
            raise UnsupportedEstimate(
                f"{self.n:.0f} positives of {n_actors} actors, {FEWEST_POSITIVES:.0f} of {FEWEST_ACTORS} are wanted"
            )
        steps = self._fit()
        fallen = np.append(0.0, np.cumsum(steps[:-1]))
        spread = NORMAL_TAIL * np.sqrt(np.diag(self._covariance(steps)))
        low, value, high = (np.clip(np.exp(-fallen + off), LEAST_EXAMINATION, 1.0) for off in (-spread, 0.0, spread))
        apart = float((high / low)[:10].max())
        if apart > WIDEST:
            raise UnsupportedEstimate(f"bounds {apart:.1f} times apart, {WIDEST:g} are allowed")
        low, high = np.minimum.accumulate(low), np.minimum.accumulate(high)
        return Examination(
            tuple(value.tolist()), tuple(low.tolist()), tuple(high.tolist()), source, int(self.n), n_actors
        )

    @property
    def _prior(self) -> FloatArray:
        """Precision (n_ranks, n_ranks) of the steps and, last, the exponent of the power law they are drawn to."""
        power = np.diff(np.log(np.arange(1.0, self.shown.shape[1] + 1)))
        precision = np.diag(np.append((STEP_SPREAD * power) ** -2, len(power) * STEP_SPREAD**-2))
        precision[-1, :-1] = precision[:-1, -1] = -1 / (STEP_SPREAD**2 * power)
        return precision

    def _fit(self) -> FloatArray:
        """The steps between ranks and, last, the exponent: the most likely ones that are not negative."""
        from scipy.optimize import minimize  # for a fit alone

        prior, by_rank, by_group = self._prior, self.gained.sum(axis=0), self.gained.sum(axis=1)

        def loss(steps: FloatArray) -> tuple[float, FloatArray]:
            seen = np.exp(-np.append(0.0, np.cumsum(steps[:-1])))
            expected = self.shown * seen
            total = expected.sum(axis=1)
            value = -by_rank @ np.log(seen) + by_group @ np.log(total) + steps @ prior @ steps / 2
            fallen = by_rank - (by_group / total) @ expected  # gradient of the logarithm's fall at each rank
            gradient = np.append(np.cumsum(fallen[::-1])[::-1][1:], 0.0)
            return float(value), gradient + prior @ steps

        start = np.append(np.diff(np.log(np.arange(1.0, self.shown.shape[1] + 1))), 1.0) / 2
        fitted: FloatArray = minimize(loss, start, jac=True, bounds=[(0, None)] * len(start)).x
        return fitted

    def _covariance(self, steps: FloatArray) -> FloatArray:
        """Of the logarithm by rank: the sandwich over actors, the prior counted as one more observation."""
        falls = np.tril(np.ones((len(steps), len(steps))), -1)  # how the logarithm falls with the steps
        expected = self.shown * np.exp(-falls @ steps)
        share, by_group = expected / expected.sum(axis=1, keepdims=True), self.gained.sum(axis=1)
        curvature = np.diag(by_group @ share) - (share * by_group[:, None]).T @ share
        off = cluster_sums(self.gained - by_group[:, None] * share, self.actor)
        bread = np.linalg.pinv(falls.T @ curvature @ falls + self._prior)
        meat = falls.T @ (off.T @ off) @ falls + self._prior
        covariance: FloatArray = falls @ bread @ meat @ bread @ falls.T
        return covariance


def _at(by_rank: tuple[float, ...], rank: npt.ArrayLike) -> FloatArray:
    values: FloatArray = np.asarray(by_rank)[np.minimum(_ranks(rank), len(by_rank)) - 1]
    return values


def _ranks(rank: npt.ArrayLike) -> IntArray:
    ranks = np.asarray(rank)
    if ranks.size and (not np.issubdtype(ranks.dtype, np.integer) or ranks.min() < 1):
        raise InputError("ranks are 1-based whole numbers; pass the logged rank of each row")
    return ranks.astype(np.int64)
