"""The import commands: a check writes nothing, and what was refused shows in the exit status."""

import json

import pytest
from typer.testing import CliRunner

from metier.cli.app import app
from metier.errors import ContractError, InputError
from metier.lake import Lake

MAPPING = """
id: nick
freelancers:
  title: {from: does, kind: text}
  overview: {kind: constant, value: ""}
  skills: {from: knows, kind: list}
  status: {from: free, kind: text}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("METIER_AS_OF", "2026-04-01T00:00:00Z")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.yaml").write_text(MAPPING)
    (tmp_path / "people.csv").write_text("nick,does,knows,free\nana,Tiler,Grout,listed\nbo,Mason,Brick,maybe\n")
    return tmp_path / "home"


def people(*options):
    return CliRunner().invoke(app, ["import", "people", "people.csv", "--mapping", "people.yaml", "--json", *options])


def counts(result):
    table = json.loads(result.stdout)["tables"]["freelancers"]
    return table["read"], table["written"], table["duplicates"], table["quarantined"]


def everything(home):
    return sorted(str(path) for path in home.rglob("*"))


def test_a_check_counts_and_writes_nothing(home):
    assert counts(people("--check")) == (2, 1, 0, 1)
    assert everything(home) == []
    assert counts(people()) == (2, 1, 0, 1)
    there = everything(home)
    assert counts(people("--check")) == (2, 0, 1, 1)
    assert everything(home) == there
    assert Lake(str(home / "lake")).counts()["freelancers"] == 1


def test_the_share_that_may_be_refused_is_declared(home):
    assert people("--most-quarantined", "0.5").exit_code == 0
    refused = people("--most-quarantined", "0.4")
    assert isinstance(refused.exception, ContractError)
    assert "1 of 2 rows of freelancers were refused" in str(refused.exception)
    assert Lake(str(home / "lake")).counts()["freelancers"] == 1


def test_a_first_mapping_is_shown_or_written_once(home, tmp_path):
    (tmp_path / "file.csv").write_text("uid,headline,bio,skills\nana,Tiler,Floors,Grout\n")
    shown = CliRunner().invoke(app, ["import", "guess", "file.csv"])
    assert "freelancers:" in shown.stdout
    written = CliRunner().invoke(app, ["import", "guess", "file.csv", "--out", "first.yaml"])
    assert written.exit_code == 0
    assert (tmp_path / "first.yaml").read_text() == shown.stdout
    again = CliRunner().invoke(app, ["import", "guess", "file.csv", "--out", "first.yaml"])
    assert isinstance(again.exception, InputError)
