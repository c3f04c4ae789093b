"""Feature tables built day by day, as data comes in, are those that one build of everything gives."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_repo.build.aggregates import ACTIVITY_VIEWS, VIEWS, build_feature_tables
from feature_repo.build.built import FILE, Built
from metier.contract import TABLES
from metier.errors import FeatureError
from metier.lake import Lake
from metier.lake.upkeep import compact
from metier.locks import exclusively

START = datetime(2024, 3, 1, tzinfo=UTC)
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def known(days: float, recorded: float | None = None, **row: Any) -> dict[str, Any]:
    return {**row, "event_timestamp": day(days), "recorded_at": day(days if recorded is None else recorded)}


def click(name: str, days: float, recorded: float | None = None, **row: Any) -> dict[str, Any]:
    made = {"interaction_id": name, "kind": "click", "side": "client", "freelancer_id": "f1", "job_id": "j1"}
    return known(days, recorded, **made, **row)


def append(lake: Lake, rows: Rows) -> None:
    for name, each in rows.items():
        columns = {c.name: [row.get(c.name, c.default) for row in each] for c in TABLES[name].columns}
        lake.append(name, pa.table(columns, schema=TABLES[name].schema))


def tables(folder: Path) -> dict[str, pa.Table]:
    return {view: pq.read_table(folder / view) for view in VIEWS}


def from_scratch(lake: Lake, as_of: datetime) -> dict[str, pa.Table]:
    with tempfile.TemporaryDirectory() as folder:
        build_feature_tables(lake, as_of, Path(folder))
        return tables(Path(folder))


def assert_as_from_scratch(lake: Lake, as_of: datetime, folder: Path) -> None:
    found, expected = tables(folder), from_scratch(lake, as_of)
    for view in VIEWS:
        assert found[view].equals(expected[view]), view


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each table's day is, so that one that was written anew differs."""
    paths = (path for path in folder.rglob("*.parquet"))
    return {str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Clicks on f1 at noon of ten days, at the days 0.5 to 9.5."""
    lake = Lake(str(tmp_path / "lake"))
    append(lake, {"interactions": [click(f"i{i}", i + 0.5) for i in range(10)]})
    return lake


def clicks(folder: Path) -> dict[float, float]:
    rows = pq.read_table(folder / "freelancer_activity").to_pylist()
    return {(row["event_timestamp"] - START) / timedelta(days=1): row["clicks_30d"] for row in rows}


def test_a_day_has_a_file_of_its_own_and_the_newest_ends_at_the_clock(lake: Lake, tmp_path: Path) -> None:
    build_feature_tables(lake, day(3.25), tmp_path / "built")
    names = sorted(path.name for path in (tmp_path / "built" / "freelancer_activity").iterdir())
    assert names == ["2024-03-02.parquet", "2024-03-03.parquet", "2024-03-04.parquet", "2024-03-05.parquet"]
    assert clicks(tmp_path / "built") == {1: 1, 2: 2, 3: 3, 3.25: 3}


def test_only_days_after_the_last_clock_are_written_when_time_goes_on(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    build_feature_tables(lake, day(5.25), folder)
    before = files(folder)
    append(lake, {"interactions": [click("new", 6.5)]})
    rows = build_feature_tables(lake, day(7), folder)
    changed = {name for name, file in files(folder).items() if before.get(name) != file}
    assert {name for name in changed if "freelancer_activity" in name} == {
        "freelancer_activity/2024-03-07.parquet",
        "freelancer_activity/2024-03-08.parquet",
    }
    assert rows["freelancer_activity"] == 2
    assert clicks(folder) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}


def test_a_late_row_changes_no_snapshot_from_before_it_was_recorded(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    build_feature_tables(lake, day(8), folder)
    before = files(folder)
    append(lake, {"interactions": [click("late", 2.5, recorded=8.5)]})
    build_feature_tables(lake, day(9), folder)
    after = files(folder)
    assert {name: after[name] for name in before} == before
    assert clicks(folder)[8] == 8
    assert clicks(folder)[9] == 10


def test_an_archive_recorded_long_ago_has_its_days_built_again(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    build_feature_tables(lake, day(8), folder)
    before = files(folder)
    told: list[str] = []
    append(lake, {"interactions": [click("archived", 2.5, recorded=5.5)]})
    build_feature_tables(lake, day(8), folder, told.append)
    assert told[0] == "1 new lake files; building from 2024-03-07 on"
    kept = {name for name, file in files(folder).items() if before.get(name) == file}
    assert {name for name in kept if "freelancer_activity" in name} == {
        f"freelancer_activity/2024-03-0{number}.parquet" for number in range(2, 7)
    }
    assert clicks(folder) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 7, 7: 8, 8: 9}


def test_a_query_known_late_shows_its_impressions_from_then_on(tmp_path: Path) -> None:
    lake, folder = Lake(str(tmp_path / "lake")), tmp_path / "built"
    shown = known(1.5, query_id="q", candidate_id="f1", rank=1, placement="organic")
    append(lake, {"impressions": [shown], "interactions": [click("i", 0.5)]})
    build_feature_tables(lake, day(6), folder)
    append(lake, {"queries": [known(1.5, recorded=3.5, query_id="q", surface="talent_search", actor_id="c1")]})
    build_feature_tables(lake, day(6), folder)
    rows = pq.read_table(folder / "freelancer_activity").to_pylist()
    assert [row["impressions_30d"] for row in rows] == [0, 0, 0, 1, 1, 1]
    assert_as_from_scratch(lake, day(6), folder)


def test_a_job_whose_client_is_known_late_is_the_clients_from_then_on(tmp_path: Path) -> None:
    lake, folder = Lake(str(tmp_path / "lake")), tmp_path / "built"
    job = {"job_id": "j1", "title": "t", "description": "d", "skills": [], "visibility": "public", "status": "open"}
    append(lake, {"jobs": [known(0.5, **job)], "interactions": [click("i", 1.5)]})
    build_feature_tables(lake, day(6), folder)
    append(lake, {"jobs": [known(3.5, client_id="c1", **job)]})
    build_feature_tables(lake, day(6), folder)
    rows = pq.read_table(folder / "client_activity").to_pylist()
    assert [(row["event_timestamp"], row["clicks_30d"]) for row in rows] == [(day(d), 1) for d in (4, 5, 6)]
    assert_as_from_scratch(lake, day(6), folder)


def test_nothing_new_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    build_feature_tables(lake, day(5.25), tmp_path / "built")
    before = files(tmp_path / "built")
    assert build_feature_tables(lake, day(5.25), tmp_path / "built") == dict.fromkeys(VIEWS, 0)
    assert files(tmp_path / "built") == before


def test_days_asked_for_are_built_again(lake: Lake, tmp_path: Path) -> None:
    build_feature_tables(lake, day(5), tmp_path / "built")
    before = files(tmp_path / "built")
    damaged = tmp_path / "built" / "freelancer_activity" / "2024-03-05.parquet"
    damaged.unlink()
    rows = build_feature_tables(lake, day(5), tmp_path / "built", since=day(4))
    assert rows["freelancer_activity"] == 2
    assert damaged.exists()
    changed = {name for name, file in files(tmp_path / "built").items() if before[name] != file}
    assert {Path(name).name for name in changed} == {"2024-03-05.parquet", "2024-03-06.parquet"}
    assert_as_from_scratch(lake, day(5), tmp_path / "built")


def test_a_clock_set_back_leaves_nothing_from_after_it(lake: Lake, tmp_path: Path) -> None:
    build_feature_tables(lake, day(9), tmp_path / "built")
    build_feature_tables(lake, day(4.5), tmp_path / "built")
    assert max(clicks(tmp_path / "built")) == 4.5
    assert_as_from_scratch(lake, day(4.5), tmp_path / "built")


def test_replaced_lake_files_and_other_declarations_build_from_scratch(lake: Lake, tmp_path: Path) -> None:
    folder, told = tmp_path / "built", []
    append(lake, {"interactions": [click("same date", 0.6)]})
    build_feature_tables(lake, day(9), folder)
    compact(lake)
    build_feature_tables(lake, day(9), folder, told.append)
    assert told[0] == "2 lake files were replaced; building from scratch"
    built = Built.read(folder)
    assert built is not None
    Built(built.as_of, "another", built.sources).write(folder)
    told.clear()
    build_feature_tables(lake, day(9), folder, told.append)
    assert told[0] == "other features than before are declared; building from scratch"
    assert_as_from_scratch(lake, day(9), folder)


def test_two_builds_of_a_folder_do_not_meet(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    folder.mkdir()
    with exclusively(folder / ".building", FeatureError("")), pytest.raises(FeatureError, match="another process"):
        build_feature_tables(lake, day(2), folder)


MOMENT = st.integers(0, 45 * 4)  # quarter days: midnights and the exact ends of windows come up often
CLOCK = st.tuples(MOMENT, st.sampled_from([0, 0, 1, 4, 30, 140]))
FREELANCER, JOB, CLIENT = (st.sampled_from([f"{kind}{i}" for i in (1, 2)]) for kind in "fjc")
WORLD = {
    "freelancers": st.fixed_dictionaries(
        {"freelancer_id": FREELANCER, "title": st.sampled_from("xy"), "city": st.sampled_from(["", "Rome"])}
    ),
    "jobs": st.fixed_dictionaries(
        {
            "job_id": JOB,
            "title": st.sampled_from("xy"),
            "client_id": st.none() | CLIENT,
            "openings": st.integers(1, 3),
            "posted_at": st.none() | MOMENT.map(lambda quarter: day(quarter / 4)),
        }
    ),
    "clients": st.fixed_dictionaries({"client_id": CLIENT, "country": st.sampled_from(["PT", "IT"])}),
    "queries": st.fixed_dictionaries(
        {
            "query_id": st.sampled_from("pqrs"),
            "surface": st.sampled_from(["talent_search", "job_feed", "applicant_review"]),
            "actor_id": CLIENT,
        }
    ),
    "impressions": st.fixed_dictionaries(
        {
            "query_id": st.sampled_from("pqrs"),
            "candidate_id": FREELANCER | JOB,
            "placement": st.sampled_from(["organic", "exploration", "promoted"]),
        }
    ),
    "interactions": st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["click", "save", "apply", "invite", "accept", "decline", "hire", "pay", "rate"]),
            "side": st.sampled_from(["client", "freelancer"]),
            "freelancer_id": FREELANCER,
            "job_id": st.none() | JOB,
            "client_id": st.none() | CLIENT,
            "value_usd": st.sampled_from([0.1, 7.0]),
            "rating": st.sampled_from([None, 4.0]),
        }
    ),
}
FIXED = {
    "freelancers": {"overview": "o", "skills": ["go"], "status": "listed"},
    "jobs": {"description": "d", "skills": ["go"], "visibility": "public", "status": "open"},
    "clients": {"status": "active"},
    "queries": {},
    "impressions": {"rank": 1},
    "interactions": {},
}
BATCHES = st.lists(
    st.tuples(
        st.fixed_dictionaries({name: st.lists(st.tuples(CLOCK, row), max_size=6) for name, row in WORLD.items()}),
        MOMENT,
    ),
    min_size=1,
    max_size=4,
)


def drawn(batch: Mapping[str, list[Any]], number: int) -> dict[str, list[dict[str, Any]]]:
    """Contract rows of one import."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, each in batch.items():
        rows[name] = [
            known(quarter / 4, (quarter + lag) / 4, **FIXED[name], **row) for (quarter, lag), row in each if each
        ]
    for place, row in enumerate(rows["interactions"]):
        row["interaction_id"] = f"{number} {place}"
    return rows


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES)
def test_imports_in_any_order_with_builds_between_give_what_one_build_gives(batches: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        lake, folder = Lake(f"{name}/lake"), Path(name) / "built"
        for number, (batch, quarter) in enumerate(batches):
            append(lake, drawn(batch, number))
            build_feature_tables(lake, day(quarter / 4), folder)
        assert_as_from_scratch(lake, day(quarter / 4), folder)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from feature_repo.build.aggregates import build_feature_tables
from metier.lake import Lake

lake, folder, as_of, left = sys.argv[1], sys.argv[2], sys.argv[3], [int(sys.argv[4])]

def watch(name, arguments):
    if name in ("os.rename", "os.remove") and str(arguments[0]).startswith(folder):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
build_feature_tables(Lake(lake), datetime.fromisoformat(as_of), Path(folder))
"""


@pytest.mark.parametrize("changes", [0, 1, 9, 20])
def test_killed_before_any_change_of_a_file_a_repeat_gives_what_one_build_gives(
    lake: Lake, tmp_path: Path, changes: int
) -> None:
    folder = tmp_path / "built"
    build_feature_tables(lake, day(4.5), folder)
    append(lake, {"interactions": [click("late", 1.5, recorded=3.5), click("new", 6.5)]})
    command = [sys.executable, "-c", KILLED, lake.url, str(folder), day(7.5).isoformat(), str(changes)]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    for clock in (day(7.5), day(4.5)):
        build_feature_tables(lake, clock, folder)
        assert_as_from_scratch(lake, clock, folder)
    assert not [path for path in folder.rglob(".*") if path.name != ".building"]


def test_what_a_killed_build_was_about_to_change_is_not_taken_for_built(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    build_feature_tables(lake, day(4.5), folder)
    command = [sys.executable, "-c", KILLED, lake.url, str(folder), day(7.5).isoformat(), "9"]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert not tables(folder)["freelancer_activity"].equals(from_scratch(lake, day(4.5))["freelancer_activity"])
    build_feature_tables(lake, day(4.5), folder)
    assert_as_from_scratch(lake, day(4.5), folder)


def test_a_first_build_that_was_killed_is_begun_anew(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    command = [sys.executable, "-c", KILLED, lake.url, str(folder), day(9).isoformat(), "12"]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert not (folder / FILE).exists()
    assert any(os.listdir(folder / view) for view in ACTIVITY_VIEWS)
    build_feature_tables(lake, day(9), folder)
    assert_as_from_scratch(lake, day(9), folder)
