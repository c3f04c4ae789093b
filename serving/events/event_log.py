"""The endpoint's event log: JSON lines in segment files, acknowledged once they are on disk.

One log and one writer thread a process. The thread takes all that is pending, writes it at once, calls fsync once and
then resolves the futures of its callers; where nobody waits for one it first gathers what else comes. A line is
{"table": ..., "row": {...}}, with "clock": "server" where the caller gave no event_timestamp. Knows no table's columns
and no HTTP; `metier import events` reads the lines.
"""

import base64
import math
import os
import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson

from metier.durable import sync_folder
from metier.errors import EventLogError

Row = Mapping[str, Any]
Event = tuple[str, Row] | tuple[str, Row, Literal["server"]]
"""(table, row), and "server" where the row's event_timestamp is the server's clock, not the caller's."""

SEGMENT_BYTES = 64 << 20
CAPACITY = 20_000
"""Events that may wait for the writer thread: seconds of full load, some 100 MB."""
GATHER_SECONDS = 0.05
"""Longest that events wait for others where nobody waits for them: an fsync for each slate costs more than its line."""
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME


@dataclass(frozen=True)
class _Call:
    events: Sequence[Event]
    future: Future[None]


class EventLog:
    """The log of one process in `folder`; close() ends its thread.

    `written` counts events on disk, `failed` those that could not be encoded or written, `dropped` those refused
    because the queue was full or the log closed.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, capacity: int = CAPACITY) -> None:
        self.written = self.failed = self.dropped = 0
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._capacity = capacity
        self._segment: _Segment | None = None
        self._changed = threading.Condition()
        self._calls: list[_Call] = []
        self._pending = 0
        self._awaited = self._closed = False
        self._thread = threading.Thread(target=self._run, name="event-log", daemon=True)
        self._thread.start()

    def append(self, events: Sequence[Event]) -> Future[None]:
        """A future that resolves once all of `events` are on disk, together and in order; EventLogError otherwise.

        It cannot be cancelled. The rows are encoded later: do not change them.
        """
        return self._put(events, awaited=True)

    def note(self, events: Sequence[Event]) -> None:
        """As `append` for what nobody waits for: `dropped` and `failed` tell of what did not reach the disk."""
        self._put(events, awaited=False)

    def _put(self, events: Sequence[Event], *, awaited: bool) -> Future[None]:
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        with self._changed:
            refusal = self._refusal(len(events))
            if refusal:
                self.dropped += len(events)
            else:
                self._calls.append(_Call(events, future))
                self._pending += len(events)
                self._awaited |= awaited or 2 * self._pending > self._capacity
                if self._awaited or len(self._calls) == 1:
                    self._changed.notify()
        if refusal:
            future.set_exception(EventLogError(refusal))
        return future

    def close(self, timeout: float) -> None:
        """Write what is pending and end the thread; EventLogError where that takes more than `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise EventLogError(
                f"{self._folder} is still written to after {timeout:g} s; look at its disk, then close the log again"
            )

    def _refusal(self, events: int) -> str | None:
        if self._closed:
            return f"the event log in {self._folder} is closed; send the events to another replica"
        if self._calls and self._pending + events > self._capacity:
            return f"{self._pending} events wait to be written to {self._folder}; send these again in a second"
        return None

    def _run(self) -> None:
        while calls := self._take_pending():
            self._commit(calls)
        if self._segment is not None:
            self._segment.close()

    def _take_pending(self) -> list[_Call]:
        """All pending calls, soon after there are any, at once if one is awaited; none once closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls or self._closed)
            self._changed.wait_for(lambda: self._awaited or self._closed, GATHER_SECONDS)
            calls, self._calls, self._pending, self._awaited = self._calls, [], 0, False
        return calls

    def _commit(self, calls: list[_Call]) -> None:
        """Group commit: one write and one fsync for all of `calls`."""
        encoded = [(call, lines) for call in calls if (lines := self._encoded(call)) is not None]
        try:
            if encoded:
                self._current().write(b"".join(lines for _, lines in encoded))
        except OSError as error:
            self._abandon()
            fact = f"events could not be written to {self._folder} ({error.strerror})"
            for call, _ in encoded:
                self._fail(call, EventLogError(f"{fact}; make it a folder with space left, then send them again"))
        else:
            self.written += sum(len(call.events) for call, _ in encoded)
            for call, _ in encoded:
                call.future.set_result(None)

    def _encoded(self, call: _Call) -> bytes | None:
        """The lines of a call; None, and its future failed, where JSON cannot hold them."""
        try:
            return b"".join(_line(event) for event in call.events)
        except Exception as error:  # whatever a caller hands over, the thread goes on for the others
            self._fail(
                call, EventLogError(f"an event cannot be written as JSON ({error.__cause__ or error}); correct its row")
            )
            return None

    def _fail(self, call: _Call, error: EventLogError) -> None:
        self.failed += len(call.events)
        call.future.set_exception(error)

    def _current(self) -> "_Segment":
        """The open segment; a new one where there is none, it is full, or it was removed."""
        if self._segment is not None and (self._segment.size >= self._segment_bytes or self._segment.removed()):
            full, self._segment = self._segment, None
            full.close()
        if self._segment is None:
            self._segment = _Segment(self._folder)
        return self._segment

    def _abandon(self) -> None:
        """Give up a segment that may end in half a line, so that no later line merges with it."""
        if self._segment is not None:
            torn, self._segment = self._segment, None
            torn.cut()
            torn.close()


class _Segment:
    """One file, open for appending. `size` is what is known to be on disk."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self._path = folder / f"{started}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._listed = False
        self.size = 0

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)
        if not self._listed:
            sync_folder(self._path.parent)
            self._listed = True
        self.size += len(data)

    def removed(self) -> bool:
        return os.fstat(self._descriptor).st_nlink == 0

    def cut(self) -> None:
        """Take back what was not acknowledged, as far as the disk lets us; the file too where nothing was."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self.size)
        if self.size == 0:
            with suppress(OSError):
                self._path.unlink()

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)


def _line(event: Event) -> bytes:
    """An event as JSON holds it: features as base64 of little-endian float32, NaN as null, times in UTC."""
    row: dict[str, Any] = {}
    for name, value in event[1].items():
        if name == "features" and value is not None:
            row["features_f32"] = base64.b64encode(np.asarray(value, "<f4").tobytes()).decode()
        else:
            row[name] = _finite(name, value) if isinstance(value, float) else value
    line: dict[str, Any] = {"table": event[0], "row": row}
    if len(event) == 3:
        line["clock"] = event[2]
    return orjson.dumps(line, _encoded, _OPTIONS)


def _finite(name: str, value: float) -> float:
    """The number, or NaN; orjson would write null for what is infinite."""
    if math.isinf(value):
        raise ValueError(f"{name} is {value}, which is not JSON compliant")
    return value


def _encoded(value: Any) -> Any:
    """What orjson does not know: numbers of numpy, and moments, in UTC."""
    if isinstance(value, np.generic):
        return _finite("a number", value.item())
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} is not serializable")
