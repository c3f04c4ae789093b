"""The change log: versions of jobs, people and clients, and interactions, in one order for all.

A change is durable before it is acknowledged, and numbered by the microseconds since 1970 at which it was recorded,
strictly increasing; its recorded_at says the same. Endpoints append and follow the log, `metier import events` brings
it to the lake. files.py and stream.py store it. Knows of a row its key and its clocks; what else a row must hold is the
contract's business.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

import pyarrow as pa

from metier.contract import TABLES, TEXT, TEXT_LIST, TIMESTAMP
from metier.errors import EventLogError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS = {
    "jobs": "job_id",
    "freelancers": "freelancer_id",
    "clients": "client_id",
    "interactions": "interaction_id",
}
_REQUIRED = {name: {column.name: column.type for column in TABLES[name].columns if column.required} for name in KEYS}
_MAYBE_IDS = {name: TABLES[name].references.keys() - _REQUIRED[name].keys() for name in KEYS}
_STAMPS = {name: [column.name for column in TABLES[name].columns if column.type == TIMESTAMP] for name in KEYS}


def _as_text(moment: Any) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is neither text, number nor moment")
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_as_text)


@dataclass(frozen=True)
class Change:
    """One version of a job, freelancer or client, or an interaction: a row of the contract with both clocks."""

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
        """The job, freelancer, client or interaction."""
        return str(self.row[KEYS[self.table]])

    @property
    def version(self) -> tuple[datetime, datetime]:
        """(event_timestamp, recorded_at): the greatest of a candidate is the one to show."""
        return self.row["event_timestamp"], self.row["recorded_at"]

    def line(self) -> bytes:
        """The change as every log keeps it; EventLogError where its row is no JSON."""
        fields = {"table": self.table, "row": dict(self.row), "sequence": self.sequence}
        if self.row["event_timestamp"] == self.row["recorded_at"]:
            fields["clock"] = "server"  # as in the event log: the caller gave no time
        try:
            return _JSON.encode(fields).encode() + b"\n"
        except (ValueError, TypeError) as error:
            raise EventLogError(f"a change cannot be written as JSON ({error}); correct its row") from error

    @classmethod
    def of_line(cls, line: bytes) -> Self | None:
        """The inverse of `line`; None for one that is damaged or holds no change."""
        try:
            fields = json.loads(line)
            table, row, sequence = fields["table"], dict(fields["row"]), int(fields["sequence"])
            row |= {name: datetime.fromisoformat(row[name]) for name in _STAMPS[table] if row.get(name)}
            complete = all(_fits(row.get(name), kind) for name, kind in _REQUIRED[table].items())
            complete &= all(isinstance(row.get(name), str | None) for name in _MAYBE_IDS[table])
            return cls(table, row, sequence) if complete and sequence_of(row["recorded_at"]) == sequence else None
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return None


def _fits(value: Any, kind: pa.DataType) -> bool:
    if kind == TEXT_LIST:
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    return isinstance(value, str) if kind == TEXT else value is not None


def sequence_of(moment: datetime) -> int:
    """The number of a change that is recorded at `moment`."""
    return (moment - EPOCH) // timedelta(microseconds=1)


class ChangeLog(Protocol):
    """Where changes are kept; several processes share one."""

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """The change of one row; see `extend`."""
        ...

    def extend(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Change]:
        """The changes of rows, at least one, once all are durable; EventLogError where they could not be made so.

        Refused ones are in no log, but where this process is killed while it writes: then the first few may be.
        Whoever followed the log meanwhile may have read a refused change; `edition` then tells to read again.
        """
        ...

    def since(self, sequence: int, limit: int) -> list[Change]:
        """The first `limit` changes after `sequence`, in order. A damaged one is warned of once and passed over."""
        ...

    def edition(self) -> str:
        """Another one whenever changes were taken out: what was read before has to be read again."""
        ...
