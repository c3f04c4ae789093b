"""A first mapping of a file, guessed from its header and a sample: a YAML to be corrected by hand.

A column is taken for what its name says where its values can be read as that, by the readings that the import uses.
What a person has to decide stands in a comment that begins with 'decide:'. Writes nothing of what the cells say.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import LINE, REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows
from components.importers.mapped.aliases import ids, names, plain_name
from components.importers.mapped.mapping import FIRST_KNOWN, MAPPED
from components.importers.mapped.rules import KINDS, end_of
from components.importers.values.reading import Reading, read_column
from metier.contract import NUMBER, TABLES, TEXT, TIMESTAMP, Column
from metier.errors import ContractError, EmptyDataError

SAMPLE = 1_000
"""Rows that are looked at."""
READABLE = 0.5
"""Least share of a column's values that is read where its name is believed."""
_DELIMITERS = (",", ";", "\t", "|")
_HTML = r"<[a-zA-Z/][^<>]*>|&(?:[a-z]+|#[0-9]+);"
_CONSTANTS = {
    "jobs": {"description": "''", "skills": "[]", "visibility": "public", "status": "open"},
    "freelancers": {"overview": "''", "skills": "[]", "status": "listed"},
    "clients": {"status": "active"},
    "interactions": {"kind": "click"},
}
"""What is put for a required column that the file seems to lack."""
_PAY_KINDS = {"hourly_rate_usd": ("rate",), "budget_min_usd": ("money", "rate"), "budget_max_usd": ("money", "rate"),
              "salary_min_usd": ("salary",), "salary_max_usd": ("salary",), "value_usd": ("money",)}  # fmt: skip
"""Ways to read what a column of money may hold; other numbers are numbers."""
_ONE_OBJECT = ("basesalary", "salary", "compensation")
"""Objects that are read as one value."""
Sample = dict[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Guess:
    """A line of the mapping: the kind of a column and how much of the sample it reads, with what hinders the rest."""

    source: str
    kind: str | None
    share: float
    hindrance: str | None = None
    is_whole: bool = True
    """Whether no cell is missing."""


def guess(path: Path, table: str | None = None) -> str:
    """The mapping as YAML; `table` None: that whose columns' names the file has most of."""
    declared, sample = _sample(path)
    chosen = table or max(MAPPED, key=lambda name: _likeness(name, sample))
    if table is None and not _likeness(chosen, sample):
        raise ContractError(
            f"{path}: no column has a name that is known; say what it holds by --table, or map it by hand"
        )
    identity = _first(ids(chosen), sample)
    found = _found(chosen, sample)
    taken = {identity, *(entry.source for entry in found.values() if entry)}
    lines = [
        f"# Guessed from {path.name}; correct it, then: metier import {_command(chosen)} {path} --mapping THIS_FILE"
    ]
    lines += _top(chosen, declared, identity, found)
    lines += [f"{chosen}:", *_section(chosen, found)]
    left = [name for name in sample if name not in taken]
    lines += [f"# not mapped: {name}" for name in left]
    return "\n".join(lines) + "\n"


def _found(table: str, sample: Sample) -> dict[str, Guess | None]:
    """The guess of each contract column; what is read as one of few words is no free text."""
    declared = TABLES[table]
    found = {name: _guess(declared.column(name), aliases, sample) for name, aliases in names(table).items()}
    words = {
        entry.source for name, entry in found.items() if entry and declared.column(name).allowed and _is_believed(entry)
    }
    return {
        name: None if entry and entry.source in words and not declared.column(name).allowed else entry
        for name, entry in found.items()
    }


def _command(table: str) -> str:
    return {"jobs": "posts", "freelancers": "people"}.get(table, table)


def _sample(path: Path) -> tuple[FileFormat, Sample]:
    """How the file is written, and its first rows, nested fields of JSON by dotted path."""
    found: list[tuple[int, FileFormat, pa.Table]] = []
    refused: ContractError | None = None
    for delimiter in _DELIMITERS:
        try:
            declared = FileFormat(delimiter=delimiter)
            rows = next(open_rows(path, declared)).slice(0, SAMPLE)
        except (ContractError, EmptyDataError) as error:
            if isinstance(error, EmptyDataError):
                raise
            refused = refused or error
            continue
        names_read = [name for name in rows.column_names if name not in (REASON, LINE) and name[:1] != "@"]
        found.append((len(names_read), declared, rows.select(names_read)))
    if not found:
        raise refused or ContractError(f"{path} cannot be read; give a file of rows")
    _, declared, rows = max(found, key=lambda entry: entry[0])
    return declared, {name: values for name in rows.column_names for name, values in _flat(name, rows[name])}


def _flat(name: str, cells: pa.ChunkedArray) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """The column, or those of the objects that it holds."""
    if cells.type != TEXT:
        yield name, cells
        return
    objects = [_object(cell) for cell in cells.to_pylist()]
    if not any(objects):
        yield name, cells
        return
    if plain_name(name) in _ONE_OBJECT:
        yield name, cells
    for key in dict.fromkeys(key for entry in objects for key in entry if not key.startswith("@")):
        values = [entry.get(key) for entry in objects]
        told = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
        yield from _flat(f"{name}.{key}", pa.chunked_array([pa.array(told, TEXT)]))


def _object(cell: str | None) -> dict[str, Any]:
    if not cell or not cell.lstrip().startswith("{"):
        return {}
    try:
        value = json.loads(cell)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _likeness(table: str, sample: Sample) -> int:
    """How many columns have names of the table; names of no other table, and that of its rows, count more."""
    known = names(table)
    if table == "interactions":  # what names two sides and a time is a log
        sides = (_first(known[name], sample) for name in ("freelancer_id", "job_id", "event_timestamp"))
        return 100 if all(sides) else 0
    others = {alias for other in MAPPED if other != table for aliases in names(other).values() for alias in aliases}
    likeness = 4 * (_first([name for name in ids(table) if name != "id"], sample) is not None)
    for aliases in known.values():
        own = _first([alias for alias in aliases if alias not in others], sample)
        likeness += 2 if own else _first(aliases, sample) is not None
    return likeness


def _first(aliases: list[str], sample: Sample) -> str | None:
    by_name = {plain_name(name): name for name in reversed(sample)}
    return next((by_name[alias] for alias in aliases if alias in by_name), None)


def _guess(column: Column, aliases: list[str], sample: Sample) -> Guess | None:
    """The best reading of the first column of that name that holds anything."""
    present = [source for alias in aliases if (source := _first([alias], sample))]
    guesses = (_best(column, source, sample[source]) for source in dict.fromkeys(present))
    return max((entry for entry in guesses if entry), key=lambda entry: entry.share >= READABLE, default=None)


def _best(column: Column, source: str, cells: pa.ChunkedArray) -> Guess | None:
    if column.name.endswith("_id") or (column.type == TEXT and not column.allowed):
        is_page = bool(pc.any(pc.match_substring_regex(cells.cast(TEXT), _HTML)).as_py())
        return Guess(source, "html" if is_page and not column.name.endswith("_id") else "text", 1.0)
    fitting = [name for name, types in KINDS.items() if column.type in types]
    kinds = (
        ["text"] if column.allowed else _PAY_KINDS.get(column.name, fitting[:1] if column.type == NUMBER else fitting)
    )
    read = [entry for kind in kinds if (entry := _read(column, source, cells, kind))]
    return max(read, key=lambda entry: entry.share, default=None)


def _read(column: Column, source: str, cells: pa.ChunkedArray, kind: str) -> Guess | None:
    """How much of the cells the kind reads; None where they hold nothing."""
    clock = datetime.now(UTC) if kind == "relative_date" else None
    found = read_column(cells, column, Reading(kind=kind, clock=clock, end=end_of(column)))
    read, refused = len(found.values) - found.values.null_count, len(found.reasons) - found.reasons.null_count
    if not read + refused:
        return None
    most = Counter(found.reasons.drop_null().to_pylist()).most_common(1)
    hindrance = most[0][0] if most else None
    return Guess(source, kind, read / (read + refused), hindrance, is_whole=read == len(found.values))


def _top(table: str, declared: FileFormat, identity: str | None, found: dict[str, Guess | None]) -> Iterator[str]:
    if declared.delimiter != ",":
        yield f"delimiter: {json.dumps(declared.delimiter)}"
    if identity is not None:
        yield f"id: {_spelled(identity)}"
    elif table == "clients":
        yield "# decide: id: the column that names a client, without which none can be imported"
    else:
        yield "# no column names a row: rows are named by what they say"
    times = [
        entry for name, entry in found.items() if TABLES[table].column(name).type == TIMESTAMP and _is_believed(entry)
    ]
    first_known = FIRST_KNOWN.get(table)
    entry = found.get(first_known) if first_known else None
    is_dated = first_known is None or (entry is not None and entry.is_whole and _is_believed(entry))
    if not is_dated or any(entry and entry.kind == "relative_date" for entry in times):
        yield f"clock: {datetime.now(UTC):%Y-%m-%d}  # decide: the day of the export, from which on rows count"


def _section(table: str, found: dict[str, Guess | None]) -> Iterator[str]:
    for column in TABLES[table].columns:
        entry = found.get(column.name)
        if entry and _is_believed(entry):
            rest = f"  # {entry.share:.0%} of the sample; the rest: {entry.hindrance}" if entry.hindrance else ""
            yield f"  {column.name}: {{from: {_spelled(entry.source)}, kind: {entry.kind}}}{rest}"
            continue
        if entry:
            yield f"  # decide: {column.name} from {_spelled(entry.source)}: {entry.hindrance} in {1 - entry.share:.0%}"
            if column.allowed:
                words = f"{{ITS WORD: {column.allowed[0]}, ...}}"
                yield f"  #   {{from: {_spelled(entry.source)}, kind: text, values: {words}}}"
        if column.name in _CONSTANTS[table]:
            value = _CONSTANTS[table][column.name]
            yield f"  {column.name}: {{kind: constant, value: {value}}}  # decide: whether it is so for all rows"
        elif column.required and column.default is None and column.name in names(table) and column.name != "side":
            yield f"  # decide: {column.name}, which is required: {{from: A COLUMN, kind: text}}"


def _is_believed(entry: Guess | None) -> bool:
    return entry is not None and entry.share >= READABLE


def _spelled(name: str) -> str:
    """As YAML reads it back as text."""
    return json.dumps(name, ensure_ascii=False)
