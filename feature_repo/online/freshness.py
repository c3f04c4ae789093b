"""How old the values of a feature view are, against how old they may be.

A view's values are as of the moment up to which it was built, not that of its newest row: what did not change is not
old. Knows views by name and their declared limits; no store and no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feature_repo.views import VIEWS

DAY = timedelta(days=1)
LIMITS: dict[str, timedelta] = {view.name: timedelta(hours=view.fresh_within_hours) for view in VIEWS}


@dataclass(frozen=True)
class Age:
    """Age of a view's values."""

    view: str
    age: timedelta
    limit: timedelta

    @property
    def stale(self) -> bool:
        """Whether they are older than they may be."""
        return self.age > self.limit

    def __str__(self) -> str:
        return f"{self.age / DAY:.1f} days old, limit {self.limit / DAY:g}"


def ages(views: Mapping[str, datetime], now: datetime) -> tuple[Age, ...]:
    """Age of each view whose values are as of the moment given."""
    return tuple(Age(view, now - moment, LIMITS[view]) for view, moment in views.items())
