"""What is noted of a request, and what is learned from it for the next."""

import pytest

from serving.request.trace import Pace, RequestTrace


def test_a_stage_that_runs_twice_counts_both_times_even_if_it_fails():
    trace = RequestTrace(deadline_ms=1_000)
    with trace.stage("score"):
        pass
    once = trace.timings_ms["score"]
    with pytest.raises(ZeroDivisionError), trace.stage("score"):
        raise ZeroDivisionError
    assert trace.timings_ms["score"] > once > 0
    assert sum(trace.timings_ms.values()) <= trace.elapsed_ms


def test_what_is_left_is_the_deadline_less_what_passed():
    trace = RequestTrace(deadline_ms=1.0)
    while trace.elapsed_ms < 2.0:
        pass
    assert trace.remaining_ms < -1.0


def test_what_was_left_out_is_kept_in_order():
    trace = RequestTrace(deadline_ms=1.0)
    trace.degrade("ensemble", "failed (ValueError)")
    trace.degrade("xgboost", "0 ms left of 1")
    assert trace.degraded == ["ensemble: failed (ValueError)", "xgboost: 0 ms left of 1"]


def test_an_untimed_tier_is_expected_to_take_no_time():
    assert Pace().expected_ms("ensemble", 500) == 0.0


def test_the_first_time_counts_whole_and_later_ones_by_a_twentieth():
    pace = Pace()
    pace.learn("ensemble", 200, 10.0)
    assert pace.expected_ms("ensemble", 400) == pytest.approx(20.0)
    pace.learn("ensemble", 200, 30.0)  # 0.05 ms each, then 0.05 + 0.05 * (0.15 - 0.05)
    assert pace.expected_ms("ensemble", 200) == pytest.approx(11.0)
    assert pace.expected_ms("xgboost", 200) == 0.0


def test_a_slate_of_one_says_little_about_many():
    pace = Pace()
    pace.learn("ensemble", 1, 5.0)  # the fixed cost of a call, not 5 ms a candidate
    assert pace.expected_ms("ensemble", 500) == pytest.approx(25.0)
    assert pace.expected_ms("ensemble", 1) == pytest.approx(5.0)


def test_an_eased_expectation_falls_until_the_tier_fits_again():
    pace = Pace()
    pace.learn("ensemble", 100, 400.0)
    for _ in range(100):
        pace.ease("ensemble")
    assert pace.expected_ms("ensemble", 100) == pytest.approx(400.0 * 0.99**100)  # 146 of 400
