import copy
from datetime import UTC, datetime, timedelta

from serving.clock import OffsetClock

MOMENT = datetime(2014, 5, 6, tzinfo=UTC)


def test_what_one_replica_records_and_a_later_one_serves_stand_in_the_order_in_which_they_happened():
    """Each replica gets a copy of the clock, whenever it starts."""
    clock = OffsetClock.starting_at(MOMENT)
    stamps = [each.now() for _ in range(3) for each in (clock, copy.copy(clock))]
    assert stamps == sorted(stamps)
    assert MOMENT <= stamps[0] < stamps[-1] < MOMENT + timedelta(minutes=1)


def test_the_wall_clock_is_not_set_off():
    assert OffsetClock.starting_at(None) == OffsetClock(timedelta(0))
    assert abs(OffsetClock().now() - datetime.now(UTC)) < timedelta(minutes=1)
