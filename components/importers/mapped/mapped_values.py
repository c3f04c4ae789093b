"""The cells of a piece of a file to values of contract columns, by their rules, with counts of what was done to them.

Texts leave here clean and without personal data. What cannot be read with certainty becomes null and is counted by
reason. Knows rules and columns; no file, and nothing of what the rows mean together.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import NOTE, TEXTS
from components.importers.mapped.rules import Rule
from components.importers.mapped.said import SAID, said
from components.importers.mapped.sources import read_source
from components.importers.values.reading import NOT_ONE_OF, ReadColumn, decided, first_read
from components.importers.values.typed_cells import as_text
from metier.contract import NUMBER, RANGES, TEXT, TEXT_LIST, Column
from metier.texts.free_texts import TextCounts, made_plain
from metier.texts.ids import plain_ids
from metier.texts.personal_data import EMAIL
from metier.texts.plain_text import one_line, tidy

_OF_MANY_LINES = ("description", "overview")
_FLOAT = r"^[0-9]+\.0$"


@dataclass
class Findings:
    """What was done to texts, and per column the values left empty by reason."""

    texts: TextCounts = field(default_factory=TextCounts)
    refused: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    cells: dict[str, int] = field(default_factory=dict)
    """By column, how many of its cells said anything."""
    floats: Counter[str] = field(default_factory=Counter)
    """By column, ids that a program wrote as floats: 7.0."""

    def marked(self, rows: pa.Table, counts: bool = True) -> pa.Table:
        """The rows marked as plain, with what was found in the whole file unless another piece has the counts."""
        metadata = {TEXTS: json.dumps(asdict(self.texts if counts else TextCounts())).encode()}
        if counts and (note := self.note()):
            metadata[NOTE] = note.encode()
        return rows.replace_schema_metadata(metadata)

    def note(self) -> str:
        """What was left empty and what no row has, in one line; empty where nothing was."""
        counts = (
            f"{name} {', '.join(f'{number:,} x {what}' for what, number in sorted(reasons.items()))}"
            for name, reasons in self.refused.items()
        )
        silent = ", ".join(name for name, number in self.cells.items() if not number)
        notes = [f"left empty: {'; '.join(counts)}"] if self.refused else []
        if self.floats:
            told = ", ".join(f"{number:,} x {name}" for name, number in self.floats.items())
            notes.append(f"ids as 7.0, kept so though other files may say 7 (mend it by a pattern, or there): {told}")
        return "; ".join([*notes, *([f"in no row of the file: {silent}"] if silent else [])])

    def left_empty(self, name: str, reasons: pa.Array) -> None:
        """Count the cells of a column that were refused, by reason."""
        for entry in pc.value_counts(reasons.drop_null()).to_pylist():
            self.refused[name][entry["values"]] += entry["counts"]

    def heard(self, name: str, read: ReadColumn) -> None:
        """Count the cells of a column that said anything."""
        said = 2 * len(read.values) - read.values.null_count - read.reasons.null_count
        self.cells[name] = self.cells.get(name, 0) + said


def mapped_columns(rules: Mapping[str, Rule], rows: pa.Table, findings: Findings) -> pa.Table:
    """The rows' values in the columns of `rules`, null where a cell is missing or refused.

    Behind them, for each column of which a cell was refused, what `said` makes of these cells.
    """
    cleaned = _Cleaned(rows.num_rows)
    columns, refused = {}, {}
    for name, rule in rules.items():
        if rule.sources:
            columns[name], is_refused = _read(rule, rows, findings, cleaned)
            if pc.any(is_refused).as_py():
                refused[f"{SAID}{name}"] = said([rows[source] for source in rule.cells()], is_refused)
        else:
            columns[name] = pa.array([rule.constant], rule.column.type).take(pa.array(np.zeros(rows.num_rows, int)))
    _empty_backwards(columns, findings)
    plain = {name: tidy if name in _OF_MANY_LINES else one_line for name, rule in rules.items() if _is_prose(rule)}
    table, texts = made_plain(pa.table(columns), plain)
    findings.texts += cleaned.counts() + texts
    for name, hashes in refused.items():
        table = table.append_column(name, hashes)
    return table


def _empty_backwards(columns: dict[str, pa.Array], findings: Findings) -> None:
    """Leave both ends of a range empty where it runs backwards, and count it."""
    for low, high in (pair for pairs in RANGES.values() for pair in pairs if columns.keys() >= set(pair)):
        backwards = pc.fill_null(pc.greater(columns[low], columns[high]), False)
        if number := pc.sum(backwards).as_py():
            nothing = pa.scalar(None, NUMBER)
            columns |= {end: pc.if_else(backwards, nothing, columns[end]) for end in (low, high)}
            findings.refused[low][f"above {high}"] += number


def settled(rules: Mapping[str, Rule], rows: pa.Table) -> dict[str, Rule]:
    """The rules with what a first piece decides of how a column is spelled, so that later pieces follow it."""
    return {
        name: replace(rule, reading=decided(rows[rule.sources[0]], rule.column, rule.reading))
        if len(rule.sources) == 1
        else rule
        for name, rule in rules.items()
    }


def named(read: ReadColumn, column: Column, findings: Findings) -> pa.Array:
    """The ids of an id column; one that holds an e-mail address as its hash, which still tells owners apart."""
    findings.left_empty(column.name, read.reasons)
    ids, addresses = plain_ids(read.values)
    if floats := pc.sum(pc.match_substring_regex(ids, _FLOAT)).as_py():
        findings.floats[column.name] += floats
    if addresses:
        findings.texts += TextCounts(masked_rows=addresses, masked={column.name: {EMAIL: addresses}})
    return ids


def _read(rule: Rule, rows: pa.Table, findings: Findings, cleaned: "_Cleaned") -> tuple[pa.Array, pa.Array]:
    """The values, and in which rows a cell was refused."""
    column = rule.column
    if column.name.endswith("_id"):
        ids = read_source(rule, rule.sources[0], rows)
        return named(ids, column, findings), pc.is_valid(ids.reasons)
    reads = [read_source(rule, source, rows) for source in rule.sources]
    refused = reduce(pc.or_, (pc.is_valid(read.reasons) for read in reads))
    read = reads[0] if len(reads) == 1 else first_read(reads)
    findings.heard(column.name, read)
    values = read.values
    if column.allowed and column.required:
        values, read = _kept_for_quarantine(rule, rows, read), ReadColumn(values, pc.if_else(
            pc.equal(read.reasons, NOT_ONE_OF), pa.scalar(None, TEXT), read.reasons
        ))  # fmt: skip
    findings.left_empty(column.name, read.reasons)
    if _is_prose(rule) and column.type == TEXT and not (rule.reading.values or rule.reading.pattern or column.allowed):
        cleaned.compare(column.name, values, [rows[source] for source in rule.sources])
    return _when_missing(column, values), refused


def _kept_for_quarantine(rule: Rule, rows: pa.Table, read: ReadColumn) -> pa.Array:
    """A required word that is none of the allowed ones stays as it is, for conform to quarantine its row."""
    cells = pc.utf8_trim_whitespace(as_text(rows[rule.sources[0]]))
    return pc.if_else(pc.fill_null(pc.equal(read.reasons, NOT_ONE_OF), False), pc.utf8_lower(cells), read.values)


def _when_missing(column: Column, values: pa.Array) -> pa.Array:
    """Required free text is empty rather than null, as is a list."""
    if column.type == TEXT_LIST:
        return pc.coalesce(values, pa.scalar([], TEXT_LIST))
    return pc.fill_null(values, "") if column.type == TEXT and column.required and not column.allowed else values


def _is_prose(rule: Rule) -> bool:
    """Whether people write there what they like."""
    return rule.column.type in (TEXT, TEXT_LIST) and bool(rule.sources) and not rule.column.name.endswith("_id")


class _Cleaned:
    """Rows whose text was mended, by column and in all."""

    def __init__(self, rows: int) -> None:
        self._any = np.zeros(rows, bool)
        self._columns: dict[str, int] = {}

    def compare(self, column: str, values: pa.Array, cells: list[pa.ChunkedArray]) -> None:
        """A value that is none of its row's cells was mended."""
        mended = np.asarray(pc.is_valid(values))
        for spelled in cells:
            same = pc.equal(values, as_text(spelled))
            mended = mended & ~np.asarray(pc.fill_null(same, False))
        if mended.any():
            self._any |= mended
            self._columns[column] = int(mended.sum())

    def counts(self) -> TextCounts:
        return TextCounts(int(self._any.sum()), self._columns)
