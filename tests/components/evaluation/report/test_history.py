"""Every run's report is kept; the newest stands where it always stood."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation.gate import Evidence, decide
from components.evaluation.report import EvaluationReport, read_report, summary, write_report
from components.evaluation.report.document import Measured, Section
from components.evaluation.report.history import (
    Run,
    RunNote,
    file_report,
    history,
    newest_reports,
    note_bundle,
    note_promotion,
    reports_of_run,
    run_of,
)
from components.measures import Interval
from metier.errors import UnknownNameError
from metier.stored import as_json, from_json

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def report(value: float, surface: str = "job_feed") -> EvaluationReport:
    gain = Interval(0.02, 0.01, 0.03, 500, 90)
    decision = decide(
        [Evidence("randomised", "ndcg@10", gain, against="retrieval")],
        lineage={"compared_with": "retrieval: there is no champion yet"},
    )
    figure = Measured("ensemble", "ndcg@10", Interval(value, value - 0.1, value + 0.1, 500, 90))
    section = Section("Observed relevance", measured=(figure,))
    return EvaluationReport(surface, (section,), {"as of": "2026-03-01T10:15:30+00:00"}, decision)


def test_a_second_run_leaves_the_first_ones_report_as_it_was(tmp_path):
    file_report(report(0.5), tmp_path / "job_feed", MONDAY)
    page = file_report(report(0.6), tmp_path / "job_feed", MONDAY + timedelta(days=1))
    assert page == tmp_path / "job_feed" / "evaluation.html"
    assert read_report(page.parent) == report(0.6)
    assert [(run.run, run.written_at.day) for run in history(tmp_path)] == [
        (run_of(report(0.6)), 3),
        (run_of(report(0.5)), 2),
    ]
    ((first, first_page),) = reports_of_run(tmp_path, run_of(report(0.5)))
    assert first == report(0.5)
    assert "0.5000 [0.4000, 0.6000]" in first_page.read_text()


def test_a_run_is_named_by_its_clock_and_filed_once(tmp_path):
    assert run_of(report(0.5)).startswith("2026-03-01T1015-")
    for day in range(2):
        file_report(report(0.5), tmp_path / "job_feed", MONDAY + timedelta(days=day))
    assert [run.written_at for run in history(tmp_path)] == [MONDAY]


def test_the_report_that_a_build_before_left_alone_is_kept_when_the_next_one_comes(tmp_path):
    write_report(report(0.5), tmp_path / "job_feed")
    assert [run.run for run in history(tmp_path)] == [run_of(report(0.5))]
    file_report(report(0.6), tmp_path / "job_feed", datetime(2100, 1, 1, tzinfo=UTC))
    assert [run.run for run in history(tmp_path)] == [run_of(report(0.6)), run_of(report(0.5))]


def test_a_report_whose_date_nothing_recorded_is_last_and_of_unknown_date(tmp_path):
    write_report(report(0.5), tmp_path / "job_feed")
    assert history(tmp_path)[0].render().startswith("date unknown      job_feed")
    file_report(report(0.6), tmp_path / "job_feed", MONDAY)
    newest, undated = history(tmp_path)
    assert newest.render().startswith("2026-")
    assert (undated.run, undated.written_at) == (run_of(report(0.5)), None)
    assert undated.render().startswith("date unknown      job_feed")


def test_a_run_that_a_build_before_filed_keeps_its_name_and_is_told_once(tmp_path):
    """The digest of what was filed then is another one where a report has come to hold more fields."""
    file_report(report(0.5), tmp_path / "job_feed", MONDAY)
    (tmp_path / "job_feed" / run_of(report(0.5))).rename(tmp_path / "job_feed" / "2026-03-01T1015-0ld0ld0l")
    (run,) = history(tmp_path)
    assert run.run == "2026-03-01T1015-0ld0ld0l"
    ((found, _),) = reports_of_run(tmp_path, run.run)
    assert found == report(0.5)
    file_report(report(0.6), tmp_path / "job_feed", MONDAY)
    assert {run.run for run in history(tmp_path)} == {"2026-03-01T1015-0ld0ld0l", run_of(report(0.6))}


def test_a_bundle_is_written_beside_the_report_that_it_came_of(tmp_path):
    file_report(report(0.5), tmp_path / "job_feed", MONDAY)
    note_bundle(report(0.5), tmp_path / "job_feed", "metier_job_feed 3")
    note_bundle(report(0.9), tmp_path / "job_feed", "metier_job_feed 4")  # a report that is not kept here
    (run,) = history(tmp_path)
    assert (run.bundle, run.written_at) == ("metier_job_feed 3", MONDAY)
    assert run.render() == (
        f"2026-03-02 09:30  job_feed  {run.run}  metier_job_feed 3  promote  ndcg@10 0.5000 [0.4000, 0.6000]"
    )


def test_the_newest_of_every_surface_is_found_beside_other_reports(tmp_path):
    file_report(report(0.5, "talent_search"), tmp_path / "talent_search", MONDAY)
    file_report(report(0.6), tmp_path / "job_feed", MONDAY)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "features.json").write_text("{}")
    assert [each.surface for each, _ in newest_reports(tmp_path)] == ["job_feed", "talent_search"]
    assert len(history(tmp_path)) == 2


def test_a_promotion_by_hand_stands_beside_the_run_that_made_the_bundle(tmp_path):
    for value, bundle in ((0.5, "metier_job_feed 3"), (0.6, "metier_job_feed 4")):
        file_report(report(value), tmp_path / "job_feed", MONDAY)
        note_bundle(report(value), tmp_path / "job_feed", bundle)
    note_promotion(tmp_path / "job_feed", "metier_job_feed 3", "promoted by ann on 2026-03-02: agreed")
    assert {run.bundle: run.promotion for run in history(tmp_path)} == {
        "metier_job_feed 3": "promoted by ann on 2026-03-02: agreed",
        "metier_job_feed 4": "",
    }
    assert any(run.render().endswith("promoted by ann on 2026-03-02: agreed") for run in history(tmp_path))


def test_an_unknown_run_names_those_that_there_are(tmp_path):
    file_report(report(0.5), tmp_path / "job_feed", MONDAY)
    with pytest.raises(UnknownNameError, match=run_of(report(0.5))):
        reports_of_run(tmp_path, "yesterday")
    assert history(tmp_path / "nothing here") == []


def test_six_lines_say_verdict_figure_difference_reason_next_move_and_page(tmp_path):
    page = tmp_path / "evaluation.html"
    assert summary(report(0.5), page) == [
        "job_feed: promote, decided on the randomised slice, as of 2026-03-01T10:15:30+00:00",
        "  ensemble: ndcg@10 0.5000 [0.4000, 0.6000] (Observed relevance, 500 queries of 90 actors)",
        "  ndcg@10 on the randomised slice: +0.0200 [+0.0100, +0.0300], higher, "
        "against retrieval: there is no champion yet",
        "  why: the challenger gains: decided on ndcg@10 on the randomised slice",
        "  next: `metier serve` starts with it; `metier deploy NAME VERSION` brings it to a running endpoint",
        f"  page: {page}",
    ]


def test_evidence_that_cannot_be_used_is_said_with_its_reason(tmp_path):
    few = Evidence("logged", "ndcg@10", Interval(0.1, -0.1, 0.3, 27, 15))
    lines = summary(EvaluationReport("job_feed", (), {"as of": "today"}, decide([few])), tmp_path)
    assert lines[:2] == [
        "job_feed: hold, no evidence decided, as of today",
        "  ndcg@10 on logged slates re-ranked: unusable, 15 actors, fewer than 30",
    ]


def test_a_report_without_figures_has_a_summary_too(tmp_path):
    lines = summary(EvaluationReport("job_feed", ()), tmp_path)
    assert lines == ["job_feed: not decided, as of an unknown moment", f"  page: {tmp_path}"]


DATES = st.none() | st.datetimes(timezones=st.just(UTC))
NOTES = st.builds(RunNote, DATES, st.text(max_size=4))
FIGURES = st.none() | st.just(Measured("ensemble", "ndcg@10", Interval(0.5, 0.4, 0.6, 5, 3)))
RUNS = st.builds(
    Run,
    *[st.text(max_size=3)] * 2,
    DATES,
    st.text(max_size=3),
    st.sampled_from([None, "promote", "hold", "refuse"]),
    st.text(max_size=3),
    FIGURES,
    st.text(max_size=3),
)


@given(NOTES | RUNS)
def test_notes_and_lines_of_the_history_read_back_as_they_were(stored):
    assert from_json(type(stored), as_json(stored)) == stored
    date = stored.written_at.isoformat() if stored.written_at else None
    assert json.loads(as_json(stored))["written_at"] == date
