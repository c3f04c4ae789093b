"""An applicant's profile, as text, from work history and positions of interest. Knows no file and no table.

A profile has versions: each holds what had been entered by then, so that a later edit is not seen earlier.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

EARLIEST_WORK = date(1920, 1, 1)
"""A date of work before this one is a slip of the keyboard and counts as unknown."""


@dataclass(frozen=True)
class Experience:
    """One row of work history; `entered` is when the platform learned it (None: not said)."""

    position: str | None
    employer: str | None
    city: str | None
    region: str | None
    start: date | None
    end: date | None
    description: str | None
    entered: datetime | None


@dataclass(frozen=True)
class Interest:
    """A position the applicant wants."""

    position: str
    entered: datetime | None


@dataclass(frozen=True)
class Profile:
    """What a profile says at one moment."""

    title: str
    overview: str
    skills: tuple[str, ...]
    region: str | None
    city: str | None


def profiles(
    history: Sequence[Experience], interests: Sequence[Interest], first_seen: datetime
) -> Iterator[tuple[datetime, Profile]]:
    """(visible at, profile), oldest first: at `first_seen`, then after each day on which entries were added.

    Entries without a time count from the start; a version that says nothing new is left out.
    """
    entered = [*(job.entered for job in history), *(interest.entered for interest in interests)]
    later = sorted(moment for moment in entered if moment and moment > first_seen)
    last_of_day = {moment.date(): moment for moment in later}
    previous: Profile | None = None
    for moment in (first_seen, *last_of_day.values()):
        visible_history = [job for job in history if _is_visible(job.entered, moment)]
        visible_interests = [interest for interest in interests if _is_visible(interest.entered, moment)]
        profile = _profile(visible_history, visible_interests)
        if profile != previous:
            yield moment, profile
        previous = profile


def _is_visible(entered: datetime | None, moment: datetime) -> bool:
    return entered is None or entered <= moment


def _profile(history: Sequence[Experience], interests: Sequence[Interest]) -> Profile:
    recent = sorted(history, key=_recency, reverse=True)
    positions = [job.position for job in recent if job.position]
    interested = [interest.position for interest in interests]
    location = next((job for job in recent if job.city or job.region), None)
    return Profile(
        title=next(iter((*positions, *interested)), ""),
        overview="\n".join(filter(None, map(_sentence, recent))),
        skills=_distinct((*interested, *positions)),
        region=location.region if location else None,
        city=location.city if location else None,
    )


def _recency(job: Experience) -> tuple[date, date]:
    """Work that goes on first, then by its end and start; work without dates last, in its own order."""
    start, end = _plausible(job.start), _plausible(job.end)
    until = end or (date.max if start else date.min)
    return until, start or date.min


def _plausible(day: date | None) -> date | None:
    return day if day and day >= EARLIEST_WORK else None


def _sentence(job: Experience) -> str:
    """'Position, employer, city, region: description', of what is known."""
    where = ", ".join(part for part in (job.position, job.employer, job.city, job.region) if part)
    return ": ".join(part for part in (where, job.description) if part)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names in their order, the first spelling of each."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    return tuple(first.values())
