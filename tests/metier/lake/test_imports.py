"""Imports are recorded before their files appear, and an undo removes what one import wrote and nothing else."""

import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.language.taxonomy import shipped_taxonomy
from feature_repo.build.built import BEGINNING, Built, change, definition, sources
from metier.contract import TABLES
from metier.errors import ContractError, InputError
from metier.lake import Lake, importing
from metier.lake.exchange import Exchange
from metier.lake.importing import no_import_runs
from metier.lake.imports import Import, Note, list_imports, recording, shut_to_undo, undo_import
from metier.lake.upkeep import compact
from metier.stored import as_json, from_json

DAY = datetime(2026, 2, 1, tzinfo=UTC)


class KilledError(Exception):
    """Stands for the end of the process."""


def clients(*keys, day=0):
    moment = DAY + timedelta(days=day)
    full = [
        {"client_id": key, "status": "active"} | dict.fromkeys(("event_timestamp", "recorded_at"), moment)
        for key in keys
    ]
    return pa.Table.from_pylist(full, TABLES["clients"].schema)


def imported(folder, *parts, minutes=0):
    """The id of an import that appended the given parts."""
    with recording(str(folder), "contract exports/", DAY + timedelta(minutes=minutes)) as lake:
        for rows in parts:
            lake.append("clients", rows)
    return list_imports(lake)[-1].id


def ids(folder):
    return Lake(str(folder)).read("clients", ["client_id"])["client_id"].to_pylist()


def test_an_import_says_what_it_wrote_and_what_was_there(tmp_path):
    imported(tmp_path, clients("a", "b"), clients("b", "c", day=0))
    (entry,) = list_imports(Lake(str(tmp_path)))
    assert (entry.written, entry.duplicates, entry.state) == ({"clients": 3}, {"clients": 1}, "there")
    assert entry.source == "contract exports/"
    assert len(entry.files) == 2
    assert "clients 3" in entry.render()


def test_what_is_not_recorded_is_no_import(tmp_path):
    Lake(str(tmp_path)).append("clients", clients("a"))
    assert list_imports(Lake(str(tmp_path))) == []


def test_an_undo_removes_the_rows_of_its_import_alone(tmp_path):
    Lake(str(tmp_path)).append("clients", clients("before"))
    wrong = imported(tmp_path, clients("a", "b"), clients("c", day=3))
    imported(tmp_path, clients("after"), minutes=1)
    report = undo_import(Lake(str(tmp_path)), wrong)
    assert report.removed == {"clients": 3}
    assert ids(tmp_path) == ["after", "before"]
    assert [entry.state for entry in list_imports(Lake(str(tmp_path)))] == ["undone", "there"]
    assert "metier pipeline run training" in report.render()


def test_features_built_of_an_undone_import_are_built_from_scratch(tmp_path):
    lake = Lake(str(tmp_path))
    imported(tmp_path, clients("a"))
    wrong = imported(tmp_path, clients("b", day=1), minutes=1)
    defined = definition(shipped_taxonomy())
    built = Built((DAY + timedelta(days=1)).isoformat(), defined, tuple(sources(lake)))
    assert change(lake, built, sources(lake), built.moment, defined).first_day is None
    undo_import(lake, wrong)
    assert change(lake, built, sources(lake), built.moment, defined).first_day == BEGINNING


def test_an_undone_import_can_be_imported_again(tmp_path):
    first = imported(tmp_path, clients("a"))
    undo_import(Lake(str(tmp_path)), first)
    second = imported(tmp_path, clients("a"), minutes=1)
    assert ids(tmp_path) == ["a"]
    undo_import(Lake(str(tmp_path)), second)
    assert ids(tmp_path) == []


def test_what_was_undone_already_is_said(tmp_path):
    wrong = imported(tmp_path, clients("a"))
    undo_import(Lake(str(tmp_path)), wrong)
    with pytest.raises(InputError, match=rf"import {wrong} was undone already; `metier lake imports`"):
        undo_import(Lake(str(tmp_path)), wrong)


def state(folder):
    """States of the imports, the oldest first."""
    return [entry.state for entry in list_imports(Lake(str(folder)))]


def test_no_import_is_undone_while_one_is_running(tmp_path):
    first = imported(tmp_path, clients("a"))
    with recording(str(tmp_path), "contract", DAY + timedelta(minutes=1)) as lake:
        lake.append("clients", clients("b", day=1))
        assert state(tmp_path) == ["there", "running"]
        for entry in list_imports(Lake(str(tmp_path))):
            with pytest.raises(InputError, match=r"an import is running .*wait for its end, then repeat this undo"):
                undo_import(Lake(str(tmp_path)), entry.id)
        lake.append("clients", clients("c", day=2))
    assert state(tmp_path) == ["there", "there"]
    undo_import(Lake(str(tmp_path)), first)
    assert ids(tmp_path) == ["b", "c"]


def test_two_imports_run_at_once(tmp_path):
    with recording(str(tmp_path), "one", DAY) as one, recording(str(tmp_path), "two", DAY) as two:
        one.append("clients", clients("a"))
        two.append("clients", clients("b"))
    assert ids(tmp_path) == ["a", "b"]


def test_no_undo_runs_while_events_of_the_endpoint_come_in(tmp_path):
    first = imported(tmp_path, clients("a"))
    with shut_to_undo(str(tmp_path), "events-1"), pytest.raises(InputError, match="an import is running"):
        undo_import(Lake(str(tmp_path)), first)
    assert [path.name for path in (tmp_path / "imports").iterdir() if path.is_dir()] == [first]
    undo_import(Lake(str(tmp_path)), first)


def test_no_import_begins_while_an_undo_is_running(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "START_SECONDS", 0.0)
    imported(tmp_path, clients("a"))
    refused = pytest.raises(InputError, match="an undo is running; wait for its end, then repeat the import")
    with no_import_runs(tmp_path / "imports"), refused:
        imported(tmp_path, clients("b"), minutes=1)
    assert ids(tmp_path) == ["a"]


def test_a_failed_import_stays_unfinished_until_it_is_undone(tmp_path):
    with pytest.raises(ContractError):
        imported(tmp_path, clients("a"), pa.table({"client_id": ["b"]}))
    (entry,) = list_imports(Lake(str(tmp_path)))
    assert entry.state == "unfinished"
    assert entry.render().endswith("(unfinished)")
    undo_import(Lake(str(tmp_path)), entry.id)
    assert (state(tmp_path), ids(tmp_path)) == (["undone"], [])


def test_a_killed_import_is_running_until_its_process_ends_and_unfinished_then(tmp_path):
    script = (
        "import pickle, sys, time\n"
        "from metier.lake.imports import recording\n"
        "with recording(sys.argv[1], 'contract') as lake:\n"
        "    lake.append('clients', pickle.load(sys.stdin.buffer))\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(pickle.dumps(clients("a")))
        process.stdin.close()
        assert process.stdout.readline() == b"written\n"
        assert state(tmp_path) == ["running"]
        process.kill()
        process.wait()
    assert state(tmp_path) == ["unfinished"]
    undo_import(Lake(str(tmp_path)), list_imports(Lake(str(tmp_path)))[0].id)
    assert ids(tmp_path) == []


def test_an_import_that_wrote_nothing_leaves_no_folder(tmp_path):
    with recording(str(tmp_path), "contract", DAY):
        pass
    assert [path for path in (tmp_path / "imports").iterdir() if path.is_dir()] == []


def test_rows_that_a_later_import_brought_too_are_not_taken_from_it(tmp_path):
    first = imported(tmp_path, clients("a", "b"))
    second = imported(tmp_path, clients("b", "c"), minutes=1)
    with pytest.raises(InputError, match=rf"import {second}.*clients.*there already.*metier lake undo {second}"):
        undo_import(Lake(str(tmp_path)), first)
    assert ids(tmp_path) == ["a", "b", "c"]
    undo_import(Lake(str(tmp_path)), second)
    undo_import(Lake(str(tmp_path)), first)
    assert ids(tmp_path) == []


def test_an_import_whose_files_were_merged_is_refused_whole(tmp_path):
    first = imported(tmp_path, clients("a"))
    imported(tmp_path, clients("b"), minutes=1)
    compact(Lake(str(tmp_path)))
    with pytest.raises(InputError, match=r"1 of the 1 files of import .* were merged or rewritten"):
        undo_import(Lake(str(tmp_path)), first)
    assert ids(tmp_path) == ["a", "b"]


def test_an_unknown_import_names_the_command_that_lists_them(tmp_path):
    (tmp_path / "clients").mkdir()
    with pytest.raises(InputError, match="metier lake imports"):
        undo_import(Lake(str(tmp_path)), "20260101T000000-ffff")


def test_rejected_rows_leave_with_their_import_unless_another_rejected_the_same(tmp_path):
    for minutes, keys in ((0, ("bad", "worse")), (1, ("bad",))):
        with recording(str(tmp_path), "contract", DAY + timedelta(minutes=minutes)) as lake:
            lake.append("clients", clients(f"c{minutes}"))
            for key in keys:
                lake.quarantine("clients", pa.table({"client_id": [key]}), pa.array(["status is null"]), "clients.csv")
    first, second = (entry.id for entry in list_imports(Lake(str(tmp_path))))
    undo_import(Lake(str(tmp_path)), first)
    left = Lake(str(tmp_path)).quarantined("clients")["row"].to_pylist()
    assert [json.loads(row)["client_id"] for row in left] == ["bad"]
    undo_import(Lake(str(tmp_path)), second)
    assert Lake(str(tmp_path)).quarantined("clients").num_rows == 0


def test_an_import_killed_between_its_note_and_its_files_is_undone_whole(tmp_path, monkeypatch):
    fs, moved = Lake(str(tmp_path))._fs, []  # one object a process

    def move(source, target, **options):
        if target.endswith(".parquet") and moved:
            raise KilledError
        moved.append(target)
        return type(fs).mv(fs, source, target, **options)

    with monkeypatch.context() as killing:
        killing.setattr(fs, "mv", move, raising=False)
        with pytest.raises(KilledError):
            imported(tmp_path, pa.concat_tables([clients("a"), clients("b", day=1), clients("c", day=2)]))
    (entry,) = list_imports(Lake(str(tmp_path)))
    assert len(entry.files) == 3
    undo_import(Lake(str(tmp_path)), entry.id)
    assert ids(tmp_path) == []


@pytest.mark.parametrize("step", range(8))
def test_an_undo_killed_anywhere_is_finished_by_the_next(tmp_path, monkeypatch, step):
    Lake(str(tmp_path)).append("clients", clients("kept"))
    wrong = imported(tmp_path, clients("a"), clients("b", day=1), clients("c", day=2))
    calls = []

    def counted(replace):
        def call(self, *arguments):
            calls.append(arguments)
            if len(calls) > step:
                raise KilledError
            return replace(self, *arguments)

        return call

    with monkeypatch.context() as killing:
        killing.setattr(Exchange, "replace", counted(Exchange.replace))
        killing.setattr(Exchange, "_settle", counted(Exchange._settle))
        try:
            undo_import(Lake(str(tmp_path)), wrong)
        except KilledError:
            assert "kept" in ids(tmp_path)
    if state(tmp_path) != ["undone"]:
        undo_import(Lake(str(tmp_path)), wrong)
    assert ids(tmp_path) == ["kept"]
    assert [entry.state for entry in list_imports(Lake(str(tmp_path)))] == ["undone"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=4), data=st.data())
def test_imports_undone_from_the_newest_on_leave_what_the_others_brought(tmp_path_factory, parts, data):
    folder = tmp_path_factory.mktemp("lake")
    recorded = [imported(folder, clients(*sorted(keys)), minutes=minutes) for minutes, keys in enumerate(parts)]
    kept = data.draw(st.integers(0, len(parts)))
    for import_id in reversed(recorded[kept:]):
        undo_import(Lake(str(folder)), import_id)
    assert ids(folder) == sorted(set().union(*parts[:kept]))


COUNTS = st.dictionaries(st.sampled_from(tuple(TABLES)), st.integers(0, 9))
MOMENTS = st.datetimes(timezones=st.just(UTC))
PATHS = st.lists(st.text(), max_size=3).map(tuple)


@given(
    st.one_of(
        st.builds(Note, st.text(), MOMENTS, st.text(), PATHS, st.integers(), st.integers()),
        st.builds(Import, st.text(), st.text(), MOMENTS, COUNTS, COUNTS, COUNTS, files=PATHS, quarantine_files=PATHS),
    )
)
def test_what_is_stored_of_an_import_is_read_back_equal(stored):
    assert from_json(type(stored), as_json(stored)) == stored
