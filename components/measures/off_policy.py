"""Off-policy estimates: what a policy that was not deployed would have earned, from a log with propensities.

Refuses (UnsupportedEstimate) rather than guesses where the log cannot say. Knows nothing of rankers or slates: one row
is one logged action (a candidate at a rank) with its reward, its propensity and its probability under the target.

Intervals are studentised bootstrap (bootstrap-t; Efron and Tibshirani 1993, 12.5) over clusters. Rewards here are rare
and weights heavy, so an estimate's error grows with the estimate: on logs simulated from a public bandit log (0.4%
clicks, weights up to 170) percentile, normal, log-normal and BCa intervals covered the truth 77 to 85% of the time at
2,000 rows, 86 to 93% at 5,000 and 87 to 92% at 10,000; bootstrap-t 92%, 95% and 93%, by reaching further up.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.measures.arrays import FloatArray
from components.measures.intervals import cluster_sums, resample
from metier.errors import InputError, UnknownNameError, UnsupportedEstimate

Method = Literal["ips", "snips", "dr"]
METHODS: tuple[Method, ...] = ("ips", "snips", "dr")

SMALLEST_EFFECTIVE_SAMPLE = 10.0
"""Below this (or half the rows of a smaller log) a handful of rows carries the estimate. The gate asks for more."""
SMALLEST_COVERAGE = 0.5
"""Mean weight estimates the share of the target's probability that the logging policy could show at all."""


@dataclass(frozen=True)
class Estimate:
    """Value of the target policy a row, its bounds, and (sum w)^2 / sum w^2 (Kish) over rows."""

    value: float
    low: float
    high: float
    effective_sample_size: float


def estimate(
    reward: npt.ArrayLike,
    propensity: npt.ArrayLike,
    target_probability: npt.ArrayLike,
    q_hat: npt.ArrayLike | None = None,
    q_hat_target: npt.ArrayLike | None = None,
    method: Method = "ips",
    *,
    clip: float | None = None,
    cluster: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Value of the target policy; all arrays (n,), one row a logged action.

    w = target_probability / propensity, at most `clip` where given (less variance, a bias towards zero).
    ips: mean(w r). snips: sum(w r) / sum(w). dr: mean(q_hat_target + w (r - q_hat)), with q_hat the reward model at
    the logged action and q_hat_target its expectation under the target (Dudik et al. 2011); only dr reads them.
    `cluster` (n,) names who is resampled, such as the actor; by default each row is its own.

    A coin chose between two candidates, of which the first is always clicked; the target shows it three times in four.
    Weights are 1.5 and 0.5, so (10 * 1.5 * 1) / 20; the rows are worth (15 + 5)^2 / (10 * 1.5^2 + 10 * 0.5^2) of 20:

    >>> policy = estimate([1, 0] * 10, propensity=[0.5] * 20, target_probability=[0.75, 0.25] * 10)
    >>> policy.value, policy.effective_sample_size
    (0.75, 16.0)
    """
    if method not in METHODS:
        raise UnknownNameError("off-policy method", method, METHODS)
    rewards, weights = _weighted_log(reward, propensity, target_probability)
    if clip is not None:
        if not clip > 0:
            raise InputError(f"clip is {clip}; use a positive weight or None")
        weights = np.minimum(weights, clip)
    effective = _effective_sample_size(weights)
    model = _reward_model(q_hat, q_hat_target, len(rewards)) if method == "dr" else None
    columns = _numerator_and_denominator(method, rewards, weights, model)
    ids = np.arange(len(rewards)) if cluster is None else _same_length("cluster", np.asarray(cluster), len(rewards))
    value, low, high = _studentised(cluster_sums(columns, ids), confidence)
    if method != "dr":
        low, high = _within_rewards(rewards, effective, (value, low, high), confidence)
    return Estimate(value, low, high, effective)


def _weighted_log(
    reward: npt.ArrayLike, propensity: npt.ArrayLike, target_probability: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """(rewards, unclipped weights) of a log that supports the target; UnsupportedEstimate otherwise."""
    rewards = np.asarray(reward, dtype=np.float64)
    n = len(rewards)
    logged = _same_length("propensity", np.asarray(propensity, dtype=np.float64), n)
    target = _same_length("target_probability", np.asarray(target_probability, dtype=np.float64), n)
    if n == 0:
        raise UnsupportedEstimate("the log is empty; widen the period or log a randomised slice")
    if not np.isfinite(rewards).all():
        raise InputError("rewards hold NaN or infinity; leave immature rows out before estimating")
    if not ((target >= 0) & (target <= 1)).all():
        raise InputError("target_probability lies outside 0..1; give the target policy's probability of each row")
    unknown = int(np.isnan(logged).sum())
    if unknown:
        raise UnsupportedEstimate(f"{unknown} of {n} rows have no propensity; keep the rows shown at random only")
    invalid = int(((logged < 0) | (logged > 1) | ((logged == 0) & (target > 0))).sum())
    if invalid:
        raise UnsupportedEstimate(f"{invalid} of {n} propensities are not in (0, 1]; correct what the policy logged")
    weights = np.divide(target, logged, out=np.zeros(n), where=target > 0)
    _require_coverage(weights)
    return rewards, weights


def _require_coverage(weights: FloatArray) -> None:
    """Refuse a target most of whose probability the log could never show: its reward there is unknown, not zero."""
    if not weights.any():
        raise UnsupportedEstimate("the target policy takes no logged action; log a policy that overlaps with it")
    upper_bound = weights.mean() + 4 * weights.std() / math.sqrt(len(weights))
    if upper_bound < SMALLEST_COVERAGE:
        raise UnsupportedEstimate(
            f"the log covers about {weights.mean():.0%} of what the target policy would show; "
            "log a randomised slice that gives each of its actions a chance"
        )


def _effective_sample_size(weights: FloatArray) -> float:
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    floor = min(SMALLEST_EFFECTIVE_SAMPLE, len(weights) / 2)
    if effective < floor:
        raise UnsupportedEstimate(
            f"effective sample size {effective:.1f} of {len(weights)} rows is below {floor:g}: "
            "a few rows carry all weight; log more, clip, or compare a target nearer to the logging policy"
        )
    return effective


def _reward_model(
    q_hat: npt.ArrayLike | None, q_hat_target: npt.ArrayLike | None, n: int
) -> tuple[FloatArray, FloatArray]:
    if q_hat is None or q_hat_target is None:
        raise InputError("dr needs q_hat and q_hat_target; fit a reward model or use snips")
    logged = _same_length("q_hat", np.asarray(q_hat, dtype=np.float64), n)
    target = _same_length("q_hat_target", np.asarray(q_hat_target, dtype=np.float64), n)
    if not (np.isfinite(logged).all() and np.isfinite(target).all()):
        raise InputError("q_hat or q_hat_target holds NaN or infinity; the reward model predicts every row")
    return logged, target


def _numerator_and_denominator(
    method: Method, rewards: FloatArray, weights: FloatArray, model: tuple[FloatArray, FloatArray] | None
) -> FloatArray:
    """(n, 2): the estimate is the ratio of the two columns' sums."""
    if model is not None:
        q_hat, q_hat_target = model
        return np.column_stack([q_hat_target + weights * (rewards - q_hat), np.ones(len(rewards))])
    return np.column_stack([weights * rewards, weights if method == "snips" else np.ones(len(rewards))])


def _studentised(sums: FloatArray, confidence: float) -> tuple[float, float, float]:
    """(value, low, high) of a ratio of sums by bootstrap-t, with the linearised standard error over clusters."""
    value, error = _ratio_with_error(sums.sum(axis=0)[None, :], _second_moments(sums).sum(axis=0)[None, :])
    estimated, spread = float(value[0]), float(error[0])
    if len(sums) < 2 or spread == 0:
        return estimated, estimated, estimated
    drawn = resample(np.column_stack([sums, _second_moments(sums)]))
    resampled, errors = _ratio_with_error(drawn[:, :2], drawn[:, 2:])
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (resampled - estimated) / errors
    # A resample without spread saw none of the rare rewards: infinitely far below, so that the bound is the rewards'.
    distance[np.isnan(distance)] = 0.0
    low, high = np.quantile(distance, [(1 - confidence) / 2, (1 + confidence) / 2], method="nearest")
    return estimated, float(estimated - high * spread), float(estimated - low * spread)


def _second_moments(sums: FloatArray) -> FloatArray:
    numerator, denominator = sums.T
    return np.column_stack([numerator**2, numerator * denominator, denominator**2])


def _ratio_with_error(totals: FloatArray, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratio (b,) and its standard error (b,) from totals (b, 2) and sums of squares and products (b, 3)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = totals[:, 0] / totals[:, 1]
        squares = moments[:, 0] - 2 * ratio * moments[:, 1] + ratio**2 * moments[:, 2]
        return ratio, np.sqrt(np.maximum(squares, 0.0)) / np.abs(totals[:, 1])


def _within_rewards(
    rewards: FloatArray, effective: float, estimated: tuple[float, float, float], confidence: float
) -> tuple[float, float]:
    """Bounds kept inside the range of rewards; without any reward, the rule of three for rewards up to one."""
    if not rewards.any():
        return 0.0, 1.0 - ((1 - confidence) / 2) ** (1 / effective)
    value, low, high = estimated
    least, most = min(0.0, float(rewards.min())), max(0.0, float(rewards.max()))
    return min(value, max(low, least)), max(value, min(high, most))


def _same_length(name: str, values: npt.NDArray, n: int) -> npt.NDArray:
    if values.shape != (n,):
        raise InputError(f"{name} has shape {values.shape} beside {n} rewards; give one value a row")
    return values
