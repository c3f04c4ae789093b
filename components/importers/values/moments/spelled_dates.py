"""Moments read from how exports spell them: '2026-03-01', 'Mar 1st, 2026 4:30 PM', '3 days ago', '1. März 2026'.

Pure: what is relative is relative to a given clock. A text that could mean two days ('03/04/2026') is refused unless
the caller names its format, as are weeks, days of a year and months without a day. A time without a zone is UTC.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import cache

from babel import Locale

from components.importers.values.moments.epochs import epoch
from components.importers.values.moments.zones import in_utc
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NO_DATE = "names no date"
NO_MOMENT = "names no moment"
TWO_DAYS = "a date whose day and month cannot be told apart"
A_WEEK = f"{NO_DATE}: an ISO week is no moment"
A_DAY_OF_YEAR = f"{NO_DATE}: an ordinal day of a year is not read"
A_MONTH = f"{NO_DATE}: a month without a day"
TWO_DIGITS = f"{NO_DATE}: a year of two digits"
A_BOUND = f"{NO_MOMENT}: only what it was before or after"
ANOTHER_EVENT = f"{NO_MOMENT} of its own, but of another event"

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
    r"(?:t|,? at |,? )?"
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"|(?P<hour_>[0-9]{2})(?P<minute_>[0-9]{2})(?P<second_>[0-9]{2})?)"
    r"(?: ?(?P<half>[ap]\.?m\b\.?))?(?: ?(?P<zone>[a-z+\-\[][a-z0-9_:+\-/\[\]]*))?(?: ?\([^()]*\))?"
)
_NOT_A_DAY = (
    (re.compile(r"[0-9]{4}-?w[0-9]{2}(?:-?[1-7])?(?:t.*)?"), A_WEEK),
    (re.compile(r"[0-9]{4}-[0-9]{3}(?:[t ].*)?|(?:19|20)[0-9]{5}"), A_DAY_OF_YEAR),
    (re.compile(r"[0-9]{4}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{4}|[^\W\d_]{3,12}\.?,? (?:19|20)[0-9]{2}"), A_MONTH),
    (re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}(?:[ ,t].*)?"), TWO_DIGITS),
)
_CTIME = re.compile(r"(?:[a-z]{3,9},? )?([a-z]{3,9} [0-9]{1,2}) ([0-9:.]+(?: [a-z+\-0-9:]+)?) ([0-9]{4})")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_NAMES = [(use, width) for use in ("format", "stand-alone") for width in ("wide", "abbreviated")]
_EPOCH = re.compile(r"[0-9]{9,19}(?:\.[0-9]*)?|[0-9]\.[0-9]+e\+?[0-9]{1,2}")
_DIGITS = re.compile(r"((?:19|20)[0-9]{6})([0-9]{6})")
_AGO = re.compile(r"(?P<count>[0-9]{1,4}|an?|one) ?(?P<unit>[a-z]+)\.?(?: ago)?")
_NO_MOMENT = (
    (re.compile(r"(?:(?:over|under|almost|nearly|at least|(?:more|less) than) .*|.*[0-9] ?\+.*) ago"), A_BOUND),
    (re.compile(r"(?:last )?(?:active|seen|online|updated|edited|modified|viewed|login|logged in)\b.*"), ANOTHER_EVENT),
)
"""Relative texts that tell no moment of the row."""
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
        return _absolute(spelled.casefold().translate(_DASHES))
    except (ValueError, OverflowError):
        raise RefusedValueError(NO_DATE) from None


def relative_date(text: str, clock: datetime) -> datetime:
    """The moment that was so long before `clock`; a text that is a date is read as one."""
    spelled = re.sub(r"^(?:(?:posted|about)\b:? ?)+", "", one_line(text).casefold())
    if spelled in _NAMED:
        return clock - timedelta(days=_NAMED[spelled])
    for pattern, reason in _NO_MOMENT:
        if pattern.fullmatch(spelled):
            raise RefusedValueError(reason)
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
        raise RefusedValueError(NO_MOMENT if str(refused) == NO_DATE else str(refused)) from None


def _absolute(spelled: str) -> datetime:
    if _EPOCH.fullmatch(spelled) and not _DIGITS.fullmatch(spelled):
        return epoch(spelled)
    spelled = _DIGITS.sub(r"\1t\2", spelled) if _DIGITS.fullmatch(spelled) else spelled
    spelled = _CTIME.sub(r"\1 \3 \2", spelled) if _CTIME.fullmatch(spelled) else spelled
    for pattern in _DATES:
        if match := pattern.fullmatch(spelled):
            return _at(_day(match.groupdict()), match["time"])
    for pattern, reason in _NOT_A_DAY:
        if pattern.fullmatch(spelled) and (reason != A_MONTH or _names_a_month(spelled)):
            raise RefusedValueError(reason)
    raise RefusedValueError(NO_DATE)


def _names_a_month(spelled: str) -> bool:
    return spelled[0].isdigit() or re.split(r"[., ]", spelled)[0] in _months()


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


def _at(day: datetime, spelled: str) -> datetime:
    """The time of that day, in the zone that stands behind it."""
    if not spelled.strip():
        return day
    if spelled.strip() in ("z", "utc", "gmt"):
        return day
    match = _TIME.fullmatch(spelled)
    if not match:
        raise RefusedValueError(NO_DATE)
    hour, minute, second = (int(match[name] or match[f"{name}_"] or 0) for name in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            raise RefusedValueError(NO_DATE)
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    fraction = int((match["fraction"] or "").ljust(6, "0")[:6])
    return in_utc(
        day.replace(hour=hour, minute=minute, second=second, microsecond=fraction, tzinfo=None), match["zone"] or ""
    )


def _months_before(clock: datetime, months: int) -> datetime:
    """The same day that many months earlier, or the last of a shorter month."""
    year, month = divmod(clock.year * 12 + clock.month - 1 - months, 12)
    return clock.replace(year=year, month=month + 1, day=min(clock.day, monthrange(year, month + 1)[1]))
