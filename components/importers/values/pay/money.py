"""Sums, hourly rates and salaries in US dollars, read from how people spell them: '$1,200.50', 'USD 15-25/hr (est.)'.

A number without a currency counts as US dollars, since the column that takes it does. Beside a sum stand its period,
its bounds and known words of nine languages; a word that is not known is refused by name, as are other currencies,
other periods, more than one sum and numbers that could mean two things. Nothing is converted.
"""

import re
from dataclasses import dataclass

from components.language.amounts.currencies import DOLLARS, foreign
from components.language.amounts.numbers import AMBIGUOUS, MULTIPLIERS, NO_NUMBER, amount
from components.language.amounts.periods import attached, named_in, unstated_hours, without_times
from components.language.amounts.words_of_pay import (
    AND,
    BEFORE,
    BEHIND,
    BETWEEN,
    EXTRAS,
    LABELS,
    NOTES,
    OPENERS,
    OR,
    STRONG,
    TO,
    WEAK,
)
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
UNKNOWN = "a word beside the sum that is not known"
TEXT_BESIDE = "text beside a sum without a currency"
TOO_MUCH_AN_HOUR = "names no hour, and is more than an hour's pay"
TOO_LITTLE_A_YEAR = "names no year, and is less than a year's pay"

_MOST_AN_HOUR, _LEAST_A_YEAR = 5000.0, 1000.0
"""What a sum is believed to be that names no period."""
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[+]?[0-9]{1,2})?")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **{chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)},
        "〜": "~",
        "’": "'",
    }
)
"""Dashes and apostrophes as one, full-width signs and digits as plain ones."""
_UNITS = "|".join(sorted(MULTIPLIERS, key=len, reverse=True))
_AMOUNT = (
    r"(?P<{0}_sign>(?<![\w)])(?<![\w)]\s)-\s?)?(?:\$\s?)?"
    r"(?P<{0}>(?<![\w.,])(?:[1-9][0-9]{{0,2}}(?:[ '’][0-9]{{3}})+(?:[.,][0-9]{{1,2}})?"
    rf"|[0-9][0-9.,]*[0-9]|[0-9]|\.[0-9]+))(?:\s?(?P<{{0}}_unit>{_UNITS})\b)?"
    r"(?!(?!(?:p[hdwma]|pcm|hr)\b)[a-z0-9%_])(?:\s?\$)?"
)
_EACH = r"(?:\s?(?:/|(?:per|an?|pro|par|por|je|al|za|за|в)\s)\s?[^\W\d_]+\.?)?"


def _any_of(words: str) -> str:
    return rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])"


_SPAN = re.compile(
    rf"(?P<all>{_AMOUNT.format('low')}(?:{_EACH}\s*(?:-|~|\.\.+|…|{_any_of(TO)}|(?P<and>{_any_of(AND)})|"
    rf"(?P<or>{_any_of(OR)}))\s*{_AMOUNT.format('high')})?)"
)
_BOUND_BEFORE = re.compile(
    rf"(?<![^\W\d_])(?:(?P<low>{BEFORE['low']})|(?P<high>{BEFORE['high']}))[\s:.]*(?:(?:of|de|di|à|a) )?[\s$]*$"
)
_BOUND_BEHIND = re.compile(rf"\s*(?:(?P<low>{BEHIND['low']})|(?P<high>{BEHIND['high']}))(?![^\W\d_])\.?")
_BETWEEN = re.compile(_any_of(BETWEEN))
_NO_NUMBERS = re.compile(r"[0-9.,]+\s?%|\b(?:401\s?\(?k\)?|w-?2|1099|c2c)\b|\b24/7\b")
"""What has digits and counts nothing that is paid."""
_ESTIMATED = re.compile(r"\([^()0-9]*\best(?:imate[ds]?)?\b[^()0-9]*\)")
_GRAMMAR = (
    STRONG
    | WEAK
    | frozenset(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", f"{BETWEEN} {OPENERS} {AND} {TO} {BEFORE} {BEHIND}"))
)
_DIGIT = re.compile("[0-9]")
_AND_MORE = re.compile(r"\s*(?:[+&,;•|(]|(?:plus|and|with|incl|including)\b)")
"""What stands between a sum and what is paid besides."""
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
    plain = one_line(text).translate(_SIGNS)
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
    if not marked and unstated_hours(after):
        raise RefusedValueError(NO_SUM)
    beside = _beside(before, span, after)
    _require_known(beside, marked)
    return Money(*_ends(span, beside.bound), beside.period)


@dataclass(frozen=True)
class _Beside:
    """What stands beside a sum: its period, the end of a range that it is, and all words that say neither."""

    period: str | None
    bound: str | None
    words: tuple[list[str], list[str]]
    """Before the sum, behind it."""
    names_more: bool
    has_numbers: bool


def _only(spelled: str) -> tuple[re.Match[str], bool]:
    """The one span of numbers that is a sum, and whether it names its currency."""
    spans = list(_SPAN.finditer(spelled))
    in_dollars = [span for span in spans if "$" in span["all"]]
    found = in_dollars or spans
    if len(in_dollars) > 1 or (found and not _is_range(found[0], spelled)):
        raise RefusedValueError(MORE_THAN_ONE)
    if len(found) != 1:
        raise RefusedValueError(NO_SUM)
    return found[0], bool(in_dollars)


def _is_range(span: re.Match[str], spelled: str) -> bool:
    """'and' joins the ends of a range behind 'between' only, 'or' never."""
    return not span["or"] and (not span["and"] or bool(_BETWEEN.search(spelled[: span.start()])))


def _beside(before: str, span: re.Match[str], after: str) -> _Beside:
    """The bound may stand before the sum, behind it and behind its period."""
    bound = _BOUND_BEFORE.search(before)
    behind = _BOUND_BEHIND.match(after)
    rest = after[behind.end() :] if behind else after
    unit, end = attached(rest)
    rest = rest[end:]
    if not behind and (behind := _BOUND_BEHIND.match(rest)):
        rest = rest[behind.end() :]
    label, words_before, numbers_before = _noted(before)
    noted, words_behind, numbers_behind = _noted(rest)
    own = unit or named_in(span["all"] if span["high"] else "")[0]
    if own and label and own != label:
        raise RefusedValueError("names more than one period")
    said = bound or behind
    bounded = said and said.lastgroup
    more, has_numbers = bool(_AND_MORE.match(rest)), numbers_before or numbers_behind
    return _Beside(own or label or noted, bounded, (words_before, words_behind), more, has_numbers)


def _noted(note: str) -> tuple[str | None, list[str], bool]:
    """The period that a note names, its other words but for who estimated, and whether it counts anything."""
    if not note.strip():
        return None, [], False
    rest = without_times(_NO_NUMBERS.sub(" ", note))
    period, words = named_in(rest)
    if "(" in rest:
        words = named_in(_ESTIMATED.sub(" ", rest))[1]
    return period, words, bool(_DIGIT.search(rest))


def _require_known(beside: _Beside, marked: bool) -> None:
    """Beside a sum stand known words: beside one without a currency names of pay, its period and bounds only."""
    known = _GRAMMAR | LABELS | (NOTES if marked else frozenset())
    besides = EXTRAS if marked and beside.names_more else frozenset()
    before, behind = beside.words
    unknown = [word for word in before if word not in known]
    unknown += [word for word in behind if word not in known | besides]
    if unknown and marked:
        raise RefusedValueError(f"{UNKNOWN}: {unknown[0][:20]}")
    if unknown:
        raise RefusedValueError(TEXT_BESIDE if max(map(len, unknown)) > 2 else NO_SUM)
    if beside.has_numbers:
        raise RefusedValueError(MORE_THAN_ONE if marked else NO_SUM)


def _ends(span: re.Match[str], bound: str | None) -> tuple[float | None, float | None]:
    low = _sum(span, "low")
    if span["high"] is None:
        return (None if bound == "high" else low), (None if bound == "low" else low)
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
