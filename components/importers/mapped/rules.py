"""One column's rule in a mapping: where its cells are and how they are read. Refuses what cannot be meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import pyarrow as pa

from components.importers.values.casting import SPELLED
from components.importers.values.kinds import MONEY
from components.importers.values.moments.spelled_dates import spelled_date
from components.importers.values.patterns import require_pattern
from components.importers.values.reading import Reading
from metier.contract import BOOLEAN, INTEGER, NUMBER, TEXT, TEXT_LIST, TIMESTAMP, Column
from metier.errors import ContractError, RefusedValueError

KINDS: dict[str, tuple[pa.DataType, ...]] = {
    "text": (TEXT, INTEGER), "html": (TEXT,), "number": (NUMBER, INTEGER), "money": (NUMBER,), "rate": (NUMBER,),
    "salary": (NUMBER,), "pay": (NUMBER,), "list": (TEXT_LIST,), "date": (TIMESTAMP,), "relative_date": (TIMESTAMP,),
    "boolean": (BOOLEAN,), "constant": (),
}  # fmt: skip
"""Ways to read a column, and the contract types that each gives; a constant gives any."""
_TERMS = ("currency", "period")
_KEYS = ("from", "kind", "value", "format", "missing", "values", "pattern", "separator", *_TERMS)
_CONSTANTS: dict[pa.DataType, type | tuple[type, ...]] = {
    TEXT: str, INTEGER: int, NUMBER: (int, float), BOOLEAN: bool, TEXT_LIST: list, TIMESTAMP: (date, str),
}  # fmt: skip
_ONLY_FOR = {"format": ("date", "as text such as '%d/%m/%Y'"), "separator": ("list", "as text such as ';'")}
"""Keys of one kind, and how they are written."""


@dataclass(frozen=True)
class Rule:
    """How one contract column is read: from the first of `sources` that has a value (none: `constant` in every row).

    `currency` and `period` are columns of the file that say these of the sums.
    """

    column: Column
    reading: Reading
    sources: tuple[str, ...] = ()
    constant: Any = None
    currency: str | None = None
    period: str | None = None

    def cells(self) -> tuple[str, ...]:
        """The columns of the file that are read for it."""
        return (*self.sources, *(name for name in (self.currency, self.period) if name is not None))


@dataclass(frozen=True)
class OfFile:
    """What a mapping says for all of its columns: words for nothing, and the moment that relative dates count from."""

    missing: tuple[str, ...] = ()
    clock: datetime | None = None


def read_rule(column: Column, declaration: object, where: str, of_file: OfFile) -> Rule:
    """The rule; ContractError, which begins with `where`, for one that cannot be used."""
    if not isinstance(declaration, dict):
        raise ContractError(f"{where} is not declared as {{from: ..., kind: ...}}; write both")
    require_keys(declaration, _KEYS, where)
    kind = declaration.get("kind")
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        raise ContractError(f"{where} has unknown kind {kind!r}; use one of {', '.join(KINDS)}")
    for key, (only, spelled) in _ONLY_FOR.items():
        if key in declaration and (kind != only or not isinstance(declaration[key], str)):
            raise ContractError(f"{where}: {key} is for kind {only}, {spelled}; mend it or leave it out")
    if kind == "constant":
        return Rule(column, Reading(), constant=_constant(column, declaration, where))
    if "value" in declaration:
        raise ContractError(f"{where}: value is for kind constant; leave it out")
    if kind is not None and column.type not in KINDS[kind]:
        fitting = [name for name, types in KINDS.items() if column.type in types]
        raise ContractError(f"{where} is a {SPELLED[column.type]}, not {kind}; use kind {' or '.join(fitting)}")
    reading = _reading(column, kind, declaration, where, of_file)
    return Rule(column, reading, _sources(declaration.get("from"), where), **_terms(kind, declaration, where))


def _terms(kind: str | None, declaration: dict[str, Any], where: str) -> dict[str, str | None]:
    """The columns that say currency and period of a column of money."""
    terms = {key: header_name(declaration[key], f"{where}: {key}") for key in _TERMS if key in declaration}
    for key in terms:
        if kind not in MONEY:
            raise ContractError(f"{where}: {key} is for kind {', '.join(MONEY)}; mend it or leave it out")
        if "pattern" in declaration or "values" in declaration:
            raise ContractError(f"{where}: {key} stands beside whole cells; leave pattern and values out")
    return terms


def end_of(column: Column) -> Literal["low", "high"]:
    """Which end of a range the column takes."""
    return "high" if column.name.endswith("_max_usd") else "low"


def require_keys(declared: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    """ContractError for a key that is not one of `allowed`."""
    for key in declared:
        if key not in allowed:
            raise ContractError(f"{where} has an unknown key {key!r}; use only {', '.join(allowed)}")


def header_name(name: object, where: str) -> str | None:
    """The name of a column of the file, None where none is given."""
    if name is not None and not isinstance(name, str):
        raise ContractError(f"{where} is {name!r}, which YAML reads as no text; put it in quotes")
    return name


def words(declared: object, where: str) -> tuple[str, ...]:
    """The words of a `missing:`, one or a list of them; numbers as they are written."""
    listed = declared if isinstance(declared, list) else [declared]
    if any(isinstance(word, dict | list | None | date) for word in listed):
        raise ContractError(f'{where} is {declared!r}; write the words as a list, such as [Not listed, "-1"]')
    return tuple(_plain(word) for word in listed)


def moment(value: object) -> datetime:
    """A date or a text of the YAML as a moment, UTC; RefusedValueError where it names none."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return spelled_date(str(value))


def _sources(declared: object, where: str) -> tuple[str, ...]:
    listed = declared if isinstance(declared, list) else [declared]
    names = [header_name(name, f"{where}: from") for name in listed]
    if not names or None in names:
        raise ContractError(f"{where} names no source; write 'from:' with the column's name in the file")
    return tuple(name for name in names if name is not None)


def _reading(column: Column, kind: str | None, declaration: dict[str, Any], where: str, of_file: OfFile) -> Reading:
    own = words(declaration["missing"], f"{where}: missing") if "missing" in declaration else ()
    values, nothing = _values(column, declaration.get("values", {}), where)
    return Reading(
        kind=kind or ("text" if column.type == TEXT else None),
        missing=(*of_file.missing, *own, *nothing),
        values=values,
        pattern=_pattern(declaration.get("pattern"), where),
        format=declaration.get("format"),
        clock=of_file.clock,
        separator=declaration.get("separator"),
        end=end_of(column),
    )


def _values(column: Column, declared: object, where: str) -> tuple[dict[str, str], list[str]]:
    """What cells stand for, and those that stand for nothing."""
    if not isinstance(declared, dict) or any(isinstance(value, dict | list) for value in declared.values()):
        raise ContractError(f"{where}: values is {declared!r}; write it as {{a cell's text: its value, ...}}")
    values = {_plain(cell): _plain(value) for cell, value in declared.items() if value is not None}
    for cell, value in values.items():
        if column.allowed and value not in column.allowed:
            raise ContractError(f"{where}: values has {cell!r}: {value!r}; use one of {', '.join(column.allowed)}")
    return values, [_plain(cell) for cell, value in declared.items() if value is None]


def _pattern(declared: object, where: str) -> str | None:
    if declared is None:
        return None
    try:
        require_pattern(str(declared))
    except RefusedValueError as error:
        raise ContractError(f"{where}: pattern {declared!r} {error}") from error
    return str(declared)


def _constant(column: Column, declaration: dict[str, Any], where: str) -> Any:
    value = declaration.get("value")
    fits = isinstance(value, _CONSTANTS[column.type]) and (column.type == BOOLEAN or not isinstance(value, bool))
    if column.type == TEXT_LIST and isinstance(value, list):
        fits = all(isinstance(member, str) for member in value)
    if declaration.keys() - {"kind", "value"} or not fits:
        raise ContractError(f"{where} is a constant; write 'value:' with a {SPELLED[column.type]} and no 'from:'")
    if column.allowed and value not in column.allowed:
        raise ContractError(f"{where} is constant {value!r}; use one of {', '.join(column.allowed)}")
    try:
        return moment(value) if column.type == TIMESTAMP else value
    except RefusedValueError as error:
        raise ContractError(f"{where} is constant {value!r}, which {error}; write it as 2026-03-01") from error


def _plain(value: object) -> str:
    """As YAML spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
