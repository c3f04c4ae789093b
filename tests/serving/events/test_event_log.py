"""The event log: acknowledged means on disk, calls stay whole, and no failure tears or loses another's lines."""

import asyncio
import base64
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from metier.errors import EventLogError
from serving.events.event_log import EventLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = 30.0


@contextmanager
def opened(folder, **limits):
    log = EventLog(folder, **limits)
    try:
        yield log
    finally:
        log.close(SOON)


def lines(folder):
    """The log's lines as JSON, segment by segment; every segment ends in a whole line."""
    content = [path.read_bytes() for path in sorted(folder.glob("*.jsonl"))]
    assert all(part.endswith(b"\n") for part in content)
    return [json.loads(line) for line in b"".join(content).splitlines()]


def numbered(*numbers):
    return [("interactions", {"interaction_id": number}) for number in numbers]


def ids(folder):
    return [line["row"]["interaction_id"] for line in lines(folder)]


class Gate(dict):
    """A row that the writer thread cannot encode before it is opened: it stands for a slow disk."""

    def __init__(self, **row):
        super().__init__(row)
        self.reached, self.open = threading.Event(), threading.Event()

    def items(self):
        self.reached.set()
        assert self.open.wait(SOON)
        return super().items()


def test_what_nobody_waits_for_is_written_before_what_somebody_does_and_without_it_all_the_same(tmp_path):
    with opened(tmp_path) as log:
        log.note(numbered(1))
        log.append(numbered(2)).result(SOON)
        assert ids(tmp_path) == [1, 2]
        log.note(numbered(3))
        log.note(numbered(4))
        ended = time.monotonic() + SOON
        while log.written < 4 and time.monotonic() < ended:
            time.sleep(0.01)
        assert ids(tmp_path) == [1, 2, 3, 4]


def test_what_nobody_waits_for_is_counted_where_it_is_refused(tmp_path):
    with opened(tmp_path) as log:
        pass
    log.note(numbered(1, 2))
    assert log.dropped == 2


def test_a_line_spells_its_event_for_any_reader(tmp_path):
    row = {
        "query_id": "q1", "rank": np.int64(3), "score": np.float32(0.5), "propensity": float("nan"),
        "viewed": None, "event_timestamp": NOON.astimezone(timezone(timedelta(hours=5))),
    }  # fmt: skip
    with opened(tmp_path) as log:
        log.append([("impressions", row), ("interactions", {"kind": "clíck"}, "server")]).result(SOON)
    assert lines(tmp_path) == [
        {
            "table": "impressions",
            "row": {
                "query_id": "q1", "rank": 3, "score": 0.5, "propensity": None, "viewed": None,
                "event_timestamp": "2026-03-01T12:00:00.000000+00:00",
            },
        },
        {"table": "interactions", "row": {"kind": "clíck"}, "clock": "server"},
    ]  # fmt: skip


def test_features_are_little_endian_float32_in_base64(tmp_path):
    with opened(tmp_path) as log:
        log.append([("impressions", {"features": np.array([1.0, np.nan], np.float32)})]).result(SOON)
        log.append([("impressions", {"features": None})]).result(SOON)
    first, second = lines(tmp_path)
    assert base64.b64decode(first["row"]["features_f32"]) == b"\x00\x00\x80\x3f\x00\x00\xc0\x7f"
    assert second["row"] == {"features": None}


def test_an_acknowledged_event_survives_the_kill_of_its_process(tmp_path):
    program = (
        "import sys, pathlib, threading; from serving.events.event_log import EventLog\n"
        "log = EventLog(pathlib.Path(sys.argv[1]))\n"
        "log.append([('interactions', {'interaction_id': n}) for n in range(3)]).result(30)\n"
        "print('acknowledged', flush=True); threading.Event().wait()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "events")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as replica:
        assert replica.stdout.readline() == "acknowledged\n"
        replica.kill()
        assert replica.wait(SOON) == -signal.SIGKILL
    assert ids(tmp_path / "events") == [0, 1, 2]


def test_events_of_one_call_stay_together_and_calls_of_one_thread_in_order(tmp_path):
    def call(log, thread):
        futures = [log.append(numbered(*((thread, number, part) for part in range(5)))) for number in range(40)]
        for future in futures:
            future.result(SOON)

    with opened(tmp_path, segment_bytes=5000) as log:
        threads = [threading.Thread(target=call, args=(log, thread)) for thread in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SOON)
        assert (log.written, log.failed, log.dropped) == (1200, 0, 0)
    found = ids(tmp_path)
    assert len(found) == 1200
    calls = [found[start : start + 5] for start in range(0, 1200, 5)]
    assert all(call == [[*call[0][:2], part] for part in range(5)] for call in calls)
    for thread in range(6):
        assert [call[0][1] for call in calls if call[0][0] == thread] == list(range(40))


def test_what_waits_is_written_at_once(tmp_path):
    gate = Gate(interaction_id=0)
    with opened(tmp_path, segment_bytes=1) as log:
        log.append([("interactions", gate)])
        assert gate.reached.wait(SOON)
        futures = [log.append(numbered(number)) for number in range(1, 100)]
        assert not any(future.done() for future in futures)
        gate.open.set()
        for future in futures:
            future.result(SOON)
    assert ids(tmp_path) == list(range(100))
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_a_full_segment_is_followed_by_another(tmp_path):
    with opened(tmp_path, segment_bytes=200) as log:
        for number in range(10):
            log.append(numbered(number)).result(SOON)
    size = len(b'{"table":"interactions","row":{"interaction_id":0}}\n')
    per_segment = -(-200 // size)
    assert len(list(tmp_path.glob("*.jsonl"))) == -(-10 // per_segment)
    assert ids(tmp_path) == list(range(10))


def test_a_full_queue_refuses_at_once_and_says_so(tmp_path):
    gate = Gate(interaction_id=0)
    with opened(tmp_path, capacity=3) as log:
        log.append([("interactions", gate)])
        assert gate.reached.wait(SOON)
        kept = log.append(numbered(1, 2))
        refused = log.append(numbered(3, 4))
        with pytest.raises(EventLogError, match=r"2 events wait to be written to .*; send these again in a second"):
            refused.result(0)
        fits = log.append(numbered(5))
        gate.open.set()
        kept.result(SOON)
        fits.result(SOON)
        assert (log.written, log.failed, log.dropped) == (4, 0, 2)
    assert ids(tmp_path) == [0, 1, 2, 5]


def test_close_drains_and_nothing_can_be_appended_after_it(tmp_path):
    log = EventLog(tmp_path)
    futures = [log.append(numbered(number)) for number in range(500)]
    log.close(SOON)
    assert all(future.done() and future.exception() is None for future in futures)
    assert ids(tmp_path) == list(range(500))
    with pytest.raises(EventLogError, match="is closed; send the events to another replica"):
        log.append(numbered(500)).result(0)
    assert log.dropped == 1
    log.close(SOON)


def test_a_close_that_takes_too_long_says_so_and_can_be_repeated(tmp_path):
    gate = Gate(interaction_id=0)
    log = EventLog(tmp_path)
    log.append([("interactions", gate)])
    assert gate.reached.wait(SOON)
    with pytest.raises(EventLogError, match=r"still written to after 0\.01 s"):
        log.close(0.01)
    gate.open.set()
    log.close(SOON)
    assert ids(tmp_path) == [0]


def test_no_event_leaves_no_file(tmp_path):
    with opened(tmp_path / "events"):
        pass
    assert not (tmp_path / "events").exists()


def test_a_folder_that_cannot_be_one_fails_the_events_until_it_can(tmp_path):
    folder = tmp_path / "events"
    folder.write_text("in the way")
    with opened(folder) as log:
        with pytest.raises(EventLogError, match=r"could not be written to .*; make it a folder with space left"):
            log.append(numbered(0)).result(SOON)
        folder.unlink()
        log.append(numbered(1)).result(SOON)
        assert (log.written, log.failed, log.dropped) == (1, 1, 0)
    assert ids(folder) == [1]


def test_events_go_on_in_a_new_segment_where_somebody_removed_the_old(tmp_path):
    with opened(tmp_path) as log:
        log.append(numbered(0)).result(SOON)
        for path in tmp_path.glob("*.jsonl"):
            path.unlink()
        log.append(numbered(1)).result(SOON)
    assert ids(tmp_path) == [1]


FULL_DISK = """
import pathlib, resource, sys
from metier.errors import EventLogError
from serving.events.event_log import EventLog

def numbered(*numbers):
    return [("interactions", {"interaction_id": number}) for number in numbers]

log = EventLog(pathlib.Path(sys.argv[1]))
log.append(numbered(0)).result(30)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
for attempt in range(2):
    try:
        log.append(numbered(1, 2)).result(30)
    except EventLogError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log.append(numbered(3)).result(30)
print(log.written, log.failed, log.dropped)
log.close(30)
"""


@pytest.mark.parametrize("limit", [0, 30, 80])
def test_a_write_that_breaks_off_is_taken_back_and_the_next_starts_a_segment(tmp_path, limit):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    first, second, counts = done.stdout.splitlines()
    assert first == second
    assert "File too large" in first
    assert counts == "2 4 0"
    assert ids(tmp_path) == [0, 3]
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_nothing_is_acknowledged_before_fsync_returns(tmp_path, monkeypatch):
    reached, finish = threading.Event(), threading.Event()

    def slow(descriptor):
        reached.set()
        assert finish.wait(SOON)

    monkeypatch.setattr(os, "fsync", slow)
    with opened(tmp_path) as log:
        future = log.append(numbered(0))
        assert reached.wait(SOON)
        assert ids(tmp_path) == [0]
        assert not future.done()
        assert log.written == 0
        finish.set()
        future.result(SOON)


def test_events_whose_fsync_failed_are_taken_back(tmp_path, monkeypatch):
    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path) as log:
        log.append(numbered(0)).result(SOON)
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", broken)
            with pytest.raises(EventLogError, match="Input/output error"):
                log.append(numbered(1)).result(SOON)
        log.append(numbered(2)).result(SOON)
        assert (log.written, log.failed) == (2, 1)
    assert ids(tmp_path) == [0, 2]
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


@pytest.mark.parametrize(
    ("value", "fact"),
    [(float("inf"), "not JSON compliant"), (datetime(2026, 3, 1), "has no time zone"), (object(), "serializable")],
)
def test_an_event_that_json_cannot_hold_fails_its_own_call_alone(tmp_path, value, fact):
    gate = Gate(interaction_id=0)
    with opened(tmp_path) as log:
        log.append([("interactions", gate)])
        assert gate.reached.wait(SOON)
        before = log.append(numbered(1))
        broken = log.append([*numbered(2), ("interactions", {"interaction_id": value})])
        after = log.append(numbered(3))
        gate.open.set()
        before.result(SOON)
        after.result(SOON)
        with pytest.raises(EventLogError, match=fact):
            broken.result(SOON)
        assert (log.written, log.failed, log.dropped) == (3, 2, 0)
    assert ids(tmp_path) == [0, 1, 3]


def test_a_caller_who_leaves_takes_nothing_with_him(tmp_path):
    gate = Gate(interaction_id=0)

    async def leave(log):
        waiting = asyncio.wrap_future(log.append([("interactions", gate)]))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.open.set()
        await asyncio.wait_for(asyncio.wrap_future(log.append(numbered(1))), SOON)

    with opened(tmp_path) as log:
        asyncio.run(leave(log))
    assert ids(tmp_path) == [0, 1]
