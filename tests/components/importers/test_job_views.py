"""The public job-views data becomes freelancers, jobs and organic clicks."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.importers.ingest import ingest
from components.importers.job_views import ALWAYS_OPEN, read_job_views
from metier.errors import ContractError, SettingsError
from metier.lake import Lake
from metier.texts.personal_data import mask
from metier.texts.plain_text import one_line

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "job_views"
CLOCK = datetime(2020, 1, 1, tzinfo=UTC)

HEADER = (
    "Job.ID,Applicant.ID,Title,Position,Company,City,State.Name,Industry,"
    "View.Start,View.End,View.Duration,Created.At,Extra\n"
)
VIEWS = f"""{HEADER}\
7,1,Cook @ Inn,Cook,Inn,Reno,Nevada,NA,2014-12-12 20:00:00 UTC,2014-12-12 20:00:42 UTC,42,2014-12-12 20:00:00 UTC,x
7,2,Cook @ Inn,Cook,Inn,Reno,Nevada,Food,2014-12-13 20:00:00 UTC,NA,NA,2014-12-13 20:00:01 UTC,x
7,2,Cook @ Inn,Cook,Inn,Reno,Nevada,Food,2014-12-13 20:00:00 UTC,NA,NA,2014-12-13 20:00:01 UTC,x
8,1,"Host
@ Home @ The Bar",NA,The Bar,Elko,,NULL,NA,,NA,2014-12-14 08:00:00 UTC,x
9,,Cook,Cook,NA,Reno,Nevada,NA,2014-12-15 20:00:00 UTC,NA,NA,2014-12-15 20:00:00 UTC,x
9,1,Cook,Cook,NA,Reno,Nevada,NA,soon,NA,NA,NA,x
"""
EXPERIENCE = """Applicant.ID,Position.Name,Employer.Name,City,State.Name,Start.Date,End.Date,Job.Description,Created.At
1,Waiter,Old Inn,Fallon,Nevada,1012-01-01,2001-05-01,NA,2014-12-12 19:00:00 UTC
1,Baker,New Inn,NA,,2010-01-01,,"Bread, ""rolls""\nand cakes",2014-12-12 19:00:00 UTC
2,Clerk,Shop,Ely,Nevada,2012-01-01,2013-01-01,NA,2015-03-01 10:00:00 UTC
3,NA,Army,NA,NA,NA,NA,NA,2015-04-01 10:00:00 UTC
"""
INTERESTS = """Applicant.ID,Position.Of.Interest,Created.At
1,baker,2014-12-12 19:00:00 UTC
4,Nurse,2015-02-01 10:00:00 UTC
,Nobody,2015-02-01 10:00:00 UTC
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "views"
    made.mkdir()
    (made / "Job_Views.csv").write_text(VIEWS)
    (made / "Experience.csv").write_text(EXPERIENCE)
    (made / "Positions_Of_Interest.csv").write_text(INTERESTS)
    return made


@pytest.fixture
def imported(folder, tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    return lake, ingest(lake, read_job_views(folder), CLOCK)


def moment(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_views_become_organic_clicks_and_equal_rows_are_one(imported):
    lake, report = imported
    rows = lake.read("interactions").to_pylist()
    assert [(r["freelancer_id"], r["job_id"], r["dwell_seconds"]) for r in rows] == [
        ("1", "7", 42.0), ("2", "7", None), ("1", "8", None),
    ]  # fmt: skip
    assert {(r["kind"], r["side"], r["query_id"], r["client_id"]) for r in rows} == {
        ("click", "freelancer", None, None)
    }
    counts = report.tables["interactions"]
    assert (counts.read, counts.written, counts.duplicates, counts.quarantined) == (6, 3, 1, 2)
    assert counts.reasons == {"freelancer_id is missing": 1, "event_timestamp is not a ISO 8601 timestamp; "
                              "recorded_at is not a ISO 8601 timestamp": 1}  # fmt: skip


def test_a_view_without_a_start_began_when_it_was_created_and_none_is_recorded_before_it_was(imported):
    lake, _ = imported
    rows = {row["job_id"] + row["freelancer_id"]: row for row in lake.read("interactions").to_pylist()}
    assert rows["81"]["event_timestamp"] == moment(2014, 12, 14, 8)
    assert rows["72"]["recorded_at"] == moment(2014, 12, 13, 20, 0, 1)


def test_viewed_jobs_are_public_open_and_undated_from_a_second_before_the_first_view_on(imported):
    lake, report = imported
    jobs = {row["job_id"]: row for row in lake.read("jobs").to_pylist()}
    assert set(jobs) == {"7", "8", "9"}
    cook = jobs["7"]
    assert (cook["title"], cook["description"], cook["company"]) == ("Cook", "Cook @ Inn", "Inn")
    assert (cook["city"], cook["region"], cook["country"], cook["industry"]) == ("Reno", "Nevada", None, "Food")
    assert (cook["status"], cook["visibility"], cook["openings"], cook["posted_at"]) == ("open", "public", 1, None)
    assert {row["event_timestamp"] for row in jobs.values()} == {moment(2014, 12, 12, 19, 59, 59)}
    assert jobs["8"]["title"] == "Host @ Home"
    assert (jobs["8"]["region"], jobs["9"]["company"]) == (None, None)
    assert report.tables["jobs"].warnings == (ALWAYS_OPEN,)


def test_history_and_interests_become_title_overview_skills_and_place(imported):
    lake, _ = imported
    (row,) = [row for row in lake.read("freelancers").to_pylist() if row["freelancer_id"] == "1"]
    assert row["title"] == "Baker"
    assert row["skills"] == ["baker", "Waiter"]
    assert row["overview"].startswith('Baker, New Inn: Bread, "rolls"')
    assert row["overview"].endswith("Waiter, Old Inn, Fallon, Nevada")
    assert (row["city"], row["region"], row["status"]) == ("Fallon", "Nevada", "listed")


def test_everyone_in_any_file_is_a_freelancer_seen_from_a_second_before_the_first_view_or_entry(imported):
    lake, _ = imported
    rows = lake.read("freelancers").to_pylist()
    seen = [(row["freelancer_id"], row["event_timestamp"], row["title"]) for row in rows]
    assert seen == [
        ("1", moment(2014, 12, 12, 18, 59, 59), "Baker"),
        ("2", moment(2014, 12, 13, 19, 59, 59), ""),
        ("4", moment(2015, 2, 1, 9, 59, 59), "Nurse"),
        ("2", moment(2015, 3, 1, 10), "Clerk"),
        ("3", moment(2015, 4, 1, 9, 59, 59), ""),
    ]
    assert all(row["recorded_at"] == row["event_timestamp"] for row in rows)


def test_rows_without_an_applicant_are_kept_in_quarantine(imported):
    lake, report = imported
    (kept,) = lake.quarantined("freelancers").to_pylist()
    assert kept["reason"] == "Applicant.ID is missing"
    assert "Nobody" in kept["row"]
    assert report.tables["freelancers"].quarantined == 1


def test_invalid_bytes_and_ragged_rows_go_to_quarantine_with_their_text(folder, tmp_path):
    content = (folder / "Job_Views.csv").read_bytes()
    (folder / "Job_Views.csv").write_bytes(content.replace(b"Cook @ Inn,Cook", b"Caf\xe9,Cook", 1) + b"10,1\n")
    lake = Lake(str(tmp_path / "lake"))
    report = ingest(lake, read_job_views(folder), CLOCK).tables["interactions"]
    assert (report.read, report.written, report.duplicates, report.quarantined) == (7, 2, 1, 4)
    kept = {row["reason"]: json.loads(row["row"]).get("line") for row in lake.quarantined("interactions").to_pylist()}
    assert "Caf\ufffd" in kept["row is not valid UTF-8 (line 2, byte 0xE9)"]
    assert kept["row has 2 values where the header has 13"] == "10,1"


def test_importing_again_or_another_part_writes_only_what_is_new(imported, folder):
    lake, _ = imported
    again = ingest(lake, read_job_views(folder), CLOCK).tables
    assert [table.written for table in again.values()] == [0, 0, 0]
    (folder / "Experience.csv").unlink()
    (folder / "Positions_Of_Interest.csv").unlink()
    (folder / "Job_Views.csv").write_text(
        "View.Start,Job.ID,Applicant.ID,Title\n2016-01-01 00:00:00,11,5,Driver\n2014-12-12 20:00:00 UTC,7,9,Cook\n"
    )
    part = ingest(lake, read_job_views(folder), CLOCK).tables
    assert (part["freelancers"].written, part["interactions"].written) == (2, 2)
    assert {"5", "9"} <= set(lake.read("freelancers")["freelancer_id"].to_pylist())


def test_a_folder_without_views_or_without_their_columns_is_a_clear_error(folder, tmp_path):
    with pytest.raises(SettingsError, match="is not a folder"):
        list(read_job_views(tmp_path / "absent"))
    (folder / "Job_Views.csv").write_text("Applicant.ID,View.Start\n1,2014-12-12\n")
    with pytest.raises(ContractError, match=r"lacks column Job\.ID"):
        list(read_job_views(folder))
    (folder / "Job_Views.csv").unlink()
    with pytest.raises(ContractError, match=r"holds no Job_Views\.csv"):
        list(read_job_views(folder))


def _counted(tables):
    """Jobs with a text that is not plain, and with personal data, row by row."""
    (jobs,) = (rows.to_pylist() for name, _, rows in tables if name == "jobs")
    texts = [
        [row[name] for name in ("title", "description", "company", "industry", "city") if row[name]] for row in jobs
    ]
    untidy = sum(any(one_line(text) != text for text in each) for each in texts)
    return untidy, sum(any(mask(text)[1] for text in each) for each in texts)


@pytest.mark.skipif(not REAL.exists(), reason=f"the public job-views data is not at {REAL}")
def test_the_public_data_supports_the_reference_protocol(tmp_path):
    lake = Lake(str(tmp_path))
    report = ingest(lake, read_job_views(REAL)).tables
    clicks = report["interactions"]
    assert (clicks.read, clicks.written, clicks.duplicates, clicks.quarantined) == (9043, 9037, 6, 0)
    people, jobs = report["freelancers"], report["jobs"]
    assert (people.read, people.written, people.quarantined) == (9365, 9365, 0)
    assert (jobs.written, jobs.texts.cleaned_rows, jobs.texts.masked_rows) == (5328, *_counted(read_job_views(REAL)))
    held = [text for name in ("title", "overview") for text in lake.read("freelancers", [name])[name].to_pylist()]
    assert not any(mask(text)[1] for text in held)
    with lake.connect() as connection:
        returning = "SELECT freelancer_id FROM interactions GROUP BY ALL HAVING count(DISTINCT job_id) >= 2"
        counts = connection.sql(
            f"SELECT (SELECT count(*) FROM ({returning})), count(DISTINCT job_id), (SELECT count(*) FROM jobs), "
            f"(SELECT count(DISTINCT freelancer_id) FROM interactions) "
            f"FROM interactions SEMI JOIN ({returning}) USING (freelancer_id)"
        ).fetchall()
        invisible = connection.sql(
            "SELECT count(*) FROM interactions AS i WHERE NOT EXISTS (SELECT * FROM freelancers AS f "
            "WHERE f.freelancer_id = i.freelancer_id AND f.recorded_at <= i.event_timestamp)"
        ).fetchall()
    assert counts == [(1296, 4485, 5328, 2470)]
    assert invisible == [(0,)]
