"""The skills that metier ships: of freelance markets, written by hand, a JSON file an area."""

from functools import cache
from pathlib import Path

from components.language.taxonomy.skills import read_skills
from components.language.taxonomy.taxonomy import Taxonomy

_HERE = Path(__file__).parent


@cache
def shipped_taxonomy() -> Taxonomy:
    """Ours, compiled once a process; an id is the label in lower case with hyphens."""
    return Taxonomy(skill for path in sorted(_HERE.glob("*.json")) for skill in read_skills(path))
