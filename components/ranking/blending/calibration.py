"""Monotone calibration of scores to P(relevant): a rising line, or rising pieces of lines, in log odds.

Strictly increasing, so it never ties or reorders two scores that differ. Where it was fitted on rows that were shown
at ranks, it knows how much less came of the same score farther down (position-based model: Joachims, Swaminathan and
Schnabel 2017), and a probability is that of a candidate shown first unless a rank is given. Plain numbers, stored as
JSON. Knows nothing of rankers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from components.measures.arrays import FloatArray, IntArray, Mask
from components.measures.reliability import RANK_BANDS, band_of

FEWEST_ROWS = 2_000
FEWEST_OF_A_KIND = 100
BINS = 50
SAME_RATE = 1e-9
"""Rates that differ by no more than rounding are one block."""
HIGHEST_RATE = 1 - 1e-6
FLATTEST = 1e-3
"""Least slope of the log odds per deviation of the score: a score that says nothing keeps its order."""
ROUNDS = 20
SETTLED = 1e-3
"""Examination and curve are fitted in turns, until the former moves by less than this or for ROUNDS."""
PRIOR_POSITIVES = 2.0
"""Bands of ranks count so many positives more, as if their rank did not matter."""
LEAST_EXAMINATION = 0.01


@dataclass(frozen=True)
class Calibration:
    """log odds = piecewise linear through (score[i], log_odds[i]), both strictly increasing; lines go on outside.

    examination: by band of RANK_BANDS what is left of the probability there, 1 at rank 1 and never rising; empty where
    nothing is known of ranks.
    """

    score: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope_outside: float
    examination: tuple[float, ...] = ()

    def probability(self, score: npt.ArrayLike, rank: npt.ArrayLike | None = None) -> FloatArray:
        """P(relevant) (n_rows,) of scores (n_rows,), each shown first, or at its rank (n_rows,)."""
        values, knots = np.asarray(score, dtype=np.float64), np.asarray(self.score)
        beyond = np.minimum(values - knots[0], 0.0) + np.maximum(values - knots[-1], 0.0)
        first: FloatArray = expit(np.interp(values, knots, self.log_odds) + self.slope_outside * beyond)
        if rank is None or not self.examination:
            return first
        shown: FloatArray = first * np.asarray(self.examination)[band_of(rank)]
        return shown


Fit = Callable[[FloatArray, Mask, FloatArray], Calibration]
"""Of score, relevant and examination (n_rows,)."""


def fit_calibration(score: npt.ArrayLike, relevant: npt.ArrayLike, rank: npt.ArrayLike | None = None) -> Calibration:
    """Platt's line, or isotonic where each half of the rows says so of the other. All (n_rows,), relevant boolean.

    `rank`: at which each row was shown, where it was.
    """
    scores, hits = np.asarray(score, dtype=np.float64), np.asarray(relevant, dtype=bool)
    band = None if rank is None else band_of(rank)
    rarest = min(int(hits.sum()), int((~hits).sum()))
    enough = len(scores) >= FEWEST_ROWS and rarest >= FEWEST_OF_A_KIND
    return _fitted(isotonic if enough and _bends(scores, hits, band) else platt, scores, hits, band)


def platt(score: FloatArray, relevant: Mask, examination: FloatArray | None = None) -> Calibration:
    """Logistic regression on the score with Platt's smoothed targets (Platt 1999); the slope is kept positive.

    `examination` (n_rows,), in (0, 1]: a row is relevant with the probability of its score, times this.
    """
    from scipy.optimize import minimize  # for a fit alone

    looked = np.ones(len(score)) if examination is None else examination
    positives, negatives = int(relevant.sum()), int((~relevant).sum())
    target = np.where(relevant, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = float(score.mean()), float(score.std()) or 1.0
    standard = (score - centre) / spread

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        odds = parameters[0] * standard + parameters[1]
        missed = expit(-odds)
        unseen = 1 - looked + looked * missed
        log_seen, log_unseen = np.log(looked) - np.logaddexp(0.0, -odds), np.log(np.maximum(unseen, 1e-300))
        residual = (1 - unseen - target) * missed / np.maximum(unseen, 1e-300)
        value = -float(np.mean(target * log_seen + (1 - target) * log_unseen))
        return value, np.array([np.mean(residual * standard), np.mean(residual)])

    rate = min(float(target.sum() / looked.sum()), HIGHEST_RATE)
    start = np.array([1.0, float(logit(rate))])
    slope, intercept = minimize(loss, start, jac=True, bounds=[(FLATTEST, None), (None, None)]).x
    return Calibration((centre,), (float(intercept),), float(slope) / spread)


def isotonic(score: FloatArray, relevant: Mask, examination: FloatArray | None = None) -> Calibration:
    """Pool-adjacent-violators over equal-count bins, joined at the centres of its blocks (Oron & Flournoy 2017).

    `examination` as of `platt`: a bin's rate is its positives over what of it was looked at.
    """
    from sklearn.isotonic import isotonic_regression

    looked = np.ones(len(score)) if examination is None else examination
    line = platt(score, relevant, examination)
    order = np.argsort(score, kind="stable")
    bins = np.array_split(order, BINS)
    base = float(relevant.sum() / looked.sum())
    size = np.array([looked[rows].sum() for rows in bins])
    centre = np.array([score[rows].mean() for rows in bins])
    rate = (np.array([relevant[rows].sum() for rows in bins]) + base) / (size + 1.0)
    level = isotonic_regression(np.minimum(rate, HIGHEST_RATE), sample_weight=size)
    block = np.cumsum(np.diff(level, prepend=level[0]) > SAME_RATE)
    weight = np.bincount(block, size)
    knots, odds = np.bincount(block, size * centre) / weight, logit(np.bincount(block, size * level) / weight)
    rising = np.diff(knots, prepend=-np.inf) > 0
    return Calibration(tuple(knots[rising].tolist()), tuple(odds[rising].tolist()), line.slope_outside)


def _bends(score: FloatArray, relevant: Mask, band: IntArray | None) -> bool:
    """Whether isotonic has the lower log loss on each half of the rows together, fitted on the other."""
    half = len(score) // 2
    parts = (slice(None, half), slice(half, None))
    losses = {}
    for fit in (isotonic, platt):
        loss = 0.0
        for inside, outside in (parts, parts[::-1]):
            curve = _fitted(fit, score[inside], relevant[inside], None if band is None else band[inside])
            p = curve.probability(score[outside]) * _at(curve, band, outside)
            loss -= float(np.log(np.where(relevant[outside], p, 1 - p)).sum())
        losses[fit] = loss
    return losses[isotonic] < losses[platt]


def _at(curve: Calibration, band: IntArray | None, rows: slice) -> FloatArray | float:
    return 1.0 if band is None else np.asarray(curve.examination)[band[rows]]


def _fitted(fit: Fit, score: FloatArray, relevant: Mask, band: IntArray | None) -> Calibration:
    """The curve, and where there are bands the examination under which both have as many positives as were seen."""
    curve = fit(score, relevant, np.ones(len(score)))
    if band is None:
        return curve
    examination = np.ones(len(RANK_BANDS))
    for _ in range(ROUNDS):
        before, examination = examination, _examination(curve.probability(score), relevant, band)
        curve = fit(score, relevant, examination[band])
        if np.abs(examination - before).max() < SETTLED:
            break
    return replace(curve, examination=tuple(examination.tolist()))


def _examination(first: FloatArray, relevant: Mask, band: IntArray) -> FloatArray:
    """By band, positives over those that there would be were all rows shown first; falling, 1 at the first band."""
    from sklearn.isotonic import isotonic_regression

    expected = np.bincount(band, first, len(RANK_BANDS)) + PRIOR_POSITIVES
    rate = (np.bincount(band, relevant, len(RANK_BANDS)) + PRIOR_POSITIVES) / expected
    falling = isotonic_regression(rate, sample_weight=expected, increasing=False)
    relative: FloatArray = np.clip(falling / falling[0], LEAST_EXAMINATION, 1.0)
    return relative
