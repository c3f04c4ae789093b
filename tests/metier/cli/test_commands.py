"""The command line as a person meets it: clear lines, exit status 2 for their mistakes, never a traceback."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from metier.cli.app import _setting_of, app
from metier.cli.endpoint import candidate_titles, render
from metier.cli.settings_page import page
from metier.contract import TABLES
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings
from pipelines.local import run_arguments

CHECKOUT = Path(__file__).resolve().parents[3]
DAY = datetime(2026, 2, 1, tzinfo=UTC)


def metier(home, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", *arguments]
    environment = {**os.environ, "METIER_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def leaves(command, path=()):
    """Every command, as the words that are typed."""
    if not hasattr(command, "commands"):
        return [path]
    return [leaf for name, below in command.commands.items() for leaf in leaves(below, (*path, name))]


def assert_clear(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def export(folder, *statuses):
    """An export of clients of these statuses."""
    folder.mkdir()
    lines = [f"c{number},{status},2024-01-01T00:00:00Z" for number, status in enumerate(statuses)]
    (folder / "clients.csv").write_text("\n".join(["client_id,status,event_timestamp", *lines]))


def test_an_empty_lake_says_what_to_run(tmp_path):
    assert_clear(metier(tmp_path, "pipeline", "run", "training"), 1, "metier import", "metier simulate")


def test_an_unknown_surface_names_the_known_ones(tmp_path):
    simulated = metier(tmp_path, "simulate", "--freelancers", "60", "--jobs", "40", "--impressions", "2000", "--json")
    assert simulated.returncode == 0, simulated.stderr
    asked = metier(tmp_path, "pipeline", "run", "training", "--surface", "job_feeed")
    assert_clear(asked, 2, "job_feeed", "talent_search, job_feed, applicant_review")


@pytest.mark.parametrize("name", ["file", "file/below", "/proc/nope"])
@pytest.mark.parametrize("arguments", [("simulate", "--freelancers", "60", "--jobs", "40", "--impressions", "500"),
                                       ("import", "contract", "export")])  # fmt: skip
def test_a_home_that_cannot_be_written_is_one_line_that_names_the_setting(tmp_path, monkeypatch, name, arguments):
    (tmp_path / "file").touch()
    export(tmp_path / "export", "active")
    monkeypatch.chdir(tmp_path)
    done = metier(tmp_path / name, *arguments)
    assert_clear(done, 2, f"metier: METIER_HOME cannot be used: {tmp_path / name}", "set it to a folder")


def test_a_lake_that_is_a_file_is_one_line_that_names_the_setting(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    export(tmp_path / "export", "active")
    monkeypatch.setenv("METIER_LAKE_URL", str(tmp_path / "file"))
    done = metier(tmp_path, "import", "contract", str(tmp_path / "export"))
    assert_clear(done, 2, f"metier: METIER_LAKE_URL cannot be used: {tmp_path / 'file'}")


def test_an_error_of_a_file_elsewhere_is_no_matter_of_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    assert _setting_of(PermissionError(13, "denied", str(tmp_path / "elsewhere"))) is None
    assert _setting_of(PermissionError(13, "denied")) is None
    assert _setting_of(PermissionError(13, "denied", str(tmp_path / "home" / "lake"))) == "METIER_HOME"
    (tmp_path / "home").mkdir()
    assert _setting_of(FileNotFoundError(2, "none", str(tmp_path / "home" / "lake"))) is None


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_does_not_exist_is_a_mistake_of_the_caller(tmp_path, port):
    assert_clear(metier(tmp_path, "serve", "--port", port), 2, "--port", "than or equal to")


def test_stores_that_go_together_are_named_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_ONLINE_STORE_URL", "redis://127.0.0.1:9")
    for arguments in (("serve",), ("pipeline", "run", "features"), ("doctor",)):
        assert_clear(metier(tmp_path, *arguments), 2, "METIER_FEATURE_REGISTRY_URI go together; set both")


def test_a_column_that_is_no_feature_is_refused_before_a_step_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    export(tmp_path / "export", "active")
    run("import", "contract", str(tmp_path / "export"))
    asked = metier(tmp_path / "home", "pipeline", "run", "training", "--ranker", "column:skill_jacard")
    assert_clear(asked, 2, "no feature is called 'skill_jacard'; did you mean skill_jaccard")
    assert not (tmp_path / "home" / "pipelines").exists()
    only = ("--surface", "talent_search", "--ranker", "column:candidate_openings")
    asked = metier(tmp_path / "home", "pipeline", "run", "training", *only)
    assert_clear(asked, 2, "no feature is called 'candidate_openings'")


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


@pytest.mark.parametrize("command", leaves(typer.main.get_command(app)), ids=" ".join)
def test_every_command_shows_an_example(command):
    helped = CliRunner().invoke(app, [*command, "--help"])
    assert helped.exit_code == 0
    assert "Example:" in helped.stdout


def test_days_after_the_lakes_clock_cannot_be_built(tmp_path):
    assert_clear(metier(tmp_path, "features", "build"), 1, "metier import", "metier simulate")
    simulated = metier(tmp_path, "simulate", "--freelancers", "60", "--jobs", "40", "--impressions", "2000", "--json")
    assert simulated.returncode == 0, simulated.stderr
    asked = metier(tmp_path, "features", "build", "--from", "2099-01-01")
    assert_clear(asked, 2, "2099-01-01 is after the lake's clock", "give an earlier day")


def run(*arguments, status=0):
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.stdout


def test_the_version_is_that_of_the_distribution():
    assert run("--version") == f"metier {version('metier')}\n"


def test_the_page_of_settings_is_current():
    """Mend it by `metier settings > docs/settings.md`."""
    assert (CHECKOUT / "docs" / "settings.md").read_text() == page() == run("settings")


def test_every_setting_says_what_it_means():
    rows = json.loads(run("settings", "--json"))
    assert len(rows) == len(Settings.model_fields)
    assert [row["variable"] for row in rows if not row["meaning"]] == []
    assert {"METIER_HOME", "METIER_HTTP_PORT", "RAY_ADDRESS"} <= {row["variable"] for row in rows}


def test_the_clock_of_a_run_is_an_option_before_a_setting(monkeypatch):
    seen = []
    monkeypatch.setenv("METIER_AS_OF", "2026-01-01")

    def stand_in(name, settings, *arguments, **options):
        seen.append((name, settings.as_of))
        raise typer.Exit

    monkeypatch.setattr("pipelines.local.run_locally", stand_in)
    for name in ("features", "training", "monitoring"):
        run("pipeline", "run", name, "--as-of", "2026-02-01T12:00:00Z")
    run("pipeline", "run", "features", "--as-of", "2026-02-01")
    run("pipeline", "run", "features")
    noon = datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert seen[:3] == [("features", noon), ("training", noon), ("monitoring", noon)]
    assert seen[3:] == [("features", DAY), ("features", datetime(2026, 1, 1, tzinfo=UTC))]


def test_a_clock_that_is_no_date_is_a_mistake_of_the_caller(tmp_path):
    assert_clear(metier(tmp_path, "pipeline", "run", "features", "--as-of", "yesterday"), 2, "--as-of", "yesterday")


def test_a_clock_at_which_the_lake_knows_nothing_is_refused_before_any_step(tmp_path, monkeypatch):
    lake = Lake(str(tmp_path / "lake"))
    stamps = [DAY + timedelta(days=day, microseconds=5) for day in (0, 20)]
    rows = [
        {"client_id": f"c{position}", "status": "active", "event_timestamp": stamp, "recorded_at": stamp}
        for position, stamp in enumerate(stamps)
    ]
    lake.append("clients", pa.Table.from_pylist(rows, TABLES["clients"].schema))
    move = r"the lake spans 2026-02-01T00:00:00 to 2026-02-21T00:00:00; give --as-of between"

    def clock(name, as_of):
        return run_arguments(name, Settings(home=tmp_path, as_of=as_of), ())["as_of"]

    for name in ("features", "training", "monitoring"):
        with pytest.raises(InputError, match=f"2026-01-31T00:00:00 .* lies before anything was recorded: {move}"):
            clock(name, DAY - timedelta(days=1))
        assert clock(name, DAY) == DAY.isoformat()
        after = DAY + timedelta(days=30)  # a wall clock in production is after the newest event
        assert clock(name, after) == after.isoformat()
    century = datetime(2999, 1, 1, tzinfo=UTC)
    for name in ("features", "training"):
        with pytest.raises(InputError, match=f"lies in the future: {move}"):
            clock(name, century)
    assert clock("monitoring", century) == century.isoformat()
    assert_clear(metier(tmp_path, "pipeline", "run", "training", "--as-of", "2025-01-01"), 2, "the lake spans")
    monkeypatch.setenv("METIER_AS_OF", "2025-01-01")
    assert_clear(metier(tmp_path, "pipeline", "run", "monitoring"), 2, "the lake spans")
    assert_clear(metier(tmp_path, "features", "build"), 2, "the lake spans")
    assert not (tmp_path / "features").exists()
    assert not (tmp_path / "pipelines").exists()


def test_a_slate_shows_the_newest_title_beside_each_candidate(tmp_path):
    lake = Lake(str(tmp_path))
    rows = [
        {"job_id": key, "title": title, "description": "d", "skills": [], "openings": 1, "visibility": "public",
         "status": "open"} | dict.fromkeys(("event_timestamp", "recorded_at"), DAY + timedelta(days=day))
        for key, title, day in (("j1", "Plumber", 0), ("j1", "Master plumber", 1), ("j2", "Baker", 0))
    ]  # fmt: skip
    lake.append("jobs", pa.Table.from_pylist(rows, TABLES["jobs"].schema))
    reasons = [{"feature": "skill_jaccard", "adds": 0.388}]
    answer = {
        "surface": "job_feed", "bundle": "job_feed-1", "tier": "ensemble", "degraded": [], "query_id": "q",
        "slate": [{"rank": 1, "candidate_id": "j1", "score": 0.28, "reasons": reasons},
                  {"rank": 2, "candidate_id": "elsewhere", "score": 0.1}],
    }  # fmt: skip
    titles = candidate_titles(lake, answer)
    assert titles == {"j1": "Master plumber"}
    lines = render(answer, titles).splitlines()
    assert lines[1].split() == ["1", "j1", "0.2800", "Master", "plumber", "(skill_jaccard", "+0.39)"]
    assert lines[2].split() == ["2", "elsewhere", "0.1000"]


def test_no_endpoint_is_one_line_that_says_what_to_start(tmp_path):
    asked = metier(tmp_path, "rank", "{}", "--url", "http://127.0.0.1:9", "--route", "feed/jobs")
    assert_clear(asked, 1, "no answer from http://127.0.0.1:9", "metier serve")


def test_an_unknown_route_names_the_known_ones_before_any_call(tmp_path):
    asked = metier(tmp_path, "rank", "{}", "--url", "http://127.0.0.1:9", "--route", "nope")
    assert_clear(asked, 2, "'nope'", "search/talent, feed/jobs, review/applicants, rank")


def test_what_is_no_url_is_a_mistake_of_the_caller(tmp_path):
    assert_clear(metier(tmp_path, "rank", "{}", "--url", "nonsense"), 2, "'nonsense' is not the URL", "http://")
