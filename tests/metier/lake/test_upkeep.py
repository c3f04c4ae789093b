"""Upkeep: versions go up, small files merge, rows are taken out, and a kill at any moment loses and doubles nothing."""

import json
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from metier.cli.app import app
from metier.contract import CONTRACT_VERSION, TABLES, VERSION_KEY
from metier.errors import ContractError, InputError
from metier.lake import Lake
from metier.lake.exchange import Exchange
from metier.lake.upkeep import MigrationReport, Sizes, compact, marked, migrate, take_out

DAY = datetime(2026, 2, 1, tzinfo=UTC)
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["metier.lake.upkeep"])


def clients(*rows):
    """Clients from (id, day of February, country)."""
    full = [
        {"client_id": key, "country": country, "status": "active"}
        | dict.fromkeys(("event_timestamp", "recorded_at"), DAY + timedelta(days=day))
        for key, day, country in rows
    ]
    return pa.Table.from_pylist(full, TABLES["clients"].schema)


def lake_of(folder, files=4, days=2) -> Lake:
    """`files` files a date, one client in each."""
    lake = Lake(str(folder))
    for number in range(files):
        lake.append("clients", clients(*[(f"c{number}-{day}", day, "PT") for day in range(days)]))
    return lake


def set_version(path, version, drop=()):
    rows = pq.read_table(path).drop_columns(list(drop))
    pq.write_table(rows.replace_schema_metadata({VERSION_KEY: str(version).encode()}), path)


def with_country(name, rows):
    """A made-up step: version 0 knew no country of a client."""
    return rows.append_column("country", pa.repeat("unknown", rows.num_rows)) if name == "clients" else rows


def is_in(column, *values):
    return lambda rows: pc.is_in(rows[column], value_set=pa.array(values, pa.string()))


def nothing_known(rows):
    return pa.chunked_array([pa.nulls(rows.num_rows, pa.bool_())])


def test_a_file_of_the_version_before_is_read_with_nulls_and_migrated_by_its_step(tmp_path):
    lake = lake_of(tmp_path, files=2, days=1)
    old, current = lake.files("clients")
    set_version(old, CONTRACT_VERSION - 1, drop=["country"])
    assert set(Lake(str(tmp_path)).read("clients")["country"].to_pylist()) == {None, "PT"}
    steps = {CONTRACT_VERSION - 1: with_country}
    assert migrate(lake, steps) == MigrationReport(upgraded=1, current=1)
    assert sorted(Lake(str(tmp_path)).read("clients")["country"].to_pylist()) == ["PT", "unknown"]
    assert {schema.metadata[VERSION_KEY] for _, schema in lake.schemas("clients")} == {str(CONTRACT_VERSION).encode()}
    assert [current] == [path for path in lake.files("clients") if path in (old, current)]
    assert migrate(lake, steps) == MigrationReport(upgraded=0, current=2)


def test_steps_follow_each_other(tmp_path):
    lake = lake_of(tmp_path, files=1, days=1)
    (path,) = lake.files("clients")
    set_version(path, CONTRACT_VERSION - 2, drop=["country", "status"])
    with pytest.raises(ContractError, match="too old to read; run `metier lake migrate`"):
        Lake(str(tmp_path)).read("clients")
    steps = {
        CONTRACT_VERSION - 2: lambda name, rows: rows.append_column("status", pa.repeat("active", rows.num_rows)),
        CONTRACT_VERSION - 1: with_country,
    }
    migrate(lake, steps)
    (row,) = Lake(str(tmp_path)).read("clients").to_pylist()
    assert (row["status"], row["country"]) == ("active", "unknown")


def test_a_version_without_a_step_changes_nothing(tmp_path):
    lake = lake_of(tmp_path, files=2, days=1)
    first, second = lake.files("clients")
    set_version(first, CONTRACT_VERSION - 1, drop=["country"])
    set_version(second, CONTRACT_VERSION - 2, drop=["country"])
    before = [Path(path).read_bytes() for path in (first, second)]
    with pytest.raises(ContractError, match="no step leads on from"):
        migrate(lake, {CONTRACT_VERSION - 1: with_country})
    assert [Path(path).read_bytes() for path in (first, second)] == before


def test_any_file_of_a_newer_version_is_refused_by_readers_and_by_upkeep(tmp_path):
    lake = lake_of(tmp_path, files=1, days=3)
    set_version(lake.files("clients")[0], CONTRACT_VERSION + 1)
    for refused in (lambda: lake.read("clients"), lake.connect, lambda: migrate(lake), lambda: compact(lake)):
        with pytest.raises(ContractError, match="pip install --upgrade metier"):
            refused()


def test_old_files_are_migrated_before_they_are_merged(tmp_path):
    lake = lake_of(tmp_path, files=2, days=1)
    set_version(lake.files("clients")[0], CONTRACT_VERSION - 1)
    with pytest.raises(ContractError, match="run `metier lake migrate` first"):
        compact(lake)


@pytest.mark.parametrize("what", ["migrate", "compact"])
def test_readers_meanwhile_see_each_row_once(tmp_path, what):
    lake = lake_of(tmp_path, files=6, days=3)
    if what == "migrate":
        for path in lake.files("clients"):
            set_version(path, CONTRACT_VERSION - 1, drop=["country"])
    keys = lake.read("clients")["client_id"]
    seen, failures, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                seen.append(Lake(str(tmp_path)).read("clients")["client_id"])
            except Exception as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        upkeep(what, lake)
    finally:
        stop.set()
        reader.join()
    assert failures == []
    assert all(each.equals(keys) for each in seen)


def test_small_files_of_a_date_become_one_and_the_rows_stay(tmp_path):
    lake = lake_of(tmp_path, files=4, days=2)
    rows, digest = lake.read("clients"), lake.digest()
    report = compact(lake)
    assert (report.before, report.after) == (8, 2)
    assert lake.read("clients").equals(rows)
    assert lake.digest() != digest
    assert [schema.metadata for _, schema in lake.schemas("clients")] == [TABLES["clients"].schema.metadata] * 2
    settled = lake.digest()
    assert compact(lake).after == 2
    assert lake.digest() == settled
    assert lake.append("clients", rows).written == 0


def test_files_end_where_they_are_large_enough_and_none_is_too_small(tmp_path):
    lake = Lake(str(tmp_path))
    wide = clients(*[(f"{number:06d}" + os.urandom(6).hex(), 0, None) for number in range(400_000)])
    for start in range(0, 400_000, 50_000):
        lake.append("clients", wide.slice(start, 50_000))
    size = sum(os.path.getsize(path) for path in lake.files("clients"))
    sizes = Sizes(smallest=size // 10, target=size // 4, largest=size // 2)
    compact(lake, replace(sizes, smallest=size))
    held = [os.path.getsize(path) for path in lake.files("clients")]
    assert len(held) == 1
    compact(lake, sizes)
    held = [os.path.getsize(path) for path in lake.files("clients")]
    assert len(held) >= 2
    assert all(sizes.smallest <= each <= sizes.largest for each in held)
    assert lake.counts()["clients"] == 400_000


def test_files_that_are_too_small_even_together_take_the_smallest_of_the_others_in(tmp_path):
    lake = lake_of(tmp_path, files=2, days=1)
    small = max(os.path.getsize(path) for path in lake.files("clients"))
    for number in (2_000, 3_000):
        lake.append("clients", clients(*[(f"{number} {each}", 0, "PT") for each in range(number)]))
    third, largest = sorted(os.path.getsize(path) for path in lake.files("clients"))[2:]
    kept = max(lake.files("clients"), key=os.path.getsize)
    assert 2 * small < third < largest
    report = compact(lake, Sizes(smallest=third, target=largest * 9, largest=largest * 9))
    assert report.after == 2
    assert kept in lake.files("clients")


def test_rows_are_counted_and_taken_out_and_the_others_stay(tmp_path):
    lake = lake_of(tmp_path, files=3, days=2)
    rows = lake.read("clients")
    gone = is_in("client_id", "c0-0", "c1-1")
    untouched = [path for path in lake.files("clients") if not set(pq.read_table(path)["client_id"].to_pylist()) & {
        "c0-0", "c1-1"}]  # fmt: skip
    assert marked(lake, "clients", ["client_id"], gone) == 2
    assert lake.read("clients").equals(rows)
    assert take_out(lake, "clients", ["client_id"], gone) == 2
    assert lake.read("clients").equals(rows.filter(pc.invert(gone(rows))))
    assert set(untouched) <= set(lake.files("clients"))
    assert take_out(lake, "clients", ["client_id"], gone) == 0
    assert not any(b"c0-0" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_file_without_its_only_row_is_gone_and_null_marks_take_nothing(tmp_path):
    lake = lake_of(tmp_path, files=1, days=1)
    assert take_out(lake, "clients", ["client_id"], nothing_known) == 0
    assert take_out(lake, "clients", ["client_id"], is_in("client_id", "c0-0")) == 1
    assert lake.files("clients") == []
    assert lake.read("clients").num_rows == 0


def test_upkeep_works_on_a_lake_in_memory():
    lake = Lake("memory://upkeep-of-this-test")
    for number in range(3):
        lake.append("clients", clients((f"c{number}", 0, "PT")))
    rows = lake.read("clients")
    assert compact(lake).after == 1
    assert lake.read("clients").equals(rows)
    assert take_out(lake, "clients", ["client_id"], is_in("client_id", "c1")) == 1
    assert lake.read("clients")["client_id"].to_pylist() == ["c0", "c2"]


def test_two_upkeeps_of_a_lake_do_not_meet(tmp_path):
    lake = lake_of(tmp_path)
    with Exchange.of(lake), pytest.raises(InputError, match="another upkeep"):
        compact(lake)


def test_half_an_exchange_is_not_seen(tmp_path):
    lake = lake_of(tmp_path, files=2, days=1)
    rows, (first, second) = lake.read("clients"), lake.files("clients")
    merged, absent = Path(first).with_name("part-merged.parquet"), "part-absent.parquet"
    note = merged.with_name("replaced-x.json")
    note.write_text(json.dumps({"written": [merged.name, absent], "replaced": [Path(first).name, Path(second).name]}))
    pq.write_table(rows, merged)
    assert lake.files("clients") == [first, second]
    note.write_text(json.dumps({"written": [merged.name], "replaced": [Path(first).name, Path(second).name]}))
    assert lake.files("clients") == [str(merged)]
    assert lake.read("clients").equals(rows)


def test_the_commands_say_what_they_did(tmp_path):
    lake_of(tmp_path / "lake", files=3, days=1)

    def said(*arguments):
        done = CliRunner().invoke(app, ["lake", *arguments], env={"METIER_HOME": str(tmp_path)})
        assert done.exit_code == 0, done.output
        return done.stdout

    assert said("migrate") == "0 files upgraded, 3 current\n"
    assert json.loads(said("compact", "--json")) == {"before": 3, "after": 1}
    assert "0 rows would be removed, kept for 1,095 days" in said("retain")
    assert "0 rows removed" in said("retain", "--apply")
    for command in ("migrate", "compact", "retain"):
        assert f"Example: metier lake {command}" in said(command, "--help")


def killed_at(event: int, folder: str, what: str) -> None:
    """Do `what` to the lake, and die of SIGKILL right before it changes a file for that time."""
    left = [event]

    def watch(name, arguments):
        changes = name in ("os.rename", "os.remove") or (name == "open" and "w" in (arguments[1] or ""))
        if changes and str(arguments[0]).startswith(folder):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    upkeep(what, Lake(folder))


def upkeep(what: str, lake: Lake) -> None:
    if what == "compact":
        compact(lake)
    elif what == "migrate":
        migrate(lake, {CONTRACT_VERSION - 1: with_country})
    else:
        take_out(lake, "clients", ["client_id"], is_in("client_id", "c0-0", "c1-1"))


@pytest.mark.parametrize(("what", "rows"), [("compact", {4}), ("migrate", {4}), ("take_out", {2, 3, 4})])
def test_killed_at_any_file_it_touches_readers_see_each_row_once_and_a_repeat_finishes(tmp_path, what, rows):
    def prepared(name):
        lake = lake_of(tmp_path / name, files=2, days=2)
        if what == "migrate":
            for path in lake.files("clients"):
                set_version(path, CONTRACT_VERSION - 1, drop=["country"])
        return lake

    whole = prepared("whole")
    upkeep(what, whole)
    deaths = 0
    for event in range(200):
        lake = prepared(f"killed-{event}")
        process = FORK.Process(target=killed_at, args=(event, lake.url, what))
        process.start()
        process.join(60)
        seen = Lake(lake.url).read("clients", columns=["client_id"])["client_id"].to_pylist()
        assert len(seen) == len(set(seen))
        assert len(seen) in rows
        upkeep(what, lake)
        assert lake.read("clients").equals(whole.read("clients"))
        assert lake.digest() == whole.digest()
        names = sorted(path.name for path in (tmp_path / f"killed-{event}").rglob("*") if path.is_file())
        assert names == sorted(path.name for path in (tmp_path / "whole").rglob("*") if path.is_file())
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        deaths += 1
    assert process.exitcode == 0
    assert deaths > 5


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    appends=st.lists(
        st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2), st.sampled_from([None, "PT"])), max_size=6),
        max_size=5,
    ),
    size=st.integers(1, 5_000),
    gone=st.sets(st.sampled_from("abcdefgh")),
)
def test_whatever_was_appended_compaction_and_removal_keep_the_other_rows(tmp_path_factory, appends, size, gone):
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    for rows in appends:
        lake.append("clients", clients(*rows))
    before = lake.read("clients")
    compact(lake, Sizes(smallest=size, target=2 * size, largest=3 * size))
    assert lake.read("clients").equals(before)
    assert take_out(lake, "clients", ["client_id"], is_in("client_id", *gone)) == sum(
        key in gone for key in before["client_id"].to_pylist()
    )
    kept = before.filter(pa.array([key not in gone for key in before["client_id"].to_pylist()], pa.bool_()))
    assert lake.read("clients").equals(kept)
