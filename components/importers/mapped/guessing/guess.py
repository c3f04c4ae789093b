"""A first mapping of a file, guessed from its header and a sample: a YAML to be corrected by hand.

A column is taken for what its name says where its values can be read as that, by the readings that the import uses.
What a person has to decide stands in a comment that begins with 'decide:'. Writes nothing of what the cells say.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.files.file_format import FileFormat
from components.importers.mapped.guessing.aliases import ids, names, of_people, plain_name, terms
from components.importers.mapped.guessing.samples import Sample, sampled
from components.importers.mapped.mapping import FIRST_KNOWN, MAPPED
from components.importers.mapped.rules import KINDS, end_of
from components.importers.values.kinds import MONEY
from components.importers.values.pay.terms import with_terms
from components.importers.values.reading import Reading, read_column
from metier.contract import NUMBER, TABLES, TEXT, TIMESTAMP, Column
from metier.errors import ContractError, UnconvertibleTypeError

READABLE = 0.5
"""Least share of a column's values that is read where its name is believed."""
_WHOLE_FLOAT = r"^(.*?)(?:\.0)?$"
"""An id that a program wrote as a float."""
_HOURLY = {"yes": "hourly", "no": "fixed"}
_ID = TABLES["jobs"].column("job_id")
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


@dataclass(frozen=True)
class Guess:
    """A line of the mapping: the kind of a column and how much of the sample it reads, with what hinders the rest."""

    source: str
    kind: str | None
    share: float
    hindrance: str | None = None
    is_whole: bool = True
    """Whether no cell is missing."""
    others: tuple[str, ...] = ()
    """Columns that are read where this one says nothing."""
    more: tuple[str, ...] = ()
    """Further keys of the rule, as YAML."""


def guess(path: Path, table: str | None = None) -> str:
    """The mapping as YAML; `table` None: that whose columns' names the file has most of."""
    declared, sample = sampled(path)
    chosen = table or max(MAPPED, key=lambda name: _likeness(name, sample))
    if table is None and not _likeness(chosen, sample):
        raise ContractError(
            f"{path}: no column has a name that is known; say what it holds by --table, or map it by hand"
        )
    identity = next(
        (name for alias in ids(chosen) if (name := _first([alias], sample)) and _is_whole(sample[name])), None
    )
    found = _found(chosen, sample)
    taken = {identity, *(name for entry in found.values() if entry for name in (entry.source, *entry.others))}
    taken |= set(_terms_of(sample).values()) if any(entry and entry.more for entry in found.values()) else set()
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
    texts = {
        entry.source
        for name, entry in found.items()
        if entry and not declared.column(name).allowed and entry.share == 1
    }
    return {
        name: entry if entry and not _is_anothers(entry, name, table, words, texts) else None
        for name, entry in found.items()
    }


def _is_anothers(entry: Guess, name: str, table: str, words: set[str], texts: set[str]) -> bool:
    """Whether the column is one of few words and this one free text, or none of its words is one and it is a text."""
    if TABLES[table].column(name).allowed:
        return not entry.share and entry.source in texts
    return entry.source in words


def _command(table: str) -> str:
    return {"jobs": "posts", "freelancers": "people"}.get(table, table)


def _likeness(table: str, sample: Sample) -> int:
    """How many columns have names of the table; names of no other table, and that of its rows, count more."""
    known = names(table)
    if table == "interactions":  # what names two sides and a time is a log
        sides = (_first(known[name], sample) for name in ("freelancer_id", "job_id", "event_timestamp"))
        return 100 if all(sides) else 0
    others = {alias for other in MAPPED if other != table for aliases in names(other).values() for alias in aliases}
    likeness = 4 * (_first([name for name in ids(table) if name != "id"], sample) is not None)
    if table == "freelancers":
        likeness += 2 * sum(_first([alias], sample) is not None for alias in of_people())
    for aliases in known.values():
        own = _first([alias for alias in aliases if alias not in others], sample)
        likeness += 2 if own else _first(aliases, sample) is not None
    return likeness


def _first(aliases: list[str], sample: Sample) -> str | None:
    by_name = {plain_name(name): name for name in reversed(sample)}
    return next((by_name[alias] for alias in aliases if alias in by_name), None)


def _is_whole(cells: pa.ChunkedArray) -> bool:
    return bool(read_column(cells, _ID, Reading("text")).values.null_count == 0)


def _terms_of(sample: Sample) -> dict[str, str]:
    """The columns that say by what and in which currency sums are paid."""
    found = {key: _first(aliases, sample) for key, aliases in terms().items()}
    return {key: name for key, name in found.items() if name}


def _guess(column: Column, aliases: list[str], sample: Sample) -> Guess | None:
    """The best reading of the first column of that name that holds anything."""
    present = dict.fromkeys(source for alias in aliases if (source := _first([alias], sample)))
    guesses = [entry for source in present if (entry := _best(column, source, sample))]
    best = max(guesses, key=_is_believed, default=None)
    if best is None or best.kind not in MONEY or best.is_whole:
        return best
    return replace(
        best, others=tuple(e.source for e in guesses if e is not best and e.kind == best.kind and _is_believed(e))
    )


def _best(column: Column, source: str, sample: Sample) -> Guess | None:
    cells = sample[source]
    if column.name.endswith("_id") or (column.type == TEXT and not column.allowed):
        return _of_text(column, source, cells)
    fitting = [name for name, types in KINDS.items() if column.type in types]
    kinds = (
        ["text"] if column.allowed else _PAY_KINDS.get(column.name, fitting[:1] if column.type == NUMBER else fitting)
    )
    if (
        column.type == NUMBER
        and column.name in _PAY_KINDS
        and (beside := _terms_of(sample))
        and source not in beside.values()
    ):
        currencies, periods = (sample[beside[key]] if key in beside else None for key in ("currency", "period"))
        cells, more = with_terms(cells, currencies, periods, ()), _told(beside)
    else:
        more = ()
    read = [entry for kind in kinds if (entry := _read(column, source, cells, kind))]
    best = max(read, key=lambda entry: entry.share, default=None)
    return replace(best, more=more) if best and more else best


def _of_text(column: Column, source: str, cells: pa.ChunkedArray) -> Guess | None:
    try:
        read = read_column(cells, column, Reading("text"))
    except UnconvertibleTypeError:
        return None
    texts = read.values
    if (
        read.reasons.null_count < len(read.reasons)
        or pc.any(pc.match_substring_regex(texts, r'^(?:\[\s*)?\{\s*"')).as_py()
    ):
        return None
    if column.name.endswith("_id"):
        is_float = pc.all(pc.match_substring_regex(texts, r"^[0-9]+\.0$")).as_py() and len(texts) > texts.null_count
        return Guess(source, "text", 1.0, more=(f"pattern: {json.dumps(_WHOLE_FLOAT)}",) if is_float else ())
    is_page = bool(pc.any(pc.match_substring_regex(texts, _HTML)).as_py())
    return Guess(source, "html" if is_page else "text", 1.0)


def _told(beside: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{key}: {_spelled(name)}" for key, name in beside.items())


def _read(column: Column, source: str, cells: pa.ChunkedArray, kind: str) -> Guess | None:
    """How much of the cells the kind reads; None where they hold nothing."""
    clock = datetime.now(UTC) if kind == "relative_date" else None
    values = _HOURLY if column.name == "budget_kind" and "hourly" in plain_name(source) else {}
    try:
        found = read_column(cells, column, Reading(kind=kind, clock=clock, end=end_of(column), values=values))
    except UnconvertibleTypeError:
        return None
    read, refused = len(found.values) - found.values.null_count, len(found.reasons) - found.reasons.null_count
    if not read + refused:
        return None
    most = Counter(found.reasons.drop_null().to_pylist()).most_common(1)
    hindrance = most[0][0] if most else None
    more = (
        (f"values: {{{', '.join(f'{json.dumps(cell)}: {word}' for cell, word in values.items())}}}",) if values else ()
    )
    return Guess(source, kind, read / (read + refused), hindrance, is_whole=read == len(found.values), more=more)


def _top(table: str, declared: FileFormat, identity: str | None, found: dict[str, Guess | None]) -> Iterator[str]:
    if declared.encoding is not None:
        yield f"encoding: {declared.encoding}  # decide: whether letters with accents are right"
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
            yield f"  {column.name}: {{from: {_from(entry)}, {', '.join((f'kind: {entry.kind}', *entry.more))}}}{rest}"
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


def _from(entry: Guess) -> str:
    names_of = [_spelled(name) for name in (entry.source, *entry.others)]
    return f"[{', '.join(names_of)}]" if entry.others else names_of[0]


def _is_believed(entry: Guess | None) -> bool:
    return entry is not None and entry.share >= (READABLE if not entry.more or entry.kind not in MONEY else 1e-9)


def _spelled(name: str) -> str:
    """As YAML reads it back as text."""
    return json.dumps(name, ensure_ascii=False)
