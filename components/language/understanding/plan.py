"""What a typed sentence asks for, part by part. Hashable; JSON by `metier.stored`. Knows no sentence and no filter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

from metier.contract import BudgetKind, Level, Surface
from metier.errors import UnknownNameError


@dataclass(frozen=True)
class Money:
    """A sum in the currency that was named, by its ISO 4217 code."""

    amount: float
    currency: str = "USD"

    def __str__(self) -> str:
        return f"{self.amount:g} {self.currency}"


@dataclass(frozen=True)
class Span:
    """The characters [start, end) of the typed text that gave `value` to `part`, a field of Plan."""

    part: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Plan:
    """What is asked for; an empty tuple or None is not asked.

    Skills are ids of a taxonomy, countries ISO 3166-1 alpha-2 codes in which regions are expanded, languages English
    names. A rate is by the hour, a budget for the whole job, hours are by the week.
    """

    must: tuple[str, ...] = ()
    nice: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    not_levels: tuple[Level, ...] = ()
    countries: tuple[str, ...] = ()
    not_countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    rate_min: Money | None = None
    rate_max: Money | None = None
    budget_min: Money | None = None
    budget_max: Money | None = None
    budget_kind: BudgetKind | None = None
    hours_min: float | None = None
    hours_max: float | None = None
    available: bool | None = None
    agencies: bool | None = None
    """False: nobody of an agency; True: agencies only."""
    domains: tuple[str, ...] = ()
    not_domains: tuple[str, ...] = ()
    posted_within_days: int | None = None
    text: str = ""
    """What was not understood, in its order."""
    spans: tuple[Span, ...] = ()

    def asked(self) -> Iterator[tuple[str, Any]]:
        """(part, value) of all that is asked for."""
        for part in PARTS:
            value = getattr(self, part)
            if value is not None and value != ():
                yield part, value

    def without(self, parts: Sequence[str]) -> Self:
        """The plan without some of its parts; UnknownNameError for what is none."""
        for part in parts:
            if part not in PARTS:
                raise UnknownNameError("part of a plan", part, PARTS)
        dropped: dict[str, Any] = {part: _NOTHING[part] for part in parts}
        return replace(self, **dropped, spans=tuple(span for span in self.spans if span.part not in parts))


_NOTHING = {field.name: field.default for field in fields(Plan)}
PARTS = tuple(name for name in _NOTHING if name not in ("text", "spans"))
"""Names of all that a plan may ask for."""


class Understanding(Protocol):
    """Reads a sentence as it is typed into the search box of a surface."""

    def plan(self, text: str, surface: Surface) -> Plan:
        """What the text asks for."""
