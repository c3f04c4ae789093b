"""What a person or a job shows, as criteria compare it: skills by taxonomy id, level, pay, place. Knows no query."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.language.names.countries import country_code
from components.language.names.spoken import language_name
from components.language.taxonomy import Taxonomy
from metier.contract import Level

Terms = Callable[[str], list[str]]
"""Terms of a text in order, as search has them (feature_repo.texts.text.analyze)."""


@dataclass(frozen=True)
class Facts:
    """A profile or a post; None or empty is not known. `pay`: lowest and highest US dollars by the hour."""

    listed: frozenset[str]
    """Skills that its own list names; where it has no list, those of its texts."""
    shown: frozenset[str]
    """Skills that its list, title or prose names."""
    category: str | None
    level: Level | None
    pay: tuple[float, float] | None
    country: str | None
    city: str | None
    languages: frozenset[str]
    hours: float | None
    words: frozenset[str]
    is_open: bool


class FactsReader:
    """Reads facts from rows of the contract's columns."""

    def __init__(self, taxonomy: Taxonomy, terms_of: Terms) -> None:
        self.taxonomy, self.terms_of = taxonomy, terms_of

    def read(self, row: Mapping[str, Any]) -> Facts:
        """The facts of a freelancer's or a job's row."""
        texts = [row.get("title") or "", row.get("overview") or row.get("description") or ""]
        named = {mention.skill_id for mention in self.taxonomy.mentions("\n".join(texts))}
        listed = {self._skill(skill) for skill in row.get("skills") or ()}
        more = [row.get("industry") or "", row.get("company") or "", *(row.get("skills") or ())]
        return Facts(
            listed=frozenset(listed or named),
            shown=frozenset(listed | named),
            category=row.get("category"),
            level=row.get("experience_level"),
            pay=_pay(row),
            country=_country(row.get("country")),
            city=_plain(row.get("city")),
            languages=frozenset(language_name(name) or name.lower() for name in row.get("languages") or ()),
            hours=row.get("hours_per_week"),
            words=frozenset(self.terms_of(" . ".join([*texts, *more]))),
            is_open=row.get("status") in ("listed", "open"),
        )

    def covered(self, asked: Iterable[str], shown: frozenset[str]) -> float:
        """Share of the skills `asked` that are among `shown`, one that is next to one of them counting half."""
        worths = [1.0 if skill in shown else 0.5 if self.near(skill) & shown else 0.0 for skill in asked]
        return sum(worths) / len(worths)

    def near(self, skill: str) -> frozenset[str]:
        """Skills next to this one in the taxonomy."""
        return frozenset(self.taxonomy.near(skill)) if skill in self.taxonomy else frozenset()

    def label(self, skill: str) -> str:
        return self.taxonomy.label(skill) if skill in self.taxonomy else skill

    def _skill(self, name: str) -> str:
        return self.taxonomy.find(name) or name.strip().lower()


def _pay(row: Mapping[str, Any]) -> tuple[float, float] | None:
    if "hourly_rate_usd" in row:
        rate = row["hourly_rate_usd"]
        return None if rate is None else (rate, rate)
    if row.get("budget_kind") != "hourly":
        return None
    ends = [end for end in (row.get("budget_min_usd"), row.get("budget_max_usd")) if end is not None]
    return (min(ends), max(ends)) if ends else None


def _country(name: str | None) -> str | None:
    return None if not name else country_code(name) or _plain(name)


def _plain(name: str | None) -> str | None:
    return name.strip().lower() if name else None
