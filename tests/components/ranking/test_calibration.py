"""Calibration is monotone, close to the truth, and plain numbers."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from components.measures.reliability import reliability
from components.ranking.blending.calibration import Calibration, fit_calibration, isotonic, platt
from metier.stored import as_plain, from_plain


def test_pieces_are_joined_in_log_odds_and_go_on_outside():
    calibration = Calibration((0.0, 2.0), (-1.0, 1.0), 0.5)
    # -2 lies two below the first knot: -1 - 2 * 0.5 = -2; 1 is half way: 0; 4: 1 + 2 * 0.5 = 2.
    assert calibration.probability([-2.0, 1.0, 4.0]) == pytest.approx(expit(np.array([-2.0, 0.0, 2.0])))


def test_platt_finds_the_line_that_made_the_data():
    rng = np.random.default_rng(0)
    score = rng.normal(size=20_000) * 3 + 7
    relevant = rng.random(20_000) < expit(0.8 * score - 7)
    grid = np.array([5.0, 7.0, 9.0, 12.0])
    assert platt(score, relevant).probability(grid) == pytest.approx(expit(0.8 * grid - 7), abs=0.02)


def shown_slates(n_slates: int, length: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Score, clicked, rank, true P(click at rank 1): better candidates stand higher, and half look past rank 1, ..."""
    rng = np.random.default_rng(0)
    score = -np.sort(-rng.normal(size=(n_slates, length)) + rng.normal(size=(n_slates, length)), axis=1)
    rank = np.tile(np.arange(1, length + 1), (n_slates, 1))
    attractive = expit(score - 1.5)
    looked = 1 / rank**0.7
    return score.ravel(), (rng.random(score.shape) < attractive * looked).ravel(), rank.ravel(), attractive.ravel()


def test_the_rank_at_which_a_row_was_shown_is_taken_out_of_its_score():
    score, clicked, rank, attractive = shown_slates(4_000)
    plain, corrected = fit_calibration(score, clicked), fit_calibration(score, clicked, rank)
    first = rank == 1
    # Shown first, a candidate is clicked as often as it is attractive. Averaged over all ranks it looks far worse.
    seen = clicked[first].mean()
    assert corrected.probability(score[first]).mean() == pytest.approx(seen, rel=0.1)
    assert plain.probability(score[first]).mean() < 0.8 * seen
    assert corrected.probability(score).mean() == pytest.approx(attractive.mean(), rel=0.15)
    for row in reliability("click", corrected.probability(score, rank), clicked, rank, np.arange(len(rank)) // 20):
        assert row.ratio.value == pytest.approx(1, abs=0.05), row.band


def test_examination_falls_from_one_and_multiplies_what_is_said_of_rank_one():
    calibration = Calibration((0.0,), (0.0,), 1.0, (1.0, 0.5, 0.5, 0.4, 0.25))
    assert calibration.probability([0.0] * 3) == pytest.approx([0.5, 0.5, 0.5])
    assert calibration.probability([0.0] * 3, [1, 3, 11]) == pytest.approx([0.5, 0.25, 0.125])


def test_a_few_clicks_say_little_about_ranks():
    rank = np.tile(np.arange(1, 13), 10)
    clicked = rank == 1  # all ten clicks at rank 1, by chance or not
    assert min(fit_calibration(np.zeros(120), clicked, rank).examination) > 0.05


def test_isotonic_follows_a_bend_that_a_line_cannot():
    rng = np.random.default_rng(0)
    score = rng.uniform(-1, 1, 50_000)
    truth = np.where(score < 0, 0.05, 0.05 + 0.6 * score)
    relevant = rng.random(50_000) < truth
    grid = np.linspace(-0.9, 0.9, 19)
    expected = np.where(grid < 0, 0.05, 0.05 + 0.6 * grid)
    bent = np.abs(isotonic(score, relevant).probability(grid) - expected).max()
    straight = np.abs(platt(score, relevant).probability(grid) - expected).max()
    assert bent < 0.04
    assert straight > 0.06


@given(st.integers(0, 2**32 - 1), st.sampled_from([30, 400, 5_000]))
@settings(max_examples=25, deadline=None)
def test_a_higher_score_never_has_a_lower_probability(seed, n):
    rng = np.random.default_rng(seed)
    score = rng.choice([rng.normal(size=n), np.round(rng.normal(size=n))])
    relevant = rng.random(n) < expit(rng.normal() * score - 1)
    grid = np.linspace(score.min() - 1, score.max() + 1, 500)
    probability = fit_calibration(score, relevant).probability(grid)
    assert (np.diff(probability) > 0).all()
    assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.parametrize("relevant", [np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
def test_one_kind_of_outcome_gives_a_probability_short_of_certainty(relevant):
    probability = fit_calibration(np.arange(50.0), relevant).probability([0.0, 49.0])
    assert ((probability > 0) & (probability < 1)).all()
    assert (probability > 0.9).all() == relevant.all()


def test_a_constant_score_gives_the_base_rate():
    relevant = np.arange(4_000) % 4 == 0
    assert fit_calibration(np.zeros(4_000), relevant).probability([0.0]) == pytest.approx([0.25], abs=0.01)


def test_it_survives_json():
    rng = np.random.default_rng(0)
    score = rng.normal(size=3_000)
    calibration = fit_calibration(score, rng.random(3_000) < expit(score))
    again = from_plain(Calibration, json.loads(json.dumps(as_plain(calibration))))
    assert np.array_equal(again.probability(score), calibration.probability(score))


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=5), FINITE)
def test_every_calibration_is_read_as_it_was_written(knots, slope):
    score, log_odds = zip(*knots, strict=True)
    calibration = Calibration(score, log_odds, slope)
    assert from_plain(Calibration, json.loads(json.dumps(as_plain(calibration)))) == calibration
