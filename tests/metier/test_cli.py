"""The command line as a person meets it: clear lines, exit status 2 for their mistakes, never a traceback."""

import json
import os
import subprocess
import sys

import pytest


def metier(home, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", *arguments]
    environment = {**os.environ, "METIER_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def assert_clear(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_an_empty_lake_says_what_to_run(tmp_path):
    assert_clear(metier(tmp_path, "pipeline", "run", "training"), 1, "metier import", "metier simulate")


def test_an_unknown_surface_names_the_known_ones(tmp_path):
    simulated = metier(tmp_path, "simulate", "--freelancers", "60", "--jobs", "40", "--impressions", "2000", "--json")
    assert simulated.returncode == 0, simulated.stderr
    asked = metier(tmp_path, "pipeline", "run", "training", "--surface", "job_feeed")
    assert_clear(asked, 2, "job_feeed", "talent_search, job_feed, applicant_review")


def test_an_unknown_pipeline_names_the_known_ones(tmp_path):
    assert_clear(metier(tmp_path, "pipeline", "compile", "trainning"), 2, "features, training")


def test_a_folder_that_is_none_is_a_mistake_of_the_caller(tmp_path):
    assert_clear(metier(tmp_path, "import", "contract", str(tmp_path / "absent")), 2, "absent")


def test_importing_keeps_good_rows_and_quarantines_bad_ones(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    header = "client_id,status,event_timestamp\n"
    (folder / "clients.csv").write_text(header + "c1,active,2024-01-01T00:00:00Z\nc2,asleep,2024-01-01T00:00:00Z\n")
    done = metier(tmp_path / "home", "import", "contract", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    clients = json.loads(done.stdout)["tables"]["clients"]
    assert (clients["read"], clients["written"], clients["quarantined"]) == (2, 1, 1)


@pytest.mark.parametrize(
    "command",
    [("import", "contract"), ("import", "job-views"), ("simulate",), ("pipeline", "compile"), ("pipeline", "run"),
     ("report",), ("lake", "counts"), ("demo",)],
)  # fmt: skip
def test_every_command_shows_an_example(tmp_path, command):
    helped = metier(tmp_path, *command, "--help")
    assert helped.returncode == 0
    assert "Example:" in helped.stdout


def test_days_after_the_lakes_clock_cannot_be_built(tmp_path):
    assert_clear(metier(tmp_path, "features", "build"), 1, "metier import", "metier simulate")
    simulated = metier(tmp_path, "simulate", "--freelancers", "60", "--jobs", "40", "--impressions", "2000", "--json")
    assert simulated.returncode == 0, simulated.stderr
    asked = metier(tmp_path, "features", "build", "--from", "2099-01-01")
    assert_clear(asked, 2, "2099-01-01 is after the lake's clock", "give an earlier day")
