"""Moments read from how exports spell them: '2026-03-01', 'Mar 1st, 2026 4:30 PM', '3 days ago', '1. März 2026'.

Pure: what is relative is relative to a given clock. A text that could mean two days ('03/04/2026') is refused unless
the caller names its format. A time without a zone is UTC.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from babel import Locale

from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NO_DATE = "names no date"
NO_MOMENT = "names no moment"
TWO_DAYS = "a date whose day and month cannot be told apart"

LANGUAGES = ("en", "de", "es", "fr", "pt", "it", "nl", "pl", "ru", "uk")
"""Languages whose months are read by name; no name of one is another month's in another."""
_MONTH = r"(?P<name>[^\W\d_]{3,12})\.?"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|er|º)?"
_YEAR = r"(?P<year>[0-9]{4})"
_DATES = tuple(
    re.compile(rf"(?:posted |on )*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?{date}(?![0-9])(?P<time>.*)")
    for date in (
        rf"{_YEAR}([-/.])(?P<month>[0-9]{{1,2}})\2{_DAY}",
        r"(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        rf"{_DAY}\.?[ -](?:(?:of|de|di) )?{_MONTH},?[ -](?:(?:de|di) )?{_YEAR}",
        rf"{_MONTH}[ -]{_DAY},? {_YEAR}",
        rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}",
        rf"(?P<one>[0-9]{{1,2}})([/-])(?P<other>[0-9]{{1,2}})\2{_YEAR}",
    )
)
_TIME = re.compile(
    r"(?:t|,? at |,? )?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r" ?(?P<half>am|pm)? ?(?:z|utc|gmt|(?P<sign>[+-])(?P<zone>[0-9]{2}(?::?[0-9]{2})?))?"
)
_NAMES = [(use, width) for use in ("format", "stand-alone") for width in ("wide", "abbreviated")]
_EPOCH = re.compile(r"[0-9]{10}(?:[0-9]{3})?")
_AGO = re.compile(r"(?P<count>[0-9]{1,4}|an?|one) ?(?P<unit>[a-z]+)\.?(?: ago)?")
_NAMED = {"now": 0, "just now": 0, "today": 0, "just posted": 0, "yesterday": 1}
_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
            "d": 86400, "day": 86400, "w": 604800, "wk": 604800, "week": 604800}  # fmt: skip
_MONTHS_OF = {"mo": 1, "month": 1, "y": 12, "yr": 12, "year": 12}


@cache
def _months() -> dict[str, int]:
    """Casefolded names and abbreviations of months, as the Unicode CLDR has them."""
    calendars = [Locale(language).months[use][width] for language in LANGUAGES for use, width in _NAMES]
    return {name.casefold().removesuffix("."): month for names in calendars for month, name in names.items()}


def spelled_date(text: str, form: str | None = None) -> datetime:
    """The moment, UTC; by strptime's `form` where the caller knows how the dates are written."""
    spelled = one_line(text)
    try:
        if form is not None:
            read = datetime.strptime(spelled, form)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        return _absolute(spelled.casefold())
    except (ValueError, OverflowError):
        raise RefusedValueError(NO_DATE) from None


def relative_date(text: str, clock: datetime) -> datetime:
    """The moment that was so long before `clock`; a text that is a date is read as one."""
    spelled = re.sub(r"^(?:(?:posted|active|about|over)\b:? ?)+", "", one_line(text).casefold())
    if spelled in _NAMED:
        return clock - timedelta(days=_NAMED[spelled])
    ago = _AGO.fullmatch(spelled)
    if not ago:
        return _date_or_no_moment(spelled)
    count = int(ago["count"]) if ago["count"].isdecimal() else 1
    unit = ago["unit"] if ago["unit"] in _SECONDS else ago["unit"].removesuffix("s")
    try:
        if unit in _SECONDS:
            return clock - timedelta(seconds=count * _SECONDS[unit])
        return _months_before(clock, count * _MONTHS_OF[unit])
    except (KeyError, ValueError, OverflowError):
        raise RefusedValueError(NO_MOMENT) from None


def _date_or_no_moment(spelled: str) -> datetime:
    try:
        return spelled_date(spelled)
    except RefusedValueError as refused:
        raise RefusedValueError(TWO_DAYS if str(refused) == TWO_DAYS else NO_MOMENT) from None


def _absolute(spelled: str) -> datetime:
    if _EPOCH.fullmatch(spelled):
        return datetime.fromtimestamp(int(spelled[:10]), UTC)
    for pattern in _DATES:
        if match := pattern.fullmatch(spelled):
            return _day(match.groupdict()) + _time(match["time"])
    raise RefusedValueError(NO_DATE)


def _day(spelled: dict[str, str | None]) -> datetime:
    year, day = int(spelled["year"] or 0), int(spelled.get("day") or 0)
    if name := spelled.get("name"):
        return datetime(year, _months().get(name, 0), day, tzinfo=UTC)
    if "one" not in spelled:
        return datetime(year, int(spelled["month"] or 0), day, tzinfo=UTC)
    one, other = int(spelled["one"] or 0), int(spelled["other"] or 0)
    if one <= 12 and other <= 12 and one != other:
        raise RefusedValueError(TWO_DAYS)
    month, day = sorted((one, other))
    return datetime(year, month, day, tzinfo=UTC)


def _time(spelled: str) -> timedelta:
    """Time of day less the zone's offset."""
    if not spelled.strip():
        return timedelta()
    match = _TIME.fullmatch(spelled)
    if not match:
        raise RefusedValueError(NO_DATE)
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            raise RefusedValueError(NO_DATE)
        hour = hour % 12 + (12 if match["half"] == "pm" else 0)
    fraction = int((match["fraction"] or "").ljust(6, "0")[:6])
    datetime(2000, 1, 1, hour, minute, second)  # ValueError for a time that no day has
    of_day = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    return of_day - _offset(match["sign"], match["zone"])


def _offset(sign: str | None, zone: str | None) -> timedelta:
    if not zone:
        return timedelta()
    offset = timedelta(hours=int(zone[:2]), minutes=int(zone[2:].removeprefix(":") or 0))
    timezone(offset)  # ValueError for an offset that no zone has
    return -offset if sign == "-" else offset


def _months_before(clock: datetime, months: int) -> datetime:
    """The same day that many months earlier, or the last of a shorter month."""
    year, month = divmod(clock.year * 12 + clock.month - 1 - months, 12)
    return clock.replace(year=year, month=month + 1, day=min(clock.day, monthrange(year, month + 1)[1]))
