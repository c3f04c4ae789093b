"""One column of a CSV to the values of a contract column, by its mapping rule, with counts of what was done to it.

Texts leave here clean and without personal data. What cannot be read with certainty becomes null and is counted by
reason. Knows rules and values; no file and no rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from components.importers.mapped.mapping import Rule
from components.importers.values.cleaning import html_text, is_missing, listed, truth
from components.importers.values.money import Money, budget, rate
from components.importers.values.spelled_dates import relative_date, spelled_date
from metier.contract import TEXT, TEXT_LIST
from metier.errors import RefusedValueError
from metier.texts.free_texts import TextCounts
from metier.texts.personal_data import EMAIL, mask
from metier.texts.plain_text import one_line, tidy

_OF_MANY_LINES = "description"
_UPPER_END = "budget_max_usd"
NOT_ONE_OF = "not one of the contract's values"


@dataclass
class Findings:
    """Per column: rows whose text was cleaned, personal data masked by kind, and values left empty by reason."""

    cleaned: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    masked: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    masked_rows: set[int] = field(default_factory=set)
    refused: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def counts(self) -> TextCounts:
        """What was done to the texts."""
        rows = set().union(*self.cleaned.values())
        cleaned = {name: len(of_column) for name, of_column in self.cleaned.items()}
        masked = {name: dict(kinds) for name, kinds in self.masked.items()}
        return TextCounts(len(rows), cleaned, len(self.masked_rows), masked)

    def note(self) -> str:
        """What was left empty, in one line; empty where nothing was."""
        counts = (
            f"{name} {', '.join(f'{number:,} x {what}' for what, number in sorted(reasons.items()))}"
            for name, reasons in self.refused.items()
        )
        return f"left empty: {'; '.join(counts)}" if self.refused else ""

    def mask(self, column: str, row: int, text: str) -> str:
        """The text without personal data, counted."""
        masked, removed = mask(text)
        if removed:
            self.masked[column] += removed
            self.masked_rows.add(row)
        return masked


def values(rule: Rule, texts: Sequence[str], clock: datetime | None, findings: Findings) -> list[Any]:
    """The column's values in the rows' order, null where the text is missing or refused."""
    read = _reader(rule, clock)
    return [_value(rule, read, row, text, findings) for row, text in enumerate(texts)]


def identity(text: str, column: str, row: int, findings: Findings) -> str | None:
    """The text of an id column; one that holds an e-mail address as its hash, which still tells owners apart."""
    value = one_line(text)
    if is_missing(value):
        return None
    _, removed = mask(value)
    if not removed[EMAIL]:
        return value
    findings.masked[column][EMAIL] += removed[EMAIL]
    findings.masked_rows.add(row)
    return f"id-{sha256(value.casefold().encode()).hexdigest()[:24]}"


def _value(rule: Rule, read: Callable[[str], Any], row: int, text: str, findings: Findings) -> Any:
    name = rule.column.name
    if name.endswith("_id"):
        return identity(text, name, row, findings)
    if is_missing(text):
        return _when_missing(rule)
    try:
        value = read(text)
    except RefusedValueError as refused:
        findings.refused[name][str(refused)] += 1
        return _when_missing(rule)
    if rule.column.type == TEXT_LIST:
        return [findings.mask(name, row, member) for member in value]
    if not isinstance(value, str):
        return value
    if value != text:
        findings.cleaned[name].add(row)
    return findings.mask(name, row, value) if not rule.column.allowed else _allowed(rule, row, value, findings)


def _when_missing(rule: Rule) -> Any:
    """Required free text is empty rather than null, as is a list."""
    if rule.column.type == TEXT_LIST:
        return []
    return "" if rule.column.type == TEXT and rule.column.required and not rule.column.allowed else None


def _allowed(rule: Rule, row: int, value: str, findings: Findings) -> str | None:
    """A required value that is unknown stays, for conform to quarantine its row."""
    folded = value.casefold()
    if folded in rule.column.allowed:
        return folded
    if rule.column.required:
        return findings.mask(rule.column.name, row, folded)
    findings.refused[rule.column.name][NOT_ONE_OF] += 1
    return None


def _reader(rule: Rule, clock: datetime | None) -> Callable[[str], Any]:
    if rule.kind == "relative_date":
        assert clock is not None  # noqa: S101 - read_mapping requires it
        return lambda text: relative_date(text, clock)
    readers: dict[str, Callable[[str], Any]] = {
        "text": tidy if rule.column.name == _OF_MANY_LINES else one_line,
        "html": html_text if rule.column.name == _OF_MANY_LINES else lambda text: one_line(html_text(text)),
        "money": lambda text: _end(rule, budget(text)),
        "rate": lambda text: _end(rule, rate(text)),
        "list": listed,
        "date": lambda text: spelled_date(text, rule.format),
        "boolean": truth,
    }
    return readers[rule.kind]


def _end(rule: Rule, money: Money) -> float | None:
    return money.high if rule.column.name == _UPPER_END else money.low
