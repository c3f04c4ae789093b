"""Numbers as people and programs write them: '1,200.50', '1.200,50', '1 200', "1'200", '1.5k', '1,50,000'."""

import json
import re

from metier.errors import RefusedValueError

AMBIGUOUS = "a number that can be read in two ways"
NO_NUMBER = "names no number"
NO_NUMBERS = "is no JSON array of numbers"
NOT_WHOLE = "has a fraction"
TOO_LARGE = "is more than a budget can be"

_LARGEST = 1e12
_EXACT = 2.0**53
_GROUP = "[1-9][0-9]{0,2}"
_TWO_READINGS = re.compile(rf"{_GROUP}\.[0-9]{{3}}")
_SPELLINGS = (
    (re.compile(rf"{_GROUP}(?:,[0-9]{{3}})+(?:\.[0-9]+)?"), ",", "."),
    (re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"), ",", "."),
    (re.compile(rf"{_GROUP}(?:\.[0-9]{{3}})+,[0-9]{{1,2}}|{_GROUP}(?:\.[0-9]{{3}}){{2,}}"), ".", ","),
    (re.compile(rf"{_GROUP}(?:[ '’][0-9]{{3}})+(?:[.,][0-9]{{1,2}})?"), " '’", ","),
    (re.compile(r"[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]{3}"), "", ","),
    (re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"), "", "."),
)
"""Ways to write a number: pattern, marks between thousands, decimal mark."""
MULTIPLIERS = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "billion": 1e9, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "lacs": 1e5, "crore": 1e7, "crores": 1e7, "cr": 1e7,
}  # fmt: skip
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", re.I)


def amount(digits: str, multiplier: str = "", decimal: str | None = None) -> float:
    """A sum of money without sign: RefusedValueError where '1.200' may be a thousand or one, and beyond 1e12.

    It is a thousand where the currency at hand is written with a `decimal` comma.
    """
    if _TWO_READINGS.fullmatch(digits):
        if decimal != ",":
            raise RefusedValueError(AMBIGUOUS)
        digits = digits.replace(".", "")
    value = _value(digits) * MULTIPLIERS.get(multiplier, 1)
    if value > _LARGEST:
        raise RefusedValueError(TOO_LARGE)
    return value


def number(text: str) -> float:
    """Any finite number; a point with three digits behind it is a decimal point, as programs write it."""
    spelled = text.strip().replace("−", "-")
    value = float(spelled) if _PLAIN.fullmatch(spelled) else _signed(spelled)
    if abs(value) == float("inf"):
        raise RefusedValueError(NO_NUMBER)
    return value


def whole_number(text: str) -> int:
    """A number without a fraction that a float holds exactly."""
    value = number(text)
    if not value.is_integer():
        raise RefusedValueError(NOT_WHOLE)
    if abs(value) >= _EXACT:
        raise RefusedValueError("is more than a whole number can be")
    return int(value)


def number_list(text: str) -> list[float | None]:
    """A JSON array of numbers."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedValueError(NO_NUMBERS) from None
    if not isinstance(members, list) or not all(isinstance(m, int | float | None) for m in members):
        raise RefusedValueError(NO_NUMBERS)
    return [None if m is None else float(m) for m in members]


def _signed(spelled: str) -> float:
    sign = -1.0 if spelled.startswith("-") else 1.0
    return sign * _value(spelled.removeprefix("-").removeprefix("+").strip())


def _value(digits: str) -> float:
    for spelling, thousands, decimal in _SPELLINGS:
        if spelling.fullmatch(digits):
            return float(digits.translate({ord(mark): None for mark in thousands}).replace(decimal, "."))
    raise RefusedValueError(NO_NUMBER)
