"""The endpoint's event log as lines: whole ones past what was imported before, in chunks, each an event or a reason.

Knows segments, JSON and clocks; the types of a table's columns and the lake are events.py's.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

from metier.contract import TABLES
from metier.errors import SettingsError

CHUNK = 50_000
_TABLE_NAMES = tuple(TABLES)
UNREADABLE = "events"
"""Stands where the name of a table would, for lines that name none."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Offsets = Mapping[str, int]
"""Per segment, the byte at which the first line not yet imported starts."""


@dataclass(frozen=True)
class Line:
    """A complete line: its text, where the next one starts, and the event it holds or the reason why it holds none."""

    segment: str
    end: int
    text: str
    table: str = UNREADABLE
    row: dict[str, Any] = field(default_factory=dict)
    server_clock: bool = False
    recorded_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Chunk:
    """Lines by the time they were recorded, and the offsets behind them."""

    lines: list[Line]
    offsets: dict[str, int]


def read_events(
    folder: Path, offsets: Offsets, clock: datetime, until: Offsets | None = None, most: int = CHUNK
) -> Iterator[Chunk]:
    """The complete lines past `offsets`, at most `most` at a time; `until` gives the ends of the last chunk read.

    In each segment the first line recorded after `clock` and all behind it are left for a later import.
    """
    lines = (line for path in segments(folder) for line in _complete(path, offsets, clock, until))
    behind = dict(offsets)
    while read := list(islice(lines, most)):
        behind |= {line.segment: line.end for line in read}
        yield Chunk(sorted(read, key=_recorded), dict(behind))


def waiting(folder: Path, offsets: Offsets) -> tuple[int, int]:
    """(complete lines, torn last lines) past `offsets`."""
    complete = torn = 0
    for path in segments(folder):
        with _opened(path, offsets.get(path.name, 0)) as handle:
            for content in handle:
                complete += content.endswith(b"\n")
                torn += not content.endswith(b"\n")
    return complete, torn


def segments(folder: Path) -> list[Path]:
    """Paths of the log's segments, by the time at which they were started."""
    return sorted(folder.glob("*.jsonl"))


def stamp(value: object) -> datetime | None:
    """The moment that an ISO 8601 text gives (without zone: UTC); None where it gives none."""
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _recorded(line: Line) -> datetime:
    return line.recorded_at or datetime.min.replace(tzinfo=UTC)


def _complete(path: Path, offsets: Offsets, clock: datetime, until: Offsets | None) -> Iterator[Line]:
    end = offsets.get(path.name, 0)
    with _opened(path, end) as handle:
        for content in handle:
            end += len(content)
            if not content.endswith(b"\n") or (until is not None and end > until.get(path.name, 0)):
                return
            line = _line(path.name, end, content)
            if line.recorded_at is not None and line.recorded_at > clock:
                return
            yield line


@contextmanager
def _opened(path: Path, start: int) -> Iterator[IO[bytes]]:
    try:
        handle = path.open("rb")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}); make it readable or move it away") from error
    with handle:
        handle.seek(start)
        yield handle


def _line(segment: str, end: int, content: bytes) -> Line:
    text = content.decode(errors="replace").rstrip("\n")
    try:
        event = _event(content)
    except ValueError as reason:
        return Line(segment, end, text, reason=str(reason))
    row = event["row"]
    if "features_f32" in row:
        row["features"] = _features(row.pop("features_f32"))
    return Line(
        segment,
        end,
        text,
        table=event["table"],
        row=row,
        server_clock=event.get("clock") == "server",
        recorded_at=stamp(row.get("recorded_at")),
    )


def _event(content: bytes) -> dict[str, Any]:
    """The line's JSON object with its table and row; ValueError says why it is not one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("line is not valid UTF-8") from None
    try:
        event = json.loads(text, parse_constant=_refuse)
        halved = "\\ud" in text.lower() and _LONE_SURROGATE.search(json.dumps(event, ensure_ascii=False))
    except (ValueError, RecursionError):
        raise ValueError("line is not JSON") from None
    if not isinstance(event, dict) or event.get("table") not in _TABLE_NAMES or not isinstance(event.get("row"), dict):
        raise ValueError("line is not an event with a table of the contract and a row")
    if halved:
        raise ValueError("line holds half of a surrogate pair")
    return event


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _features(encoded: object) -> Any:
    """float32 array of base64's little-endian bytes; anything else is handed on, for the reader of types to refuse."""
    try:
        return np.frombuffer(base64.b64decode(encoded, validate=True), "<f4")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return encoded
