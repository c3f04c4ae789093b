import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.measures import Interval, mean_interval, paired_difference
from components.measures.intervals import MAX_CLUSTERS, expanded_levels, resample, statistic_interval
from metier.errors import InputError
from metier.stored import as_plain, from_plain


def test_the_value_is_the_mean_over_queries_not_over_actors():
    # Actor a asks three times (1, 1, 1), actor b once (0): 3/4, not 1/2.
    interval = mean_interval([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert (interval.value, interval.n, interval.n_actors) == (0.75, 4, 2)


def test_weights_weigh_values():
    # (3 * 1 + 1 * 0) / 4
    assert mean_interval([1, 0], ["a", "b"], weights=[3, 1]).value == 0.75


def test_undefined_values_are_left_out_with_their_actor():
    interval = mean_interval([0.5, np.nan, 0.5], ["a", "b", "c"])
    assert (interval.value, interval.low, interval.high, interval.n, interval.n_actors) == (0.5, 0.5, 0.5, 2, 2)


def test_pairs_need_both_sides():
    # Defined on both sides: 0.6 - 0.4 and 0.5 - 0.5, mean 0.1.
    interval = paired_difference([0.6, np.nan, 0.5, 1.0], [0.4, 0.1, 0.5, np.nan], [1, 2, 3, 4])
    assert interval.value == pytest.approx(0.1)
    assert interval.n == 2


@pytest.mark.parametrize("values", [[], [np.nan], [0.3]])
def test_fewer_than_two_actors_have_no_interval(values):
    interval = mean_interval(values, ["a"] * len(values))
    assert math.isnan(interval.low)
    assert not interval.above_zero
    assert not interval.below_zero


def test_a_constant_difference_is_certain():
    rng = np.random.default_rng(0)
    b = rng.random(50)
    interval = paired_difference(b + 0.01, b, np.arange(50))
    assert (interval.low, interval.high) == pytest.approx((0.01, 0.01))
    assert interval.above_zero


def test_bounds_lie_two_standard_errors_away():
    # Standard normal values of 400 actors: error 1/20, so about .098 on either side.
    values = np.random.default_rng(1).standard_normal(400)
    interval = mean_interval(values, np.arange(400))
    assert interval.high - interval.value == pytest.approx(1.96 * values.std() / 20, rel=0.1)
    assert interval.value - interval.low == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_repeating_an_actors_queries_adds_no_certainty():
    values = np.random.default_rng(2).standard_normal(60)
    once = mean_interval(values, np.arange(60))
    often = mean_interval(np.repeat(values, 25), np.repeat(np.arange(60), 25))
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=1e-9)


@pytest.mark.parametrize(("n_actors", "quality"), [(10, "normal"), (200, "exponential")])
def test_intervals_cover_the_truth_as_often_as_they_say(n_actors, quality):
    # An actor's quality has mean 1, two noisy queries each. 300 worlds: the share's own error is 1.3%.
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        actor = rng.normal(1, 1, n_actors) if quality == "normal" else rng.exponential(1, n_actors)
        values = actor + rng.standard_normal((2, n_actors)) * 0.3
        interval = mean_interval(values.ravel(), np.tile(np.arange(n_actors), 2), resamples=400)
        covered += interval.low <= 1 <= interval.high
    assert covered / 300 == pytest.approx(0.95, abs=0.03)


def test_rare_hits_are_covered_once_ten_actors_have_one():
    """45 actors of 1 to 5 queries, a sixth of them hits; the upper percentile lay below the truth too often."""
    rng = np.random.default_rng(5)
    covered, above = [], []
    for _ in range(300):
        sizes = rng.integers(1, 6, 45)
        actors = np.arange(45).repeat(sizes)
        values = rng.random(len(actors)) < rng.beta(0.5, 2.5, 45)[actors]
        interval = mean_interval(values, actors, resamples=500)
        if not interval.too_few:
            covered.append(interval.low <= 1 / 6 <= interval.high)
            above.append(interval.high < 1 / 6)
    assert len(covered) > 200
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
    assert np.mean(above) < 0.055


@pytest.mark.parametrize(
    ("values", "weights", "missing"),
    [
        (np.arange(29) / 29, np.ones(29), "29 actors, 30 are wanted"),
        (np.arange(40) / 40, np.r_[50, np.ones(39)], "actors worth 3 of equal weight, 15 are wanted"),
        (np.r_[np.ones(9), np.zeros(41)], np.ones(50), "9 actors differ from the others, 10 are wanted"),
        (np.r_[np.ones(10), np.zeros(40)], np.ones(50), ""),
    ],
)
def test_what_is_missing_for_bounds_to_cover_is_said(values, weights, missing):
    assert mean_interval(values, np.arange(len(values)), weights).too_few == missing


def test_bounds_of_one_side_lie_by_quantiles_of_students_t():
    # 31 actors: t(.025, 30) = 2.042, t(.05, 30) = 1.697.
    interval = Interval(0.1, 0.1 - 0.2042, 0.1 + 0.4084, 100, 31)
    assert interval.lower(0.025) == pytest.approx(interval.low)
    assert interval.lower(0.05) == pytest.approx(0.1 - 0.1697, abs=1e-4)
    assert interval.upper(0.05) == pytest.approx(0.1 + 2 * 0.1697, abs=1e-4)
    with pytest.raises(InputError, match="level"):
        interval.lower(0.95)


def test_a_ratio_of_sums_has_the_error_of_the_delta_method():
    """Sums s and w of 400 actors: the error of s / w is that of the mean of (s - r w) / mean(w)."""
    rng = np.random.default_rng(6)
    sums = np.column_stack([rng.gamma(2, 1, 400), rng.gamma(4, 1, 400)])
    interval = statistic_interval(sums, lambda totals: totals[:, 0] / totals[:, 1], 400)
    off = sums[:, 0] - interval.value * sums[:, 1]
    error = off.std(ddof=1) / 20 / sums[:, 1].mean()
    assert interval.high - interval.low == pytest.approx(2 * 1.966 * error, rel=0.08)


def test_few_actors_ask_for_wider_percentiles():
    # 5 actors: sqrt(5/4) * t(.025, 4) = 1.118 * 2.776 = 3.10, whose normal tail is .00096.
    assert expanded_levels(5, 0.95)[0] == pytest.approx(0.00096, abs=2e-5)
    assert expanded_levels(100_000, 0.95)[0] == pytest.approx(0.025, abs=1e-5)


def test_pooling_many_actors_keeps_the_spread():
    # 60,000 values of variance 1: the mean's error is 1/sqrt(60,000) = .00408, pooled into 20,000 groups of three.
    n = 3 * MAX_CLUSTERS
    values = np.random.default_rng(4).standard_normal(n)
    totals = resample(np.column_stack([values, np.ones(n)]), resamples=300)
    assert (totals[:, 0] / totals[:, 1]).std() == pytest.approx(1 / math.sqrt(n), rel=0.15)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=30), seed=st.integers(0, 3))
def test_bounds_hold_the_value_and_repeat_with_the_seed(values, seed):
    actors = np.arange(len(values))
    first = mean_interval(values, actors, resamples=200, seed=seed)
    assert first == mean_interval(values, actors, resamples=200, seed=seed)
    assert min(values) - 1e-9 <= first.low <= first.high <= max(values) + 1e-9


def test_intervals_survive_json():
    interval = Interval(0.5, math.nan, math.nan, 1, 1)
    assert as_plain(interval)["low"] is None
    assert as_plain(from_plain(Interval, as_plain(interval))) == as_plain(interval)


def test_misaligned_input_is_refused():
    with pytest.raises(InputError, match="align"):
        mean_interval([1, 2], ["a"])
    with pytest.raises(InputError, match="same queries"):
        paired_difference([1, 2], [1], ["a", "b"])
    with pytest.raises(InputError, match="null"):
        mean_interval([1.0], np.array([None], dtype=object))
