"""The change log: new versions of jobs and freelancers, durable before they are acknowledged, in one order for all.

A change is numbered by the microseconds since 1970 at which it was recorded, strictly increasing; its recorded_at says
the same. Endpoints append and follow it, `metier import events` brings it to the lake. Here are the changes and the
log in files, which processes of a node append to in turns; changes_valkey holds the same lines in a stream. Knows of a
row its key and its clocks; what it must look like is the contract's.
"""

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, Self

from metier.contract import TABLES, TIMESTAMP
from metier.errors import EventLogError
from metier.locks import exclusively

LOG = logging.getLogger(__name__)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEGMENT_BYTES = 16 << 20
WAIT_SECONDS = 10.0
"""How long an append waits for those of other processes."""
KEYS = {"jobs": "job_id", "freelancers": "freelancer_id"}
_STAMPS = {name: [column.name for column in TABLES[name].columns if column.type == TIMESTAMP] for name in KEYS}
_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=lambda moment: _spelled(moment))


@dataclass(frozen=True)
class Change:
    """One version of a job or freelancer: a row of the contract with both clocks."""

    table: str
    row: Mapping[str, Any]
    sequence: int

    @classmethod
    def recorded(cls, table: str, row: Mapping[str, Any], sequence: int) -> Self:
        """The change of a row; one without event_timestamp happened when it was recorded."""
        moment = EPOCH + timedelta(microseconds=sequence)
        happened = row.get("event_timestamp") or moment
        return cls(table, {**row, "event_timestamp": happened, "recorded_at": moment}, sequence)

    @property
    def id(self) -> str:
        """The job or the freelancer."""
        return str(self.row[KEYS[self.table]])

    @property
    def version(self) -> tuple[datetime, datetime]:
        """(event_timestamp, recorded_at): the greatest of a candidate is the one to show."""
        return self.row["event_timestamp"], self.row["recorded_at"]

    def line(self) -> bytes:
        """The change as every log keeps it."""
        return _JSON.encode({"table": self.table, "row": dict(self.row), "sequence": self.sequence}).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Self | None:
        """The inverse of `line`; None for one that holds no change."""
        try:
            told = json.loads(line)
            row = dict(told["row"])
            for name in _STAMPS[told["table"]]:
                row[name] = row.get(name) and datetime.fromisoformat(row[name])
            return cls(told["table"], row, int(told["sequence"]))
        except (ValueError, TypeError, KeyError):
            LOG.warning("a line of the change log holds no change: %.200r", line)
            return None


def sequence_of(moment: datetime) -> int:
    """The number of a change that is recorded at `moment`."""
    return (moment - EPOCH) // timedelta(microseconds=1)


class ChangeLog(Protocol):
    """Where changes are kept; several processes share one."""

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """The change, once it is durable; EventLogError where it could not be made so, and then it was not."""
        ...

    def since(self, sequence: int, limit: int) -> list[Change]:
        """The first `limit` changes after `sequence`, in order."""
        ...

    def edition(self) -> str:
        """Another one whenever changes were taken out: what was read before has to be read again."""
        ...


@dataclass(frozen=True)
class _Place:
    """Up to where a segment was read or written: the byte after a line, and the last sequence before it."""

    segment: Path | None = None
    byte: int = 0
    sequence: int = 0


class FileChangeLog:
    """The log in `folder`. A segment is named by a sequence that no change in it falls below; nobody keeps it open."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._appending = threading.Lock()
        self._written = self._read = _Place()

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """See ChangeLog."""
        try:
            with self._alone():
                last = self._last()
                change = Change.recorded(table, row, max(sequence_of(now), last.sequence + 1))
                self._write(change, last)
        except OSError as error:
            raise EventLogError(
                f"a change could not be written to {self._folder} ({error.strerror}); "
                "make it a folder with space left, then send it again"
            ) from error
        except (ValueError, TypeError) as error:
            raise EventLogError(f"a change cannot be written as JSON ({error}); correct its row") from error
        return change

    def keep(self, change: Change) -> None:
        """Append a change of another log; one that is not newer than the last is here already."""
        with self._alone():
            last = self._last()
            if change.sequence > last.sequence:
                self._write(change, last)

    def last(self) -> int:
        """The sequence of the newest change, 0 where there was none."""
        with self._alone():
            return self._last().sequence

    def since(self, sequence: int, limit: int) -> list[Change]:
        """See ChangeLog. What another process has written half is not there yet."""
        place = self._read if self._read.sequence == sequence else _Place()
        found: list[Change] = []
        for path in _from(self.segments(), place, sequence):
            place = _Place(path, place.byte if path == place.segment else 0, place.sequence)
            for line, end in _whole_lines(path, place.byte):
                change = Change.of_line(line)
                place = _Place(path, end, max(place.sequence, change.sequence if change else 0))
                if change is not None and change.sequence > sequence:
                    found.append(change)
                if len(found) == limit:
                    break
            if len(found) == limit:
                break
        self._read = place if place.sequence >= sequence else self._read
        return found

    def edition(self) -> str:
        """See ChangeLog."""
        path = self._folder / "edition"
        return path.read_text() if path.exists() else ""

    def segments(self) -> list[Path]:
        """Paths in order."""
        return sorted(self._folder.glob("*.jsonl"))

    @contextmanager
    def rewriting(self) -> Iterator[list[Path]]:
        """The segments, to take lines out of or to remove; nobody appends meanwhile, and readers then begin anew."""
        if not self._folder.is_dir():
            yield []
            return
        with self._alone():
            last = self._last()
            yield self.segments()
            if last.segment is not None:
                self._begin(last.sequence + 1)
                beside = self._folder / "edition.writing"
                beside.write_text(f"{last.sequence}-{os.urandom(4).hex()}")
                beside.replace(self._folder / "edition")
            self._written = self._read = _Place()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        refusal = EventLogError(f"others write to {self._folder} for {WAIT_SECONDS:g} s now; send the change again")
        with self._appending:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
                _sync(self._folder.parent)
            with exclusively(self._folder / "append.lock", refusal, WAIT_SECONDS):
                yield

    def _last(self) -> _Place:
        """The end of the newest segment; what a killed writer left half is cut off, for it was never acknowledged."""
        segment = max(self.segments(), default=None)
        if segment is None:
            return _Place(sequence=self._written.sequence)
        size = segment.stat().st_size
        if (segment, size) != (self._written.segment, self._written.byte):
            end, sequence = 0, int(segment.stem) - 1
            for line, end in _whole_lines(segment, 0):  # noqa: B007
                change = Change.of_line(line)
                sequence = max(sequence, change.sequence if change else 0)
            if end < size:
                os.truncate(segment, end)
            self._written = _Place(segment, end, max(sequence, self._written.sequence))
        return self._written

    def _write(self, change: Change, last: _Place) -> None:
        line, segment, byte = change.line(), last.segment, last.byte
        if segment is None or byte >= self._segment_bytes:
            segment, byte = self._begin(change.sequence), 0
        self._written = _Place(segment, -1, change.sequence)
        try:
            with segment.open("ab", buffering=0) as file:
                rest = memoryview(line)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                os.truncate(segment, byte)
            raise
        self._written = _Place(segment, byte + len(line), change.sequence)

    def _begin(self, sequence: int) -> Path:
        segment = self._folder / f"{sequence:020d}.jsonl"
        segment.touch()
        _sync(self._folder)
        return segment


def _from(segments: list[Path], place: _Place, sequence: int) -> list[Path]:
    """The segments that may hold changes after `sequence`, beginning with the one that was read last."""
    if place.segment in segments:
        return segments[segments.index(place.segment) :]
    over = [at for at, path in enumerate(segments) if int(path.stem) > sequence]
    return segments[max((over[0] if over else len(segments)) - 1, 0) :]


def _whole_lines(path: Path, start: int) -> Iterator[tuple[bytes, int]]:
    """(line, the byte behind it) from `start` on, without a last one that has no end; none of a file that is gone."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            yield line, start


def _spelled(moment: Any) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is neither text, number nor moment")
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
