"""Bring tables into the lake: conform them, append what is new, quarantine what cannot be used, count all of it.

Repeating it, or repeating it after a kill, leaves the same lake. Knows no file format.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from components.importers.conform import NOTE, REPEATED_KEY, TEXTS, conform
from components.importers.corrections import Corrections
from components.importers.values.typed_cells import is_text
from metier.contract import TEXT_LIST, ids_of, table
from metier.errors import MetierError
from metier.lake import Lake
from metier.texts.free_texts import FREE_TEXTS, TextCounts, made_plain, plain_texts
from metier.texts.ids import with_plain_ids
from metier.texts.personal_data import EMAIL, mask
from metier.texts.plain_text import one_line, tidy

SET_ASIDE = (REPEATED_KEY, "repeats the text of ", "near-duplicate of ", "contradicts ")
"""How reasons begin that name, or are, an earlier row of the same file."""
_PLACE = re.compile(r" \((line [\d,]+[^()]*)\)$")
"""How a reader ends a reason with the row's place in the file."""


@dataclass(frozen=True)
class TableReport:
    """What became of a table's rows: read = written + duplicates + quarantined. `reasons` counts the last.

    `corrected` of the written rows correct what the lake held. `first`: where in the file a reason was met first.
    """

    read: int = 0
    written: int = 0
    duplicates: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    texts: TextCounts = field(default_factory=TextCounts)
    corrected: int = 0
    first: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: "TableReport") -> "TableReport":
        return TableReport(
            read=self.read + other.read,
            written=self.written + other.written,
            duplicates=self.duplicates + other.duplicates,
            quarantined=self.quarantined + other.quarantined,
            reasons=dict(Counter(self.reasons) + Counter(other.reasons)),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            texts=self.texts + other.texts,
            corrected=self.corrected + other.corrected,
            first={**other.first, **self.first},
        )

    def set_aside(self) -> int:
        """Quarantined rows that an earlier one of their file stands for."""
        return sum(number for reason, number in self.reasons.items() if reason.startswith(SET_ASIDE))

    def quarantines(self) -> Iterator[str]:
        """A line for each reason: its rows, and the place of the first."""
        for reason, number in self.reasons.items():
            place = f" (first in {self.first[reason]})" if reason in self.first else ""
            yield f"{number:,} x {reason}{place}"

    def corrections(self) -> tuple[str, ...]:
        """The line about corrected rows, where there are any."""
        note = f"{self.corrected:,} of the written rows correct rows that the lake held; they count from this import on"
        return (note,) if self.corrected else ()


@dataclass(frozen=True)
class IngestReport:
    """Per table, what became of its rows; and a note for each thing that the lake lacks."""

    tables: dict[str, TableReport]
    lacking: tuple[str, ...] = ()

    def render(self) -> str:
        """Counts per table, the reasons of quarantined rows, and warnings, as text."""
        lines = [f"{'table':14}{'read':>12}{'written':>12}{'duplicates':>12}{'quarantined':>13}"]
        for name, t in self.tables.items():
            lines.append(f"{name:14}{t.read:>12,}{t.written:>12,}{t.duplicates:>12,}{t.quarantined:>13,}")
        for name, t in self.tables.items():
            lines += [f"quarantined from {name}: {line}" for line in t.quarantines()]
            notes = (*t.texts.render(), *t.warnings, *t.corrections())
            lines += [f"note on {name}: {note}" for note in notes]
        return "\n".join([*lines, *(f"note: {lack}" for lack in self.lacking)])


def ingest(
    lake: Lake, tables: Iterable[tuple[str, str, pa.Table]], clock: datetime | None = None, corrects: bool = False
) -> IngestReport:
    """Conform, append and quarantine each (table name, source, rows); rows after `clock` (default: now) are refused.

    An entity's row with the key of a held one and other content is a new version, recorded at `clock`; an event's is
    set aside, or replaces the held one if it `corrects` it.

    A table that breaks the contract as a whole raises; those before it are in the lake, and repeating the import
    once it is mended writes only what is missing.
    """
    now = clock or datetime.now(UTC)
    corrections = Corrections(lake, now, corrects)
    reports: dict[str, TableReport] = {}
    with _telling_what_is_held(reports):
        for name, source, incoming in tables:
            became = _ingest_table(lake, corrections, now, name, source, incoming)
            reports[name] = reports.get(name, TableReport()) + became
    return IngestReport(reports)


@contextmanager
def _telling_what_is_held(reports: dict[str, TableReport]) -> Iterator[None]:
    """An error says how many rows before it are in the lake."""
    try:
        yield
    except MetierError as error:
        if held := sum(report.written for report in reports.values()):
            told = (
                f"{error}; the {held:,} rows before it are in the lake, and importing all again writes only the others"
            )
            error.args = (told,)
        raise


def _ingest_table(
    lake: Lake, corrections: Corrections, now: datetime, name: str, source: str, incoming: pa.Table
) -> TableReport:
    metadata: dict[bytes, bytes] = incoming.schema.metadata or {}
    incoming, hashed = with_plain_ids(incoming, ids_of(name))
    spelled = _spelled_lists(name, incoming)
    if TEXTS in metadata:
        plain, texts = incoming, TextCounts(**json.loads(metadata[TEXTS]))
    else:
        plain, texts = plain_texts(name, incoming, dict.fromkeys(spelled, tidy))
    texts += TextCounts(masked_rows=max(hashed.values(), default=0), masked={c: {EMAIL: n} for c, n in hashed.items()})
    conformed = conform(name, plain, now, source)
    rows, found = made_plain(conformed.rows, dict.fromkeys(spelled, one_line))
    texts += found
    settled = corrections.settle(name, rows)
    rejected = _masked(conformed.rejected, table(name).schema.names)
    quarantined = lake.quarantine(name, rejected, conformed.reasons, source)
    quarantined += lake.quarantine(name, settled.set_aside, settled.reasons, source)
    appended = lake.append(name, settled.rows)
    reasons, first = _counted([*conformed.reasons.to_pylist(), *settled.reasons.to_pylist()])
    warnings = (metadata[NOTE].decode(), *conformed.warnings) if NOTE in metadata else conformed.warnings
    return TableReport(
        read=incoming.num_rows,
        written=appended.written,
        duplicates=appended.duplicates,
        quarantined=quarantined,
        reasons=dict(reasons),
        warnings=warnings,
        texts=texts,
        corrected=settled.corrected,
        first=first,
    )


def _counted(reasons: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """How often each reason stands, whatever its place in the file, and the first place of each that has one."""
    numbers: Counter[str] = Counter()
    first: dict[str, str] = {}
    for reason, number in Counter(reasons).items():
        place = _PLACE.search(reason)
        plain = reason[: place.start()] if place else reason
        numbers[plain] += number
        if place:
            first.setdefault(plain, place[1])
    return dict(numbers), first


def _spelled_lists(name: str, incoming: pa.Table) -> list[str]:
    """Free texts of lists that come as text: breaks may separate their members, which are plain once they are read."""
    return [
        column
        for column in FREE_TEXTS.get(name, {})
        if table(name).column(column).type == TEXT_LIST
        and column in incoming.column_names
        and is_text(incoming.schema.field(column).type)
    ]


def _masked(rejected: pa.Table, declared: Collection[str]) -> pa.Table:
    """The rows with personal data masked in columns of text that the contract does not have: it knows no such texts."""
    for position, column in enumerate(rejected.schema):
        if column.name not in declared and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            encoded = rejected[column.name].combine_chunks().dictionary_encode()
            texts = pa.array([mask(text)[0] for text in encoded.dictionary.to_pylist()], column.type)
            rejected = rejected.set_column(position, column, texts.take(encoded.indices))
    return rejected
