"""Time splits: whole queries, gaps kept, proportions kept, short logs told."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_sets.outcomes.maturity import censored, mature_days, microseconds
from components.training_sets.split import choose_heads, time_split
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError, InputError

START = datetime(2026, 1, 1, tzinfo=UTC)
FEED_HEADS = ("click", "apply", "accept", "hire")


def stamps(days: list[float]) -> pa.Array:
    return pa.array([START + timedelta(days=day) for day in days], TIMESTAMP)


def daily(count: int) -> pa.Array:
    return stamps([float(day) for day in range(count)])


def test_the_gaps_lie_between_the_parts() -> None:
    split = time_split(daily(100), gap_days=7)
    train, validation, test = (np.flatnonzero(mask) for mask in (split.train, split.validation, split.test))
    assert (train[0], test[-1]) == (0, 99)
    assert validation[0] - train[-1] == 7
    assert test[0] - validation[-1] == 7
    assert len(train) + len(validation) + len(test) == 88  # two gaps leave out six days each
    assert [len(train), len(validation), len(test)] == [62, 13, 13]
    assert split.rows_left == 0.88
    assert split.warning is None
    assert split.validation_start == START + timedelta(days=int(validation[0]))
    assert split.test_start == START + timedelta(days=int(test[0]))


def test_under_half_of_the_rows_warns_and_names_the_gap() -> None:
    split = time_split(daily(60), gap_days=20)
    assert split.rows_left == pytest.approx(22 / 60)
    assert split.warning is not None
    assert "37%" in split.warning
    assert "20 days" in split.warning


def test_rows_are_weighed_and_the_immature_count_as_lost() -> None:
    sizes = np.full(100, 10, dtype=np.int64)
    assert time_split(daily(100), 7, group_sizes=sizes).rows_left == 0.88
    assert time_split(daily(100), 7, group_sizes=sizes, immature_rows=1000).rows_left == 0.44


def test_a_log_shorter_than_its_gaps_is_refused_by_name() -> None:
    with pytest.raises(EmptyDataError, match=r"40 mature queries over 39.0 days .* two gaps of 30 days"):
        time_split(daily(40), gap_days=30)
    with pytest.raises(EmptyDataError, match="0 mature queries"):
        time_split(daily(0), gap_days=1)
    with pytest.raises(InputError, match="three positive fractions"):
        time_split(daily(40), gap_days=1, fractions=(0.7, 0.3))


def test_what_was_shown_too_late_to_be_known_by_the_next_part_is_in_no_part() -> None:
    # Days 0 to 61 train, a gap of 7, days 68 to 80 validate. The query of day 50 showed its last candidate later: on
    # day 61 its outcomes are known on day 68, when validation starts; a second after that they are not.
    for last, in_train in ((61, True), (61 + 1 / 86_400, False)):
        shown = stamps([float(last) if number == 50 else float(number) for number in range(100)])
        split = time_split(daily(100), 7, last_shown=shown)
        assert split.validation_start == START + timedelta(days=68)
        assert bool(split.train[50]) is in_train
        assert split.rows_left == (0.88 if in_train else 0.87)


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (200, FEED_HEADS),  # three windows of 30 days cost under half
        (170, ("click", "apply", "accept")),
        (60, ("click", "apply", "accept")),  # three of 7 days
        (30, ("click", "apply")),
        (3, ("click",)),  # whatever it costs
    ],
)
def test_heads_whose_windows_eat_half_of_the_log_do_not_grade(days: int, kept: tuple[str, ...]) -> None:
    queries = stamps([hour / 24 for hour in range(days * 24)])
    assert choose_heads(queries, START + timedelta(days=days), FEED_HEADS, mature_days({}, {})) == kept


def test_an_outcome_is_censored_until_its_window_has_passed() -> None:
    column = np.array([1, 0, 1], dtype=np.float32)
    found = censored(
        {"click": column, "hire": column}, daily(3), known_by=START + timedelta(days=31), days=mature_days({}, {})
    )
    np.testing.assert_array_equal(found["click"], column)
    np.testing.assert_array_equal(found["hire"], np.array([1, 0, np.nan], dtype=np.float32))


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 100, allow_nan=False), min_size=3, max_size=80),
    st.floats(0, 20),
    st.tuples(*[st.integers(1, 9)] * 3),
)
def test_parts_are_disjoint_ordered_and_apart(days: list[float], gap: float, fractions: tuple[int, int, int]) -> None:
    timestamps = stamps(days)
    try:
        split = time_split(timestamps, gap, fractions)
    except EmptyDataError:
        assert gap > 0 or len(set(microseconds(timestamps).tolist())) < 3 * sum(fractions)
        return
    times = microseconds(timestamps)
    parts = [times[mask] for mask in (split.train, split.validation, split.test)]
    assert all(len(part) for part in parts)
    assert not (split.train & split.validation | split.validation & split.test | split.train & split.test).any()
    for earlier, later in itertools.pairwise(parts):
        assert earlier.max() < later.min()
        assert later.min() - earlier.max() >= int(gap * 86_400_000_000)
    assert split.rows_left == pytest.approx(sum(map(len, parts)) / len(days))
    assert (split.warning is not None) == (split.rows_left < 0.5)


@settings(deadline=None)
@given(st.integers(30, 400), st.floats(0, 3))
def test_proportions_are_those_asked_for(count: int, gap: float) -> None:
    split = time_split(stamps([day / 4 for day in range(count)]), gap, (0.6, 0.2, 0.2))
    sizes = np.array([split.train.sum(), split.validation.sum(), split.test.sum()])
    np.testing.assert_allclose(sizes / sizes.sum(), [0.6, 0.2, 0.2], atol=2 / sizes.sum())
