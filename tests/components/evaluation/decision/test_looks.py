"""Looks spend one error, and the plan of the next says when it comes."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation.decision.evidence import Evidence, GateRules
from components.evaluation.decision.looks import Looks, Slice, due, due_on, forecast, level_of, standard_error
from components.evaluation.gate import decide
from components.measures import Interval

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = GateRules()


def days(count: float) -> datetime:
    return START + timedelta(days=count)


def evidence(value: float, error: float, queries: int, until: float) -> Evidence:
    """Of 1,000 actors, whose t quantile is 1.9623."""
    difference = Interval(value, value - 1.9623 * error, value + 1.9623 * error, queries, 1_000)
    return Evidence("randomised", "ndcg@10", difference, since=START, until=days(until))


def test_the_looks_spend_the_level_between_them():
    assert [level_of(look, 0.05) for look in (1, 2, 3)] == pytest.approx([0.05 / 5, 0.05 * 2 / 15, 0.05 * 2 / 21])
    assert sum(level_of(look, 0.05) for look in range(1, 10_000)) == pytest.approx(0.05, rel=1e-3)


def test_the_bound_of_a_look_is_that_of_the_interval_moved_out():
    difference = evidence(0.05, 0.02, 1_000, 10).difference
    assert difference.lower(0.025) == pytest.approx(difference.low)
    assert difference.lower(0.01) == pytest.approx(0.05 - 2.330 * 0.02, abs=1e-4)
    assert standard_error(difference) == pytest.approx(0.02, rel=1e-3)


def test_a_look_is_due_once_half_as_many_queries_have_come_as_the_last_one_saw():
    looked = Slice(1_000, START, days(10)).looked_at(Looks("c"), "digest")
    assert (looked.spent, looked.seen, looked.until) == (1, 1_000, days(10))
    for until, queries, is_due in ((10, 1_000, False), (14, 1_400, False), (15, 1_500, True)):
        assert due(Slice(queries, START, days(until)), looked, RULES.growth) is is_due
    assert due_on(Slice(1_200, START, days(12)), looked, RULES.growth) == days(15)
    # A window that rolls holds as many queries as before, and the newest of them are fresh.
    assert due(Slice(1_000, days(5), days(15)), looked, RULES.growth)
    assert not due(Slice(1_000, days(4), days(14)), looked, RULES.growth)
    # So are those of a burst, which takes no time.
    assert due(Slice(1_500, START, days(10.1)), looked, RULES.growth)


def test_a_slice_without_moments_is_fresh_by_what_it_holds_more():
    looked = Slice(1_000).looked_at(Looks("c"), "digest")
    assert not due(Slice(1_499), looked, RULES.growth)
    assert due(Slice(1_500), looked, RULES.growth)
    assert due_on(Slice(1_499), looked, RULES.growth) is None
    assert math.isnan(Slice(10, START, START).a_day)


def test_a_gain_is_looked_at_once_the_same_evidence_again_for_nothing_and_a_second_look_is_stricter():
    gain = evidence(0.048, 0.02, 1_000, 10)  # 2.4 standard errors: above 2.33, below 2.48
    first = decide([gain], looks=Looks("c"))
    assert (first.verdict, first.looks.spent) == ("promote", 1)
    again = decide([gain], looks=first.looks)
    assert (again.verdict, again.looks) == ("promote", first.looks)
    another = decide([evidence(0.05, 0.02, 1_000, 10)], looks=first.looks)
    assert (another.verdict, another.looks) == ("hold", first.looks)
    assert another.checks[0].status == "waiting"
    assert another.next_move.endswith(
        "once 50% as many queries have come as the last one saw, on 2026-01-16 at this rate"
    )
    later = decide([evidence(0.048, 0.02, 1_500, 15)], looks=first.looks)
    assert (later.verdict, later.looks.spent) == ("hold", 2)


def test_the_plan_is_the_sample_size_of_a_test_where_one_look_is_enough():
    """(2.326 + 1.2816)^2 * (0.3 / 0.02)^2 = 2,929 queries, at 100 a day, where the first look sees so many."""
    wide = evidence(0.0, 0.3 / math.sqrt(1_600), 1_600, 16)
    told = {"level": RULES.level, "growth": RULES.growth, "effect": 0.02, "power": 0.9}
    plan = forecast(wide.difference, wide.slice, Looks("c"), **told)
    # The look at 2,400 queries is the second: it wants (2.475 + 1.2816)^2 * 15^2 = 3,175, and the third 3,378 of 3,600.
    assert (plan.queries, plan.days) == (2_000, pytest.approx(20))
    enough = evidence(0.0, 0.3 / math.sqrt(2_940), 2_940, 29.4)
    assert forecast(enough.difference, enough.slice, Looks("c"), **told).queries == 0


@given(
    spent=st.integers(0, 20), queries=st.integers(40, 5_000), error=st.floats(1e-3, 0.5), effect=st.floats(0.005, 0.1)
)
def test_a_plan_ends_and_more_power_is_never_sooner(spent, queries, error, effect):
    seen, looks = Slice(queries, START, days(30)), Looks("c", spent, queries, days(30) if spent else None)
    difference = evidence(0.0, error, queries, 30).difference
    plans = [
        forecast(difference, seen, looks, level=0.05, growth=0.5, effect=effect, power=power) for power in (0.5, 0.9)
    ]
    assert 0 <= plans[0].queries <= plans[1].queries


def test_an_inconclusive_look_says_what_to_collect_and_for_how_long():
    decision = decide([evidence(0.0, 0.3 / math.sqrt(1_600), 1_600, 16)], looks=Looks("c"))
    assert decision.verdict == "hold"
    assert decision.next_move.startswith("collect ")
    assert (
        "days at this rate, by when one that is truly better by 0.02 is promoted 90% of the time" in decision.next_move
    )
