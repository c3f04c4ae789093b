"""Which spans of a candidate's texts show what a question requires.

A span shows a requirement where it holds all its words in their order and close together, as no part of a longer name:
the entry "React Native" does not show React. A sentence that denies or only wishes shows
nothing; a span with personal data is never cited. Of several spans that show it the encoder takes the one that reads
most like the question. Meaning alone shows nothing: the encoder finds "Facebook Ads" as near to "Google Ads" (.77) as
"labour law" to "Employment Law" (.76); at .90, past the nearest wrong name, it tells 2 in a hundred of 314 other names
of skills. Knows no model.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from components.language.answers.asked import Asked, Name, Requirement
from components.language.answers.shown import NUMBERS, PROSE, Shown, Unit
from components.language.answers.values import Value
from components.language.answers.words import AFTER, BEFORE, CUE_OF_WORD, FRAME, ROLES
from components.language.taxonomy import Mention
from metier.texts.canonical import canonical
from metier.texts.personal_data import mask

Floats = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Vectors (n, dimension) of unit length of texts."""

Mentions = Callable[[str], Sequence[Mention]]
"""The skills that a text names, as `Taxonomy.mentions` finds them."""

GAP = 3
"""Other words that may stand among the required ones."""
SHORT_WORD = 2
"""Letters of a word that is another word too (Go, C, R): in prose it counts in its own spelling alone."""
MOST_SPANS = 3
"""Spans of one candidate that the encoder chooses from, for one requirement."""
_DENIES = re.compile(
    r"\b(?:not|no|never|without|cannot|nor|neither|hardly|lack\w*|except|avoid\w*|stopped|refuse)\b|n't\b", re.I
)
_WISHES = re.compile(r"\b(?:want|wish|hop(?:e|ing)|plan|would like|eager|keen|curious|interested)\w*\b", re.I)
_WORD = re.compile(r"[^\W_]+[+#]*")
"""What the analyser takes for a word (feature_repo.texts.text.TERM)."""
_JOINED_BEFORE = re.compile(r"[^\W\d_]-$")
_JOINED_BEHIND = re.compile(
    r"-(?!(?:based|driven|powered|focused|certified|related|oriented|ready|friendly|specific|enabled|only)\b)[^\W\d_]"
)
"""What makes a word part of a longer one: Objective-C, Go-to-Market; "React-based" is no other name."""
_LEARNING = re.compile(r"\b(?:learn|try|start|begin|study)\w*\b", re.I)


@dataclass(frozen=True)
class Evidence:
    """What one candidate shows."""

    shown: Shown
    found: tuple[tuple[Unit, ...], ...]
    """Of each requirement the spans that show it."""
    values: tuple[Unit, ...]
    """The values that were asked for, as far as it has them."""
    is_literal: bool
    """Whether the question's own words are shown, and no other name of a skill in place of one."""


def evidence_of(asked: Asked, shown: Shown, mentions: Mentions) -> Evidence:
    """What the candidate shows of all that is asked; `mentions` are the skills that a text names."""
    look = _Look(asked, shown, mentions)
    literal = [look.showing(each, literal=True) for each in asked.requirements]
    found = [
        units or look.showing(each, literal=False) for each, units in zip(asked.requirements, literal, strict=True)
    ]
    found += [tuple(islice(look.having(value), MOST_SPANS)) for value in asked.values]
    values = tuple(unit for field in asked.fields if (unit := shown.whole(field)) and is_citable(unit))
    return Evidence(shown, tuple(found), values, all(literal))


def is_enough(asked: Asked, evidence: Evidence) -> bool:
    """Whether every requirement is shown, and one of the values asked for, if any are."""
    return all(evidence.found) and bool(evidence.values or not asked.fields)


def nearest(question: str, evidence: Sequence[Evidence], embed: Embed) -> list[Evidence]:
    """The same with one span a requirement: the one that reads most like the question."""
    several = [units for each in evidence for units in each.found if len(units) > 1]
    texts = list(dict.fromkeys(unit.text for units in several for unit in units))
    if not texts:
        return list(evidence)
    vectors = embed([question, *texts])
    nearness = dict(zip(texts, (vectors[1:] @ vectors[0]).tolist(), strict=True))
    return [
        replace(each, found=tuple((max(units, key=lambda unit: nearness.get(unit.text, 0.0)),) for units in each.found))
        for each in evidence
    ]


def is_citable(unit: Unit) -> bool:
    """Whether the span holds no personal data."""
    return mask(unit.text)[0] == unit.text


@dataclass(frozen=True)
class _Look:
    """One candidate looked at for a question."""

    asked: Asked
    shown: Shown
    mentions: Mentions

    def showing(self, requirement: Requirement, *, literal: bool) -> tuple[Unit, ...]:
        """Spans that show it, or one of its alternatives, in the question's own words or others; MOST_SPANS at most."""
        found = list[Unit]()
        for each in (requirement, *requirement.others):
            found += self._showing(each, each.names[:1] if literal else each.names[1:])
        return tuple(found)

    def having(self, value: Value) -> Iterator[Unit]:
        """Spans that show a value; so many years of a skill are shown where both are."""
        skills = [each for each in self.asked.requirements if each.skill is not None] if value.is_said else []
        for unit in filter(is_citable, value.shown_by(self.shown)):
            alternatives = ((each, *each.others) for each in skills)
            if all(any(self._shows(each, each.names, unit) for each in others) for others in alternatives):
                yield unit

    def _showing(self, requirement: Requirement, names: Sequence[Name]) -> Iterator[Unit]:
        names = [name for name in names if self.shown.words.issuperset(name.terms)]
        if not names:
            return iter(())
        units = (unit for unit in self.shown.units if self._shows(requirement, names, unit) and is_citable(unit))
        return islice(units, MOST_SPANS)

    def _shows(self, requirement: Requirement, names: Sequence[Name], unit: Unit) -> bool:
        if self.asked.counts and not any(letter.isdigit() for letter in unit.text):
            return False
        if unit.field in NUMBERS or not _is_in_place(requirement, unit):
            return False
        if unit.field in PROSE and not _says_so(unit.text):
            return False
        return any(self._is_named(name, requirement, unit) for name in names)

    def _is_named(self, name: Name, requirement: Requirement, unit: Unit) -> bool:
        """Whether the unit says the name: an entry of a skill is it, other texts hold it as no part of a longer one."""
        wanted = (*name.terms, *requirement.roles)
        if unit.field == "skills":
            return unit.terms in (name.terms, wanted)
        places = [place for place in _places(wanted, unit.terms) if not _is_part_of_name(unit, place)]
        if not places or not _is_spelled(name, unit, is_own=name is requirement.names[0]):
            return False
        return any(not self._is_in_other_skill(requirement, unit, place) for place in places)

    def _is_in_other_skill(self, requirement: Requirement, unit: Unit, place: Sequence[int]) -> bool:
        """Whether words there are part of a longer name of another skill, as Google is of Google Search Console."""
        text = canonical(unit.text)
        words = list(_WORD.finditer(text))
        if len(words) != len(unit.terms):
            return False
        start, end = words[place[0]].start(), words[place[-1]].end()
        return any(
            each.skill_id != requirement.skill
            and each.start <= start
            and end <= each.end
            and each.end - each.start > end - start
            for each in self.mentions(text)
        )


def _places(terms: Sequence[str], of: Sequence[str]) -> Iterator[list[int]]:
    """Positions (len(terms),) wherever the terms stand in their order, with GAP others among them at most."""
    for first in (position for position, term in enumerate(of) if term == terms[0]):
        place = [first]
        for position in range(first + 1, min(len(of), first + len(terms) + GAP)):
            if len(place) < len(terms) and of[position] == terms[len(place)]:
                place.append(position)
        if len(place) == len(terms):
            yield place


def _is_part_of_name(unit: Unit, place: Sequence[int]) -> bool:
    """Whether words there are part of a longer name, as React is of "React Native" and Cloud of "Adobe Cloud".

    A name is a run of capitalised words; a role or a common word ends it, and the first word of a text begins none.
    """
    words = list(_WORD.finditer(canonical(unit.text)))
    if len(words) != len(unit.terms):  # a script without spaces has no such names
        return False
    pairs = [(position - 1, position) for position in place if position > 1]
    pairs += [(position, position + 1) for position in place if position + 1 < len(words)]
    outside = [pair for pair in pairs if not {*pair} <= {*place}]
    if any(_are_one_name(words[before], words[after]) for before, after in outside):
        return True
    return bool(_JOINED_BEFORE.search(words[place[0]].string, 0, words[place[0]].start())) or bool(
        _JOINED_BEHIND.match(words[place[-1]].string, words[place[-1]].end())
    )


def _are_one_name(word: re.Match[str], following: re.Match[str]) -> bool:
    common = FRAME | BEFORE | AFTER | ROLES
    adjacent = word.string[word.end() : following.start()] == " "
    return adjacent and all(each[0][0].isupper() and each[0].lower() not in common for each in (word, following))


def _is_in_place(requirement: Requirement, unit: Unit) -> bool:
    """Whether the unit stands where the requirement has to: in one of its fields, or in a sentence with its cue."""
    if requirement.fields is None or unit.field in requirement.fields:
        return True
    words = re.findall(r"\w+", unit.text.lower()) if unit.field in PROSE else []
    return any(CUE_OF_WORD.get(word) == requirement.cue for word in words)


def _says_so(sentence: str) -> bool:
    """Whether a sentence says of the candidate what it mentions."""
    return not (_DENIES.search(sentence) or (_WISHES.search(sentence) and _LEARNING.search(sentence)))


def _is_spelled(name: Name, unit: Unit, *, is_own: bool) -> bool:
    """Whether a text spells what may be another word as the name does: Go, 37, or Resolve for DaVinci Resolve."""
    words = name.text.split()
    exact = [word for word in words if any(map(str.isdigit, word))]
    if unit.field in PROSE:
        exact += words if not is_own and len(words) == 1 else [word for word in words if len(word) <= SHORT_WORD]
    return all(re.search(rf"(?<![\w+#])(?<!\d[.,]){re.escape(word)}(?![\w+#]|[.,]\d)", unit.text) for word in exact)
