"""What a sum of money is paid by: the hour, the day, the week, the month, the year, or the piece."""

import re

_UNITS = {
    "hour": ("h", "hr", "hrs", "hour", "hours", "hourly", "hour-wage"),
    "day": ("d", "day", "days", "daily", "diem"),
    "week": ("w", "wk", "week", "weeks", "weekly"),
    "month": ("m", "mo", "mth", "month", "months", "monthly", "month-salary"),
    "year": ("y", "yr", "yrs", "year", "years", "yearly", "annum", "annual", "annually", "year-salary", "pa", "p.a"),
    "minute": ("min", "minute", "minutes"),
    "project": ("project", "job", "gig", "contract"),
}
_PERIOD = {name: period for period, names in _UNITS.items() for name in names}
_ALONE = {name: period for name, period in _PERIOD.items() if len(name) > 1 and name not in ("min", "job", "contract")}
_LONG = {name: period for name, period in _ALONE.items() if len(name) > 2 and name != "gig" and name != "project"}
_BETWEEN = r"\s*[(\[,]?\s*"
_EACH = re.compile(rf"{_BETWEEN}(?:/|p/|per[\s-]|each |every |(?P<article>an? ))\s*(?P<unit>[a-z][a-z-]*(?:\.a)?)")
_BARE = re.compile(rf"{_BETWEEN}(?P<unit>(?:p\.a|[a-z]+(?:-[a-z]+)*))(?![a-z])")
_A_NUMBER_OF = re.compile(rf"{_BETWEEN}(?:/|per |for )\s*[0-9]")
_PH = re.compile(r"\s*p/?h\b")
_TIME = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?)"
_QUANTITY = re.compile(
    rf"(?<![$\w.,])[0-9]+\+?(?:\s*(?:-|to)\s*[0-9]+\+?)?\s*{_TIME}\b(?:\s*(?:/|per |an? |each |every )\s*{_TIME}\b)?"
)
"""A length of time or a share of it ('1 to 3 months', '30+ hrs/week'), which is no period of pay."""
_NOTED = re.compile(rf"(?:/|\bper[\s-]|\ban? )\s*(?P<each>{'|'.join(sorted(_LONG, key=len, reverse=True))}|hr|yr|h)\b")
_ADVERB = re.compile(r"\b(?P<each>hourly|daily|weekly|monthly|yearly|annually|annual|p\.a)\b")


def attached(after: str) -> str | None:
    """The period, or the piece, that stands directly behind a sum."""
    if _PH.match(after):
        return "hour"
    if _A_NUMBER_OF.match(after):
        return "piece"
    if each := _EACH.match(after):
        unit = each["unit"].rstrip("-")
        if each["article"] and unit not in _PERIOD:
            return None
        return _PERIOD.get(unit) or _PERIOD.get(unit.split("-")[0]) or unit
    bare = _BARE.match(after)
    return _ALONE.get(bare["unit"]) if bare else None


def named_in(note: str) -> str | None:
    """The period that a note names; of several, the first."""
    rest = _QUANTITY.sub(" ", note)
    found = _NOTED.search(rest) or _ADVERB.search(rest)
    return _PERIOD[found["each"]] if found else None


def unstated_hours(after: str) -> bool:
    """Whether a number is followed by what it counts: '5 hours' is no sum."""
    return bool(re.match(r"\s*(?:hours?|hrs|days?|weeks?|months?|years?|yrs?|mins?|minutes?)\b", after))


def period_of(field: str) -> str:
    """The period that a field of its own names ('HOUR', 'per-year-salary'); the field's word where it is none."""
    word = field.casefold().replace("_", "-").removeprefix("per-").removeprefix("per ").strip()
    return _PERIOD.get(word) or _PERIOD.get(word.split("-")[0]) or word
