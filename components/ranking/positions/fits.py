"""The ways of fitting to slates whose top was looked at more than the rest.

    plain      relevance as it was logged
    unbiased   position bias is estimated along with the ranker, which is used without it
    weighted   a positive counts 1 / examination of the rank that it was logged at (Joachims, Swaminathan and Schnabel,
               "Unbiased Learning-to-Rank with Biased Feedback", WSDM 2017)

Trees and network take the second by their configs and the third as weights of queries. Knows neither of them.
"""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from components.measures.arrays import FloatArray
from components.measures.examination import Examination
from components.training_sets import RankingDataset
from metier.errors import InputError

Kind = Literal["plain", "unbiased", "weighted"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_WEIGHT = 5.0
"""No positive counts more: a few clicks far down would outvote the rest (clipped inverse propensities)."""


def inverse_examination(dataset: RankingDataset, examination: Examination) -> FloatArray:
    """(n_rows,) what a positive of each row counts; InputError where the rows have no ranks."""
    if dataset.rank is None:
        raise InputError("the data set has no ranks; give the rank at which each row was displayed")
    return np.minimum(1 / examination.at(dataset.rank), MOST_WEIGHT)


def weighted(dataset: RankingDataset, examination: Examination) -> RankingDataset:
    """The rows of each query at the mean of what its positives count, by their gain 2^relevance - 1; at 1 without any.

    Rankers read one weight a query. With one positive in a query that is its own, so nothing is lost.
    """
    query, gain = dataset.query_index, np.exp2(dataset.relevance.astype(np.float64)) - 1
    total = np.bincount(query, gain, dataset.n_queries)
    counted = np.bincount(query, gain * inverse_examination(dataset, examination), dataset.n_queries)
    weight = np.divide(counted, total, out=np.ones(dataset.n_queries), where=total > 0)
    before = 1.0 if dataset.weight is None else dataset.weight
    return replace(dataset, weight=(before * weight[query]).astype(np.float32))


def sets_for(
    kind: Kind, train: RankingDataset, validation: RankingDataset, examination: Examination | None
) -> tuple[RankingDataset, RankingDataset]:
    """What a fit of that kind learns from, and what it stops by: corrected for examination unless it is plain."""
    if kind == "plain" or examination is None:
        return train, validation
    return weighted(train, examination) if kind == "weighted" else train, weighted(validation, examination)
