"""`metier report`: six lines a surface, everything, one run, or the history."""

import json

import pytest
from typer.testing import CliRunner

from components.evaluation.report.history import file_report, run_of
from metier.cli.app import app
from metier.errors import EmptyDataError, InputError, UnknownNameError
from tests.components.evaluation.report.test_history import MONDAY, report


@pytest.fixture
def metier(tmp_path, monkeypatch):
    """Run a command on a home of its own; what it prints."""
    monkeypatch.setenv("METIER_HOME", str(tmp_path))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["report", *arguments], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    return run


@pytest.fixture
def two_runs(tmp_path):
    for value in (0.5, 0.6):
        file_report(report(value), tmp_path / "reports" / "job_feed", MONDAY)


def test_a_summary_comes_first_and_names_the_page(metier, two_runs, tmp_path):
    lines = metier().splitlines()
    assert lines[0].startswith("job_feed: promote")
    assert lines[4].startswith("  next: ")
    assert lines[5] == f"  page: {tmp_path / 'reports' / 'job_feed' / 'evaluation.html'}"
    assert len(lines) == 7
    assert "Paired differences" not in metier()
    assert "== Observed relevance ==" in metier("--full")


def test_an_earlier_run_is_read_by_its_name(metier, two_runs):
    assert "ndcg@10 0.5000 [0.4000, 0.6000]" in metier("--run", run_of(report(0.5)))
    with pytest.raises(UnknownNameError, match="unknown run 'x'"):
        metier("--run", "x")


def test_the_history_has_a_line_a_run(metier, two_runs):
    assert len(metier("--history").splitlines()) == 2
    runs = json.loads(metier("--history", "--json"))
    assert {run["run"] for run in runs} == {run_of(report(0.5)), run_of(report(0.6))}


@pytest.mark.parametrize("options", [("--full",), ("--run", "x"), ("--run", "x", "--full", "--json")])
def test_the_history_beside_what_it_cannot_honour_is_refused(metier, two_runs, options):
    with pytest.raises(InputError, match="--history lists all runs; leave out"):
        metier("--history", *options)


def test_programs_get_the_newest_reports_whole(metier, two_runs):
    (plain,) = json.loads(metier("--json"))
    assert plain["sections"][0]["measured"][0]["interval"]["value"] == 0.6


def test_without_an_evaluation_the_next_move_is_named(metier):
    for arguments in ((), ("--history",), ("--json",)):
        with pytest.raises(EmptyDataError, match="metier pipeline run training"):
            metier(*arguments)
