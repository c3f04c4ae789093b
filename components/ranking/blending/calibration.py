"""Monotone calibration of scores to P(relevant): a rising line, or rising pieces of lines, in log odds.

Strictly increasing, so it never ties or reorders two scores that differ. Plain numbers, stored as JSON. Knows nothing
of rankers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from components.measures.arrays import FloatArray

FEWEST_ROWS = 2_000
FEWEST_OF_A_KIND = 100
BINS = 50
SAME_RATE = 1e-9
"""Rates that differ by no more than rounding are one block."""
FLATTEST = 1e-3
"""Least slope of the log odds per deviation of the score: a score that says nothing keeps its order."""


@dataclass(frozen=True)
class Calibration:
    """log odds = piecewise linear through (score[i], log_odds[i]), both strictly increasing; lines go on outside."""

    score: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope_outside: float

    def probability(self, score: npt.ArrayLike) -> FloatArray:
        """P(relevant) (n_rows,) of scores (n_rows,)."""
        values, knots = np.asarray(score, dtype=np.float64), np.asarray(self.score)
        beyond = np.minimum(values - knots[0], 0.0) + np.maximum(values - knots[-1], 0.0)
        odds: FloatArray = expit(np.interp(values, knots, self.log_odds) + self.slope_outside * beyond)
        return odds


def fit_calibration(score: npt.ArrayLike, relevant: npt.ArrayLike) -> Calibration:
    """Isotonic where there are rows enough to bend it, Platt's line otherwise. score, relevant (boolean): (n_rows,)."""
    scores, hits = np.asarray(score, dtype=np.float64), np.asarray(relevant, dtype=bool)
    rarest = min(int(hits.sum()), int((~hits).sum()))
    enough = len(scores) >= FEWEST_ROWS and rarest >= FEWEST_OF_A_KIND
    return isotonic(scores, hits) if enough else platt(scores, hits)


def platt(score: FloatArray, relevant: npt.NDArray[np.bool_]) -> Calibration:
    """Logistic regression on the score with Platt's smoothed targets (Platt 1999); the slope is kept positive."""
    from scipy.optimize import minimize  # for a fit alone

    positives, negatives = int(relevant.sum()), int((~relevant).sum())
    target = np.where(relevant, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = float(score.mean()), float(score.std()) or 1.0
    standard = (score - centre) / spread

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        odds = parameters[0] * standard + parameters[1]
        residual = expit(odds) - target
        value = float(np.mean(np.logaddexp(0.0, odds) - target * odds))
        return value, np.array([np.mean(residual * standard), np.mean(residual)])

    start = np.array([1.0, float(logit(target.mean()))])
    slope, intercept = minimize(loss, start, jac=True, bounds=[(FLATTEST, None), (None, None)]).x
    return Calibration((centre,), (float(intercept),), float(slope) / spread)


def isotonic(score: FloatArray, relevant: npt.NDArray[np.bool_]) -> Calibration:
    """Pool-adjacent-violators over equal-count bins, joined at the centres of its blocks (Oron & Flournoy 2017)."""
    from sklearn.isotonic import isotonic_regression

    line = platt(score, relevant)
    order = np.argsort(score, kind="stable")
    bins = np.array_split(order, BINS)
    base = float(relevant.mean())
    size = np.array([len(rows) for rows in bins], dtype=np.float64)
    centre = np.array([score[rows].mean() for rows in bins])
    rate = (np.array([relevant[rows].sum() for rows in bins]) + base) / (size + 1.0)
    level = isotonic_regression(rate, sample_weight=size)
    block = np.cumsum(np.diff(level, prepend=level[0]) > SAME_RATE)
    weight = np.bincount(block, size)
    knots, odds = np.bincount(block, size * centre) / weight, logit(np.bincount(block, size * level) / weight)
    rising = np.diff(knots, prepend=-np.inf) > 0
    return Calibration(tuple(knots[rising].tolist()), tuple(odds[rising].tolist()), line.slope_outside)
