"""How far a judge's grades agree with known ones: Cohen's kappa and precision by grade, intervals over queries.

Pairs of one query resemble each other, so queries are resampled, never pairs. Knows no judge and no candidate.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from components.measures.arrays import FloatArray
from components.measures.intervals import Interval, cluster_sums, mean_interval, statistic_interval
from metier.errors import InputError

Weights = Literal["none", "quadratic"]


def kappa(
    judged: npt.ArrayLike,
    known: npt.ArrayLike,
    queries: npt.ArrayLike,
    *,
    n_grades: int,
    weights: Weights = "none",
    seed: int = 0,
) -> Interval:
    """Cohen's kappa of grades 0 to n_grades - 1. judged, known, queries: (n_pairs,), query ids of any dtype.

    1 - observed / expected disagreement (Cohen 1960; weighted: Cohen 1968). Each unequal pair disagrees by 1, or with
    quadratic weights by the square of its distance over the greatest one, so that neighbours nearly agree. Expected is
    what the two would disagree by if they gave their grades independently. NaN where both always give the same grade.

    Judged 0 0 1 1 against 0 1 1 1: one of four differs; by chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2 would; 1 - .25 / .5:

    >>> kappa([0, 0, 1, 1], [0, 1, 1, 1], ["a", "a", "b", "b"], n_grades=2).value
    0.5
    """
    given, true, ids = _aligned(judged, known, queries, n_grades)
    cells = np.zeros((len(given), n_grades * n_grades))
    cells[np.arange(len(given)), given * n_grades + true] = 1.0
    cost = _costs(n_grades, weights)
    sums = cluster_sums(cells, ids)
    return statistic_interval(sums, lambda counts: _kappas(counts, cost), len(given), (-1.0, 1.0), seed=seed)


def grade_precision(
    judged: npt.ArrayLike, known: npt.ArrayLike, queries: npt.ArrayLike, *, n_grades: int, at_least: int
) -> Interval:
    """Of the pairs that the judge graded `at_least` so high, the share that truly are; arguments as `kappa`.

    >>> grade_precision([3, 3, 0], [3, 1, 3], ["a", "b", "c"], n_grades=4, at_least=2).value
    0.5
    """
    given, true, ids = _aligned(judged, known, queries, n_grades)
    high = given >= at_least
    return mean_interval((true[high] >= at_least).astype(np.float64), ids[high])


def _aligned(
    judged: npt.ArrayLike, known: npt.ArrayLike, queries: npt.ArrayLike, n_grades: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.generic]]:
    given, true, ids = np.asarray(judged), np.asarray(known), np.asarray(queries)
    if given.ndim != 1 or not given.shape == true.shape == ids.shape:
        raise InputError(f"grades and queries have shapes {given.shape}, {true.shape} and {ids.shape}; align them")
    for name, grades in (("judged", given), ("known", true)):
        wrong = [grade for grade in grades.tolist() if not (0 <= grade < n_grades and grade == int(grade))]
        if wrong:
            raise InputError(f"{name} holds grade {wrong[0]!r}; grades are whole numbers from 0 to {n_grades - 1}")
    return given.astype(np.int64), true.astype(np.int64), ids


def _costs(n_grades: int, weights: Weights) -> FloatArray:
    """(n_grades, n_grades) disagreement of a judged with a known grade, 0 to 1."""
    apart = np.abs(np.subtract.outer(np.arange(n_grades), np.arange(n_grades)))
    costs: FloatArray = (apart > 0).astype(np.float64) if weights == "none" else (apart / max(n_grades - 1, 1)) ** 2
    return costs


def _kappas(counts: FloatArray, cost: FloatArray) -> FloatArray:
    """(m,) kappas of confusion matrices (m, n_grades * n_grades) of counts."""
    tables = counts.reshape(-1, *cost.shape)
    total = tables.sum(axis=(1, 2))
    observed = (tables * cost).sum(axis=(1, 2)) / total
    expected = np.einsum("mi,mj,ij->m", tables.sum(axis=2), tables.sum(axis=1), cost) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        kappas: FloatArray = np.where(expected > 0, 1.0 - observed / expected, np.nan)
    return kappas
