"""Sums of money and lengths of work in a sentence: where one begins, how far it goes, what it counts.

Knows no scope and no surface: whether '$40' bounds a rate or a budget is the grammar's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from components.language.amounts.currencies import PREFIXED, currency_names, decimal_mark, spoken_currency
from components.language.amounts.numbers import amount
from components.language.amounts.periods import period_of
from components.language.understanding.tokens import Token
from metier.errors import RefusedValueError

_TIMES = {"k": 1e3, "thousand": 1e3, "grand": 1e3, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "mil": 1e6, "million": 1e6}
_CENTS = frozenset(("cent", "cents", "¢"))
_ONES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
         "eleven": 11, "twelve": 12, "fifteen": 15}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
NUMBER_WORDS = {**_ONES, **_TENS, "hundred": 100}
"""Numbers that a sum may begin with; 'one' is hardly ever one."""
_TO = ("-", "to", "..", "...", "~", "till", "until", "bis")
_UP = {"max": "max", "maximum": "max", "tops": "max", "cap": "max", "limit": "max", "min": "min", "minimum": "min"}
_SUFFIXES = {
    "max": "or less|or under|or below|or lower|or cheaper|or fewer|and below|and under|at most",
    "min": "or more|or above|or higher|or better|or up|or over|and up|and above|and over|and more|at least",
}
_TWO_WORDS = {words: bound for bound, every in _SUFFIXES.items() for words in every.split("|")}
_PERIODS = frozenset(("hour", "day", "week", "month", "year", "minute", "project"))
_PIECES = frozenset(
    ("word", "words", "page", "pages", "article", "post", "blog", "image", "photo", "video", "logo", "piece",
     "item", "unit", "lead", "call", "task", "song", "track", "character", "line", "slide", "sheet", "design",
     "icon", "listing", "product", "sale", "click", "view", "order", "ticket", "session", "lesson", "class",
     "visit", "episode", "chapter", "book", "file", "record", "row", "entry", "test", "bug", "head", "person",
     "seat", "user", "mile", "km", "pop")
)  # fmt: skip
"""What is paid by the piece behind 'a' or a stroke with a space."""
_HOURS = frozenset(("h", "hr", "hrs", "hour", "hours"))
_WEEK = frozenset(("week", "weeks", "wk", "wks", "w", "weekly"))
_HOURLY = frozenset(("hourly", "ph", "hour", "hr", "h"))


@dataclass(slots=True)
class Sum:
    """From `low` to `high`, one of them None where a side is open; both alike for one number."""

    low: float
    high: float
    currency: str | None
    per: str | None
    """What it is paid by: `hour`, `project`, another period, or the piece ('word')."""
    bound: str | None
    """`min` or `max` where the sum itself says so: '30+', '40 max'."""
    is_hours: bool
    """A number of hours a week, and no money."""
    last: int


def read_sum(tokens: Sequence[Token], at: int) -> Sum | None:
    """The sum that begins at a token, None where none does."""
    first = _amount(tokens, at)
    if first is None or _is_negative(tokens, at):
        return None
    value, currency, end = first
    found = Sum(value, value, currency, None, None, False, end)
    _read_behind(tokens, found)
    joint = found.last + int(_is_word(tokens, found.last, "down") or _is_word(tokens, found.last, "up"))
    if joint + 1 < len(tokens) and tokens[joint].text in _TO and found.bound is None:
        second = _amount(tokens, joint + 1)
        if second is not None and not _counts_otherwise(tokens, found, second):
            found.low, found.high = _ends(tokens, value, second, end)
            found.currency, found.last = found.currency or second[1], second[2]
            per, found.per = found.per, None  # it may be said twice: '$20/h to $40/h'
            _read_behind(tokens, found)
            found.per = found.per or per
    found.last -= 1
    return found


def _is_word(tokens: Sequence[Token], at: int, word: str) -> bool:
    return at < len(tokens) and tokens[at].text == word


def _is_negative(tokens: Sequence[Token], at: int) -> bool:
    """Whether a minus stands before it, and no dash: '-40'."""
    is_glued = at > 0 and tokens[at].is_glued and tokens[at - 1].text == "-"
    return is_glued and (at == 1 or not tokens[at - 1].is_glued)


def _counts_otherwise(tokens: Sequence[Token], found: Sum, second: tuple[float, str | None, int]) -> bool:
    """Whether the number behind a sum of money is of hours a week: '$30 - 20 hours a week'."""
    hours = Sum(second[0], second[0], second[1], None, None, False, second[2])
    return bool(found.currency or found.per) and _hours(tokens, hours, second[2]) is not None


def joined_by_and(tokens: Sequence[Token], found: Sum) -> Sum | None:
    """'between 20 and 30': the sum with its other end, which only that word joins."""
    at = found.last + 1
    if at + 1 >= len(tokens) or tokens[at].text not in ("and", "&"):
        return None
    other = read_sum(tokens, at + 1)
    if other is None or other.low != other.high:
        return None
    other.low, other.high = sorted((found.low, other.high))
    other.currency = found.currency or other.currency
    return other


def _ends(
    tokens: Sequence[Token], value: float, second: tuple[float, str | None, int], end: int
) -> tuple[float, float]:
    """Both ends of a range; in '50-100k' the thousands are those of both."""
    other = second[0]
    is_thousands = tokens[second[2] - 1].text in _TIMES and tokens[end - 1].text not in _TIMES
    if is_thousands and value <= other / 1e3:
        return value * _TIMES[tokens[second[2] - 1].text], other
    return min(value, other), max(value, other)


def _amount(tokens: Sequence[Token], at: int) -> tuple[float, str | None, int] | None:
    """(value, currency, the token behind it)."""
    currency, at = _currency_before(tokens, at)
    number = _number(tokens, at, currency)
    if number is None:
        return None
    value, at = number
    if at < len(tokens) and tokens[at].text in _TIMES:
        value, at = value * _TIMES[tokens[at].text], at + 1
    elif at < len(tokens) and tokens[at].text == "m" and tokens[at].is_glued:
        return None
    if at < len(tokens) and tokens[at].text in _CENTS:
        value, currency, at = value / 100, currency or "USD", at + 1
    else:
        behind, after = _currency_behind(tokens, at)
        is_dollar = currency == "USD" and behind is not None and tokens[at].kind == "word"  # '$40 CAD'
        currency, at = behind if is_dollar else currency or behind, after
    return value, currency, at


def _currency_before(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    """The currency, if one is named, and the token behind it: '$', 'US$', 'Rs.', 'usd $'."""
    before_dollar = at + 1 < len(tokens) and tokens[at + 1].text == "$" and tokens[at + 1].is_glued
    if before_dollar and tokens[at].text in _BEFORE_DOLLAR:
        return _BEFORE_DOLLAR[tokens[at].text], at + 2
    currency = spoken_currency(tokens[at].text) if at < len(tokens) else None
    if currency is None:
        return None, at
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return currency, at + 2 if following in (".", "$") else at + 1


def _number(tokens: Sequence[Token], at: int, currency: str | None) -> tuple[float, int] | None:
    if at >= len(tokens):
        return None
    if tokens[at].text in NUMBER_WORDS:
        return _spelled_out(tokens, at)
    if tokens[at].kind != "number":
        return None
    if currency is None and "." in tokens[at].raw:
        is_range = at + 2 < len(tokens) and tokens[at + 1].text in _TO and tokens[at + 2].kind == "number"
        currency = _currency_behind(tokens, at + (3 if is_range else 1))[0]
    decimal = decimal_mark(currency) if currency and "." in tokens[at].raw else None
    try:
        return amount(tokens[at].raw, decimal=decimal), at + 1
    except RefusedValueError:
        return None


def _spelled_out(tokens: Sequence[Token], at: int) -> tuple[float, int]:
    """'two hundred fifty': the number and the token behind it."""
    value = 0.0
    while at < len(tokens) and (number := NUMBER_WORDS.get(tokens[at].text)):
        value = (value or 1) * 100 if number == 100 else value + number
        at += 1
    return value, at


def _currency_behind(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    """The currency that is named behind a number, in up to three words, and the token behind it."""
    for length in (3, 2, 1):
        words = tuple([token.text for token in tokens[at : at + length]])
        if len(words) == length and (code := currency_names().get(words)):
            return code, at + length
    code = spoken_currency(tokens[at].text) if at < len(tokens) else None
    if code is None or (at + 1 < len(tokens) and tokens[at + 1].kind == "number" and tokens[at + 1].is_glued):
        return None, at
    return code, at + 1


def _read_behind(tokens: Sequence[Token], found: Sum) -> None:
    """Take in what follows a number: its bound, its period, the hours that it counts."""
    while True:
        at = found.last
        end = _bound(tokens, found, at) or _hours(tokens, found, at) or _period(tokens, found, at)
        if not end:
            return
        found.last = end


def _bound(tokens: Sequence[Token], found: Sum, at: int) -> int | None:
    if found.bound is not None or at >= len(tokens):
        return None
    text = tokens[at].text
    if text == "+" and (tokens[at].is_glued or found.per):
        found.bound = "min"
        return at + 1
    pair = f"{text} {tokens[at + 1].text}" if at + 1 < len(tokens) else text
    if pair in _TWO_WORDS:
        found.bound = _TWO_WORDS[pair]
        return at + 2
    if text in _UP and not (at + 1 < len(tokens) and tokens[at + 1].kind == "number"):
        found.bound = _UP[text]
        return at + 1
    return None


def _hours(tokens: Sequence[Token], found: Sum, at: int) -> int | None:
    """Behind a number without a currency: hours, and the week."""
    if found.currency or found.per or found.is_hours or at + 1 >= len(tokens):
        return None
    if tokens[at].text == "hpw":
        found.is_hours = True
        return at + 1
    if tokens[at].text not in _HOURS:
        return None
    following = [token.text for token in tokens[at + 1 : at + 4]]
    for lead in (1, 0):
        if len(following) > lead and following[lead] in _WEEK:
            if lead and following[0] not in ("/", "per", "a", "each", "every", "in", "p"):
                continue
            found.is_hours = True
            return at + 2 + lead
    return None


def _period(tokens: Sequence[Token], found: Sum, at: int) -> int | None:
    if found.per is not None or found.is_hours or at >= len(tokens):
        return None
    words = [token.text for token in tokens[at : at + 3]]
    if words[0] == "hourly" or words[0] == "ph" or (words[0] in _HOURLY and found.currency):
        found.per = "hour"
        return at + 1
    if words[:2] == ["p", "/"] or words[:2] == ["p", "h"]:
        found.per = "hour"
        return at + 3 if words[1] == "/" else at + 2
    if words[0] in ("each", "apiece") and (len(words) < 2 or period_of(words[1]) not in _PERIODS):
        found.per = "piece"
        return at + 1
    if len(words) < 2 or words[0] not in ("/", "per", "a", "an", "each", "every", "for", "pro"):
        return None
    if words[0] != "a" and words[0] != "an" and _counts(tokens[at + 1]):
        return _number_of(tokens, found, at)
    if len(words) > 2 and tokens[at + 2].kind == "number" and tokens[at + 2].is_glued:
        return None  # '/ d5'
    unit = words[1] if words[1] not in ("the", "each") or len(words) < 3 else words[2]
    found.per = _unit(words[0], unit, tokens[at : at + 2])
    return at + 1 + words.index(unit, 1) if found.per else None


def _counts(token: Token) -> bool:
    return token.kind == "number" or token.text in NUMBER_WORDS


def _number_of(tokens: Sequence[Token], found: Sum, at: int) -> int | None:
    """'per 1000 words', '/ 500 words', 'for 3 articles': by the piece, and not 'for 3 weeks'."""
    behind = tokens[at + 2].text if at + 2 < len(tokens) else ""
    if (tokens[at].text == "/" and not found.currency) or period_of(behind.removesuffix("s")) in _PERIODS:
        return None
    if tokens[at].text in ("for", "/") and behind.removesuffix("s") not in _PIECES:
        return None
    found.per = "piece"
    return at + (3 if behind.removesuffix("s") in _PIECES else 2)


def _unit(lead: str, unit: str, beside: Sequence[Token]) -> str | None:
    """The period or the piece that a sum is for; a stroke with a space around it may part it from other words."""
    period = period_of(unit)
    if lead == "for":
        return period if period == "project" else None
    if period in _PERIODS:
        return period
    is_close = lead in ("per", "pro") or (lead == "/" and beside[1].is_glued)
    return unit if unit in _PIECES or (is_close and unit.isalpha()) else None


_BEFORE_DOLLAR = {"us": "USD", **PREFIXED}
