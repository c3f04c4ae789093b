"""Sums, hourly rates and salaries in US dollars, read from how people spell them: '$1,200.50', 'USD 15-25/hr (est.)'.

A number without a currency counts as US dollars, since the column that takes it does. Beside a sum with its currency
any note may stand. Other currencies, other periods, more than one sum and numbers that could mean two things are
refused; nothing is converted.
"""

import re
from dataclasses import dataclass

from components.language.amounts.currencies import DOLLARS, foreign
from components.language.amounts.numbers import AMBIGUOUS, MULTIPLIERS, NO_NUMBER, amount
from components.language.amounts.periods import attached, named_in, unstated_hours
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NOT_DOLLARS = "not in US dollars"
NOT_HOURLY = "not by the hour"
NOT_YEARLY = "not by the year"
IS_A_RATE = "a rate, not a sum"
NEITHER_SUM_NOR_HOURLY = "neither a sum nor by the hour"
NO_SUM = "names no sum"
BACKWARDS = "a range that runs backwards"
MORE_THAN_ONE = "names more than one sum"
NEGATIVE = "names no sum: it is negative"
TEXT_BESIDE = "text beside a sum without a currency"
TOO_MUCH_AN_HOUR = "names no hour, and is more than an hour's pay"
TOO_LITTLE_A_YEAR = "names no year, and is less than a year's pay"

_MOST_AN_HOUR, _LEAST_A_YEAR = 5000.0, 1000.0
"""What a sum is believed to be that names no period."""
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[+]?[0-9]{1,2})?")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_UNITS = "|".join(sorted(MULTIPLIERS, key=len, reverse=True))
_AMOUNT = (
    r"(?P<{0}_sign>(?<![\w)])-\s?)?(?:\$\s?)?"
    r"(?P<{0}>(?<![\w.,])(?:[1-9][0-9]{{0,2}}(?:[ '’][0-9]{{3}})+(?:[.,][0-9]{{1,2}})?"
    rf"|[0-9][0-9.,]*[0-9]|[0-9]|\.[0-9]+))(?:\s?(?P<{{0}}_unit>{_UNITS})\b)?(?!(?!(?:ph|hr)\b)[a-z0-9%])(?:\s?\$)?"
)
_EACH = r"(?:\s?(?:/|per |an? )\s?[a-z]+\.?)?"
_SPAN = re.compile(
    rf"(?P<all>{_AMOUNT.format('low')}(?:{_EACH}\s*(?:-|~|\.\.+|…|\bto\b|(?P<and>\band\b|&))\s*{_AMOUNT.format('high')})?)"
)
_LOWER = re.compile(
    r"(?:\bfrom|starting (?:at|from)|\bmin(?:imum)?|at least|\bover|\babove|(?<!no )(?<!not )more than|>=?|≥)"
    r"[\s:.]*(?:of )?$"
)
_UPPER = re.compile(
    r"(?:up to|\bmax(?:imum)?|\bunder|\bbelow|at most|less than|(?:no|not) more than|<=?|≤)[\s:.]*(?:of )?$"
)
_OR_MORE = re.compile(r"\s*(?:\+|(?:and|or) (?:up|above|more|over)\b|min(?:imum)?\b)")
_OR_LESS = re.compile(r"\s*(?:(?:and|or) (?:below|less|under)\b|max(?:imum)?\b)")
_LABEL = re.compile(
    r"\b(?:est|estimated|fixed|price|budget|hourly|rate|salary|pay|approx|approximately|about|around|circa|between|from|"
    r"starting|at|min|minimum|least|over|above|more|than|up|to|max|maximum|under|below|most|less|no|not|of|by|yearly|annual|"
    r"annually|monthly|weekly|daily|and|or|per|an|a|hour|hr|hours|h|year|yr|annum|p\.?a|base|compensation|total|range)\b|\([^()0-9]*\)|[^\w()$%]"
)
_FIXED = re.compile(r"\bfixed\b")


@dataclass(frozen=True)
class Money:
    """US dollars from `low` to `high`, None where a side is open; `period` where the text names one."""

    low: float | None
    high: float | None
    period: str | None = None


def budget(text: str) -> Money:
    """A sum or a range of sums."""
    return as_budget(spelled_money(text))


def rate(text: str) -> Money:
    """A price by the hour; a text that names no period counts as one, unless it is more than an hour pays."""
    if _FIXED.search(text.casefold()):
        raise RefusedValueError(f"a fixed price, {NOT_HOURLY}")
    return as_rate(spelled_money(text), bare=bool(_BARE.fullmatch(text.strip())))


def salary(text: str) -> Money:
    """Pay by the year; a text that names no period counts as it, unless it is less than a year pays."""
    return as_salary(spelled_money(text), bare=bool(_BARE.fullmatch(text.strip())))


def pay(text: str) -> Money:
    """A sum or a price by the hour; another column says which."""
    return as_pay(spelled_money(text))


def as_budget(money: Money) -> Money:
    if money.period not in (None, "project"):
        raise RefusedValueError(IS_A_RATE if money.period == "hour" else f"by the {money.period}: {IS_A_RATE}")
    return money


def as_pay(money: Money) -> Money:
    if money.period not in (None, "hour", "project"):
        raise RefusedValueError(f"by the {money.period}: {NEITHER_SUM_NOR_HOURLY}")
    return money


def as_rate(money: Money, bare: bool = False) -> Money:
    if money.period not in (None, "hour"):
        raise RefusedValueError(f"by the {money.period}, {NOT_HOURLY}")
    if money.period is None and not bare and (money.high or money.low or 0) > _MOST_AN_HOUR:
        raise RefusedValueError(TOO_MUCH_AN_HOUR)
    return money


def as_salary(money: Money, bare: bool = False) -> Money:
    if money.period not in (None, "year"):
        raise RefusedValueError(f"by the {money.period}, {NOT_YEARLY}")
    if money.period is None and not bare and 0 < (money.high or money.low or 0) < _LEAST_A_YEAR:
        raise RefusedValueError(TOO_LITTLE_A_YEAR)
    return money


def spelled_money(text: str) -> Money:
    """The one sum or range that the text names, with its period."""
    plain = one_line(text).translate(_DASHES)
    if _BARE.fullmatch(plain.casefold()):
        value = amount(plain) if "e" not in plain.casefold() else float(plain)
        return Money(value, value)
    if currency := foreign(plain):
        raise RefusedValueError(f"in {currency}, {NOT_DOLLARS}")
    spelled = re.sub(r"\$(?:\s*\$)+", "$", DOLLARS.sub("$", plain.casefold()))
    span, marked = _only(spelled)
    before, after = spelled[: span.start()], spelled[span.end() :]
    if span["low_sign"] or (before.strip(" $") == "(" and after.strip(" $") == ")"):
        raise RefusedValueError(NEGATIVE)
    period = _period(before, span, after, marked)
    if not marked:
        _require_labels(before, "" if attached(after) else after)
    elif re.search("[ ]", span["low"]) and re.match(r"\s*[a-z]", after) and attached(after) is None:
        raise RefusedValueError(AMBIGUOUS)
    return Money(*_ends(span, before, after), period)


def _only(spelled: str) -> tuple[re.Match[str], bool]:
    """The one span of numbers that is a sum, and whether it names its currency."""
    spans = list(_SPAN.finditer(spelled))
    in_dollars = [span for span in spans if "$" in span["all"]]
    found = in_dollars or spans
    if len(in_dollars) > 1 or (found and found[0]["and"] and "between" not in spelled[: found[0].start()]):
        raise RefusedValueError(MORE_THAN_ONE)
    if len(found) != 1:
        raise RefusedValueError(NO_SUM)
    return found[0], bool(in_dollars)


def _period(before: str, span: re.Match[str], after: str, marked: bool) -> str | None:
    if not marked and unstated_hours(after):
        raise RefusedValueError(NO_SUM)
    beside = attached(_without_bound(after)) or named_in(span["all"])
    label = named_in(before)
    if beside and label and beside != label:
        raise RefusedValueError("names more than one period")
    return beside or label or named_in(after)


def _without_bound(after: str) -> str:
    bound = _OR_MORE.match(after) or _OR_LESS.match(after)
    return after[bound.end() :] if bound else after


def _require_labels(before: str, after: str) -> None:
    """Beside a number without a currency stands nothing but names of pay, its period and notes in brackets."""
    rest = _LABEL.sub(" ", f"{before} {after}").strip()
    if rest:
        raise RefusedValueError(TEXT_BESIDE if re.search("[^\\W\\d_]{3}", rest) else NO_SUM)


def _ends(span: re.Match[str], before: str, after: str) -> tuple[float | None, float | None]:
    low = _sum(span, "low")
    if span["high"] is None:
        if _UPPER.search(before) or _OR_LESS.match(after):
            return None, low
        return low, None if _LOWER.search(before) or _OR_MORE.match(after) else low
    high = _sum(span, "high")
    if span["high_unit"] and not span["low_unit"]:
        raise RefusedValueError(AMBIGUOUS)
    if high < low:
        raise RefusedValueError(BACKWARDS)
    return low, high


def _sum(span: re.Match[str], end: str) -> float:
    try:
        return amount(span[end], span[f"{end}_unit"] or "")
    except RefusedValueError as refused:
        raise RefusedValueError(NO_SUM if str(refused) == NO_NUMBER else str(refused)) from None
