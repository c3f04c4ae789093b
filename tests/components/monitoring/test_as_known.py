"""What serving knew: windows of the release, what was pushed until a moment, and a lake without recorded_at."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from components.monitoring.as_known import AsHappened, as_known, changed_until, released_at
from metier.contract import TABLES, TIMESTAMP
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2024, 3, 1, tzinfo=UTC)
RELEASE = "20240306T060000.000000Z-0a1b2c3d"
PERSON = {"freelancer_id": "f1", "overview": "o", "skills": [], "status": "listed"}
CLICK = {"kind": "click", "freelancer_id": "f1", "job_id": "j1"}


def day(days):
    return START + timedelta(days=days)


def known(happened, recorded, **row):
    return {**row, "event_timestamp": day(happened), "recorded_at": day(recorded)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """f1 was clicked on once, and once more without being known in time; it clicked and changed its title later."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    rows = {
        "freelancers": [known(0, 0, title="first", **PERSON), known(5.5, 5.5, title="second", **PERSON)],
        "interactions": [
            known(1, 1, interaction_id="known", side="client", **CLICK),
            known(2, 8, interaction_id="late", side="client", **CLICK),
            known(5.75, 5.75, interaction_id="pushed", side="freelancer", **CLICK),
        ],
    }
    for name, each in rows.items():
        lake.append(name, pa.Table.from_pylist(each, TABLES[name].schema))
    return lake


def read(tmp_path, lake, *until):
    """(title, clicks, ids in the history) of f1 as of the release at day 5.25, and pushed until each moment."""
    moments = pa.array(map(day, until), TIMESTAMP)
    rows = pa.table({"freelancer_id": ["f1"] * len(until), "event_timestamp": moments})
    views = ("freelancer_profile", "freelancer_activity", "freelancer_history")
    with as_known(Settings(home=tmp_path), lake, [day(5.25)], day(9)) as stores:
        found = stores.read(day(5.25), moments)(rows, views)
    assert found["event_timestamp"].equals(pa.chunked_array([moments]))
    names = "freelancer_profile__title", "freelancer_activity__clicks_30d", "freelancer_history__recent_ids"
    return list(zip(*(found[name].to_pylist() for name in names), strict=True))


def test_a_version_says_when_it_was_released_and_which_changes_it_counts():
    assert (released_at(RELEASE), changed_until(RELEASE)) == (day(5.25), day(5.25))
    changed = RELEASE + f"+{int(day(6).timestamp()) * 1_000_000 + 7}"
    assert released_at(changed) == day(5.25)
    assert changed_until(changed) == day(6) + timedelta(microseconds=7)
    assert changed_until(RELEASE + f"+{int(day(3).timestamp()) * 1_000_000}") == day(5.25)


def test_windows_are_those_of_the_release_and_what_was_pushed_counts_from_its_moment_on(tmp_path, lake):
    assert read(tmp_path, lake, 5.25, 5.5, 6, 9) == [
        ("first", 1.0, None),
        ("second", 1.0, None),
        ("second", 1.0, ["j1"]),
        ("second", 1.0, ["j1"]),
    ]
    assert not list(tmp_path.glob(".replay-*"))


def test_without_recorded_at_a_late_row_was_known_when_it_happened(tmp_path, lake):
    happened = AsHappened(lake.url)
    assert read(tmp_path, happened, 5.25) == [("first", 2.0, None)]
    with happened.connect(day(3)) as connection:
        rows = connection.execute("SELECT interaction_id, recorded_at FROM interactions ORDER BY ALL").fetchall()
    assert rows == [("known", day(1)), ("late", day(2))]
