"""Retention: what is older than its table's days goes, what was true at the limit and since stays."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.privacy.retention import RETENTION_DAYS, declared_days, retain
from metier.contract import ENTITY_TABLES, TABLES
from metier.errors import SettingsError
from metier.lake import Lake
from metier.settings import load_settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVER: dict[str, int | None] = dict.fromkeys(TABLES)


def ago(days: float) -> dict:
    return dict.fromkeys(("event_timestamp", "recorded_at"), NOW - timedelta(days=days))


def clients(lake: Lake, *versions: tuple[str, float]) -> None:
    rows = [{"client_id": key, "status": "active", **ago(days)} for key, days in versions]
    lake.append("clients", pa.Table.from_pylist(rows, TABLES["clients"].schema))


def queries(lake: Lake, *days: float) -> None:
    fixed = {"surface": "job_feed", "actor_id": "F", "filters": "{}", "context": "{}"}
    rows = [{"query_id": f"q{age}", **fixed, **ago(age)} for age in days]
    lake.append("queries", pa.Table.from_pylist(rows, TABLES["queries"].schema))


def held(lake: Lake, name: str) -> list[tuple[str, float]]:
    """(key, age in days), oldest first."""
    rows = lake.read(name).to_pylist()
    return [(row[TABLES[name].key[0]], (NOW - row["event_timestamp"]) / timedelta(days=1)) for row in rows]


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_every_table_is_declared():
    assert RETENTION_DAYS.keys() == TABLES.keys()


def test_events_past_their_days_are_counted_then_removed(lake):
    queries(lake, 40, 31, 30, 1)
    days = EVER | {"queries": 30}
    assert retain(lake, NOW, days, apply=False).rows == dict.fromkeys(TABLES, 0) | {"queries": 2}
    assert lake.counts()["queries"] == 4
    report = retain(lake, NOW, days, apply=True)
    assert report.rows["queries"] == 2
    assert held(lake, "queries") == [("q30", 30), ("q1", 1)]
    assert "queries                  2 rows removed, kept for 30 days" in report.render()
    assert retain(lake, NOW, days, apply=True).rows["queries"] == 0


def test_of_an_entity_the_version_that_was_true_at_the_limit_stays(lake):
    clients(lake, ("changed", 90), ("changed", 60), ("changed", 10), ("quiet", 400), ("quiet", 500))
    assert retain(lake, NOW, EVER | {"clients": 30}, apply=True).rows["clients"] == 2
    assert held(lake, "clients") == [("quiet", 400), ("changed", 60), ("changed", 10)]


def test_null_keeps_for_ever(lake):
    queries(lake, 10_000)
    assert retain(lake, NOW, EVER, apply=True).rows["queries"] == 0
    assert lake.counts()["queries"] == 1


def test_the_setting_replaces_single_tables(monkeypatch):
    monkeypatch.setenv("METIER_RETENTION_DAYS", '{"queries": 7, "jobs": null}')
    days = declared_days(load_settings().retention_days)
    assert (days["queries"], days["jobs"], days["clients"]) == (7, None, RETENTION_DAYS["clients"])


@pytest.mark.parametrize(
    ("value", "said"), [("{7", "cannot be used"), ('{"gigs": 7}', "'gigs'"), ('{"jobs": 0}', "less than a day")]
)
def test_a_setting_that_makes_no_sense_is_named(monkeypatch, value, said):
    monkeypatch.setenv("METIER_RETENTION_DAYS", value)
    with pytest.raises(SettingsError, match=f"METIER_RETENTION_DAYS.*{said}"):
        declared_days(load_settings().retention_days)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 60)), min_size=1, max_size=10), st.integers(1, 60))
def test_the_newest_version_of_each_key_always_stays(tmp_path_factory, versions, days):
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    clients(lake, *versions)
    retain(lake, NOW, EVER | dict.fromkeys(ENTITY_TABLES, days), apply=True)
    newest = {key: min(age for other, age in versions if other == key) for key, _ in versions}
    at_limit = {key: [age for other, age in versions if other == key and age > days] for key in newest}
    expected = {(key, age) for key, age in versions if age <= days or age == min(at_limit[key])}
    assert {(key, newest[key]) for key in newest} <= expected
    assert set(held(lake, "clients")) == expected
