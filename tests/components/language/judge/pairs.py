"""A query, a job and people that judges are asked about."""

from typing import Any

from components.language.judge import Asking, Candidate, FactsReader
from components.language.taxonomy import shipped_taxonomy
from components.language.understanding import Grammar, shipped_exchange
from feature_repo.texts.text import analyze
from metier.contract import Surface


def reader() -> FactsReader:
    return FactsReader(shipped_taxonomy(), analyze)


def person(**columns: Any) -> dict[str, Any]:
    return {
        "title": "React developer", "overview": "", "skills": ["React", "TypeScript"], "category": "Web",
        "country": "IN", "city": "Pune", "languages": ["English"], "hourly_rate_usd": 30.0,
        "experience_level": "expert", "hours_per_week": 40.0, "status": "listed", **columns,
    }  # fmt: skip


def job(**columns: Any) -> dict[str, Any]:
    return {
        "title": "Shop in React", "description": "", "skills": ["React", "TypeScript"], "category": "Web",
        "country": "IN", "city": "Pune", "languages": ["English"], "budget_kind": "hourly", "budget_min_usd": 20.0,
        "budget_max_usd": 40.0, "experience_level": "expert", "status": "open", **columns,
    }  # fmt: skip


def typed(text: str, surface: Surface = "talent_search", **rows: Any) -> Asking:
    plan = Grammar(shipped_taxonomy(), shipped_exchange()).plan(text, surface)
    return Asking(surface, text, plan, **rows)


def candidate(row: dict[str, Any], *broken: str) -> Candidate:
    return Candidate("fr_1", row, broken)
