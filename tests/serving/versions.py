"""Versions of jobs and freelancers for tests, and a change log in memory that can fail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from metier.changes import Change
from metier.changes.log import sequence_of
from metier.errors import EventLogError

JOB = {
    "title": "Repair of an accordion", "description": "A bellows leaks and reeds buzz", "skills": ["tuning"],
    "category": "Music", "city": "Castelfidardo", "openings": 1, "visibility": "public", "status": "open",
}  # fmt: skip
PERSON = {
    "title": "Accordion repairer", "overview": "Reeds, bellows and keys", "skills": ["tuning", "wax"],
    "hourly_rate_usd": 31.5, "country": "IT", "status": "listed",
}  # fmt: skip


class MemoryLog:
    """A ChangeLog; while `broken`, nothing of it can be read."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.broken = False
        self._edition = 0

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        last = self.changes[-1].sequence if self.changes else 0
        change = Change.of_line(Change.recorded(table, row, max(sequence_of(now), last + 1)).line())
        assert change is not None
        self.changes.append(change)
        return change

    def extend(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Change]:
        return [self.append(table, row, now) for row in rows]

    def since(self, sequence: int, limit: int) -> list[Change]:
        self._require_sound()
        return [change for change in self.changes if change.sequence > sequence][:limit]

    def edition(self) -> str:
        self._require_sound()
        return str(self._edition)

    def take_out(self, name: str) -> None:
        self.changes = [change for change in self.changes if change.id != name]
        self._edition += 1

    def _require_sound(self) -> None:
        if self.broken:
            raise EventLogError("the log is down; start it")
