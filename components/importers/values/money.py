"""Sums and hourly rates in US dollars, read from how people spell them: '$1,200.50', 'USD 15-25/hr', '15 - 25 $'.

A number without a currency counts as US dollars, since the column that takes it does. Other currencies, other periods
and numbers that could mean two things are refused; nothing is converted.
"""

import re
from dataclasses import dataclass

from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NOT_DOLLARS = "not in US dollars"
NOT_HOURLY = "not by the hour"
IS_A_RATE = "a rate, not a sum"
AMBIGUOUS = "a number that can be read in two ways"
NO_SUM = "names no sum"
TOO_LARGE = "is more than a budget can be"
BACKWARDS = "a range that runs backwards"

_LARGEST = 1e12
_DOLLARS = re.compile(r"us\s?\$|\busd\b|\busd(?=[0-9$])|(?<=[0-9])usd\b|\b(?:us )?dollars?\b|(?<![a-z])\$")
_CODES = (
    "aed|ars|aud|bdt|brl|cad|chf|clp|cny|cop|czk|dkk|egp|eur|gbp|hkd|huf|idr|ils|inr|jpy|kes|krw|mxn|myr|ngn|nok|nzd|"
    "php|pkr|pln|rmb|ron|rub|sar|sek|sgd|thb|try|uah|vnd|zar"
)
_FOREIGN = re.compile(rf"[a-z]\$|[€£¥₹₽₩₴₱₦₫₺₪฿]|(?<![a-z])(?:{_CODES}|rs|euros?|pounds?|rupees?|zł|kč)(?![a-z])")
_HOURLY = re.compile(r"(?:/|\b(?:per|an|a)\s)\s*(?:h|hr|hrs|hour)\b\.?|\bhourly\b|\bp/?h\b|(?<=[0-9])\s*hr\b")
_PERIOD = re.compile(
    r"(?:/|\b(?:per|an|a)\s)\s*(?:[dwmy]|day|wk|week|mo|month|yr|year|annum|min|minute|word|page|item|piece)\b\.?"
    r"|\b(?:daily|weekly|monthly|yearly|annual(?:ly)?|p\.?a)\b\.?"
)
_LABEL = re.compile(
    r"^(?:\s|[:~]|\b(?:est|estimated|fixed|price|budget|rate|salary|pay|approx|approximately|about|around)\b[.:-]?)+"
)
_NUMBER = r"[0-9](?:[0-9.,'’ ]*[0-9])?\s*k?\b"
_SPAN = re.compile(
    rf"(?P<bound>from|starting at|min|at least|up to|max|under|at most)?\s*(?P<low>{_NUMBER})\.?"
    rf"(?:\s*(?:-|–|—|\bto\b|\.\.)\s*(?P<high>{_NUMBER})\.?)?\s*(?P<more>\+)?"
)
_UPPER = ("up to", "max", "under", "at most")
_GROUP = "[1-9][0-9]{0,2}"
_TWO_READINGS = re.compile(rf"{_GROUP}\.[0-9]{{3}}")
_SPELLINGS = (
    (re.compile(rf"{_GROUP}(?:,[0-9]{{3}})+(?:\.[0-9]{{1,2}})?"), ",", "."),
    (re.compile(rf"{_GROUP}(?:\.[0-9]{{3}})+,[0-9]{{1,2}}|{_GROUP}(?:\.[0-9]{{3}}){{2,}}"), ".", ","),
    (re.compile(rf"{_GROUP}(?:[ '’][0-9]{{3}})+(?:[.,][0-9]{{1,2}})?"), " '’", ","),
    (re.compile(r"[0-9]+,[0-9]{1,2}"), "", ","),
    (re.compile(r"[0-9]+(?:\.[0-9]+)?"), "", "."),
)
"""Ways to write a number: pattern, marks between thousands, decimal mark."""


@dataclass(frozen=True)
class Money:
    """US dollars from `low` to `high`, None where a side is open; `hourly` where the text says so."""

    low: float | None
    high: float | None
    hourly: bool


def budget(text: str) -> Money:
    """A sum or a range of sums."""
    money = _money(text, IS_A_RATE)
    if money.hourly:
        raise RefusedValueError(IS_A_RATE)
    return money


def rate(text: str) -> Money:
    """A price by the hour; a text that names no period counts as one."""
    return _money(text, NOT_HOURLY)


def _money(text: str, other_period: str) -> Money:
    spelled = one_line(text).casefold()
    if _FOREIGN.search(_DOLLARS.sub(" ", spelled)):
        raise RefusedValueError(NOT_DOLLARS)
    hourly = bool(_HOURLY.search(spelled))
    spelled = _HOURLY.sub(" ", _DOLLARS.sub(" ", spelled))
    if _PERIOD.search(spelled):
        raise RefusedValueError(other_period)
    span = _SPAN.fullmatch(_LABEL.sub("", " ".join(spelled.split())))
    if not span:
        raise RefusedValueError(NO_SUM)
    low, high = _ends(span)
    return Money(low, high, hourly)


def _ends(span: re.Match[str]) -> tuple[float | None, float | None]:
    low = _amount(span["low"])
    if span["high"] is None:
        if span["bound"] in _UPPER:
            return None, low
        return low, None if span["bound"] or span["more"] else low
    high = _amount(span["high"])
    if "k" in span["high"] and "k" not in span["low"]:
        raise RefusedValueError(AMBIGUOUS)
    if high < low:
        raise RefusedValueError(BACKWARDS)
    return low, high


def _amount(text: str) -> float:
    digits = text.removesuffix("k").strip()
    if _TWO_READINGS.fullmatch(digits):
        raise RefusedValueError(AMBIGUOUS)
    for spelling, thousands, decimal in _SPELLINGS:
        if spelling.fullmatch(digits):
            plain = digits.translate({ord(mark): None for mark in thousands}).replace(decimal, ".")
            value = float(plain) * (1000 if text.endswith("k") else 1)
            if value > _LARGEST:
                raise RefusedValueError(TOO_LARGE)
            return value
    raise RefusedValueError(NO_SUM)
