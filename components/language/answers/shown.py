"""What a candidate shows: the stored values that an answer may speak of and cite, each as one text.

A text of the lake is shown as it is stored; a list as its entries between ", "; a number in its shortest form, a moment
as its date in UTC. Spans of citations are positions in these texts. Knows columns of the contract; no question.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from metier.contract import Surface
from metier.surfaces import surface_spec

PLACE = ("city", "region", "country")
PERSON_FIELDS = (
    "title", "overview", "skills", "category", *PLACE, "languages", "hourly_rate_usd", "experience_level",
    "hours_per_week",
)  # fmt: skip
JOB_FIELDS = (
    "title", "description", "skills", "category", *PLACE, "languages", "company", "industry", "budget_kind",
    "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd", "experience_level", "openings", "posted_at",
)  # fmt: skip
PROSE = ("overview", "description")
LISTS = ("skills", "languages")
NUMBERS = (
    "hourly_rate_usd", "hours_per_week", "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd",
    "openings",
)  # fmt: skip
"""Fields whose values are compared (`values`), and hold no words."""
BETWEEN = ", "
MOST_CHARACTERS = 6_000
"""Of a prose that are looked at: a post can be as long as a book."""
LONGEST_UNIT = 400
"""Characters; text without full stops is cut at spaces."""
_BOUNDARY = re.compile(
    r"(?<=[.!?…])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)"
    r"[\"')\]]*\s+(?![a-z])|\s*\n\s*|(?<=[。！？])"
)

Terms = Callable[[str], list[str]]
"""Terms of a text in order, as search has them (feature_repo.texts.text.analyze)."""


def shown_fields(surface: Surface) -> tuple[str, ...]:
    """Columns of a candidate that answers may speak of: no ids, no status, nothing of its owner."""
    return JOB_FIELDS if surface_spec(surface).shows_jobs else PERSON_FIELDS


def shown_text(value: Any) -> str:
    """A stored value as it is shown; empty where there is none.

    >>> shown_text(["Go", "SQL"]), shown_text(24.5), shown_text(30.0), shown_text(None)
    ('Go, SQL', '24.5', '30', '')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return BETWEEN.join(map(str, value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).date().isoformat()
    return str(value)


@dataclass(frozen=True)
class Unit:
    """The least that is cited: a sentence of a prose, an entry of a list, or a whole value."""

    field: str
    start: int
    end: int
    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """One candidate: `texts` by field, those that it has."""

    candidate_id: str
    texts: Mapping[str, str]
    values: Mapping[str, Any]
    terms_of: Terms

    @classmethod
    def of(cls, candidate_id: str, row: Mapping[str, Any], surface: Surface, terms_of: Terms) -> "Shown":
        """From a row of the contract's columns; those that an older lake has not are absent."""
        values = {name: row.get(name) for name in shown_fields(surface)}
        texts = {name: shown_text(value) for name, value in values.items()}
        return cls(candidate_id, {name: text for name, text in texts.items() if text.strip()}, values, terms_of)

    @cached_property
    def words(self) -> frozenset[str]:
        """Terms of all texts: what is not among them is in no unit."""
        return frozenset(self.terms_of(" . ".join(text[:MOST_CHARACTERS] for text in self.texts.values())))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All that can be cited, field by field."""
        return tuple(
            Unit(name, start, end, text[start:end], tuple(self.terms_of(text[start:end])))
            for name, text in self.texts.items()
            for start, end in self._spans(name, text)
        )

    def whole(self, field: str) -> Unit | None:
        """The value of a field, None where it has none."""
        text = self.texts.get(field)
        return None if text is None else Unit(field, 0, len(text), text, tuple(self.terms_of(text)))

    def _spans(self, field: str, text: str) -> Iterator[tuple[int, int]]:
        if field in PROSE:
            yield from sentences(text[:MOST_CHARACTERS])
        elif field in LISTS:
            yield from _entries(self.values[field])
        else:
            yield 0, len(text)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of a prose, each with the questions right before it: those say nothing by themselves.

    >>> text = "Need a site? I make them. Node.js, e.g. Express."
    >>> [text[start:end] for start, end in sentences(text)]
    ['Need a site? I make them.', 'Node.js, e.g. Express.']
    """
    cuts = [0, *(match.end() for match in _BOUNDARY.finditer(text)), len(text)]
    begun: int | None = None
    for start, stop in pairwise(cuts):
        piece = text[start:stop].rstrip()
        if not piece:
            continue
        begun = start if begun is None else begun
        if piece.endswith("?") and stop < len(text) and "\n" not in text[start:stop]:
            continue
        yield from _short(text, begun, start + len(piece))
        begun = None


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span in pieces of LONGEST_UNIT characters at most, cut at spaces where there are some."""
    while end - start > LONGEST_UNIT:
        space = text.rfind(" ", start + 1, start + LONGEST_UNIT)
        cut = start + LONGEST_UNIT if space < 0 else space
        yield start, cut
        start = cut if space < 0 else cut + 1
    if text[start:end].strip():
        yield start, end


def _entries(entries: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for entry in entries:
        if entry.strip():
            yield start, start + len(entry)
        start += len(entry) + len(BETWEEN)
