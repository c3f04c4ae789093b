"""The online store read without Feast's client, against `get_online_features`, on SQLite and on a real Valkey."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pyarrow as pa
import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import HELD_AS_OF, candidate_views, query_row, query_views
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from feature_repo.online.sqlite_rows import KEYS_AT_ONCE
from feature_repo.views import VIEWS, view_of
from metier.contract import SURFACES
from metier.errors import FeatureError
from metier.settings import Settings
from tests.services.test_shared_stores import END, everyone, features, job, settings

__all__ = ["features", "settings"]

ASKED = {
    **{f"the query of {surface}": query_views(surface) for surface in SURFACES},
    **{f"candidates of {surface}": candidate_views(surface) for surface in SURFACES},
    "every view": tuple(view.name for view in VIEWS),
}
PEOPLE = ("a", "b", "c", "new", "nobody", None, "Ünï", "a")
AGES = timedelta(days=60 * 365)


@pytest.fixture
def feast(settings):
    client = FeatureStoreClient(settings)
    client.apply()
    return client


@pytest.fixture
def online(feast):
    with closing(OnlineRows(feast.settings, 5.0)) as rows:
        yield rows


def require_equal(online, feast):
    """Every view of every surface, as a table and row by row; how many values there were."""
    asked, values = everyone(*PEOPLE), 0
    for views in ASKED.values():
        expected = feast.serving_features(asked, views)
        assert online.table(asked, views).equals(expected)
        rows = [online.row(query, views) for query in asked.to_pylist()]
        for row in rows:
            held = {view: stamp for view in views if (stamp := since(online, view, row)) is not None}
            assert row.pop(HELD_AS_OF) == held
        assert rows == expected.to_pylist()
        values += sum(len(column) - column.null_count for column in expected.columns[asked.num_columns :])
    return values


def since(online, view, row):
    """When the store has the row's values of the view from."""
    declared = view_of(view)
    (stamp,) = online.stamps(declared, [row[declared.key] or ""])
    return stamp


def test_every_view_of_every_surface_is_what_feast_answers_value_by_value(feast, online):
    assert require_equal(online, feast) == 0
    feast.materialize(END)
    materialized = require_equal(online, feast)
    assert materialized > 1_000
    pushes = Pushes(OnlineRows(feast.settings))
    for version in (
        job("newer", 2),
        job("late", 1),
        {**job("out of time", 0), "job_id": "b", "event_timestamp": END - AGES},
    ):
        pushes.profile("jobs", version)
    assert require_equal(online, feast) > materialized
    (title,) = online.table(pa.table({"job_id": ["new"]}), ["job_profile"])["job_profile__title"].to_pylist()
    assert title == "newer"


def test_a_row_that_was_read_is_read_again_once_anybody_changes_the_store(feast, online):
    titles = []

    def look():
        rows = [online.row({"job_id": "new"}, ["job_profile"]) for _ in range(2)]
        titles.extend(row["job_profile__title"] for row in rows)

    look()
    with closing(OnlineRows(feast.settings)) as others:
        for title, seconds in (("first", 1), ("second", 2)):
            Pushes(others).profile("jobs", job(title, seconds))
            look()
        others.remove(view_of("job_profile"), ["new"])
        look()
    assert titles == [None, None, "first", "first", "second", "second", None, None]


def test_a_value_counts_however_old_it_is_as_feast_has_it(feast, online):
    old = {**job("out of time", 0), "event_timestamp": END - AGES, "recorded_at": END - AGES}
    Pushes(OnlineRows(feast.settings)).profile("jobs", old)
    row = online.row({"job_id": "new"}, ["job_profile"])
    assert row["job_profile__title"] == "out of time"
    assert row.pop(HELD_AS_OF) == {"job_profile": END - AGES}
    assert [row] == feast.serving_features(pa.table({"job_id": ["new"]}), ["job_profile"]).to_pylist()


def test_many_keys_are_read_in_parts_that_make_a_whole(feast, online):
    feast.materialize(END)
    names = [f"nobody {number}" for number in range(KEYS_AT_ONCE)] + ["a", "b"]
    rows = pa.table({"job_id": names})
    assert online.table(rows, ["job_profile", "job_activity"]).equals(
        feast.serving_features(rows, ["job_profile", "job_activity"])
    )


@pytest.mark.parametrize("surface", SURFACES)
def test_a_query_is_read_by_who_asks_and_the_job_asked_for(feast, online, surface):
    feast.materialize(END)
    query = {"actor_id": "a", "job_id": None if surface == "job_feed" else "b", "text": None}
    row = query_row(surface, query, online.row)
    assert {name: row[name] for name in query} == query
    assert row["job_profile__status" if query["job_id"] else "freelancer_profile__status"] is not None


def test_a_file_without_tables_or_none_at_all_says_what_to_run(tmp_path):
    online = OnlineRows(Settings(home=tmp_path), 0.1)
    for _ in range(2):
        with pytest.raises(FeatureError, match=r"online_store.db.*run `feast -c feature_repo apply`"):
            online.row({"job_id": "a"}, ["job_profile"])
        sqlite3.connect(tmp_path / "online_store.db").execute("VACUUM")


def test_a_locked_file_is_waited_for_no_longer_than_allowed(tmp_path):
    FeatureStoreClient(Settings(home=tmp_path)).apply()
    with (
        closing(sqlite3.connect(tmp_path / "online_store.db", isolation_level=None)) as other,
        closing(OnlineRows(Settings(home=tmp_path), 0.05)) as online,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            online.row({"job_id": "a"}, ["job_profile"])
        other.execute("ROLLBACK")
        assert online.row({"job_id": "a"}, ["job_profile"])["job_profile__title"] is None


def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_allowed(valkey, tmp_path):
    settings = Settings(home=tmp_path, online_store_url=valkey.url, feature_registry_uri="postgresql://unasked")
    with closing(OnlineRows(settings, 0.2)) as online:
        assert online.row({"job_id": "a"}, ["job_profile"])["job_profile__title"] is None
        with valkey.stopped(), pytest.raises(RedisTimeoutError):
            online.row({"job_id": "a"}, ["job_profile"])
        assert online.row({"job_id": "a"}, ["job_profile"])["job_profile__title"] is None
