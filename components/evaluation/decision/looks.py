"""Looks at evidence against one champion: which error each may spend, and when the next is worth its own.

Every look at which a challenger could be promoted spends a part of one error, whoever the challenger is: the parts of
all looks together are the level (alpha spending by a series, Foster and Stine 2008). So the chance that a champion is
ever replaced by one that is no better is at most the level, however the looks depend on each other. A look is put off,
and spends nothing, until enough queries have come since the last one. Pure: stores nothing, reads no clock.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from scipy import special

from components.measures import Interval
from components.measures.intervals import CONFIDENCE
from metier.stored import Moment

EVENNESS = 4
"""n of `level_of`."""
MOST_QUERIES = 1e9
"""No plan looks further."""


@dataclass(frozen=True)
class Looks:
    """What was spent against one champion; `champion` is empty where retrieval serves."""

    champion: str = ""
    spent: int = 0
    seen: int = 0
    """Queries that the last look saw."""
    until: Moment | None = None
    """The moment of the newest of them."""
    evidence: str = ""
    """Digest of the evidence of the last look: it may be looked at again for nothing."""


@dataclass(frozen=True)
class Slice:
    """Held-out queries as evidence has them: how many, and from when to when, None where nobody noted it."""

    queries: int
    since: Moment | None = None
    until: Moment | None = None

    @property
    def a_day(self) -> float:
        """Queries a day; NaN where the time is not known."""
        if self.since is None or self.until is None or self.until <= self.since:
            return math.nan
        return self.queries / ((self.until - self.since) / timedelta(days=1))

    def looked_at(self, looks: Looks, evidence: str) -> Looks:
        """The looks with one at this slice, of that digest."""
        return Looks(looks.champion, looks.spent + 1, self.queries, self.until, evidence)

    def fresh(self, looks: Looks) -> float:
        """Queries since the last look; all of them before the first.

        As many as there are more than it saw, or as came in the time since, which a window that rolls does not show.
        """
        if looks.spent == 0:
            return float(self.queries)
        more = float(max(0, self.queries - looks.seen))
        if looks.until is None or self.until is None or math.isnan(self.a_day):
            return more
        later = self.a_day * max(0.0, (self.until - looks.until) / timedelta(days=1))
        return max(more, min(float(self.queries), later))


def level_of(look: int, level: float) -> float:
    """What the look, counted from 1, may spend of the level: 1/5, 2/15, 2/21, ... of it, which add up to all of it.

    n / ((look + n - 1) (look + n)) adds up to 1 for every n; the larger n, the more is left for later looks, which see
    more. With n = 1 half of the level would go to the first, of a few dozen queries.
    """
    return level * EVENNESS / ((look + EVENNESS - 1) * (look + EVENNESS))


def standard_error(difference: Interval) -> float:
    """Of the estimate, by the lower side of its interval."""
    reach = -float(special.stdtrit(max(difference.n_actors - 1, 1), (1 - CONFIDENCE) / 2))
    return (difference.value - difference.low) / reach


@dataclass(frozen=True)
class Forecast:
    """Queries to come before the look that is likely enough to promote, and days at the rate of the slice (or NaN)."""

    queries: int
    days: float


def forecast(
    difference: Interval, seen: Slice, looks: Looks, *, level: float, growth: float, effect: float, power: float
) -> Forecast:
    """The plan of looks from here: each when `growth` times as many queries have come as the one before it saw.

    A look decides for a difference of `effect` from its threshold with probability
    Phi(effect / standard error - quantile of its level), the standard error falling with the root of the queries; it
    must be above 0.
    """
    error, look, queries = standard_error(difference), looks.spent + 1, float(seen.queries)
    if looks.spent:
        queries += max(0.0, growth * looks.seen - seen.fresh(looks))
    while queries < MOST_QUERIES:
        reach = effect * math.sqrt(queries / seen.queries) - error * -float(special.ndtri(level_of(look, level)))
        if special.ndtr(reach / error) >= power:
            break
        queries, look = queries * (1 + growth), look + 1
    more = math.ceil(queries - seen.queries)
    return Forecast(more, more / seen.a_day)


def due(seen: Slice, looks: Looks, growth: float) -> bool:
    """Whether enough has come since the last look."""
    return looks.spent == 0 or seen.fresh(looks) >= growth * looks.seen


def due_on(seen: Slice, looks: Looks, growth: float) -> datetime | None:
    """When the next look is due at this rate; None where that is not known."""
    if seen.until is None or not seen.a_day > 0:
        return None
    return seen.until + timedelta(days=max(0.0, growth * looks.seen - seen.fresh(looks)) / seen.a_day)
