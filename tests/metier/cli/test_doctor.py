"""The doctor names what is wrong and the next move, and fails where a run would."""

import json
import socket
import threading
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from metier.cli.app import app
from metier.cli.doctor import machine
from metier.cli.doctor.finding import Finding, within
from metier.cli.doctor.machine import check_memory
from metier.cli.doctor.stores import check_stores
from metier.errors import RegistryError
from metier.machine import Memory
from metier.settings import Settings


def examined(*arguments):
    done = CliRunner().invoke(app, ["doctor", *arguments])
    return done.exit_code, done.stdout


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    monkeypatch.setattr(machine, "FREE_DISK", (0.0, 0.0))
    return tmp_path


def by_name(findings):
    return {finding["name"]: finding for finding in findings}


def test_a_new_machine_is_well_and_told_what_to_run():
    status, printed = examined("--json")
    findings = by_name(json.loads(printed)["findings"])
    assert status == 0
    assert {"metier", "libraries", "home", "disk", "lake", "change log", "online store", "feature registry",
            "MLflow registry", "port", "sockets", "memory"} <= set(findings)  # fmt: skip
    assert findings["lake"]["status"] == "warn"
    assert "metier simulate" in findings["lake"]["next_move"]
    assert list((machine.Path(Settings().home)).iterdir()) == []


def test_a_store_that_does_not_answer_is_a_failure_of_one_line(monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("METIER_ONLINE_STORE_URL", f"redis://127.0.0.1:{port}")
        monkeypatch.setenv("METIER_FEATURE_REGISTRY_URI", f"postgresql://nobody:secret@127.0.0.1:{port}/metier")
        status, printed = examined()
    assert status == 1
    lines = [line for line in printed.splitlines() if line.startswith("fail")]
    assert [line.split("  ")[1].strip() for line in lines] == ["online store", "feature registry"]
    assert "secret" not in printed
    for line, setting in zip(lines, ("METIER_ONLINE_STORE_URL", "METIER_FEATURE_REGISTRY_URI"), strict=True):
        assert line.endswith(f"; start the server, or correct {setting}")


def test_a_damaged_registry_file_is_a_failure(home):
    (home / "mlflow.db").write_bytes(b"no database at all, but long enough to be read as a header" * 40)
    status, printed = examined()
    assert status == 1
    assert "fail  MLflow registry" in printed
    assert "file is not a database; move the file away, or restore it from a backup" in printed


@pytest.mark.parametrize(
    ("url", "move"),
    [
        ("nonsense://bucket/lake", "set METIER_LAKE_URL to a folder or a URL such as s3://bucket/lake"),
        ("FILE", "move it away, or correct METIER_LAKE_URL"),
    ],
)
def test_a_lake_that_cannot_be_one_is_a_failure_with_the_next_move(home, monkeypatch, url, move):
    (home / "file").touch()
    monkeypatch.setenv("METIER_LAKE_URL", url.replace("FILE", str(home / "file")))
    status, printed = examined("--json")
    lake = by_name(json.loads(printed)["findings"])["lake"]
    assert (status, lake["status"], lake["next_move"]) == (1, "fail", move)


@pytest.mark.parametrize("name", ["file", "file/below", "/proc/nope"])
def test_a_home_that_cannot_be_written_is_a_failure(home, monkeypatch, name):
    (home / "file").touch()
    monkeypatch.setenv("METIER_HOME", str(home / name))
    status, printed = examined("--json")
    found = by_name(json.loads(printed)["findings"])["home"]
    assert (status, found["status"], found["next_move"]) == (1, "fail", "set METIER_HOME to a folder of yours")


@pytest.mark.parametrize(
    ("error", "move"),
    [
        (ImportError("Install s3fs to access S3"), "run `pip install s3fs`"),
        (ModuleNotFoundError("No module named 'psycopg'", name="psycopg"), "run `pip install 'psycopg[binary]'`"),
        (RegistryError("it is gone; restore it"), "restore it"),
        (RuntimeError(), "see that what METIER_X names can be read, or correct METIER_X"),
    ],
)
def test_every_failure_has_a_next_move(error, move):
    def check():
        raise error

    finding = within(5.0, "store", check, "METIER_X")
    assert (finding.status, finding.next_move) == ("fail", move)


def test_a_host_that_is_not_here_is_a_failure_that_names_its_setting():
    port = next(finding for finding in machine.check_endpoint(Settings(http_host="8.8.8.8")) if finding.name == "port")
    assert port.status == "fail"
    assert port.fact.startswith("METIER_HTTP_HOST is 8.8.8.8, which is no address of this machine")


def test_a_port_that_is_taken_is_a_warning_with_the_way_around():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(http_port=taken.getsockname()[1])
        port = next(finding for finding in machine.check_endpoint(settings) if finding.name == "port")
    assert port.status == "warn"
    assert "--port 0" in port.next_move


def test_exchange_rates_that_cannot_be_read_are_a_failure(tmp_path):
    settings = Settings(home=tmp_path, exchange_rates=tmp_path / "gone.json")
    found = next(each for each in machine.check_endpoint(settings) if each.name == "exchange rates")
    assert (found.status, "gone.json" in found.fact) == ("fail", True)
    settings.exchange_rates.write_text('{"as_of": "2026-01-31", "usd": {"EUR": 1.1}}')
    found = next(each for each in machine.check_endpoint(settings) if each.name == "exchange rates")
    assert (found.status, found.fact) == ("ok", f"{settings.exchange_rates} holds 1 currencies as of 2026-01-31")


def test_a_check_that_hangs_is_given_up():
    never = threading.Event()
    finding = within(0.05, "store", lambda: never.wait() and Finding("store", "ok", "late"), "METIER_X")
    never.set()
    assert (finding.status, finding.fact) == ("fail", "no answer within 0.05 s")


def test_a_library_out_of_its_range_is_a_failure(monkeypatch):
    monkeypatch.setattr(machine, "installed_version", lambda name="metier": "0.0.1")
    findings = list(machine.check_versions())
    assert {finding.status for finding in findings[1:]} == {"fail"}
    assert "requirements.lock" in findings[-1].next_move


@pytest.mark.parametrize(
    ("given_gib", "free_gib", "status"),
    [
        (8, 8, "ok"),  # 0.5 GiB and two steps of 1.7 GiB
        (3, 3, "ok"),  # one such step
        (8, 3, "warn"),
        (None, 3, "ok"),  # three quarters of 4 GiB: one step
        (1, 4, "fail"),  # less than a step's libraries
    ],
)
def test_what_a_run_needs_stands_beside_what_there_is(monkeypatch, given_gib, free_gib, status):
    gib = 2**30
    total = 16 * gib if given_gib else 4 * gib
    monkeypatch.setattr(machine, "memory", lambda: Memory(total, free_gib * gib))
    monkeypatch.setattr("metier.settings.memory", lambda: Memory(total, free_gib * gib))
    settings = Settings(memory_mb=given_gib and given_gib * 1024)
    (finding,) = check_memory({"impressions": 900_000}, settings)
    assert finding.status == status
    assert bool(finding.next_move) == (status != "ok")


def test_paths_of_sockets_fit_where_the_endpoint_puts_them():
    from serving.launch import LONGEST_FOLDER

    assert machine.TEMPORARY_LENGTH + len("/metier-xxxxxxxx") == LONGEST_FOLDER


def test_stores_that_are_there_answer(home):
    from sqlalchemy import create_engine, text

    for name in ("mlflow.db", "registry.db", "online_store.db"):
        with create_engine(f"sqlite:///{home / name}").begin() as connection:
            connection.execute(text("CREATE TABLE stored (id INTEGER)"))
    (home / "changes").mkdir()
    findings = list(check_stores(Settings()))
    assert [finding.status for finding in findings] == ["ok"] * 4
    assert all("answers" in finding.fact for finding in findings)


def test_the_clock_of_the_lake_is_named(home):
    from metier.lake import Lake
    from tests.metier.lake.test_imports import clients

    Lake(str(home / "lake")).append("clients", clients("a"))
    _, printed = examined()
    assert f"as of {datetime(2026, 2, 1, tzinfo=UTC):%Y-%m-%d %H:%M} UTC: clients 1" in printed
