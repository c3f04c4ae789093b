"""The mapping of a CSV of job posts to the contract: for each column where it comes from and how it is read, as YAML.

A mapping that cannot be used is refused with the file, the column and the next move in one line. Opens no CSV.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from components.importers.values.casting import SPELLED
from components.importers.values.spelled_dates import spelled_date
from metier.contract import BOOLEAN, CLIENTS, INTEGER, JOBS, NUMBER, TEXT, TEXT_LIST, TIMESTAMP, Column, Table
from metier.errors import ContractError, RefusedValueError, SettingsError

KINDS: dict[str, tuple[pa.DataType, ...]] = {
    "text": (TEXT, INTEGER), "html": (TEXT,), "money": (NUMBER,), "rate": (NUMBER,), "list": (TEXT_LIST,),
    "date": (TIMESTAMP,), "relative_date": (TIMESTAMP,), "boolean": (BOOLEAN,), "constant": (),
}  # fmt: skip
"""Ways to read a column, and the contract types that each gives; a constant gives any."""
_CLIENT_COLUMNS = ("country", "payment_verified", "joined_at")
_OWN = {"job_id": "give its column as 'id:' at the top, or leave 'id:' out", "recorded_at": "leave it out"}
_KEYS = ("delimiter", "clock", "id", "jobs", "clients")
_RULE_KEYS = ("from", "kind", "value", "format")
_CONSTANTS: dict[pa.DataType, type | tuple[type, ...]] = {
    TEXT: str, INTEGER: int, NUMBER: (int, float), BOOLEAN: bool, TEXT_LIST: list, TIMESTAMP: (date, str),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How one contract column is read: `source` is its column in the CSV (None: `constant` in every row)."""

    column: Column
    kind: str
    source: str | None = None
    constant: Any = None
    format: str | None = None


@dataclass(frozen=True)
class Mapping:
    """`id` is the column that names a post (None: posts are named by their text)."""

    path: Path
    jobs: dict[str, Rule]
    clients: dict[str, Rule]
    id: str | None = None
    delimiter: str = ","
    clock: datetime | None = None


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> Mapping:
    """The mapping of the YAML file; SettingsError or ContractError where it cannot be used."""
    declared = _declared(path)
    _require_keys(declared, _KEYS, f"{path}: the mapping")
    clock = _clock(declared.get("clock"), path)
    jobs = _rules(declared.get("jobs"), JOBS, path)
    clients = _rules(declared.get("clients") or {}, CLIENTS, path)
    mapping = Mapping(
        path, jobs, clients, _header_name(declared.get("id"), f"{path}: id"), _delimiter(declared, path), clock
    )
    _require_complete(mapping)
    return mapping


def _declared(path: Path) -> dict[str, Any]:
    try:
        declared = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}); give the mapping's YAML file") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"{path} is not UTF-8 text; save the mapping as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ContractError(f"{path} is not valid YAML{line} ({error.problem}); correct it") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ContractError(f"{path} is not valid YAML ({' '.join(str(error).split())}); correct it") from error
    if not isinstance(declared, dict):
        raise ContractError(f"{path} holds no mapping; write 'jobs:' with a line for each column of the contract")
    return declared


def _require_keys(declared: dict[Any, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in declared:
        if key not in allowed:
            raise ContractError(f"{where} has an unknown key {key!r}; use only {', '.join(allowed)}")


def _clock(value: object, path: Path) -> datetime | None:
    if value is None:
        return None
    try:
        return _moment(value)
    except RefusedValueError as error:
        raise ContractError(
            f"{path}: clock {value!r} {error}; write it as 2026-03-01 or 2026-03-01T12:00:00Z"
        ) from error


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return spelled_date(str(value))


def _delimiter(declared: dict[str, Any], path: Path) -> str:
    delimiter = declared.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or not delimiter.isascii() or delimiter in "\"'\r\n":
        raise ContractError(f"{path}: delimiter {delimiter!r} is not one character; write one, such as ';' or \"\\t\"")
    return delimiter


def _rules(declared: object, table: Table, path: Path) -> dict[str, Rule]:
    if not isinstance(declared, dict):
        raise ContractError(f"{path} declares no '{table.name}:'; write a line for each column of {table.name}")
    allowed = _CLIENT_COLUMNS if table is CLIENTS else tuple(column.name for column in table.columns)
    rules = {}
    for name, declaration in declared.items():
        where = f"{path}: column {name} of {table.name}"
        if name not in allowed:
            raise ContractError(f"{where} is not in the contract; use one of {', '.join(allowed)}")
        if table is JOBS and name in _OWN:
            raise ContractError(f"{where} cannot be mapped; {_OWN[name]}")
        rules[name] = _rule(table.column(name), declaration, where)
    return rules


def _rule(column: Column, declaration: object, where: str) -> Rule:
    if not isinstance(declaration, dict):
        raise ContractError(f"{where} is not declared as {{from: ..., kind: ...}}; write both")
    _require_keys(declaration, _RULE_KEYS, where)
    kind = declaration.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ContractError(f"{where} has unknown kind {kind!r}; use one of {', '.join(KINDS)}")
    if "format" in declaration and (kind != "date" or not isinstance(declaration["format"], str)):
        raise ContractError(f"{where}: format is for kind date, as text such as '%d/%m/%Y'; mend it or leave it out")
    if kind == "constant":
        return Rule(column, kind, constant=_constant(column, declaration, where))
    if "value" in declaration:
        raise ContractError(f"{where}: value is for kind constant; leave it out")
    if column.type not in KINDS[kind]:
        fitting = [name for name, types in KINDS.items() if column.type in types]
        raise ContractError(f"{where} is a {SPELLED[column.type]}, not {kind}; use kind {' or '.join(fitting)}")
    source = _header_name(declaration.get("from"), f"{where}: from")
    if source is None:
        raise ContractError(f"{where} names no source; write 'from:' with the column's name in the CSV")
    return Rule(column, kind, source, format=declaration.get("format"))


def _constant(column: Column, declaration: dict[str, Any], where: str) -> Any:
    value = declaration.get("value")
    fits = isinstance(value, _CONSTANTS[column.type]) and (column.type == BOOLEAN or not isinstance(value, bool))
    if column.type == TEXT_LIST and isinstance(value, list):
        fits = all(isinstance(member, str) for member in value)
    if "from" in declaration or not fits:
        raise ContractError(f"{where} is a constant; write 'value:' with a {SPELLED[column.type]} and no 'from:'")
    if column.allowed and value not in column.allowed:
        raise ContractError(f"{where} is constant {value!r}; use one of {', '.join(column.allowed)}")
    try:
        return _moment(value) if column.type == TIMESTAMP else value
    except RefusedValueError as error:
        raise ContractError(f"{where} is constant {value!r}, which {error}; write it as 2026-03-01") from error


def _header_name(name: object, where: str) -> str | None:
    if name is not None and not isinstance(name, str):
        raise ContractError(f"{where} is {name!r}, which YAML reads as no text; put it in quotes")
    return name


def _require_complete(mapping: Mapping) -> None:
    """Required columns are declared, and what is relative has a clock."""
    for column in JOBS.columns:
        is_set = column.name in mapping.jobs or column.default is not None or column.name in (*_OWN, "event_timestamp")
        if column.required and not is_set:
            raise ContractError(
                f"{mapping.path}: column {column.name} of jobs ({SPELLED[column.type]}) is required; declare it, "
                f"for instance as {{kind: constant, value: ...}}"
            )
    for rule in (*mapping.jobs.values(), *mapping.clients.values()):
        if rule.kind == "relative_date" and mapping.clock is None:
            raise ContractError(
                f"{mapping.path}: column {rule.column.name} is a relative date; add 'clock:', the day of the export"
            )
    if not (mapping.clock or "event_timestamp" in mapping.jobs or "posted_at" in mapping.jobs):
        raise ContractError(
            f"{mapping.path}: nothing says when a post was known; declare event_timestamp or posted_at, or add 'clock:'"
        )
    if mapping.clients and "client_id" not in mapping.jobs:
        raise ContractError(f"{mapping.path}: clients are declared without client_id of jobs; declare it under 'jobs:'")
