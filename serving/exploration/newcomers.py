"""Who may get the slot of exploration, and with what probability: softmax of an upper bound of what each is worth.

A candidate that was shown little is scored by little: the bound is the score, standardised, and a bonus that shrinks
with the impressions. The softmax keeps every probability away from zero, as inverse weights need it.
"""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

FEW_IMPRESSIONS = 20
"""Of the last 30 days: a candidate with fewer counts as new."""
BONUS = 1.0
"""By how many standard deviations the bound of a candidate that was never shown lies above its score."""
MOST = 50
"""The candidates of the highest bounds that are drawn from."""
FARTHEST = 10.0
"""Below the highest bound: no odds are worse than e to this power, so that no probability is below 9e-7."""


def upper_bounds(score: Numbers, impressions: Numbers) -> Numbers:
    """(n,) standardised scores and a bonus of 1 / sqrt(1 + impressions) each."""
    spread = float(score.std())
    standardised = (score - score.mean()) / spread if spread > 0 else np.zeros(len(score))
    bounds: Numbers = standardised + BONUS / np.sqrt(1.0 + impressions)
    return bounds


def slot_probabilities(score: Numbers, impressions: Numbers) -> tuple[Rows, Numbers]:
    """(positions of those drawn from, their probabilities) of candidates (n,), one or more; sums to 1."""
    bounds = upper_bounds(score, impressions)
    among = np.argsort(-bounds, kind="stable")[:MOST]
    weights = np.exp(np.maximum(bounds[among] - bounds[among[0]], -FARTHEST))
    return among, weights / weights.sum()
