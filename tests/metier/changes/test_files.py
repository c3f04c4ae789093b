"""The change log in files: one order for all processes, nothing half read, nothing acknowledged lost."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metier.changes import Change
from metier.changes.files import FileChangeLog, _lines_of
from metier.changes.log import sequence_of
from metier.errors import EventLogError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_NOON = 1_772_366_400_000_000
SOON = 60.0
JOB = {
    "title": "Cook", "description": "", "skills": ["soup"], "openings": 1, "visibility": "public", "status": "open",
}  # fmt: skip


def put(log, name, now=NOON, **more):
    return log.append("jobs", {"job_id": name, **JOB, **more}, now)


def ids(changes):
    return [change.id for change in changes]


def whole(log):
    return ids(log.since(0, 10_000))


def test_a_change_is_numbered_by_the_microsecond_it_was_recorded_in(tmp_path):
    change = put(FileChangeLog(tmp_path), "a", NOON + timedelta(microseconds=7))
    assert change.sequence == sequence_of(NOON) + 7 == AT_NOON + 7
    assert change.row["recorded_at"] == change.row["event_timestamp"] == NOON + timedelta(microseconds=7)


def test_numbers_rise_whatever_the_clock_says(tmp_path):
    log = FileChangeLog(tmp_path)
    clocks = (NOON, NOON, NOON - timedelta(days=9), NOON + timedelta(seconds=1))
    assert [put(log, str(at), now).sequence - AT_NOON for at, now in enumerate(clocks)] == [0, 1, 2, 1_000_000]
    assert [change.sequence - AT_NOON for change in log.since(0, 9)] == [0, 1, 2, 1_000_000]


def test_what_is_read_equals_what_was_appended(tmp_path):
    earlier = (NOON - timedelta(days=2)).astimezone(timezone(timedelta(hours=5)))
    appended = put(FileChangeLog(tmp_path), "é", posted_at=earlier, event_timestamp=earlier, budget_min_usd=None)
    (read,) = FileChangeLog(tmp_path).since(0, 9)
    assert read == appended
    assert read.version == (earlier, NOON)
    (line,) = next(iter(tmp_path.glob("*.jsonl"))).read_bytes().splitlines()
    assert json.loads(line)["row"]["posted_at"] == "2026-02-27T12:00:00.000000+00:00"


def test_since_gives_the_next_ones_in_order_across_segments(tmp_path):
    log = FileChangeLog(tmp_path, segment_bytes=1)
    made = [put(log, str(number)).sequence for number in range(7)]
    assert len(log.segments()) == 7
    reader, found, at = FileChangeLog(tmp_path), [], 0
    while page := reader.since(at, 3):
        found, at = found + page, page[-1].sequence
    assert [change.sequence for change in found] == made
    for asked, sequence in enumerate(made):  # whatever was read before
        assert ids(reader.since(sequence, 2)) == [str(n) for n in range(asked + 1, min(asked + 3, 7))]
    assert reader.since(made[-1] + 5, 9) == []


def test_a_reader_goes_on_where_another_process_appends(tmp_path):
    reader, writer = FileChangeLog(tmp_path), FileChangeLog(tmp_path)
    assert reader.since(0, 9) == []
    first = put(writer, "a")
    assert ids(reader.since(0, 9)) == ["a"]
    second = put(reader, "b")
    put(writer, "c")
    assert ids(reader.since(first.sequence, 9)) == ["b", "c"]
    assert ids(reader.since(second.sequence, 9)) == ["c"]


def test_a_line_that_is_half_written_is_neither_read_nor_kept(tmp_path):
    log = FileChangeLog(tmp_path)
    last = put(log, "a").sequence
    (segment,) = log.segments()
    half = Change.recorded("jobs", {"job_id": "torn", **JOB}, last + 9).line()[:-1]
    with segment.open("ab") as file:
        file.write(half)
    reader = FileChangeLog(tmp_path)
    assert whole(reader) == ["a"]
    assert reader.since(last, 9) == []
    again = put(FileChangeLog(tmp_path), "b")
    assert again.sequence == last + 1
    assert ids(reader.since(last, 9)) == ["b"]
    assert segment.read_bytes().count(b"\n") == 2
    assert b"torn" not in segment.read_bytes()


def test_a_line_that_holds_no_change_is_passed_over(tmp_path):
    log = FileChangeLog(tmp_path)
    put(log, "a")
    (segment,) = log.segments()
    with segment.open("ab") as file:
        file.write(b'nonsense\n   \n{"table": "clients", "row": {}, "sequence": 5}\n')
        file.write(Change.recorded("jobs", {"job_id": "of words", **JOB, "skills": "soup"}, AT_NOON + 1).line())
        file.write(Change.recorded("jobs", {"job_id": "untitled", **JOB, "title": None}, AT_NOON + 2).line())
    put(FileChangeLog(tmp_path), "b")
    assert whole(log) == ["a", "b"]


class Warned(logging.Handler):
    """Collects the damaged lines that the log in files warns of."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.args[1:])

    def __enter__(self):
        logging.getLogger("metier.changes.files").addHandler(self)
        return self

    def __exit__(self, *error):
        logging.getLogger("metier.changes.files").removeHandler(self)


GARBAGE = st.sampled_from(
    [b"nonsense", b"", b"   ", b"\x00" * 40, b"\xff\xfe", b"[" * 2_000, b"null", b'{"table": "jobs"}']
)
STEPS = st.lists(
    st.tuples(st.just("change"), st.just(b""))
    | st.tuples(st.just("garbage"), GARBAGE)
    | st.tuples(st.just("torn"), st.binary(min_size=1, max_size=60).map(lambda data: data.replace(b"\n", b"?"))),
    max_size=14,
)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.sampled_from([1, 700, 1 << 20]), st.integers(1, 4))
def test_damage_is_warned_of_once_and_hides_no_change_wherever_it_stands(steps, segment_bytes, limit):
    """Whole damaged lines and torn ends, in any segment, met at the start of a reader and by one that follows."""
    with tempfile.TemporaryDirectory() as folder, Warned() as warned:
        writer = FileChangeLog(Path(folder), segment_bytes=segment_bytes)
        reader, followed, at, names = FileChangeLog(Path(folder)), [], 0, ["first"]
        put(writer, "first")
        damaged = 0
        for number, (kind, data) in enumerate(steps):
            if kind == "change":
                names.append(str(number))
                put(FileChangeLog(Path(folder), segment_bytes=segment_bytes) if number % 2 else writer, str(number))
            else:
                with writer.segments()[-1].open("ab") as file:
                    file.write(data + b"\n" * (kind == "garbage"))
                damaged += kind == "garbage"  # which ends what was torn before it
            for _ in range(3):
                page = reader.since(at, limit)
                followed, at = followed + page, page[-1].sequence if page else at
        while page := reader.since(at, limit):
            followed, at = followed + page, page[-1].sequence
        assert ids(followed) == names
        assert len(warned.lines) == damaged
        assert whole(FileChangeLog(Path(folder))) == names
        assert len(warned.lines) == 2 * damaged  # once by each reader


@pytest.mark.parametrize("cut", ["newline", "middle"])
def test_the_torn_end_of_an_older_segment_is_passed(tmp_path, cut):
    log = FileChangeLog(tmp_path, segment_bytes=1)
    last = put(log, "a").sequence
    put(log, "b")
    older = log.segments()[0]
    os.truncate(older, older.stat().st_size - (1 if cut == "newline" else 30))
    reader = FileChangeLog(tmp_path)
    with Warned() as warned:
        expected = ["a", "b"] if cut == "newline" else ["b"]  # all but the end of its line is there
        assert ids(reader.since(0, 9)) == expected
        for _ in range(3):
            assert ids(reader.since(last, 9)) == ["b"]
            assert whole(reader) == expected
    assert len(warned.lines) == (cut == "middle")


def test_one_process_is_not_told_twice_by_the_damage_that_another_appends_behind(tmp_path):
    log, other = FileChangeLog(tmp_path), FileChangeLog(tmp_path)
    put(log, "a")
    with log.segments()[0].open("ab") as file:
        file.write(b"nonsense\n")
    with Warned() as warned:
        for number in range(5):
            put(other if number % 2 else log, str(number))
        assert ids(log.since(0, 9)) == ["a", "0", "1", "2", "3", "4"]
        assert ids(log.since(0, 9)) == ["a", "0", "1", "2", "3", "4"]
    assert [size for size, _ in warned.lines] == [len(b"nonsense\n")]


def test_a_line_that_is_written_while_it_is_read_is_not_taken_for_two(tmp_path):
    path = tmp_path / "segment"
    path.write_bytes(b"whole\nhal")
    lines = _lines_of(path, 0)
    assert [next(lines), next(lines)] == [(b"whole\n", 6), (b"hal", 9)]
    with path.open("ab") as file:
        file.write(b"f\nnext\n")
    assert list(lines) == []
    assert list(_lines_of(path, 6)) == [(b"half\n", 11), (b"next\n", 16)]


def test_a_line_whose_number_is_not_the_moment_it_was_recorded_at_is_damaged():
    line = Change.recorded("jobs", {"job_id": "a", **JOB}, AT_NOON).line()
    assert Change.of_line(line) is not None
    assert Change.of_line(line.replace(str(AT_NOON).encode(), str(AT_NOON + 10**15).encode())) is None


APPEND = """
import sys, pathlib
from datetime import UTC, datetime
from metier.changes.files import FileChangeLog
log = FileChangeLog(pathlib.Path(sys.argv[1]), segment_bytes=4000)
for number in range(int(sys.argv[3])):
    row = {"job_id": f"{sys.argv[2]} {number}", "title": "x" * 300, "description": "", "skills": [], "openings": 1}
    row |= {"visibility": "public", "status": "open"}
    print(log.append("jobs", row, datetime.now(UTC)).sequence, flush=True)
"""


def appending(folder: Path, name: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", APPEND, str(folder), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_three_processes_share_one_order_and_a_reader_misses_nothing(tmp_path):
    writers = [appending(tmp_path, name, 40) for name in "abc"]
    reader, followed, at = FileChangeLog(tmp_path), [], 0
    while len(followed) < 120 and any(writer.poll() is None for writer in writers):
        page = reader.since(at, 7)
        followed, at = followed + page, page[-1].sequence if page else at
    told = [[int(line) for line in writer.communicate(timeout=SOON)[0].split()] for writer in writers]
    followed += reader.since(at, 1_000)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    sequences = [change.sequence for change in followed]
    assert len(sequences) == len(set(sequences)) == 120
    assert sequences == sorted(sequences) == sorted(chain(*told))
    for name, own in zip("abc", told, strict=True):
        assert own == [each.sequence for each in followed if each.id.startswith(name)]
    assert followed == FileChangeLog(tmp_path).since(0, 1_000)
    assert len(list(tmp_path.glob("*.jsonl"))) > 5


def test_what_was_acknowledged_survives_the_kill_of_its_writer(tmp_path):
    acknowledged = []
    for name in "ab":
        writer = appending(tmp_path, name, 100_000)
        acknowledged += [int(writer.stdout.readline()) for _ in range(30)]
        writer.kill()
        rest = writer.communicate(timeout=SOON)[0].split("\n")[:-1]
        acknowledged += [int(line) for line in rest]
        assert writer.returncode == -signal.SIGKILL
    log = FileChangeLog(tmp_path)
    held = [change.sequence for change in log.since(0, 1_000_000)]
    assert set(acknowledged) <= set(held)
    assert len(held) - len(acknowledged) <= 2  # a line on disk whose writer could not say so any more
    assert put(log, "next", NOON - timedelta(days=900)).sequence == held[-1] + 1


def test_threads_of_one_process_take_turns(tmp_path):
    log = FileChangeLog(tmp_path)
    threads = [threading.Thread(target=lambda: [put(log, "x") for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert len({change.sequence for change in log.since(0, 1_000)}) == 80


def test_a_disk_that_fails_acknowledges_nothing_and_leaves_no_half_line(tmp_path, monkeypatch):
    log = FileChangeLog(tmp_path)
    first = put(log, "a")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(EventLogError, match=r"No space left on device.*; make it a folder with space left"):
            put(log, "b")
    assert whole(FileChangeLog(tmp_path)) == ["a"]
    assert put(log, "c").sequence == first.sequence + 2  # a reader may have seen the one that failed
    assert whole(log) == ["a", "c"]


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "changes").write_text("in the way")
    with pytest.raises(EventLogError, match=r"could not be written to .*changes"):
        put(FileChangeLog(tmp_path / "changes"), "a")


def test_a_row_that_json_cannot_hold_is_refused(tmp_path):
    log = FileChangeLog(tmp_path)
    for value in (float("nan"), object(), datetime(2026, 1, 1)):
        with pytest.raises(EventLogError, match="cannot be written as JSON"):
            put(log, "a", budget_min_usd=value)
    assert whole(log) == []


def test_after_a_rewriting_readers_begin_anew_and_writers_go_on_in_a_new_segment(tmp_path):
    log, reader = FileChangeLog(tmp_path), FileChangeLog(tmp_path)
    made = [put(log, name).sequence for name in "abc"]
    assert whole(reader) == ["a", "b", "c"]
    before = reader.edition()
    with log.rewriting() as segments:
        content = segments[0].read_bytes().splitlines(keepends=True)
        segments[0].write_bytes(content[0] + b" " * len(content[1]) + content[2])
    assert reader.edition() != before
    assert whole(reader) == ["a", "c"]
    assert put(FileChangeLog(tmp_path), "d").sequence == made[-1] + 1
    assert len(log.segments()) == 2
    assert ids(reader.since(made[-1], 9)) == ["d"]


def test_numbers_go_on_after_every_segment_was_removed(tmp_path):
    log = FileChangeLog(tmp_path)
    last = put(log, "a").sequence
    with log.rewriting() as segments:
        segments[0].unlink()
    assert put(FileChangeLog(tmp_path), "b", NOON - timedelta(days=1)).sequence == last + 1
    assert whole(log) == ["b"]


def test_changes_of_another_log_are_kept_once(tmp_path):
    source, copy = FileChangeLog(tmp_path / "a"), FileChangeLog(tmp_path / "b")
    for name in "abc":
        put(source, name)
    for _ in range(2):
        for change in source.since(0, 9):
            copy.keep(change)
    assert copy.since(0, 9) == source.since(0, 9)
    assert copy.last() == source.last()
