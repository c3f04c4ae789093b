"""Skills while they are put together from the rows of several files; a skill that no row gives a label is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from components.importers.files.json_fields import parsed
from components.language.taxonomy import Skill

Row = Mapping[str, str]


@dataclass
class Draft:
    """What is known of one skill so far; the keys of `aliases`, `broader` and `related` count, in their order."""

    label: str = ""
    category: str = ""
    kind: str = ""
    aliases: dict[str, None] = field(default_factory=dict)
    broader: dict[str, None] = field(default_factory=dict)
    related: dict[str, None] = field(default_factory=dict)


@dataclass
class Drafts:
    """Skills by id, and `groups`: what ESCO calls the groups that its skills are in, by their URI."""

    skills: dict[str, Draft] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    def at(self, skill_id: str) -> Draft:
        return self.skills.setdefault(skill_id, Draft())

    def finished(self) -> tuple[Skill, ...]:
        """Every skill that has a label; its category is that of its first broader group where it has none."""
        return tuple(self._finished(skill_id, draft) for skill_id, draft in self.skills.items() if draft.label)

    def _is_skill(self, skill_id: str) -> bool:
        return skill_id in self.skills and bool(self.skills[skill_id].label)

    def _finished(self, skill_id: str, draft: Draft) -> Skill:
        aliases = tuple(alias for alias in draft.aliases if alias != draft.label)
        group = next((self.groups[above] for above in draft.broader if above in self.groups), "")
        broader = tuple(above for above in draft.broader if self._is_skill(above) and above != skill_id)
        related = tuple(other for other in draft.related if self._is_skill(other) and other != skill_id)
        return Skill(skill_id, draft.label, aliases, draft.category or group, draft.kind, broader, related)


def members(cell: str, between: str = "\n") -> dict[str, None]:
    """The texts of a cell in their order: a JSON list, or texts with one of the characters `between` them."""
    listed = parsed(cell) if cell.startswith("[") else None
    if not isinstance(listed, list):
        listed = re.split(f"[{re.escape(between)}]", cell)
    return dict.fromkeys(plain for each in listed if (plain := " ".join(str(each).split())))
