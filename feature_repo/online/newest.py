"""Which of two rows of a key is the newer one, spelled so that stores can compare it as text.

Knows no store. The event timestamp decides, then the created timestamp, both to the microsecond.
"""

from datetime import UTC, datetime, timedelta

VERSION = "_version"
"""Under this name a store keeps, beside the features of a row, when the row was true."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 17


def spelled(event: datetime, created: datetime | None) -> str:
    """Two stamps as digits: of two such texts, the greater is that of the newer row."""
    return f"{_microseconds(event):0{_DIGITS}d} {_microseconds(created or _BEGINNING):0{_DIGITS}d}"


def event_of(text: str) -> datetime:
    """The event timestamp that was spelled."""
    return _BEGINNING + timedelta(microseconds=int(text[:_DIGITS]))


def _microseconds(stamp: datetime) -> int:
    aware = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return (aware - _BEGINNING) // timedelta(microseconds=1)
