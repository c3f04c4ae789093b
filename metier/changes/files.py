"""The change log in files: JSON lines in segments, which the processes of a node append to in turns and follow.

An append holds a lock, writes its lines and syncs them; no process keeps a segment open. What a killed writer left half
is never read and cut off by the next; a damaged line is passed over, the ones after it count. Knows lines, not rows.
"""

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metier.changes.log import Change, sequence_of
from metier.durable import sync_folder, write_whole
from metier.errors import EventLogError
from metier.locks import exclusively

LOG = logging.getLogger(__name__)
SEGMENT_BYTES = 16 << 20
WAIT_SECONDS = 10.0
"""How long an append waits for those of other processes."""


@dataclass(frozen=True)
class _Position:
    """Up to where a segment was read or written: the byte after a line, and the greatest sequence before it."""

    segment: Path | None = None
    byte: int = 0
    sequence: int = 0


class FileChangeLog:
    """The log in `folder`. A segment is named by a sequence that no change in it falls below; none is kept open."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._appending = threading.Lock()
        self._written = self._read = _Position()
        self._reported: set[tuple[Path, int]] = set()
        """Segment and end of the damaged lines that were warned of."""

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """See ChangeLog."""
        return self.extend(table, [row], now)[0]

    def extend(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Change]:
        """See ChangeLog."""
        try:
            with self._locked():
                last = self._last()
                first = max(sequence_of(now), last.sequence + 1)
                changes = [Change.recorded(table, row, first + number) for number, row in enumerate(rows)]
                self._write(changes, last)
        except OSError as error:
            raise EventLogError(
                f"a change could not be written to {self._folder} ({error.strerror}); "
                "make it a folder with space left, then send it again"
            ) from error
        return changes

    def keep(self, change: Change) -> None:
        """Append a change of another log; one that is not newer than the last is here already."""
        with self._locked():
            last = self._last()
            if change.sequence > last.sequence:
                self._write([change], last)

    def last(self) -> int:
        """The sequence of the newest change, 0 where there was none."""
        with self._locked():
            return self._last().sequence

    def since(self, sequence: int, limit: int) -> list[Change]:
        """See ChangeLog. What another process has written half is not there yet."""
        position = self._read if self._read.sequence == sequence else _Position(sequence=sequence)
        changes: list[Change] = []
        for path, line, end in self._lines(position):
            change = Change.of_line(line)
            if change is None:
                self._report(path, line, end)
            elif change.sequence > position.sequence:
                changes.append(change)
            position = _Position(path, end, max(position.sequence, change.sequence if change else 0))
            if len(changes) == limit:
                break
        self._read = position
        return changes

    def edition(self) -> str:
        """See ChangeLog."""
        path = self._folder / "edition"
        return path.read_text() if path.exists() else ""

    def segments(self) -> list[Path]:
        """Paths in order."""
        return sorted(self._folder.glob("*.jsonl"))

    @contextmanager
    def rewriting(self) -> Iterator[list[Path]]:
        """The segments, to take lines out of or to remove, while no append runs.

        Later changes go to a new one, and readers begin anew.
        """
        if not self._folder.is_dir():
            yield []
            return
        with self._locked():
            segments, last = self.segments(), self._last()
            if segments:
                self._begin(last.sequence + 1)
            yield segments
            write_whole(self._folder / "edition", os.urandom(8).hex())
            self._written = self._read = _Position()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        refusal = EventLogError(f"others write to {self._folder} for {WAIT_SECONDS:g} s now; send the change again")
        with self._appending:
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
                sync_folder(self._folder.parent)
            with exclusively(self._folder / "append.lock", refusal, WAIT_SECONDS):
                yield

    def _report(self, segment: Path, line: bytes, end: int) -> None:
        if (segment, end) not in self._reported:
            self._reported.add((segment, end))
            LOG.warning("%s: %d bytes up to byte %d are a damaged line and passed over", segment, len(line), end)

    def _lines(self, position: _Position) -> Iterator[tuple[Path, bytes, int]]:
        """(segment, line, the byte after it) behind `position`; where its segment is gone, of all that may be behind.

        A last line without an end counts only where a later segment shows that no append is writing it now.
        """
        segments = self.segments()
        if position.segment in segments:
            first, start = segments.index(position.segment), position.byte
        else:
            first, start = max(sum(int(path.stem) <= position.sequence for path in segments) - 1, 0), 0
        for path in segments[first:]:
            for line, end in _lines_of(path, start):
                if line.endswith(b"\n") or path != segments[-1]:
                    yield path, line, end
            start = 0

    def _last(self) -> _Position:
        """The end of the newest segment; what a killed writer left half is cut off, for it was never acknowledged."""
        segment = max(self.segments(), default=None)
        if segment is None:
            return _Position(sequence=self._written.sequence)
        size = segment.stat().st_size
        if (segment, size) != (self._written.segment, self._written.byte):
            end, sequence = 0, int(segment.stem) - 1
            for line, after in _lines_of(segment, 0):
                if line.endswith(b"\n"):
                    change, end = Change.of_line(line), after
                    sequence = max(sequence, change.sequence if change else 0)
            if end < size:
                os.truncate(segment, end)
            self._written = _Position(segment, end, max(sequence, self._written.sequence))
        return self._written

    def _write(self, changes: Sequence[Change], last: _Position) -> None:
        lines, segment, byte = b"".join(change.line() for change in changes), last.segment, last.byte
        if segment is None or byte >= self._segment_bytes:
            segment, byte = self._begin(changes[0].sequence), 0
        self._written = _Position(segment, -1, changes[-1].sequence)
        try:
            with segment.open("ab", buffering=0) as file:
                rest = memoryview(lines)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                os.truncate(segment, byte)
            raise
        self._written = _Position(segment, byte + len(lines), changes[-1].sequence)

    def _begin(self, sequence: int) -> Path:
        segment = self._folder / f"{sequence:020d}.jsonl"
        segment.touch()
        sync_folder(self._folder)
        return segment


def _lines_of(path: Path, start: int) -> Iterator[tuple[bytes, int]]:
    """(line, the byte after it) from `start` on; the last one may lack its end. None of a file that is gone.

    A line that another process is writing ends the walk: what is written of it meanwhile is no line of its own.
    """
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(start)
        for line in file:
            start += len(line)
            yield line, start
            if not line.endswith(b"\n"):
                return
