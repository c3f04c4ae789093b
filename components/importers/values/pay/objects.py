"""Pay as boards' JSON writes it: schema.org's MonetaryAmount, and the objects of Lever, Greenhouse and Ashby."""

import json
import re
from collections.abc import Mapping
from typing import Any

from components.importers.values.pay.money import BACKWARDS, MORE_THAN_ONE, NEGATIVE, NO_SUM, NOT_DOLLARS, Money
from components.language.amounts.currencies import foreign_code
from components.language.amounts.numbers import number
from components.language.amounts.periods import period_of
from metier.errors import RefusedValueError

_CURRENCY = ("currency", "currencyCode", "currency_type", "priceCurrency", "salaryCurrency")
_PERIOD = ("unitText", "interval", "period", "payPeriod", "frequency", "unitCode")
_LOW = ("minValue", "min", "minimum", "min_cents", "minAmount")
_HIGH = ("maxValue", "max", "maximum", "max_cents", "maxAmount")
_ONE = ("value", "price", "amount")
_PART = "compensationType"
"""By which Ashby tells salaries from bonuses, commissions and equity."""
_CODES = {"HUR": "hour", "DAY": "day", "WEE": "week", "MON": "month", "ANN": "year"}
"""UN/CEFACT units of time."""


def pay_object(text: str) -> Money | None:
    """The sum or range of a JSON object, or of a list of one; None where the text is no JSON of objects."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    members = read if isinstance(read, list) else [read]
    if not members or not all(isinstance(member, Mapping) for member in members):
        return None
    objects = [member for member in members if member.get(_PART) in (None, "", "Salary")]
    if not objects:
        raise RefusedValueError(f"{members[0][_PART]}, which is no pay for work")
    if len(objects) > 1:
        raise RefusedValueError(MORE_THAN_ONE)
    return _money(objects[0])


def spelled_range(text: str) -> str:
    """A JSON list of one or two numbers as a sum or a range; any other text as it is."""
    if not text.lstrip().startswith("["):
        return text
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not all(isinstance(member, int | float) and not isinstance(member, bool) for member in read):
        return text
    if len(read) > 2:
        raise RefusedValueError(MORE_THAN_ONE)
    return " - ".join(f"{member:f}" if isinstance(member, float) else str(member) for member in read)


def _money(declared: Mapping[str, Any]) -> Money:
    """Fields stand in the object or in the object under its `value`."""
    inner = declared.get("value")
    fields = {**declared, **inner} if isinstance(inner, Mapping) else declared
    if currency := foreign_code(_first(fields, _CURRENCY)):
        raise RefusedValueError(f"in {currency}, {NOT_DOLLARS}")
    low, high = _number(fields, _LOW), _number(fields, _HIGH)
    if low is None and high is None:
        low = high = _number(fields, _ONE)
    if low is None and high is None:
        raise RefusedValueError(NO_SUM)
    if low is not None and high is not None and high < low:
        raise RefusedValueError(BACKWARDS)
    return Money(low, high, period_named(_first(fields, _PERIOD)))


def period_named(value: object) -> str | None:
    """The period in a field of its own ('HOUR', 'per-year-salary', '1 YEAR', 'ANN'); None where it is empty."""
    spelled = re.sub(r"^1[\s_-]*", "", str(value or "").strip())
    if not spelled or spelled.upper() == "NONE":
        return None
    return _CODES.get(spelled.upper()) or period_of(spelled)


def _number(fields: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, bool) or value is None or value == "":
            continue
        if not isinstance(value, str | int | float):
            raise RefusedValueError(NO_SUM)
        read = _read(str(value)) / (100 if name.endswith("_cents") else 1)
        if read < 0:
            raise RefusedValueError(NEGATIVE)
        return read
    return None


def _read(text: str) -> float:
    try:
        return number(text)
    except RefusedValueError:
        raise RefusedValueError(NO_SUM) from None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((fields[name] for name in names if fields.get(name)), None)
