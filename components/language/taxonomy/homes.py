"""The taxonomy of a METIER_HOME: the one imported there, else the shipped one."""

from collections.abc import Mapping
from pathlib import Path

from components.language.taxonomy.shipped import shipped_taxonomy
from components.language.taxonomy.skills import Skill
from components.language.taxonomy.taxonomy import Taxonomy

_LEAST_USED = 3


def skills_file(folder: Path) -> Path:
    """Where in settings.taxonomy the skills are."""
    return folder / "skills.json"


def taxonomy_of(folder: Path, used: Mapping[str, int] | None = None) -> Taxonomy:
    """The taxonomy in settings.taxonomy; where none was imported the shipped one, joined by what the lake uses.

    `used`: how often each text stands in the lake's columns `skills`. ContractError for a file that is damaged.
    """
    if skills_file(folder).exists():
        return Taxonomy.load(skills_file(folder))
    return joined(shipped_taxonomy(), used or {})


def joined(taxonomy: Taxonomy, used: Mapping[str, int]) -> Taxonomy:
    """The taxonomy and, as skills of their own, the used texts that are no name of its skills and no single cases."""
    new = {
        "-".join(text.lower().split()): text
        for text, times in sorted(used.items(), key=lambda item: (item[1], item[0]))
        if times >= _LEAST_USED and text.strip() and taxonomy.find(text) is None
    }
    return Taxonomy((*taxonomy.skills.values(), *(Skill(i, text) for i, text in new.items()))) if new else taxonomy
