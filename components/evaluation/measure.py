"""Turn per-query values of several rankers into measured rows and paired comparisons. Knows no protocol."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.evaluation.report.document import Compared, Measured
from components.measures import Interval, mean_interval
from components.measures.arrays import Floats, Mask
from components.measures.weighted_rewards import effective_number
from components.ranking import Ensemble, Ranker
from components.training_sets.dataset.checked import row_blocks

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class QueryValues:
    """A metric's value of each query by ranker, what the query counts, and whose it is, all (n_queries,).

    at_bounds: the same, had what the weights were estimated from lain at its bounds; that error is in every interval.
    """

    values: Values
    weights: NDArray[np.float64]
    actors: NDArray
    at_bounds: tuple["QueryValues", ...] = ()

    @property
    def worth(self) -> float:
        """How many queries of equal weight these are worth (Kish)."""
        return effective_number(self.weights, np.arange(len(self.weights))) if self.weights.any() else 0.0

    def part(self, queries: Mask) -> "QueryValues":
        """Of the queries (n_queries,) that are true."""
        values = {name: value[queries] for name, value in self.values.items()}
        at_bounds = tuple(bound.part(queries) for bound in self.at_bounds)
        return QueryValues(values, self.weights[queries], self.actors[queries], at_bounds)

    def measured(self, metric: str) -> tuple[Measured, ...]:
        """One row per ranker."""
        return tuple(Measured(ranker, metric, self._interval(value, ranker)) for ranker, value in self.values.items())

    def compared(self, metric: str, ranker: str, against: Sequence[str]) -> tuple[Compared, ...]:
        """`ranker` minus each of `against`, without those that are not among the values."""
        return tuple(
            Compared(ranker, other, metric, self._interval(self.values[ranker] - self.values[other], ranker, other))
            for other in against
            if other in self.values
        )

    def _interval(self, value: NDArray[np.float64], ranker: str, other: str | None = None) -> Interval:
        elsewhere = [bound.mean(ranker) - (bound.mean(other) if other else 0.0) for bound in self.at_bounds]
        return mean_interval(value, self.actors, self.weights).widened(*elsewhere)

    def mean(self, ranker: str) -> float:
        """Weighted mean of the values that are defined, NaN where none is."""
        value = self.values[ranker]
        known = ~np.isnan(value) & (self.weights > 0)
        return float(np.average(value[known], weights=self.weights[known])) if known.any() else math.nan


def measured(metric: str, values: Values, actors: NDArray) -> tuple[Measured, ...]:
    """One row per ranker; values (n_queries,), intervals resample `actors` (n_queries,)."""
    return QueryValues(values, np.ones(len(actors)), actors).measured(metric)


def compared(metric: str, values: Values, actors: NDArray, ranker: str, against: Sequence[str]) -> tuple[Compared, ...]:
    """`ranker` minus each of `against` on the same queries, without those that are not among `values`."""
    return QueryValues(values, np.ones(len(actors)), actors).compared(metric, ranker, against)


def order(ranker: Ranker | Ensemble, features: Floats) -> NDArray[np.float64]:
    """What a ranker orders rows by (n_rows,): an ensemble's blend, which calibration does not tie."""
    score = np.empty(len(features), dtype=np.float64)
    for rows in row_blocks(len(features)):
        block = features[rows]
        score[rows] = ranker.blend(block) if isinstance(ranker, Ensemble) else ranker.score(block)
    return score


def best(values: Values, among: Sequence[str]) -> str:
    """The ranker of `among` with the highest mean; the first where no value is defined."""
    defined = {name: values[name][~np.isnan(values[name])] for name in among}
    return max(among, key=lambda name: float(defined[name].mean()) if len(defined[name]) else -np.inf)
