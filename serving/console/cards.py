"""Candidates as people read them: title, facts, skills and prose of their newest versions. Knows no page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from metier.contract import Surface, table
from metier.surfaces import surface_spec
from serving.candidates.space import CandidateSpace

UNSHOWN = ("title", "skills", "overview", "description", "recorded_at", "event_timestamp")
"""Columns that are no facts of their own, or stand elsewhere on a card."""
BRIEF = ("category", "experience_level", "country", "city", "company", "hourly_rate_usd", "budget_kind")
"""The facts that a slate shows, beside budgets."""


@dataclass(frozen=True)
class Card:
    """One candidate; empty but for its id where the replica holds no version of it."""

    id: str
    title: str = ""
    skills: tuple[str, ...] = ()
    prose: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def brief(self) -> tuple[str, ...]:
        """A few facts for one line."""
        budget = "–".join(f"${self.facts[name]}" for name in ("budget_min_usd", "budget_max_usd") if name in self.facts)
        shown = [self.facts[name] for name in BRIEF if name in self.facts and name != "hourly_rate_usd"]
        rate = [f"${self.facts['hourly_rate_usd']} an hour"] if "hourly_rate_usd" in self.facts else []
        return (*shown, *rate, *([budget] if budget else []))


def cards_of(candidates: CandidateSpace, ids: Sequence[str]) -> dict[str, Card]:
    """A card of each id."""
    spec = surface_spec(candidates.surface)
    columns = [column.name for column in table(spec.table).columns]
    versions = candidates.versions(candidates.rows(ids), columns)
    return {name: _card(name, row, spec.prose) for name, row in zip(ids, versions, strict=True)}


def card_by_table(spaces: Mapping[Surface, CandidateSpace], kind: str, name: str) -> Card | None:
    """The card of a row of the table `kind`, of whichever surface holds it; None where none does."""
    for surface, candidates in spaces.items():
        if surface_spec(surface).table == kind and candidates.rows([name])[0] >= 0:
            return cards_of(candidates, [name])[name]
    return None


def pieces(text: str, start: int, end: int) -> tuple[str, str, str]:
    """What precedes the characters [start, end) of a text, they, and what follows; bounds outside of it are cut."""
    first = min(max(start, 0), len(text))
    last = min(max(end, first), len(text))
    return text[:first], text[first:last], text[last:]


def entries_in(entries: Sequence[str], start: int, end: int) -> list[int]:
    """Positions of the entries that lie within the characters [start, end) of them all, joined by ", "."""
    begins = [0, *accumulate(len(entry) + len(", ") for entry in entries)]
    spans = zip(begins, entries, strict=False)
    return [at for at, (begin, entry) in enumerate(spans) if start <= begin and begin + len(entry) <= end]


def _card(name: str, row: Mapping[str, Any], prose: str) -> Card:
    return Card(
        id=name,
        title=row.get("title") or "",
        skills=tuple(row.get("skills") or ()),
        prose=row.get(prose) or "",
        facts=dict(_facts(row)),
    )


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if name in UNSHOWN or value is None or value == []:
            continue
        yield name, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
