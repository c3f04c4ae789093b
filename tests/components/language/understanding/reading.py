"""Texts read by the grammar and the taxonomy that come with metier."""

from components.language.names.regions import region_countries
from components.language.taxonomy import shipped_taxonomy
from components.language.understanding import Grammar, Money

GRAMMAR = Grammar(shipped_taxonomy())
TALENT, JOBS = "talent_search", "job_feed"
_OF_CODES = ("countries", "not_countries")


def limits(text: str, surface: str = TALENT) -> dict:
    """The parts that leave candidates out, countries as one text: all but skills, levels and industries asked for."""
    asked = {k: v for k, v in GRAMMAR.plan(text, surface).asked() if k not in ("must", "nice", "levels", "domains")}
    return {part: " ".join(value) if part in _OF_CODES else value for part, value in asked.items()}


def rest(text: str, surface: str = TALENT) -> str:
    return GRAMMAR.plan(text, surface).text


def usd(amount: float) -> Money:
    return Money(amount, "USD")


def region(name: str) -> str:
    return " ".join(region_countries(name))
