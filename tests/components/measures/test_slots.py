"""Slot F1 of searches, and the difference of two readings of the same."""

import pytest

from components.measures.slots import compared, slot_f1, slot_f1_difference
from metier.errors import InputError


def test_f1_is_of_sums():
    assert slot_f1([[2, 2, 3], [0, 1, 2]]).value == 2 * 2 / (2 + 3 + 1 + 2)
    assert slot_f1([[1, 1, 1], [0, 0, 0]]).value == 1.0  # a search without pairs weighs nothing


def test_a_reading_that_is_better_on_every_search_is_better():
    better, worse = [[3, 3, 3]] * 20, [[1, 2, 3], [0, 3, 3]] * 10
    gain = slot_f1_difference(better, worse)
    assert gain.value == pytest.approx(1 - 2 * 10 / (50 + 60))
    assert gain.low <= gain.value <= gain.high
    assert gain.above_zero
    assert slot_f1_difference(worse, worse).value == slot_f1_difference(worse, worse).high == 0.0
    figures = compared(better, worse)
    assert figures["f1"] - figures["base_f1"] == pytest.approx(figures["gain"])
    assert figures["gain_low"] == gain.low


def test_readings_of_other_searches_are_not_compared():
    with pytest.raises(InputError, match="1 and 2 searches are compared"):
        slot_f1_difference([[1, 1, 1]], [[1, 1, 1]] * 2)
