"""Who may get the slot: softmax of the score and a bonus for what was shown little."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.contract import LEAST_PROPENSITY
from serving.exploration.newcomers import MOST, slot_probabilities, upper_bounds


def test_equal_scores_differ_by_their_impressions_alone():
    # Bonuses 1 / sqrt(1) and 1 / sqrt(4): the odds are e to the power of their difference.
    among, chances = slot_probabilities(np.array([0.3, 0.3]), np.array([0.0, 3.0]))
    assert among.tolist() == [0, 1]
    assert chances[0] / chances[1] == pytest.approx(math.exp(1 - 0.5))


def test_a_better_score_has_a_higher_bound_on_any_scale():
    bounds = upper_bounds(np.array([1.0, 2.0, 4.0]), np.zeros(3))
    assert (np.diff(bounds) > 0).all()
    np.testing.assert_allclose(bounds, upper_bounds(np.array([10.0, 20.0, 40.0]), np.zeros(3)))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 19)), min_size=1, max_size=200))
def test_probabilities_sum_to_one_and_none_is_too_small_to_be_logged(drawn):
    score, impressions = (np.array(column, float) for column in zip(*drawn, strict=True))
    among, chances = slot_probabilities(score, impressions)
    assert len(among) == len(chances) == min(len(drawn), MOST)
    assert chances.sum() == pytest.approx(1)
    assert chances.min() > LEAST_PROPENSITY
