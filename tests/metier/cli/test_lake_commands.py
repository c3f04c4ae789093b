"""`metier lake` and `metier simulate` as a person meets them: what was refused, imports and their undo, one world."""

import json
import shutil

import pytest

from metier.errors import InputError
from metier.lake import Lake
from tests.metier.cli.test_commands import assert_clear, export, metier, run


def test_quarantined_rows_are_counted_by_reason_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    export(tmp_path / "export", "active", "asleep", "gone", "active")
    run("import", "contract", str(tmp_path / "export"))
    printed = run("lake", "quarantine", "--table", "clients", "--most", "1")
    assert "clients: 2 x status" in printed
    assert '"client_id": "c1"' in printed
    assert '"client_id": "c2"' not in printed
    entries = [json.loads(line) for line in run("lake", "quarantine", "--json").splitlines()]
    assert [(entry["table"], entry["row"]["status"]) for entry in entries] == [
        ("clients", "asleep"),
        ("clients", "gone"),
    ]
    assert run("lake", "quarantine", "--table", "jobs") == "nothing is in quarantine\n"


def test_an_unknown_table_of_quarantine_names_the_known_ones(tmp_path):
    assert_clear(metier(tmp_path, "lake", "quarantine", "--table", "gigs"), 2, "gigs", "freelancers, clients")


def test_an_import_is_listed_and_undone(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    export(tmp_path / "export", "active", "asleep")
    run("import", "contract", str(tmp_path / "export"))
    (entry,) = json.loads(run("lake", "imports", "--json"))
    assert (entry["written"], entry["quarantined"]) == ({"clients": 1}, {"clients": 1})
    assert f"contract {tmp_path / 'export'}: wrote clients 1; 1 rows in quarantine" in run("lake", "imports")
    removed = json.loads(run("lake", "undo", entry["id"], "--json"))
    assert (removed["removed"], removed["quarantined"]) == ({"clients": 1}, 1)
    assert Lake(str(tmp_path / "home" / "lake")).counts()["clients"] == 0
    assert "(undone)" in run("lake", "imports")


def test_undoing_twice_is_a_mistake_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    export(tmp_path / "export", "active")
    run("import", "contract", str(tmp_path / "export"))
    (entry,) = json.loads(run("lake", "imports", "--json"))
    run("lake", "undo", entry["id"])
    again = metier(tmp_path / "home", "lake", "undo", entry["id"])
    assert_clear(again, 2, f"import {entry['id']} was undone already; `metier lake imports`")
    assert again.stderr.count("\n") == 1


def test_a_second_world_is_refused_and_the_same_one_may_be_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    world = ("simulate", "--freelancers", "50", "--jobs", "20", "--impressions", "500")
    run(*world)
    lake = Lake(str(tmp_path / "lake"))
    first = lake.digest()
    run(*world)
    for other in (("--seed", "8"), ("--jobs", "21"), ("--click-model", "cascade")):
        with pytest.raises(InputError, match=r"this world would mix with it; choose another METIER_HOME, or `metier"):
            run(*world, *other)
    assert lake.digest() == first
    for entry in reversed(json.loads(run("lake", "imports", "--json"))):
        run("lake", "undo", entry["id"])
    run(*world, "--seed", "8")
    assert lake.digest() != first


def test_a_world_of_a_build_before_is_known_by_its_truth(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    world = ("simulate", "--freelancers", "50", "--jobs", "20", "--impressions", "500")
    run(*world)
    shutil.rmtree(tmp_path / "lake" / "imports")
    with pytest.raises(InputError, match="holds another simulated world"):
        run(*world, "--seed", "8")
    run(*world)


def test_no_world_is_mixed_with_an_import(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    export(tmp_path / "export", "active")
    run("import", "contract", str(tmp_path / "export"))
    with pytest.raises(InputError, match="this world would mix with it"):
        run("simulate", "--freelancers", "50", "--jobs", "20", "--impressions", "500")


def test_undoing_what_was_never_imported_is_a_mistake_of_the_caller(tmp_path):
    assert_clear(metier(tmp_path, "lake", "undo", "20260101T000000-ffff"), 2, "metier lake imports")
