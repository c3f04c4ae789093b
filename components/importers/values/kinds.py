"""How the cells of a column are declared to be spelled, and the reader of one cell of each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from components.importers.values.lists import listed
from components.importers.values.moments.spelled_dates import relative_date, spelled_date
from components.importers.values.pages import html_text
from components.importers.values.pay.money import (
    Money,
    as_budget,
    as_pay,
    as_rate,
    as_salary,
    budget,
    pay,
    rate,
    salary,
)
from components.importers.values.pay.objects import pay_object, spelled_range
from components.language.amounts.numbers import number, number_list, whole_number
from components.language.names.allowed import allowed_word
from components.language.names.yes_no import truth
from metier.contract import BOOLEAN, INTEGER, NUMBER, TEXT, TEXT_LIST, TIMESTAMP, Column
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line, tidy

OF_MANY_LINES = ("description", "overview")
"""Texts of which the lines are kept."""
MONEY = ("money", "rate", "salary", "pay")
NUMBERS = ("number", "value")
_OF_MONEY = {"money": (budget, as_budget), "rate": (rate, as_rate), "salary": (salary, as_salary), "pay": (pay, as_pay)}
_OF_TYPE = {TEXT: "verbatim", TEXT_LIST: "list", NUMBER: "number", INTEGER: "whole", BOOLEAN: "boolean",
            TIMESTAMP: "date"}  # fmt: skip
_PAY = {
    "hourly_rate_usd": "rate", "budget_min_usd": "money", "budget_max_usd": "money", "salary_min_usd": "salary",
    "salary_max_usd": "salary", "value_usd": "value",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How a column's cells are spelled.

    `kind` None: as the column of a contract file. `missing` adds to what counts as nothing. `values` maps whole cells,
    whatever their case, to what they stand for. Of `pattern`, a regular expression (RE2), the one group is read.
    `format` is strptime's, for dates; `clock` what relative dates count from; `separator` stands between the members of
    a list; `end` is the end of a range that the column takes. `separator`, `end` and `decimal` (the mark before
    fractions, empty where '1.200' and '1,200' stay what they are alone) that are None are decided: by all cells of the
    column, the end by its name.
    """

    kind: str | None = None
    missing: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    pattern: str | None = None
    format: str | None = None
    clock: datetime | None = None
    separator: str | None = None
    end: Literal["low", "high"] | None = None
    decimal: Literal[".", ",", ""] | None = None

    def told(self) -> dict[str, str]:
        """What was decided by cells, as keywords of another Reading of the same column."""
        found = {"separator": self.separator, "decimal": self.decimal}
        return {name: value for name, value in found.items() if value is not None}


def kind_of(column: Column, declared: str | None) -> str:
    """How the cells are read: as a mapping declares, or as those of a contract file; words where few are allowed."""
    if column.allowed:
        return "word"
    if declared == "number" and column.type == INTEGER:
        return "whole"
    if declared is None or (declared == "text" and column.type != TEXT):
        return _PAY.get(column.name) or _OF_TYPE.get(column.type, "numbers")
    return declared


def reader(kind: str, column: Column, reading: Reading) -> Callable[[str], Any]:
    """What reads one cell; the reader raises RefusedValueError for a cell that is not certain."""
    many_lines = column.name in OF_MANY_LINES
    if kind in MONEY:
        high = reading.end == "high" or (reading.end is None and "_max_" in column.name)
        return lambda text: _end(_money(kind, text), high)
    readers: dict[str, Callable[[str], Any]] = {
        "text": tidy if many_lines else one_line,
        "verbatim": str,
        "html": html_text if many_lines else lambda text: one_line(html_text(text)),
        "word": lambda text: allowed_word(text, column, reading.values),
        "value": _value,
        "number": number,
        "whole": whole_number,
        "numbers": number_list,
        "list": lambda text: listed(text, reading.separator),
        "date": lambda text: spelled_date(text, reading.format),
        "relative_date": lambda text: relative_date(text, reading.clock or datetime.now(UTC)),
        "boolean": truth,
    }
    return readers[kind]


def _money(kind: str, text: str) -> Money:
    spelled, declared = _OF_MONEY[kind]
    found = pay_object(text)
    return spelled(spelled_range(text)) if found is None else declared(found)


def _end(money: Money, high: bool) -> float | None:
    return money.high if high else money.low


def _value(text: str) -> float:
    """A sum that may be negative, as a refund is."""
    try:
        return number(text)
    except RefusedValueError:
        money = budget(text)
        if money.low is None or money.low != money.high:
            raise RefusedValueError("a range, not a sum") from None
        return money.low
