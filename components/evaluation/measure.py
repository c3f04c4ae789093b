"""Turn per-query values of several rankers into measured rows and paired comparisons. Knows no protocol."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.evaluation.report.document import Compared, Measured
from components.measures import mean_interval, paired_difference
from components.measures.arrays import Floats
from components.ranking import Ensemble, Ranker
from components.training_sets.dataset.checked import row_blocks

Values = Mapping[str, NDArray[np.float64]]


def measured(metric: str, values: Values, actors: NDArray) -> tuple[Measured, ...]:
    """One row per ranker; values (n_queries,), intervals resample `actors` (n_queries,)."""
    return tuple(Measured(ranker, metric, mean_interval(value, actors)) for ranker, value in values.items())


def compared(metric: str, values: Values, actors: NDArray, ranker: str, against: Sequence[str]) -> tuple[Compared, ...]:
    """`ranker` minus each of `against` on the same queries, without those that are not among `values`."""
    return tuple(
        Compared(ranker, other, metric, paired_difference(values[ranker], values[other], actors))
        for other in against
        if other in values
    )


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
