"""The endpoint's log into the lake: every event once, whatever is killed, torn, repeated or garbled."""

import base64
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.importers.conform import REPEATED_KEY
from components.importers.corrections import HELD_OTHERWISE
from components.importers.logs.event_lines import read_events
from components.importers.logs.events import import_events
from metier.contract import TABLES
from metier.errors import ContractError, InputError, SettingsError
from metier.lake import Lake
from metier.texts.plain_text import one_line, tidy
from serving.events.event_log import EventLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOCK = NOON + timedelta(days=1)
SECOND = timedelta(seconds=1)
FRESH = {"max_examples": 15, "deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "events"


def logged(folder, *events):
    """The events in one acknowledged segment, written by the endpoint's own log."""
    log = EventLog(folder)
    log.append(events).result(30)
    log.close(30)


def clocks(second=0):
    return {"event_timestamp": NOON + second * SECOND, "recorded_at": NOON + second * SECOND}


def query(name="q1", **more):
    return "queries", {"query_id": name, "surface": "talent_search", "actor_id": "c1", **clocks(), **more}


def impression(candidate, rank, **more):
    row = {"query_id": "q1", "candidate_id": candidate, "rank": rank, "placement": "organic", **clocks(), **more}
    return "impressions", row


def click(name, second=0, **more):
    row = {"interaction_id": name, "kind": "click", "side": "client", "freelancer_id": "f1", "job_id": "j1"}
    return "interactions", {**row, **clocks(second), **more}


def own(event, second):
    """The event with a time that its caller gave, `second` seconds after noon; recorded when it was."""
    return event[0], {**event[1], "event_timestamp": NOON + second * SECOND}


def on_server_clock(event):
    return (*event, "server")


def garbage(folder, *content, name="20260301T000000.000000Z-1-aa.jsonl"):
    folder.mkdir(exist_ok=True)
    with (folder / name).open("ab") as segment:
        for line in content:
            segment.write(line)


def counts(report, name):
    table = report.tables[name]
    assert table.read == table.written + table.duplicates + table.quarantined
    return table.written, table.duplicates, table.quarantined


def held(lake, name):
    return [{k: v for k, v in row.items() if v is not None} for row in lake.read(name).to_pylist()]


def test_every_table_comes_back_as_it_was_logged(lake, folder):
    freelancer = {
        "freelancer_id": "f1", "title": "Écrivaine", "overview": "", "skills": ["rust", "go"], "status": "listed",
        "hourly_rate_usd": 0.1, "hours_per_week": 40.0, "joined_at": NOON - timedelta(days=900), **clocks(),
    }  # fmt: skip
    client = {"client_id": "c1", "status": "active", "payment_verified": True, **clocks()}
    job = {
        "job_id": "j1", "client_id": "c1", "title": "A job", "description": "two\nlines", "skills": ["rust"],
        "openings": 2, "visibility": "public", "status": "open", **clocks(),
    }  # fmt: skip
    asked = query(text="rust 🦀", filters="{}", context='{"page": 1}', degraded=["neural"], variant="a")
    shown = impression("f1", 1, score=float(np.float32(0.3)), propensity=0.25, viewed=True)
    clicked = click("i1", 5, query_id="q1", dwell_seconds=1.5)
    logged(
        folder, clicked, shown, asked, ("jobs", job), ("freelancers", freelancer), ("clients", client),
        ("jobs", {**job, "status": "closed", **clocks(7)}),
    )  # fmt: skip
    report = import_events(lake, folder, CLOCK)
    assert list(report.tables) == list(TABLES)
    assert held(lake, "freelancers") == [freelancer]
    assert held(lake, "clients") == [client]
    assert held(lake, "jobs") == [job, {**job, "status": "closed", **clocks(7)}]
    assert held(lake, "queries") == [asked[1]]
    assert held(lake, "impressions") == [shown[1]]
    assert held(lake, "interactions") == [clicked[1]]


BITS = arrays.arrays(np.uint32, st.integers(0, 12), elements=st.integers(0, 2**32 - 1))


@settings(**FRESH)
@given(st.lists(st.one_of(st.none(), BITS), min_size=1, max_size=8))
def test_features_come_back_bit_for_bit(tmp_path_factory, rows):
    home = tmp_path_factory.mktemp("home")
    given_rows = [None if bits is None else bits.view(np.float32) for bits in rows]
    shown = [impression(f"f{rank:02}", rank, features=row) for rank, row in enumerate(given_rows, 1)]
    logged(home / "events", *shown)
    lake = Lake(str(home / "lake"))
    import_events(lake, home / "events", CLOCK)
    found = lake.read("impressions")["features"]
    assert [None if row.values is None else row.values.to_numpy().tobytes() for row in found] == [
        None if bits is None else bits.tobytes() for bits in rows
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(**FRESH)
@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS.filter(bool), max_size=3), st.floats(0, 1e5)), min_size=1, max_size=6))
def test_any_text_and_any_number_come_back(tmp_path_factory, rows):
    home = tmp_path_factory.mktemp("home")
    versions = [
        {"freelancer_id": f"f{number}", "title": title, "overview": title, "skills": skills,
         "hourly_rate_usd": rate, "status": "listed", **clocks()}
        for number, (title, skills, rate) in enumerate(rows)
    ]  # fmt: skip
    logged(home / "events", *(("freelancers", version) for version in versions))
    lake = Lake(str(home / "lake"))
    import_events(lake, home / "events", CLOCK)
    for version in versions:  # as plain text, the same
        version["title"], version["overview"] = one_line(version["title"]), tidy(version["overview"])
        version["skills"] = [plain for skill in version["skills"] if (plain := one_line(skill))]
    assert held(lake, "freelancers") == versions


def test_an_absent_and_an_empty_folder_are_imports_of_nothing(lake, folder):
    assert import_events(lake, folder, CLOCK).tables == {}
    folder.mkdir()
    report = import_events(lake, folder, CLOCK)
    assert (report.tables, report.waiting_lines, report.torn_lines) == ({}, 0, 0)
    assert "waiting: 0 lines recorded after this import's clock, 0 torn last lines" in report.render()


def test_an_acknowledged_event_of_a_killed_replica_is_imported(lake, folder):
    program = (
        "import sys, pathlib, threading; from serving.events.event_log import EventLog\n"
        "log = EventLog(pathlib.Path(sys.argv[1]))\n"
        "row = {'client_id': 'c1', 'status': 'active', 'event_timestamp': '2026-03-01T12:00:00.000000+00:00'}\n"
        "log.append([('clients', row)]).result(30)\n"
        "print('acknowledged', flush=True); threading.Event().wait()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as replica:
        assert replica.stdout.readline() == b"acknowledged\n"
        replica.kill()
        assert replica.wait(30) == -signal.SIGKILL
    import_events(lake, folder, CLOCK)
    assert held(lake, "clients") == [{"client_id": "c1", "status": "active", **clocks()}]


def test_a_second_import_reads_only_what_is_new(lake, folder):
    logged(folder, query("q1"), click("a"))
    import_events(lake, folder, CLOCK)
    digest = lake.digest()
    assert import_events(lake, folder, CLOCK).tables == {}
    assert lake.digest() == digest
    logged(folder, click("b"))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 0, 0)
    assert lake.counts()["interactions"] == 2


def test_a_torn_last_line_waits_until_it_is_whole(lake, folder):
    logged(folder, click("a"), click("b"))
    (segment,) = folder.glob("*.jsonl")
    whole = segment.read_bytes()
    for cut in (len(whole) - 1, len(whole) // 2 + 1):
        segment.write_bytes(whole[:cut])
        report = import_events(lake, folder, CLOCK)
        assert report.torn_lines == 1
    assert lake.counts()["interactions"] == 1
    segment.write_bytes(whole)
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 0, 0)
    assert lake.counts()["interactions"] == 2


def test_lines_recorded_after_the_clock_wait_instead_of_being_refused(lake, folder):
    logged(folder, click("a", 0), click("b", 10), click("c", 0))
    report = import_events(lake, folder, NOON + 5 * SECOND)
    assert (counts(report, "interactions"), report.waiting_lines) == ((1, 0, 0), 2)
    report = import_events(lake, folder, CLOCK)
    assert (counts(report, "interactions"), report.waiting_lines) == ((2, 0, 0), 0)


UNUSABLE = {
    b"garbage\n": "line is not JSON",
    b"\n": "line is not JSON",
    b"[" * 100_000 + b"\n": "line is not JSON",
    b'{"table": "clients", "row": {"client_id": NaN}}\n': "line is not JSON",
    b'{"table": "clients", "row": {"client_id": "\xff"}}\n': "line is not valid UTF-8",
    b'{"table": "clients", "row": {"client_id": "\\ud800"}}\n': "line holds half of a surrogate pair",
    b'{"table": "strangers", "row": {}}\n': "line is not an event with a table of the contract and a row",
    b'{"table": ["clients"], "row": {}}\n': "line is not an event with a table of the contract and a row",
    b'{"table": "clients", "row": []}\n': "line is not an event with a table of the contract and a row",
    b"7\n": "line is not an event with a table of the contract and a row",
}


@pytest.mark.parametrize("content", UNUSABLE, ids=range(len(UNUSABLE)))
def test_a_line_that_is_no_event_is_quarantined_and_the_rest_imported(lake, folder, content):
    logged(folder, click("a"))
    garbage(folder, content, name=next(folder.glob("*.jsonl")).name)
    report = import_events(lake, folder, CLOCK)
    assert counts(report, "interactions") == (1, 0, 0)
    assert counts(report, "events") == (0, 0, 1)
    (kept,) = lake.quarantined("events").to_pylist()
    assert kept["reason"] == UNUSABLE[content]
    assert json.loads(kept["row"])["line"] == content.decode(errors="replace").rstrip("\n")
    assert kept["source"] == next(folder.glob("*.jsonl")).name


MISFITS = [
    ("interaction_id", 7, "interaction_id is not a text"),
    ("value_usd", True, "value_usd is not a number"),
    ("value_usd", "5", "value_usd is not a number"),
    ("value_usd", 10**400, "value_usd is not a number"),
    ("event_timestamp", 5, "event_timestamp is not a ISO 8601 timestamp"),
    ("event_timestamp", "yesterday", "event_timestamp is not a ISO 8601 timestamp"),
    ("job_id", ["j1"], "job_id is not a text"),
    ("kind", "wink", "kind is not one of click, save"),
    ("freelancer_id", None, "freelancer_id is missing"),
]


@pytest.mark.parametrize(("column", "value", "reason"), MISFITS)
def test_a_value_that_breaks_the_contract_costs_its_row_alone(lake, folder, column, value, reason):
    wrong = {**click("wrong")[1], column: value}
    for clock in ("event_timestamp", "recorded_at"):
        wrong[clock] = wrong[clock].isoformat() if isinstance(wrong[clock], datetime) else wrong[clock]
    logged(folder, click("a"))
    garbage(folder, json.dumps({"table": "interactions", "row": wrong}).encode() + b"\n")
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 0, 1)
    (kept,) = lake.quarantined("interactions").to_pylist()
    assert kept["reason"].startswith(reason)


@pytest.mark.parametrize(
    "row",
    [{"rank": 1.5}, {"viewed": 1}, {"features": "abc"}, {"features_f32": "?"}, {"features_f32": [1]},
     {"features_f32": base64.b64encode(b"12345").decode()}],
)  # fmt: skip
def test_an_impression_whose_values_are_of_another_type_is_quarantined_with_its_line(lake, folder, row):
    shown = {"query_id": "q1", "candidate_id": "f1", "rank": 1, "placement": "organic"}
    shown |= {"event_timestamp": NOON.isoformat(), **row}
    garbage(folder, json.dumps({"table": "impressions", "row": shown}).encode() + b"\n")
    assert counts(import_events(lake, folder, CLOCK), "impressions") == (0, 0, 1)
    (kept,) = lake.quarantined("impressions").to_pylist()
    assert json.loads(json.loads(kept["row"])["line"])["row"] == shown
    assert kept["reason"].startswith(next(iter(row)).removesuffix("_f32"))


def test_columns_of_a_newer_endpoint_are_ignored_and_named(lake, folder):
    logged(folder, click("a", mood="good"), click("b"))
    report = import_events(lake, folder, CLOCK)
    assert report.tables["interactions"].warnings == ("columns not in the contract are ignored: mood",)
    assert lake.counts()["interactions"] == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(NOON.isoformat()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
COLUMNS = sorted({column.name for table in TABLES.values() for column in table.columns} | {"features_f32"})
WILD = st.fixed_dictionaries(
    {"table": st.sampled_from([*TABLES, "else"]), "row": st.dictionaries(st.sampled_from(COLUMNS), JSON)},
    optional={"clock": st.sampled_from(["server", 3])},
)


@settings(**FRESH)
@given(st.lists(WILD.map(lambda event: json.dumps(event).encode()) | st.binary(max_size=20), max_size=12))
def test_nothing_in_a_log_crashes_the_import_or_is_lost(tmp_path_factory, contents):
    home = tmp_path_factory.mktemp("home")
    contents = [content.replace(b"\n", b" ") + b"\n" for content in contents]
    garbage(home / "events", *contents)
    report = import_events(Lake(str(home / "lake")), home / "events", CLOCK)
    read = sum(sum(counts(report, name)) for name in report.tables)
    assert read + report.waiting_lines == len(contents)
    assert report.torn_lines == 0


def test_an_interaction_posted_twice_counts_once(lake, folder):
    logged(folder, click("a", 0), click("a", 0, recorded_at=NOON + SECOND))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 1, 0)


def test_the_first_post_wins_where_the_server_gave_the_time(lake, folder):
    logged(folder, on_server_clock(click("a", 3)), on_server_clock(click("a", 9)))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 1, 0)
    logged(folder, on_server_clock(click("a", 20)), on_server_clock(click("a", 30)))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (0, 2, 0)
    assert held(lake, "interactions") == [click("a", 3)[1]]


def test_the_first_post_wins_across_replicas_whichever_segment_is_older(lake, folder):
    late, early = EventLog(folder), EventLog(folder)
    late.append([on_server_clock(click("b", 5))]).result(30)
    early.append([on_server_clock(click("a", 3))]).result(30)
    late.append([on_server_clock(click("a", 9))]).result(30)
    late.close(30)
    early.close(30)
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (2, 1, 0)
    assert held(lake, "interactions") == [click("a", 3)[1], click("b", 5)[1]]


def test_a_repeat_without_a_time_is_a_duplicate_of_one_with_a_time_of_its_own(lake, folder):
    first = own(click("a", 4, value_usd=5), -60)
    logged(folder, first, on_server_clock(click("a", 9, value_usd=5.0, rating=None, query_id="")))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 1, 0)
    logged(folder, on_server_clock(click("a", 20, value_usd=5)))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (0, 1, 0)
    assert held(lake, "interactions") == [first[1]]


def test_a_repeat_with_other_content_is_quarantined_as_it_came(lake, folder):
    logged(folder, on_server_clock(click("a", 3)), on_server_clock(click("a", 9, kind="save")))
    assert import_events(lake, folder, CLOCK).tables["interactions"].reasons == {REPEATED_KEY: 1}
    logged(folder, on_server_clock(click("a", 12, kind="hire")))
    assert import_events(lake, folder, CLOCK).tables["interactions"].reasons == {HELD_OTHERWISE: 1}
    logged(folder, own(click("a", 14), 13))
    assert import_events(lake, folder, CLOCK).tables["interactions"].reasons == {HELD_OTHERWISE: 1}
    kept = [json.loads(row) for row in lake.quarantined("interactions")["row"].to_pylist()]
    assert {(row["kind"], row["event_timestamp"][17:19]) for row in kept} == {
        ("save", "09"), ("hire", "12"), ("click", "13"),
    }  # fmt: skip


def test_a_repeat_of_what_the_lake_holds_is_a_duplicate_even_behind_a_contradiction(lake, folder):
    logged(folder, on_server_clock(click("a", 3)), own(click("b", 3), 1))
    import_events(lake, folder, CLOCK)
    contradictions = [on_server_clock(click(name, 9, kind="save")) for name in "ab"]
    logged(folder, *contradictions, on_server_clock(click("a", 12)), own(click("b", 12), 1))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (0, 2, 2)


def test_repeats_follow_the_corrected_post_and_not_the_broken_one_before_it(lake, folder):
    broken, corrected, repeated = click("a", 3, kind="wink"), click("a", 5), click("a", 7)
    logged(folder, *map(on_server_clock, (broken, corrected, repeated)))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 1, 1)
    assert held(lake, "interactions") == [corrected[1]]


def test_a_sound_repeat_counts_where_the_first_post_had_an_impossible_time(lake, folder):
    logged(folder, own(click("a", 3), 9999), on_server_clock(click("a", 5)), on_server_clock(click("a", 8)))
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (1, 1, 1)
    assert held(lake, "interactions") == [click("a", 5)[1]]


KILLED_IMPORT = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from components.importers.logs.events import import_events
from metier.lake import Lake

class Dying(Lake):
    left = int(sys.argv[3])

    def append(self, name, rows):
        report = super().append(name, rows)
        Dying.left -= 1
        if Dying.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return report

import_events(Dying(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[4]))
"""


def everything(lake):
    rejects = {name: sorted(lake.quarantined(name)["row"].to_pylist()) for name in (*TABLES, "events")}
    return lake.digest(), rejects


@pytest.mark.parametrize("appends", [1, 2, 3])
def test_an_import_killed_after_any_append_and_repeated_gives_the_same_lake(lake, folder, tmp_path, appends):
    rejected = [click("bad", kind="wink"), click("a", kind="save")]
    logged(folder, query(), impression("f1", 1), on_server_clock(click("a")), on_server_clock(click("a", 2)), *rejected)
    garbage(folder, b"garbage\n")
    killed = Lake(str(tmp_path / "killed"))
    command = [sys.executable, "-c", KILLED_IMPORT, killed.url, str(folder), str(appends), CLOCK.isoformat()]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    assert sum(killed.counts().values()) == appends
    garbage(folder, b"later garbage\n")
    logged(folder, click("wrong", kind="wonk"), click("later"))
    import_events(killed, folder, CLOCK)
    (folder / "imported.json").unlink()
    import_events(lake, folder, CLOCK)
    assert lake.read("interactions").equals(killed.read("interactions"))
    assert everything(killed)[1] == everything(lake)[1]
    assert import_events(killed, folder, CLOCK).tables.keys() == set()


def test_a_repeat_after_a_kill_writes_the_same_files(lake, folder, tmp_path):
    logged(folder, query(), impression("f1", 1), on_server_clock(click("a")), on_server_clock(click("a", 2)))
    killed = Lake(str(tmp_path / "killed"))
    command = [sys.executable, "-c", KILLED_IMPORT, killed.url, str(folder), "3", CLOCK.isoformat()]
    assert subprocess.run(command, timeout=120, check=False).returncode == -signal.SIGKILL
    report = import_events(killed, folder, CLOCK)
    assert [counts(report, name) for name in report.tables] == [(0, 1, 0), (0, 1, 0), (0, 2, 0)]
    (folder / "imported.json").unlink()
    import_events(lake, folder, CLOCK)
    assert everything(killed) == everything(lake)


HELD_IMPORT = """
import sys
from datetime import datetime
from pathlib import Path
from components.importers.logs.events import import_events
from metier.lake import Lake

class Waiting(Lake):
    def append(self, name, rows):
        print("importing", flush=True)
        sys.stdin.readline()
        return super().append(name, rows)

import_events(Waiting(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
"""


def test_a_second_import_at_the_same_time_is_refused(lake, folder):
    logged(folder, click("a"))
    command = [sys.executable, "-c", HELD_IMPORT, lake.url, str(folder), CLOCK.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"importing\n"
        with pytest.raises(InputError, match=r"another import of .* is running; wait until it ends"):
            import_events(lake, folder, CLOCK)
        other.communicate(b"\n", timeout=60)
        assert other.returncode == 0
    assert import_events(lake, folder, CLOCK).tables == {}
    assert lake.counts()["interactions"] == 1


def test_chunks_are_bounded_go_through_the_segments_and_say_where_to_go_on(folder):
    for part in range(3):
        logged(folder, *(click(f"{part}{number}") for number in range(4)))
    chunks = list(read_events(folder, {}, CLOCK, most=5))
    assert [len(chunk.lines) for chunk in chunks] == [5, 5, 2]
    for done in range(3):
        rest = [line for chunk in chunks[done + 1 :] for line in chunk.lines]
        again = [line for chunk in read_events(folder, chunks[done].offsets, CLOCK) for line in chunk.lines]
        assert again == rest
    before = chunks[0].offsets
    (repeated,) = read_events(folder, before, CLOCK, until=chunks[1].offsets)
    assert repeated == chunks[1]


def test_imported_segments_may_be_removed(lake, folder):
    logged(folder, click("a"))
    import_events(lake, folder, CLOCK)
    for segment in folder.glob("*.jsonl"):
        segment.unlink()
    logged(folder, click("b"))
    import_events(lake, folder, CLOCK)
    (segment,) = folder.glob("*.jsonl")
    assert json.loads((folder / "imported.json").read_text())["imported"] == {segment.name: segment.stat().st_size}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"imported": {"a": "b"}, "importing": null}'])
def test_a_record_that_cannot_be_read_says_that_it_may_be_removed(lake, folder, content):
    logged(folder, click("a"))
    import_events(lake, folder, CLOCK)
    record = folder / "imported.json"
    record.write_text(content.replace('"a"', json.dumps(next(folder.glob("*.jsonl")).name)))
    with pytest.raises(ContractError, match="remove it and import again"):
        import_events(lake, folder, CLOCK)
    record.unlink()
    assert counts(import_events(lake, folder, CLOCK), "interactions") == (0, 1, 0)


def test_a_folder_that_is_none_is_a_mistake_of_the_caller(lake, folder):
    folder.write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be imported from"):
        import_events(lake, folder, CLOCK)


def test_a_segment_that_cannot_be_read_is_named(lake, folder):
    (folder / "20260301T000000.000000Z-1-aa.jsonl").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"-aa\.jsonl cannot be read"):
        import_events(lake, folder, CLOCK)


def test_the_command_prints_what_became_of_the_lines(tmp_path):
    logged(tmp_path / "events", click("a"), on_server_clock(click("a", 2)))
    garbage(tmp_path / "events", b"garbage\n", b"torn")
    environment = {**os.environ, "METIER_HOME": str(tmp_path), "METIER_AS_OF": CLOCK.isoformat()}
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", "import", "events"]
    first = subprocess.run([*command, "--json"], env=environment, capture_output=True, timeout=120, check=True)
    report = json.loads(first.stdout)
    assert (report["waiting_lines"], report["torn_lines"]) == (0, 1)
    assert {name: (t["written"], t["duplicates"], t["quarantined"]) for name, t in report["tables"].items()} == {
        "interactions": (1, 1, 0),
        "events": (0, 0, 1),
    }
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert "0 lines recorded after this import's clock, 1 torn last lines" in again.stdout
    helped = subprocess.run([*command, "--help"], env=environment, capture_output=True, timeout=120, check=True)
    assert b"Example: metier import events" in helped.stdout
