"""Bring tables into the lake: conform them, append what is new, quarantine what cannot be used, count all of it.

Repeating it, or repeating it after a kill, leaves the same lake. Knows no file format.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import NOTE, TEXTS, conform
from components.importers.duplicates import contradictions
from metier.contract import table
from metier.lake import Lake
from metier.texts.free_texts import TextCounts, plain_texts
from metier.texts.personal_data import mask

HELD_OTHERWISE = "key is in the lake with other content"


@dataclass(frozen=True)
class TableReport:
    """What became of a table's rows: read = written + duplicates + quarantined. `reasons` counts the last."""

    read: int = 0
    written: int = 0
    duplicates: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    texts: TextCounts = field(default_factory=TextCounts)

    def __add__(self, other: "TableReport") -> "TableReport":
        return TableReport(
            read=self.read + other.read,
            written=self.written + other.written,
            duplicates=self.duplicates + other.duplicates,
            quarantined=self.quarantined + other.quarantined,
            reasons=dict(Counter(self.reasons) + Counter(other.reasons)),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            texts=self.texts + other.texts,
        )


@dataclass(frozen=True)
class IngestReport:
    """Per table, what became of its rows."""

    tables: dict[str, TableReport]

    def render(self) -> str:
        """Counts per table, the reasons of quarantined rows, and warnings, as text."""
        lines = [f"{'table':14}{'read':>12}{'written':>12}{'duplicates':>12}{'quarantined':>13}"]
        for name, t in self.tables.items():
            lines.append(f"{name:14}{t.read:>12,}{t.written:>12,}{t.duplicates:>12,}{t.quarantined:>13,}")
        for name, t in self.tables.items():
            lines += [f"quarantined from {name}: {number:,} x {reason}" for reason, number in t.reasons.items()]
            lines += [f"note on {name}: {note}" for note in (*t.texts.render(), *t.warnings)]
        return "\n".join(lines)


def ingest(lake: Lake, tables: Iterable[tuple[str, str, pa.Table]], clock: datetime | None = None) -> IngestReport:
    """Conform, append and quarantine each (table name, source, rows); rows after `clock` (default: now) are refused.

    A table that breaks the contract as a whole raises; those before it are in the lake, and repeating the import
    once it is mended writes only what is missing.
    """
    now = clock or datetime.now(UTC)
    reports: dict[str, TableReport] = {}
    for name, source, incoming in tables:
        reports[name] = reports.get(name, TableReport()) + _ingest_table(lake, name, source, incoming, now)
    return IngestReport(reports)


def _ingest_table(lake: Lake, name: str, source: str, incoming: pa.Table, now: datetime) -> TableReport:
    plain, texts = plain_texts(name, incoming)
    conformed = conform(name, plain, now, source)
    rows, contradicting = _split(lake, name, conformed.rows)
    otherwise = pa.array([HELD_OTHERWISE] * contradicting.num_rows, pa.string())
    rejected = _masked(conformed.rejected, table(name).schema.names)
    quarantined = lake.quarantine(name, rejected, conformed.reasons, source)
    quarantined += lake.quarantine(name, contradicting, otherwise, source)
    appended = lake.append(name, rows)
    reasons = Counter([*conformed.reasons.to_pylist(), *otherwise.to_pylist()])
    metadata: dict[bytes, bytes] = incoming.schema.metadata or {}
    if TEXTS in metadata:
        texts += TextCounts(**json.loads(metadata[TEXTS]))
    warnings = (metadata[NOTE].decode(), *conformed.warnings) if NOTE in metadata else conformed.warnings
    return TableReport(
        read=incoming.num_rows,
        written=appended.written,
        duplicates=appended.duplicates,
        quarantined=quarantined,
        reasons=dict(reasons),
        warnings=warnings,
        texts=texts,
    )


def _masked(rejected: pa.Table, declared: Collection[str]) -> pa.Table:
    """The rows with personal data masked in columns of text that the contract does not have: it knows no such texts."""
    for position, column in enumerate(rejected.schema):
        if column.name not in declared and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            encoded = rejected[column.name].combine_chunks().dictionary_encode()
            texts = pa.array([mask(text)[0] for text in encoded.dictionary.to_pylist()], column.type)
            rejected = rejected.set_column(position, column, texts.take(encoded.indices))
    return rejected


def _split(lake: Lake, name: str, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows that agree with what the lake holds, and rows whose key it holds with other content."""
    matching_rows = lake.matching(name, rows)
    if matching_rows.num_rows == 0:
        return rows, rows.slice(0, 0)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("held", matching_rows)
        positions = contradictions(connection, table(name), rows, "held")
    contradicts = pc.is_in(pa.array(np.arange(rows.num_rows)), value_set=positions)
    return rows.filter(pc.invert(contradicts)), rows.filter(contradicts)
