"""A taxonomy: skills by id, what they are called, how they belong together, and which of them a text names.

Immutable; compiled once, then read by any number of threads. Knows no file format but its own JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from weakref import WeakValueDictionary

from components.language.taxonomy.context import meant
from components.language.taxonomy.matching import Names
from components.language.taxonomy.naming import names_of
from components.language.taxonomy.skills import Relation, Skill, checked, digest_of, read_skills, write_skills
from components.language.taxonomy.tokens import tokens
from metier.errors import InputError
from metier.texts.canonical import aligned, canonical, origins

_LOADED: "WeakValueDictionary[str, Taxonomy]" = WeakValueDictionary()
"""Taxonomies of this process that were loaded, by their digests."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A skill that a text names in text[start:end], with its version; not `exact` where a slip was mended."""

    skill_id: str
    start: int
    end: int
    exact: bool


class Taxonomy:
    """Skills by id. ContractError where there is none, or one has no label or another's id."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = {skill.id: skill for skill in checked(tuple(skills), "a taxonomy")}

    def __reduce__(self) -> tuple[type["Taxonomy"], tuple[tuple[Skill, ...]]]:
        return Taxonomy, (tuple(self._skills.values()),)

    @classmethod
    def load(cls, path: Path) -> "Taxonomy":
        """A taxonomy that `save` wrote, or a file of the same form; ContractError for anything else.

        Files of one content give one taxonomy as long as it is in use: bundles of a run are read by the same names.
        """
        loaded = cls(read_skills(path))
        return _LOADED.setdefault(loaded.digest, loaded)

    def save(self, path: Path) -> None:
        """Write it whole, as JSON."""
        write_skills(self._skills.values(), path)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its content."""
        return digest_of(self._skills.values())

    @property
    def skills(self) -> Mapping[str, Skill]:
        """Every skill by its id, in the order of the file."""
        return MappingProxyType(self._skills)

    def __len__(self) -> int:
        return len(self._skills)

    def __contains__(self, skill_id: object) -> bool:
        return skill_id in self._skills

    def label(self, skill_id: str) -> str:
        return self._skill(skill_id).label

    def labels(self, skill_ids: Iterable[str]) -> tuple[str, ...]:
        """The label of each, in their order."""
        return tuple(map(self.label, skill_ids))

    def aliases(self, skill_id: str) -> tuple[str, ...]:
        return self._skill(skill_id).aliases

    def category(self, skill_id: str) -> str:
        return self._skill(skill_id).category

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Every category, in the order of the file."""
        return tuple(dict.fromkeys(skill.category for skill in self._skills.values() if skill.category))

    def relations(self, skill_id: str) -> Mapping[Relation, tuple[str, ...]]:
        """Ids of the skills of the taxonomy that are next to this one; `related` counts both ways."""
        skill = self._skill(skill_id)
        narrower, related = self._backwards
        return {
            "broader": tuple(other for other in skill.broader if other in self._skills),
            "narrower": narrower.get(skill_id, ()),
            "related": related.get(skill_id, ()),
        }

    def near(self, skill_id: str) -> tuple[str, ...]:
        """What is broader, narrower or related."""
        return tuple(other for others in self.relations(skill_id).values() for other in others)

    def find(self, name: str) -> str | None:
        """The skill of this label, alias or id; None where there is none. Case, number and joints do not matter."""
        if name in self._skills:
            return name
        plain = canonical(name)
        words = tokens(plain)
        found = self._names.find(plain, words)
        whole = len(found) == 1 and found[0].exact and found[0].last - found[0].first == len(words)
        return found[0].names[0].owner if whole else None

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """The skills that a text names, in its order, each the longest name at its place; positions are of `text`."""
        plain = aligned(text)
        places = range(len(text)) if plain == text else origins(text)
        words = tokens(plain)
        return tuple(
            Mention(name.owner, places[found.start], places[found.end - 1] + 1, found.exact)
            for found, name in meant(plain, words, self._names.find(plain, words))
        )

    def _skill(self, skill_id: str) -> Skill:
        if skill_id not in self._skills:
            raise InputError(f"the taxonomy has no skill {skill_id!r}; ask Taxonomy.find for the id of a name")
        return self._skills[skill_id]

    @cached_property
    def _names(self) -> Names:
        return Names(names_of(self._skills.values()))

    @cached_property
    def _backwards(self) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
        """(narrower, related) of each skill that has some."""
        narrower: dict[str, list[str]] = {}
        related: dict[str, dict[str, None]] = {}
        for skill in self._skills.values():
            for other in skill.broader:
                narrower.setdefault(other, []).append(skill.id)
            for other in skill.related:
                if other in self._skills:
                    related.setdefault(skill.id, {})[other] = None
                    related.setdefault(other, {})[skill.id] = None
        return {k: tuple(v) for k, v in narrower.items()}, {k: tuple(v) for k, v in related.items()}
