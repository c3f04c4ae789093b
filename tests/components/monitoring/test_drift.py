"""PSI and KS of binned counts, and when a column's drift is judged at all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from components.monitoring.drift import FLOOR, drift, ks, ks_at_most, psi
from components.monitoring.findings import Limits
from components.monitoring.histograms import ColumnState, Histogram, ViewState

COUNT = st.integers(0, 60)
PAIRS = st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=12).filter(
    lambda pairs: all(any(side) for side in zip(*pairs, strict=True))
)
P_VALUE = pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
"""scipy warns of p-values of tiny samples; only its statistic is read."""
VALUES = st.lists(st.integers(-5, 5), min_size=1, max_size=40)
EDGES = (-3, 0, 1, 4)


def sides(pairs):
    return tuple(zip(*pairs, strict=True))


def spread(counts):
    """One value for each count: the number of its bin."""
    return np.repeat(np.arange(len(counts)), counts)


def binned(values):
    return np.bincount(np.searchsorted(EDGES, values, side="left"), minlength=len(EDGES) + 1)


@given(PAIRS)
def test_psi_is_never_negative_and_the_same_both_ways(pairs):
    before, now = sides(pairs)
    assert psi(before, now) >= 0
    assert psi(before, now) == pytest.approx(psi(now, before), abs=1e-12)


@given(PAIRS, st.integers(1, 9))
def test_equal_shares_do_not_drift(pairs, times):
    before, _ = sides(pairs)
    many = [times * count for count in before]
    assert psi(before, before) == ks(before, before) == 0
    assert psi(before, many) == pytest.approx(0, abs=1e-12)
    assert ks(before, many) == pytest.approx(0, abs=1e-12)


@P_VALUE
@given(PAIRS)
def test_ks_is_that_of_scipy_on_the_numbers_of_the_bins(pairs):
    before, now = sides(pairs)
    assert 0 <= ks(before, now) <= 1
    assert ks(before, now) == pytest.approx(ks_2samp(spread(before), spread(now), method="asymp").statistic, abs=1e-12)


@P_VALUE
@given(VALUES, VALUES)
def test_ks_of_the_values_lies_between_that_of_the_bins_and_its_bound(before, now):
    counts = binned(before), binned(now)
    exact = ks_2samp(before, now, method="asymp").statistic
    assert ks(*counts) - 1e-12 <= exact <= ks_at_most(*counts) + 1e-12


def test_psi_of_two_bins_by_hand():
    assert psi([50, 50], [75, 25]) == pytest.approx(0.25 * math.log(0.75 / 0.5) - 0.25 * math.log(0.25 / 0.5))


def test_an_empty_bin_counts_as_the_floor():
    expected = (0.5 - 1.0) * math.log(0.5 / 1.0) + (0.5 - FLOOR) * math.log(0.5 / FLOOR)
    assert psi([100, 0], [50, 50]) == pytest.approx(expected)


def histogram(*counts, kind="number", bins=None):
    return Histogram(kind, bins or tuple(map(float, range(len(counts) - 1))), counts)


def found(before, now, limits=Limits()):  # noqa: B008 - frozen
    views = [{"v": ViewState(1, None, {"f": ColumnState(0, each)} if each else {})} for each in (before, now)]
    return {finding.measure: finding for finding in drift(*views, limits)}


def test_a_shifted_feature_is_past_both_limits_and_says_how_far_its_values_may_be():
    shifted = found(histogram(500, 500), histogram(900, 100))
    assert {measure: finding.verdict for measure, finding in shifted.items()} == {"psi": "past", "ks": "past"}
    assert shifted["psi"].value == pytest.approx(0.4 * math.log(9))
    assert shifted["ks"].value == pytest.approx(0.4)
    assert shifted["ks"].note == "KS of the values is at most 0.900"


def test_a_value_at_its_limit_is_within():
    value = psi([500, 500], [600, 400])
    moved = histogram(500, 500), histogram(600, 400)
    assert found(*moved, Limits(psi=value))["psi"].verdict == "within"
    assert found(*moved, Limits(psi=math.nextafter(value, 0)))["psi"].verdict == "past"


def test_categories_have_no_order_so_no_ks():
    plain = histogram(300, 0, kind="category", bins=("a",))
    assert list(found(plain, plain)) == ["psi"]


def test_too_few_values_are_shown_and_not_judged():
    few = found(histogram(100, 0), histogram(0, 1000))["psi"]
    assert few.verdict == "not measured"
    assert few.value > 1
    assert few.note == "100 values in the reference, 1,000 now; 200 needed"


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (None, histogram(5, 5), "the reference does not hold this column; store a new reference"),
        (histogram(5, 5, kind="category", bins=("a",)), histogram(5, 5), "the reference does not hold this column"),
        (Histogram("number", (), (0,)), Histogram("number", (), (900,)), "no value in the reference"),
        (histogram(900, 0), histogram(0, 0), "no value now"),
    ],
)
def test_what_cannot_be_compared_is_not_measured_and_says_why(before, now, why):
    for finding in found(before, now).values():
        assert (finding.verdict, finding.value) == ("not measured", None)
        assert finding.note.startswith(why)
