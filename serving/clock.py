"""What time it is: the wall clock, or one as far ahead of it in every replica, however late that starts.

What a replica records and what another one serves then stand in the order in which they happened.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self


@dataclass(frozen=True)
class OffsetClock:
    """`ahead` of the wall clock; negative for an archive."""

    ahead: timedelta = timedelta(0)

    @classmethod
    def starting_at(cls, moment: datetime | None) -> Self:
        """A clock that shows `moment` now; the wall clock for None."""
        return cls() if moment is None else cls(moment - datetime.now(UTC))

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC) + self.ahead
