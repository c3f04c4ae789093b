"""Reliability: what was predicted over what came true, by head and band of ranks."""

import numpy as np
import pytest

from components.measures.reliability import band_names, band_of, reliability
from metier.errors import InputError

RNG = np.random.default_rng(0)


def world(n_rows: int, stretch: float = 1.0, shift: float = 0.0) -> dict[str, np.ndarray]:
    """Outcomes drawn by true log odds, and probabilities whose log odds are `stretch` times those, plus `shift`."""
    odds = RNG.normal(-1, 1, n_rows)
    outcome = RNG.random(n_rows) < 1 / (1 + np.exp(-odds))
    predicted = 1 / (1 + np.exp(-(stretch * odds + shift)))
    ranks = np.tile(np.arange(1, 21), n_rows // 20)
    return {"probability": predicted, "outcome": outcome, "rank": ranks, "actors": np.arange(n_rows) // 20}


def test_probabilities_that_come_true_are_calibrated_in_every_band():
    rows = reliability("click", **world(40_000))
    assert [row.band for row in rows] == ["all", "1", "2-3", "4-6", "7-10", "11+"]
    assert [row.rows for row in rows] == [40_000, 2_000, 4_000, 6_000, 8_000, 20_000]
    assert rows[0].calibrated
    assert rows[0].slope.low < 1 < rows[0].slope.high


def test_log_odds_that_are_too_far_apart_have_a_slope_below_one():
    # Log odds stretched by 1.5 have to be shrunk by 1 / 1.5 = .67 to be true.
    every = reliability("click", **world(40_000, stretch=1.5))[0]
    assert every.slope.value == pytest.approx(1 / 1.5, abs=0.03)
    assert not every.calibrated


def test_predicting_twice_as_much_has_a_ratio_of_two_and_bounds_around_it():
    rows = reliability("hire", [0.2] * 1_000, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] * 100, [1] * 1_000, np.arange(1_000))
    assert rows[0].ratio.value == pytest.approx(2)
    assert 1.6 < rows[0].ratio.low < 2 < rows[0].ratio.high < 2.6
    assert np.isnan(rows[0].slope.value)  # one probability alone has no slope
    assert not rows[0].calibrated  # 100 positives, and 1 outside the interval


def test_unknown_outcomes_and_bands_without_rows_are_left_out():
    rows = reliability("hire", [0.5] * 4, [1, 0, np.nan, 1], [1, 2, 3, 1], ["a", "b", "c", "d"])
    assert [(row.band, row.rows, row.positives) for row in rows] == [("all", 3, 2), ("1", 2, 2), ("2-3", 1, 0)]
    assert np.isnan(rows[2].ratio.value)


def test_ranks_fall_into_their_bands():
    assert [band_names()[band] for band in band_of([1, 2, 3, 4, 6, 7, 10, 11, 90])] == [
        *("1", "2-3", "2-3", "4-6", "4-6", "7-10", "7-10", "11+", "11+"),
    ]


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="have 1, 2, 1, 1 rows"):
        reliability("click", [0.1], [0, 1], [1], ["a"])
