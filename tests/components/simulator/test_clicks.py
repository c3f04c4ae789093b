"""Click models: the arithmetic of trust, and what observed frequencies come to."""

import numpy as np
import pytest

from components.simulator.clicks import (
    CLICK_MODELS,
    cascade,
    examination,
    examined_on_screen,
    position,
    position_trust,
    trusted,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_trust_adds_to_the_unattractive_at_the_top_and_fades_below():
    # e+ = .98 at rank 1, e- = .12: .98 * .5 + .12 * .5 = .55
    assert trusted(np.float32(0.5), np.float32(1)) == pytest.approx(0.55)
    # rank 4: e+ = .98 - .015 = .965, e- = .03: .4825 + .015 = .4975
    assert trusted(np.float32(0.5), np.float32(4)) == pytest.approx(0.4975)
    assert trusted(np.float32(0.0), np.float32(1)) == pytest.approx(0.12)


def test_examination_falls_with_rank_by_a_power():
    # patience .4: exponent -.6; rank 4 -> 4^-.6 = .4353
    assert examination(4, 0.4) == pytest.approx([1.0, 0.6598, 0.5173, 0.4353], abs=1e-4)


def test_position_trust_clicks_as_often_as_examination_times_trust():
    queries = 60_000
    attraction = np.full((queries, 3), 0.3, np.float32)
    clicks = position_trust(attraction, np.ones((queries, 3), bool), 0.4, rng())
    expected = examination(3, 0.4) * trusted(np.full(3, 0.3, np.float32), np.arange(1, 4, dtype=np.float32))
    assert clicks.clicked.mean(axis=0) == pytest.approx(expected, abs=0.01)


def test_position_clicks_as_often_as_examination_times_attraction():
    there = np.ones((60_000, 3), bool)
    clicks = position(np.full(there.shape, 0.3, np.float32), there, 0.4, rng())
    assert clicks.clicked.mean(axis=0) == pytest.approx(0.3 * examination(3, 0.4), abs=0.01)
    # Of what is on screen at rank 4, 4^-.3 = .6598 is looked at; half of the loss was scrolling.
    assert examined_on_screen(4, 0.4)[3] == pytest.approx(0.6598, abs=1e-4)
    seen = clicks.clicked.sum(axis=0) / clicks.on_screen.sum(axis=0)
    assert seen == pytest.approx(0.3 * examined_on_screen(3, 0.4), abs=0.01)


def test_cascade_never_clicks_below_the_place_where_the_scan_ended():
    attraction = np.full((5_000, 10), 0.4, np.float32)
    clicks = cascade(attraction, np.ones((5_000, 10), bool), 0.4, rng())
    gaps = np.diff(clicks.on_screen.astype(int), axis=1)
    assert (gaps <= 0).all()


def test_cascade_scans_less_far_after_clicks():
    there = np.ones((20_000, 10), bool)
    dull = cascade(np.full(there.shape, 0.05, np.float32), there, 0.4, rng())
    bright = cascade(np.full(there.shape, 0.6, np.float32), there, 0.4, rng())
    assert bright.on_screen.mean() < dull.on_screen.mean() - 0.1


@pytest.mark.parametrize("name", sorted(CLICK_MODELS))
def test_only_real_candidates_on_screen_are_clicked(name):
    there = np.arange(12) < rng().integers(1, 13, size=(500, 1))
    clicks = CLICK_MODELS[name](np.full(there.shape, 0.9, np.float32), there, 0.4, rng())
    assert not (clicks.clicked & ~clicks.on_screen).any()
    assert not (clicks.on_screen & ~there).any()
    assert clicks.on_screen[:, 0].all()
