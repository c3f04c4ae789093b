"""The mapping of a file to a table of the contract: for each column where it comes from and how it is read, as YAML.

A mapping that cannot be used is refused with the file, the column, its line and the next move in one line. Opens no
file of rows.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from components.importers.files.file_format import FileFormat
from components.importers.mapped.declared import Declared, load
from components.importers.mapped.rules import OfFile, Rule, header_name, moment, read_rule, require_keys, words
from components.importers.values.casting import SPELLED
from metier.contract import TABLES, Table
from metier.errors import ContractError, RefusedValueError

MAPPED = ("jobs", "freelancers", "clients", "interactions")
"""Tables that come in by a mapping."""
FIRST_KNOWN = {"jobs": "posted_at", "freelancers": "joined_at", "clients": "joined_at"}
"""The column that says since when a row counts where event_timestamp does not."""
CLIENTS_OF_POSTS = ("country", "payment_verified", "joined_at")
"""What a file of posts may say of their clients."""
_FORMATS = ("csv", "json", "jsonl", "parquet", "html")
_FILE_KEYS = tuple(field.name for field in fields(FileFormat))
_TOP_KEYS = (*_FILE_KEYS, "clock", "missing", "id")
_LEFT_OUT = {"jobs": (), "freelancers": (), "clients": (), "interactions": ("side",)}
"""Required columns that need no rule, since the import knows them."""


@dataclass(frozen=True)
class Mapping:
    """`rules` of the columns of `table`, and `clients` of those that posts name.

    `id` is the column that names a row (None: rows are named by their content); `clock` the moment of the export;
    `missing` the file's words for nothing.
    """

    path: Path
    table: Table
    rules: dict[str, Rule]
    clients: dict[str, Rule]
    file: FileFormat
    id: str | None = None
    clock: datetime | None = None
    missing: tuple[str, ...] = ()

    def sources(self) -> dict[str, str]:
        """The columns of the file that are read, each with a contract column that it is read for."""
        read_for = {self.id: self.table.key[0]} if self.id is not None else {}
        for rule in (*self.rules.values(), *self.clients.values()):
            for source in rule.cells():
                read_for.setdefault(source, rule.column.name)
        return read_for


def read_mapping(path: Path, table: str = "jobs") -> Mapping:
    """The mapping of the YAML file for a table; SettingsError or ContractError where it cannot be used."""
    declared = load(path)
    sections = (table, "clients") if table == "jobs" else (table,)
    for key in declared.content:
        with declared.told(key):
            if key in MAPPED and key not in sections:
                raise ContractError(f"{path} maps '{key}:' where {table} are imported; use the import of {key}")
            require_keys({key: None}, (*_TOP_KEYS, *sections), f"{path}: the mapping")
    with declared.told("id"):
        identity = header_name(declared.content.get("id"), f"{path}: id")
    of_file = OfFile(_missing(declared), _clock(declared))
    rules = _rules(declared, TABLES[table], tuple(column.name for column in TABLES[table].columns), of_file)
    clients = {}
    if table == "jobs" and declared.content.get("clients"):
        clients = _rules(declared, TABLES["clients"], CLIENTS_OF_POSTS, of_file)
    mapping = Mapping(
        path, TABLES[table], rules, clients, _file_format(declared),
        id=identity, clock=of_file.clock, missing=of_file.missing,
    )  # fmt: skip
    _require_complete(mapping)
    return mapping


def _missing(declared: Declared) -> tuple[str, ...]:
    with declared.told("missing"):
        return words(declared.content.get("missing", []), f"{declared.path}: missing")


def _clock(declared: Declared) -> datetime | None:
    value = declared.content.get("clock")
    if value is None:
        return None
    with declared.told("clock"):
        try:
            return moment(value)
        except RefusedValueError as error:
            raise ContractError(
                f"{declared.path}: clock {value!r} {error}; write it as 2026-03-01 or 2026-03-01T12:00:00Z"
            ) from error


def _file_format(declared: Declared) -> FileFormat:
    given = {key: declared.content[key] for key in _FILE_KEYS if key in declared.content}
    for key, value in given.items():
        with declared.told(key):
            sound, told = _FILE_FAULTS[key]
            if not sound(value):
                raise ContractError(f"{declared.path}: {key} {value!r} is {told}")
    if isinstance(given.get("header"), list):
        given["header"] = tuple(given["header"])
    if not given.get("quote", True):
        given["quote"] = None
    return FileFormat(**given)


def _is_mark(value: object) -> bool:
    return isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n"


def _is_encoding(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(codecs.lookup(value))
    except LookupError:
        return False


def _is_header(value: object) -> bool:
    is_names = isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
    return isinstance(value, bool) or is_names or (isinstance(value, int) and value > 0)


_FILE_FAULTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "format": (lambda value: value in _FORMATS, f"no format; use one of {', '.join(_FORMATS)}, or leave it out"),
    "encoding": (_is_encoding, "no encoding that is known; write one such as cp1252, or leave it out"),
    "delimiter": (
        lambda value: _is_mark(value) and value not in "\"'",
        "not one character; write one, such as ';' or \"\\t\"",
    ),
    "quote": (lambda value: not value or _is_mark(value), "not one character; write one, or '' for a file without"),
    "escape": (lambda value: value is None or _is_mark(value), 'not one character; write one, such as "\\\\"'),
    "header": (_is_header, "neither true, false nor a list of names, nor the number of its line; write one of them"),
    "records": (
        lambda value: isinstance(value, str),
        "no path; write the keys that lead to the list, such as data.jobs",
    ),
}
"""Of each key that tells the file apart when its value is sound, and what is said of another."""


def _rules(declared: Declared, table: Table, allowed: tuple[str, ...], of_file: OfFile) -> dict[str, Rule]:
    section = declared.content.get(table.name)
    if not isinstance(section, dict):
        raise ContractError(
            f"{declared.path} declares no '{table.name}:'; write a line for each column of {table.name}"
        )
    rules = {}
    for name, declaration in section.items():
        where = f"{declared.path}: column {name} of {table.name}"
        with declared.told(table.name, name):
            if name not in allowed:
                raise ContractError(f"{where} is not in the contract; use one of {', '.join(allowed)}")
            if name == table.key[0]:
                raise ContractError(
                    f"{where} cannot be mapped; give its column as 'id:' at the top, or leave 'id:' out"
                )
            rules[name] = read_rule(table.column(name), declaration, where, of_file)
    return rules


def _require_complete(mapping: Mapping) -> None:
    """Required columns are declared, and what is relative has a clock."""
    path, table = mapping.path, mapping.table
    known = (table.key[0], "event_timestamp", "recorded_at", *_LEFT_OUT[table.name])
    for column in table.columns:
        is_set = column.name in mapping.rules or column.default is not None or column.name in known
        if column.required and not is_set:
            raise ContractError(
                f"{path}: column {column.name} of {table.name} ({SPELLED[column.type]}) is required; declare it, "
                f"for instance as {{kind: constant, value: ...}}"
            )
    for rule in (*mapping.rules.values(), *mapping.clients.values()):
        if rule.reading.kind == "relative_date" and mapping.clock is None:
            raise ContractError(
                f"{path}: column {rule.column.name} is a relative date; add 'clock:', the day of the export"
            )
    _require_moment(mapping)
    if mapping.clients and "client_id" not in mapping.rules:
        raise ContractError(f"{path}: clients are declared without client_id of jobs; declare it under 'jobs:'")
    if table.name == "clients" and mapping.id is None:
        raise ContractError(f"{path} names no client; give the column that does as 'id:' at the top")
    if table.name == "interactions" and not mapping.rules.keys() & {"job_id", "client_id"}:
        raise ContractError(f"{path}: interactions need the other side; declare job_id or client_id")


def _require_moment(mapping: Mapping) -> None:
    """Posts and interactions say when; what is said of people and clients may count from its import on."""
    declared = mapping.rules.keys()
    if mapping.table.name == "interactions" and "event_timestamp" not in declared:
        raise ContractError(f"{mapping.path}: nothing says when an interaction was; declare event_timestamp")
    if mapping.table.name == "jobs" and not (mapping.clock or declared & {"event_timestamp", "posted_at"}):
        raise ContractError(
            f"{mapping.path}: nothing says when a post was known; declare event_timestamp or posted_at, or add 'clock:'"
        )
