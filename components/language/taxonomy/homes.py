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
    """The taxonomy in settings.taxonomy; where none was imported the shipped one, `joined` by what is used.

    ContractError for a damaged file.
    """
    if skills_file(folder).exists():
        return Taxonomy.load(skills_file(folder))
    return joined(shipped_taxonomy(), used or {})


def joined(taxonomy: Taxonomy, used: Mapping[str, int]) -> Taxonomy:
    """The shipped taxonomy and, as skills of their own, texts that are no name in it and no single cases.

    `used`: how often each text stands in a lake's columns `skills`. An imported taxonomy stays as it is.
    """
    if taxonomy is not shipped_taxonomy():
        return taxonomy
    new = {
        "-".join(text.lower().split()): text
        for text, times in sorted(used.items(), key=lambda item: (item[1], item[0]))
        if times >= _LEAST_USED and text.strip() and taxonomy.find(text) is None
    }
    skills = [*taxonomy.skills.values(), *(Skill(i, text) for i, text in new.items() if i not in taxonomy)]
    return Taxonomy(skills) if new else taxonomy
