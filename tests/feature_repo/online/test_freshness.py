"""Every view has a limit, and what is older than its own is stale."""

from datetime import UTC, datetime, timedelta

from feature_repo.definitions import VIEWS
from feature_repo.online.freshness import LIMITS, ages

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def test_every_view_declares_its_limit_where_feast_shows_it() -> None:
    assert set(LIMITS) == {view.name for view in VIEWS}
    for view in VIEWS:
        assert timedelta(hours=float(view.tags["fresh_within_hours"])) == LIMITS[view.name] > timedelta(0)


def test_a_view_is_stale_beyond_its_limit_not_at_it() -> None:
    limit = LIMITS["job_activity"]
    at, beyond = ages({"job_activity": NOW - limit, "job_profile": NOW - limit - timedelta(seconds=1)}, NOW)
    assert (at.view, at.age, at.stale) == ("job_activity", limit, False)
    assert (beyond.view, beyond.stale) == ("job_profile", True)


def test_it_tells_days() -> None:
    (old,) = ages({"job_activity": NOW - timedelta(days=3, hours=5)}, NOW)
    assert str(old) == "3.2 days old, limit 2"
