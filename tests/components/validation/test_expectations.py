"""The verdict on a lake: what passes, what blocks and how it reads."""

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.validation.expectations import require, validate
from metier.contract import TABLES
from metier.errors import ValidationError
from metier.lake import Lake

DAY = datetime(2026, 2, 1, tzinfo=UTC)
LATER = DAY + timedelta(hours=1)
NULLABLE = ("hours_per_week",)
"""Their share is of the rows that have a value: here the planted one alone."""
CLOCK = {"event_timestamp": DAY, "recorded_at": DAY}
FREELANCER = {"freelancer_id": "f1", "title": "", "overview": "", "skills": [], "status": "listed", **CLOCK}
JOB = {
    "job_id": "j1", "title": "Welder", "description": "", "skills": ["mig"], "openings": 1, "visibility": "public",
    "status": "open", **CLOCK,
}  # fmt: skip
CLICK = {"interaction_id": "i1", "kind": "click", "side": "freelancer", "freelancer_id": "f1", "job_id": "j1", **CLOCK}
CLIENT = {"client_id": "c1", "status": "active", **CLOCK}
QUERY = {"query_id": "q1", "surface": "talent_search", "actor_id": "c1", "filters": "{}", "context": "{}", **CLOCK}
IMPRESSION = {"query_id": "q1", "candidate_id": "f1", "rank": 1, "placement": "organic", "propensity": 0.5, **CLOCK}
ORGANIC = {"freelancers": [FREELANCER], "jobs": [JOB], "interactions": [CLICK]}
LOGGED = {**ORGANIC, "clients": [CLIENT], "queries": [QUERY], "impressions": [IMPRESSION]}


@pytest.fixture
def lake_of(tmp_path):
    def build(tables):
        lake = Lake(str(tmp_path / "lake"))
        for name, rows in tables.items():
            lake.append(name, pa.Table.from_pylist(rows, TABLES[name].schema))
        return lake

    return build


@pytest.fixture
def judged(lake_of, tmp_path):
    return lambda tables, as_of=DAY: validate(lake_of(tables), as_of, tmp_path / "docs")


def failures(verdict):
    return {(failure.table, failure.column) for failure in verdict.failed}


@pytest.mark.parametrize("tables", [ORGANIC, LOGGED], ids=["organic only", "logged"])
def test_a_sound_lake_passes_and_its_docs_are_published(judged, tables):
    verdict = judged(tables)
    assert verdict.passed, verdict.render()
    assert verdict.warned == ()
    assert "<html" in verdict.docs_path.read_text().lower()
    require(verdict)


def test_nothing_is_written_outside_the_given_folder(judged, tmp_path, monkeypatch):
    elsewhere, temporary = tmp_path / "cwd", tmp_path / "tmp"
    elsewhere.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    judged(ORGANIC)
    assert os.listdir(elsewhere) == os.listdir(temporary) == []
    assert sorted(os.listdir(tmp_path)) == ["cwd", "docs", "lake", "tmp"]


def test_every_row_that_breaks_a_rule_is_counted_and_shown(judged):
    planted = {
        "freelancers": {"freelancer_id": "f2", "hours_per_week": 200.0},
        "jobs": {"job_id": "j2", "openings": 0, "status": "lost", "client_id": "c9"},
        "queries": {"query_id": "q2", "actor_id": "f1", "job_id": "j9"},
        "impressions": {"query_id": "q9", "propensity": 1.5},
        "interactions": {"interaction_id": "i2", "freelancer_id": "f9", "job_id": None, "event_timestamp": LATER},
    }
    wrong_side = {**IMPRESSION, "candidate_id": "j1"}
    tables = {name: [*LOGGED[name], {**LOGGED[name][0], **change}] for name, change in planted.items()}
    verdict = judged({**tables, "clients": [CLIENT], "impressions": [*tables["impressions"], wrong_side]})
    assert failures(verdict) == {
        ("freelancers", "hours_per_week"), ("jobs", "openings"), ("jobs", "status"), ("jobs", "client_id"),
        ("queries", "actor_id"), ("queries", "job_id"), ("impressions", "query_id"), ("impressions", "candidate_id"),
        ("impressions", "propensity"), ("interactions", "freelancer_id"), ("interactions", "job_or_client_set"),
        ("interactions", "recorded_at"),
    }  # fmt: skip
    for failure in verdict.failed:
        rows = 3 if failure.table == "impressions" else 2
        assert failure.unexpected_count == 1
        assert failure.unexpected_percent == pytest.approx(100 / (1 if failure.column in NULLABLE else rows))
        assert set(TABLES[failure.table].key) <= set(failure.examples[0])


def test_a_required_value_that_is_missing_blocks(lake_of, tmp_path):
    lake = lake_of(ORGANIC)
    nullable = pa.schema([field.with_nullable(True) for field in TABLES["jobs"].schema])
    day = tmp_path / "lake" / "jobs" / "event_date=2026-02-01"
    pq.write_table(pa.Table.from_pylist([{**JOB, "job_id": "j2", "title": None}], nullable), day / "part-x.parquet")
    assert failures(validate(lake, DAY, tmp_path / "docs")) == {("jobs", "title")}


def test_a_key_held_twice_blocks(lake_of, tmp_path):
    lake = lake_of(ORGANIC)
    (held,) = lake.files("jobs")
    shutil.copy(held, held.replace("part-", "part-copy-"))
    verdict = validate(lake, DAY, tmp_path / "docs")
    assert failures(verdict) == {("jobs", "copies_of_key")}
    assert verdict.failed[0].unexpected_count == 2


@pytest.mark.parametrize("change", ["drop", "retype"])
def test_a_file_with_other_columns_blocks_before_its_rows_are_read(lake_of, tmp_path, change):
    lake = lake_of(ORGANIC)
    rows = pa.Table.from_pylist([{**JOB, "job_id": "j2"}], TABLES["jobs"].schema)
    position = rows.column_names.index("openings")
    changed = rows.set_column(position, "openings", pa.array(["two"])) if change == "retype" else rows.drop("openings")
    pq.write_table(changed, tmp_path / "lake" / "jobs" / "event_date=2026-02-01" / "part-x.parquet")
    verdict = validate(lake, DAY, tmp_path / "docs")
    (failure,) = verdict.failed
    assert failure.table == "contract"
    assert failure.examples[0]["table"] == "jobs"
    assert failure.examples[0]["found_type"] == ("string" if change == "retype" else "absent")
    with pytest.raises(ValidationError, match=r"column of every file is there .*; run `metier lake migrate`"):
        require(verdict)


def test_an_empty_lake_does_not_pass(judged):
    assert {("freelancers", ""), ("jobs", "")} <= failures(judged({}))


def test_one_unknown_reference_in_two_hundred_is_a_warning(judged):
    clicks = [{**CLICK, "interaction_id": f"i{n}", "job_id": "j9" if n == 0 else "j1"} for n in range(200)]
    verdict = judged({**ORGANIC, "interactions": clicks})
    assert verdict.passed
    (warning,) = verdict.warned
    assert (warning.column, warning.unexpected_count, warning.unexpected_percent) == ("job_id", 1, 0.5)


def test_freshness_is_measured_at_as_of_and_later_rows_are_not_seen(judged):
    assert judged(ORGANIC, DAY + timedelta(days=30)).passed
    assert failures(judged(ORGANIC, DAY + timedelta(days=31))) == {("lake", "days_since_recorded")}
    assert ("freelancers", "") in failures(judged(ORGANIC, DAY - timedelta(days=1)))


def test_the_summary_names_table_count_share_and_example_and_blocks(judged):
    verdict = judged({**ORGANIC, "jobs": [JOB, {**JOB, "job_id": "j2", "status": "lost"}]})
    text = verdict.render()
    assert "jobs: status is one of open, paused, filled, closed, removed. 1 rows (50.00%) do not." in text
    assert "for example {'status': 'lost', 'job_id': 'j2'" in text
    with pytest.raises(ValidationError, match="status is one of"):
        require(verdict)
