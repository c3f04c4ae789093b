"""The whole training half, small and for real: simulate, then the training pipeline through kfp, on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.evaluation.report import EvaluationReport


def metier(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", *arguments]
    environment = {**os.environ, "METIER_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=560, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    size = ("--freelancers", "150", "--jobs", "120", "--impressions", "16000")
    for arguments in (("simulate", *size), ("pipeline", "run", "training", "--surface", "job_feed")):
        done = metier(home, *arguments)
        assert done.returncode == 0, done.stderr + done.stdout[-3000:]
    return home


@pytest.fixture(scope="module")
def report(home) -> EvaluationReport:
    done = metier(home, "report", "--json")
    (plain,) = json.loads(done.stdout)
    return EvaluationReport.from_dict(plain)


def test_the_report_has_an_interval_for_every_ranker_and_baseline(report):
    first = report.sections[0]
    assert {row.ranker for row in first.measured} >= {"retrieval", "popularity", "xgboost", "neural", "ensemble"}
    for row in first.measured:
        assert row.interval.low <= row.interval.value <= row.interval.high


def test_true_relevance_is_reported_because_the_world_was_simulated(report):
    assert report.sections[0].title == "True relevance"


def test_the_gate_names_its_estimand_or_holds(report):
    assert report.decision is not None
    assert report.decision.estimand in {"randomised", "logged"} or report.decision.verdict == "hold"
    assert report.decision.reasons


def test_artifacts_and_pages_are_kept(home):
    assert (home / "reports" / "job_feed" / "evaluation.html").exists()
    assert list((home / "pipelines" / "runs").glob("*/validate-events/docs/index.html"))
    assert list((home / "pipelines" / "runs").glob("**/ensemble/manifest.json"))


def test_nothing_that_trains_on_the_log_has_read_the_truth(home):
    sets = list((home / "pipelines" / "runs").glob("**/train/trace.parquet"))
    assert sets
    import pyarrow.parquet as pq

    assert "true_relevance" not in pq.read_schema(sets[0]).names
