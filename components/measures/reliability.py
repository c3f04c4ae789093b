"""Whether predicted probabilities come true: predicted over observed, and the slope of a logistic recalibration.

By outcome and by the rank at which candidates were shown, since what is right on average may be wrong at the top.
Intervals count actors, not rows. Knows no ranker.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from components.measures.arrays import FloatArray, IntArray
from components.measures.intervals import Interval, cluster_sums, statistic_interval
from metier.errors import InputError
from metier.stored import Number

RANK_BANDS = ((1, 1), (2, 3), (4, 6), (7, 10), (11, 2**31 - 1))
"""(first, last) rank of each band."""
EVERY_RANK = "all"
ENOUGH_POSITIVES = 1_000
"""From here on the figure itself has to be right; below, the interval has to contain 1."""
RATIO, SLOPE = (0.95, 1.05), (0.9, 1.1)
LEAST = 1e-7
"""Log odds are taken of probabilities that are this far from 0 and 1."""
STEPS = 30


@dataclass(frozen=True)
class Reliability:
    """Of one head at one band of ranks (`all`, `1`, `2-3`, ... `11+`): how its probabilities came true.

    predicted, observed: mean probability, share of positives. ratio: predicted over observed, above 1 where too much is
    promised. slope of the outcome's log odds on those predicted, below 1 where probabilities are too far apart; NaN
    where it is not defined.
    """

    head: str
    band: str
    rows: int
    positives: int
    predicted: Number
    observed: Number
    ratio: Interval
    slope: Interval

    @property
    def calibrated(self) -> bool:
        """Ratio in RATIO and slope in SLOPE with ENOUGH_POSITIVES, else each interval contains 1 or is undefined."""
        enough = self.positives >= ENOUGH_POSITIVES
        return _holds(self.ratio, RATIO, enough) and _holds(self.slope, SLOPE, enough)


def reliability(
    head: str, probability: npt.ArrayLike, outcome: npt.ArrayLike, rank: npt.ArrayLike, actors: npt.ArrayLike
) -> tuple[Reliability, ...]:
    """Over all ranks, then by band. All arrays (n_rows,); rows whose outcome is NaN are left out.

    Ten rows of .2, one of which came true: twice as many were promised.

    >>> rows = reliability("click", [0.2] * 10, [1] + [0] * 9, [1] * 10, list(range(10)))
    >>> [(row.band, row.positives, round(row.ratio.value, 9)) for row in rows]
    [('all', 1, 2.0), ('1', 1, 2.0)]
    """
    p, y, ranks, who = (np.asarray(column) for column in (probability, outcome, rank, actors))
    if not p.shape == y.shape == ranks.shape == who.shape:
        raise InputError(
            f"probability, outcome, rank and actors have {len(p)}, {len(y)}, {len(ranks)}, {len(who)} rows"
        )
    known = ~np.isnan(y.astype(np.float64))
    return tuple(
        _of_band(head, band, p[rows].astype(np.float64), y[rows].astype(np.float64), who[rows])
        for band, rows in _bands(ranks, known)
    )


def band_of(rank: npt.ArrayLike) -> IntArray:
    """Position in RANK_BANDS of each rank (n,), 1-based."""
    return np.searchsorted([last for _, last in RANK_BANDS], np.asarray(rank)).astype(np.int64)


def band_names() -> tuple[str, ...]:
    """Of RANK_BANDS, in order: 1, 2-3, ... 11+."""
    *inner, (last, _) = RANK_BANDS
    return (*(f"{low}" if low == high else f"{low}-{high}" for low, high in inner), f"{last}+")


def _bands(ranks: npt.NDArray[np.int64], known: npt.NDArray[np.bool_]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """(name, rows) of all ranks and of each band that has a known row."""
    position = band_of(ranks)
    bands = [(EVERY_RANK, known), *((name, known & (position == i)) for i, name in enumerate(band_names()))]
    return ((name, rows) for name, rows in bands if rows.any())


def _of_band(head: str, band: str, p: FloatArray, y: FloatArray, who: npt.NDArray) -> Reliability:
    ratio = statistic_interval(cluster_sums(np.column_stack([p, y]), who), _ratios, len(p))
    return Reliability(
        head, band, len(p), int(y.sum()), float(p.mean()), float(y.mean()), ratio, calibration_slope(p, y, who)
    )


def calibration_slope(
    probability: FloatArray, outcome: FloatArray, actors: npt.NDArray, confidence: float = 0.95
) -> Interval:
    """Slope b of log odds = a + b * logit(probability) (Cox 1958), its variance a sandwich summed by actor."""
    x = logit(np.clip(probability, LEAST, 1 - LEAST))
    undefined = Interval(np.nan, np.nan, np.nan, len(x), len(np.unique(actors)))
    if outcome.min() == outcome.max() or np.ptp(x) < 1e-9:
        return undefined
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.array([0.0, 1.0])
    for _ in range(STEPS):
        p = expit(design @ beta)
        curvature = design.T @ (design * (p * (1 - p))[:, None])
        if np.linalg.cond(curvature) > 1e14:
            return undefined
        step = np.linalg.solve(curvature, design.T @ (outcome - p))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return undefined
    residual = cluster_sums(design * (outcome - p)[:, None], actors)
    if (n := len(residual)) < 2:
        return Interval(float(beta[1]), np.nan, np.nan, len(x), n)
    inverse = np.linalg.inv(curvature)
    deviation = float(np.sqrt((inverse @ (residual.T @ residual) @ inverse)[1, 1] * n / (n - 1)))
    reach = -float(stdtrit(n - 1, (1 - confidence) / 2)) * deviation
    return Interval(float(beta[1]), float(beta[1] - reach), float(beta[1] + reach), len(x), n)


def _ratios(totals: FloatArray) -> FloatArray:
    """(k,) of totals (k, 2): sums of probabilities, positives."""
    ratios: FloatArray = np.where(totals[:, 1] > 0, totals[:, 0] / totals[:, 1], np.nan)
    return ratios


def _holds(interval: Interval, bounds: tuple[float, float], enough: bool) -> bool:
    if enough:
        return bounds[0] <= interval.value <= bounds[1]
    return not (interval.low > 1 or interval.high < 1)
