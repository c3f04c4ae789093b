"""The demo says before what will happen, and its last screen says what came of it, also what was lost."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from components.evaluation.gate import Decision
from components.evaluation.report import EvaluationReport
from components.evaluation.report.document import Compared, Section
from components.measures import Interval
from metier.cli.demo.command import PLAN
from metier.cli.demo.own_endpoint import request_bodies
from metier.cli.demo.screen import Loop, screen
from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings

CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(name, *partial):
    return pa.Table.from_pylist(
        [{column: None for column in TABLES[name].schema.names} | row for row in partial], TABLES[name].schema
    )


def at(moment):
    return dict.fromkeys(("event_timestamp", "recorded_at"), moment)


@pytest.fixture
def lake(tmp_path):
    """One impression of ten days ago, one of an hour ago."""
    lake = Lake(str(tmp_path / "lake"))
    freelancer = {"freelancer_id": "f1", "title": "Platform engineer", "overview": "", "skills": [], "status": "listed"}
    lake.append("freelancers", rows("freelancers", freelancer | at(CLOCK - 30 * DAY)))
    job = {"description": "", "skills": [], "openings": 1, "visibility": "public", "status": "open"}
    posts = [job | {"job_id": key, "title": title} | at(CLOCK - 30 * DAY) for key, title in
             (("j1", "Move us to the cloud"), ("j2", "Tidy our servers"))]  # fmt: skip
    lake.append("jobs", rows("jobs", *posts))
    for key, moment in (("q1", CLOCK - 10 * DAY), ("q2", CLOCK - DAY / 24)):
        query = {"query_id": key, "surface": "job_feed", "actor_id": "f1", "filters": "{}", "context": "{}"}
        lake.append("queries", rows("queries", query | {"variant": "shuffled"} | at(moment)))
        shown = {"query_id": key, "candidate_id": "j1", "rank": 1, "placement": "organic"}
        lake.append("impressions", rows("impressions", shown | at(moment)))
    return lake


def report(surface, verdict, *differences):
    """A report whose ensemble differs so much from `retrieval`, `popularity`, ..."""
    compared = tuple(
        Compared("ensemble", against, "ndcg@10", Interval(value, value - 0.05, value + 0.05, 40, 31))
        for against, value in zip(("retrieval", "popularity"), differences, strict=False)
    )
    reasons = ("ndcg@10 on logged slates re-ranked: better (+0.1200 [+0.0700, +0.1700])", "the challenger gains")
    next_move = "collect 400 more such queries, 4 days at this rate"
    decision = Decision(verdict, "logged", reasons, (), {"compared_with": "job_feed-1"}, next_move=next_move)
    return EvaluationReport(
        surface, (Section("Observed relevance", compared=compared),), {"gap between parts, days": 7}, decision
    )


SLATE = {
    "surface": "job_feed", "request": {"actor_id": "f1"},
    "slate": [
        {"rank": 1, "candidate_id": "j1", "score": 0.41, "reasons": [{"feature": "skill_jaccard", "adds": 0.388}]},
        {"rank": 2, "candidate_id": "j2", "score": 0.22},
    ],
}  # fmt: skip


@pytest.fixture
def lines(lake, tmp_path):
    before = {"queries": 1_941, "impressions": 23_985, "interactions": 5_050}
    after = {"queries": 2_001, "impressions": 24_841, "interactions": 5_166}
    reports = [report("job_feed", "promote", 0.12, 0.2), report("talent_search", "hold", -0.039, 0.17)]
    loop = Loop(
        before, CLOCK - DAY, after, CLOCK, reports=reports, again=report("job_feed", "hold"),
        served={"job_feed": "metier_job_feed version 1, champion"}, seconds=245.4,
    )  # fmt: skip
    return "\n".join(screen(Settings(home=tmp_path), lake, loop, SLATE)).splitlines()


def line(lines, start):
    return next(text for text in lines if text.startswith(start))


def test_the_plan_says_what_and_how_long():
    said = PLAN.format(home="HOME")
    assert "simulated" in said
    assert "five minutes" in said
    assert "HOME" in said


def test_the_screen_fits_on_one(lines):
    assert 20 <= len(lines) <= 40
    assert lines[0] == "== What was built, in 4 min 05 s"


def test_each_surface_says_what_is_served_why_and_what_it_lost_most(lines):
    assert line(lines, "job_feed") == "job_feed          metier_job_feed version 1, champion; the gate said promote"
    assert any("better (+0.1200 [+0.0700, +0.1700]) against job_feed-1" in text for text in lines)
    assert any(text.strip() == "next: collect 400 more such queries, 4 days at this rate" for text in lines)
    worst = [text.strip() for text in lines if "its worst comparison" in text]
    assert worst == [
        "its worst comparison: ndcg@10 +0.1200 [+0.0700, +0.1700] against retrieval, higher",
        "its worst comparison: ndcg@10 -0.0390 [-0.0890, +0.0110] against retrieval, no clear difference",
    ]


def test_what_of_the_served_slates_was_drawn_is_told(lines):
    assert "of 1 slates served just now 1 were shuffled, 0 gave a rank" in line(lines, "exploration")


def test_rows_that_came_are_told_from_rows_old_enough_to_learn_from(lines):
    assert "23,985 -> 24,841 impressions" in line(lines, "lake")
    assert line(lines, "1 -> 1 impressions") == "1 -> 1 impressions are 7 days old, by when outcomes have come in"
    assert "both runs learned from the same rows" in line(lines, "so both")
    assert "856 impressions served just now" in line(lines, "so both")


def test_the_slate_is_told_in_words(lines):
    assert "jobs for the freelancer f1, “Platform engineer”" in line(lines, "jobs for")
    assert line(lines, "  1  ") == "  1  0.410  Move us to the cloud  (skill_jaccard +0.39)"
    assert line(lines, "  2  ") == "  2  0.220  Tidy our servers"


def test_the_screen_ends_with_where_to_look(lines, tmp_path):
    assert f"{tmp_path}/reports/job_feed/evaluation.html" in line(lines, "the whole report")
    assert "metier rank" in line(lines, "ask it yourself")


def test_requests_are_those_of_the_newest_actors_and_name_a_job_where_one_is_asked_about(lake):
    assert request_bodies(lake, "job_feed", 5) == [{"actor_id": "f1", "deadline_ms": 2000}]
    search = {
        "query_id": "q3",
        "surface": "talent_search",
        "actor_id": "c1",
        "job_id": "j2",
        "filters": "{}",
        "context": "{}",
    }
    lake.append("queries", rows("queries", search | at(CLOCK)))
    assert request_bodies(lake, "talent_search", 5) == [{"actor_id": "c1", "deadline_ms": 2000, "job_id": "j2"}]


def test_nobody_suspended_is_asked_for(lake):
    assert [body["actor_id"] for body in request_bodies(lake, "job_feed", 5)] == ["f1"]
    later = {"freelancer_id": "f1", "title": "", "overview": "", "skills": [], "status": "suspended"}
    lake.append("freelancers", rows("freelancers", later | at(CLOCK - DAY)))
    assert request_bodies(lake, "job_feed", 5) == []
