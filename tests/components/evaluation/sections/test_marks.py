"""What the lake tells of held-out queries."""

from dataclasses import replace

import pyarrow as pa
import pytest

from components.evaluation.sections.marks import marks_of
from metier.lake import Lake
from tests.components.evaluation.test_logged_slates import slates
from tests.components.training_sets.organic_log import add, day

AS_OF = day(500)


def job(job_id, client_id, at, category="web"):
    row = {"job_id": job_id, "title": "t", "description": "d", "skills": [], "openings": 1, "visibility": "public"}
    return row | {"client_id": client_id, "category": category, "status": "open", "event_timestamp": day(at)}


@pytest.fixture
def given():
    """Four queries on day 100 of f0 to f3; the relevant candidates are j0, j3, j6, j9."""
    made = slates([])
    rows = made.held_out.rows
    at = rows.column_names.index("event_timestamp")
    moments = pa.array([day(100)] * rows.num_rows, rows.schema.field(at).type)
    held_out = replace(made.held_out, rows=rows.set_column(at, "event_timestamp", moments))
    return replace(made, held_out=replace(held_out, metadata={"test_start": str(day(50))}))


@pytest.fixture
def lake(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    add(
        lake,
        "jobs",
        [job("j0", "c0", 99.5), job("j3", "c3", 10), job("jx", "c0", 9), job("j6", "c1", 90), job("j9", "c2", 100.5)],
    )
    asked = {"surface": "job_feed", "actor_id": "f1", "filters": "{}", "context": "{}", "event_timestamp": day(20)}
    add(lake, "queries", [asked | {"query_id": "old"}])
    shown = {"query_id": "old", "rank": 1, "placement": "organic", "event_timestamp": day(20)}
    add(lake, "impressions", [shown | {"candidate_id": "j3"}])
    person = {"freelancer_id": "f2", "title": "t", "overview": "o", "skills": [], "status": "listed"}
    add(lake, "freelancers", [person | {"category": "law", "event_timestamp": day(1)}])
    return lake


def test_of_the_feed_the_relevant_job_tells_its_client_and_its_age(given, lake):
    marks = marks_of(given, "job_feed", lake, AS_OF)
    told = {slicing: labels.tolist() for slicing, labels in marks.labels.items()}
    assert told["surface"] == ["job_feed"] * 4
    assert told["job"] == ["under 24 h", "older", "older", None]  # the last was posted later
    assert told["client"] == ["posted before", "first-time", "first-time", "first-time"]
    assert told["actor"] == ["new", "known", "new", "new"]
    assert told["relevant candidate"] == ["new", "known", "new", "new"]
    assert marks.new.tolist() == [number != 3 for number in range(12)]


def test_a_query_without_a_relevant_candidate_has_no_label_of_one(given, lake):
    nothing = replace(given.held_out.dataset, relevance=given.relevance * (given.held_out.dataset.query_index > 0))
    marks = marks_of(replace(given, held_out=replace(given.held_out, dataset=nothing)), "job_feed", lake, AS_OF)
    assert marks.labels["relevant candidate"].tolist() == [None, "known", "new", "new"]
    assert marks.labels["job"][0] is None
    assert marks.labels["category"].tolist() == [None, None, "law", None]  # of who asks


def test_who_asks_for_people_is_the_client(given, lake):
    rows = given.held_out.rows
    clients = pa.array([f"c{number}" for number in given.held_out.dataset.query_index])
    jobs = pa.array(["j0"] * 3 + ["j6"] * 3 + [None] * 6, pa.string())
    rows = rows.set_column(rows.column_names.index("actor_id"), "actor_id", clients)
    rows = rows.set_column(rows.column_names.index("job_id"), "job_id", jobs)
    marks = marks_of(replace(given, held_out=replace(given.held_out, rows=rows)), "talent_search", lake, AS_OF)
    assert marks.labels["client"].tolist() == ["posted before", "first-time", "first-time", "posted before"]
    assert marks.labels["job"].tolist() == ["under 24 h", "older", None, None]
    assert marks.labels["category"].tolist() == ["web", "web", None, None]
