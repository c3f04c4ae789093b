"""F1 of slots over searches: 2 right / (planned + asked), of sums over the searches, which are resampled whole."""

import numpy as np
import numpy.typing as npt

from components.measures.intervals import Interval, mean_interval, statistic_interval
from metier.errors import InputError


def slot_f1(counts: npt.ArrayLike) -> Interval:
    """counts: (n_searches, 3), of each search the pairs that are right, planned and asked.

    One search has 2 of 2 planned and 3 asked right, another none of 1 and 2: 2 * 2 / (2 + 3 + 1 + 2).

    >>> slot_f1([[2, 2, 3], [0, 1, 2]]).value
    0.5
    """
    right, of = _columns(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean_interval(2 * right / of, np.arange(len(of)), of)


def slot_f1_difference(counts: npt.ArrayLike, others: npt.ArrayLike) -> Interval:
    """F1 of `counts` minus that of `others` of the same searches, with the interval of the paired bootstrap."""
    right, of = _columns(counts)
    other_right, other_of = _columns(others)
    if len(of) != len(other_of):
        raise InputError(f"{len(of)} and {len(other_of)} searches are compared; count both on the same searches")
    sums = np.column_stack([2 * right, of, 2 * other_right, other_of])
    return statistic_interval(sums, lambda of: of[:, 0] / of[:, 1] - of[:, 2] / of[:, 3], len(sums), (-1.0, 1.0))


def compared(counts: npt.ArrayLike, others: npt.ArrayLike) -> dict[str, float]:
    """F1 of both, and the `gain` of the first over the other `base`, each with the bounds of its interval."""
    intervals = {"f1": slot_f1(counts), "base_f1": slot_f1(others), "gain": slot_f1_difference(counts, others)}
    bounds = {f"{name}_{side}": getattr(of, side) for name, of in intervals.items() for side in ("low", "high")}
    return {name: float(of.value) for name, of in intervals.items()} | bounds


def _columns(counts: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(right, planned + asked) of each search."""
    right, planned, asked = np.asarray(counts, dtype=np.float64).T
    return right, planned + asked
