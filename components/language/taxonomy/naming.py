"""The names of a taxonomy's skills as the matcher takes them, in the order in which they count.

Labels count before aliases, tools and languages before trades, whose names are words. Knows what kinds of skills there
are: in our own files, and in ESCO's (`knowledge`, `skill/competence`).
"""

import re
from collections.abc import Iterable, Iterator

from components.language.taxonomy.context import is_everyday, signs_needed
from components.language.taxonomy.matching import Name
from components.language.taxonomy.skills import Skill
from components.language.taxonomy.tokens import name_key
from metier.texts.canonical import canonical

_OURS = frozenset(("tool", "language", "platform", "trade"))
_VERSIONED = frozenset(("tool", "language", "platform"))
_NEVER = 99
"""Signs that no text has."""
_QUALIFIED = re.compile(r"(?P<name>.+?) \((?P<qualifier>[^()]+)\)")


def names_of(skills: Iterable[Skill]) -> Iterator[Name]:
    """Every name of every skill; of names that are written alike the first counts."""
    in_order = sorted(skills, key=lambda skill: skill.kind == "trade")
    for skill in in_order:
        yield from _names(skill, (skill.label, *_unqualified(skill.label)), is_label=True)
    for skill in in_order:
        yield from _names(skill, skill.aliases, is_label=False)


def _names(skill: Skill, written: Iterable[str], is_label: bool) -> Iterator[Name]:
    for each in written:
        words = name_key(canonical(each))
        if words:
            yield Name(
                owner=skill.id,
                words=words,
                written=each,
                doubt=_NEVER if not is_label and _is_stray(each, words, skill) else signs_needed(words),
                versioned=skill.kind in _VERSIONED or (skill.kind == "knowledge" and not each.islower()),
                is_action=skill.kind.startswith("skill"),
            )


def _is_stray(written: str, words: tuple[str, ...], skill: Skill) -> bool:
    """An imported alias that is an everyday word, such as `computer` for its equipment: found, never mentioned."""
    return skill.kind not in _OURS and written.islower() and is_everyday(words)


def _unqualified(label: str) -> tuple[str, ...]:
    """`Python` of `Python (computer programming)`; also the letters of `search engine optimisation (SEO)`."""
    match = _QUALIFIED.fullmatch(label)
    if match is None:
        return ()
    return (match["name"], match["qualifier"]) if match["qualifier"].isupper() else (match["name"],)
