"""Whether an ambiguous name is meant where it stands: Excel or to excel, the language Go or to go, R or a letter.

A name that is an English word needs one sign that the skill is meant, a letter or one of the most common words two:
it is written as the name is, stands in a list of skills, beside a word such as `developer`, or is all of a short text.
A verb's neighbours speak against it. `words.json` lists the words, of English; what it does not list is not doubted.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from components.language.taxonomy.matching import Found, Name
from components.language.taxonomy.slips import common_words
from components.language.taxonomy.tokens import TextWord, key

_BETWEEN_SKILLS = re.compile(r"[\s,;:/|&+•·()\[\]*-]*(?:(?:and|or|plus)\b[\s,;:/|&+•·()\[\]*-]*)?", re.I)
_LONGEST_BETWEEN = 12
_SENTENCE_STARTS = re.compile(r"(?:^|[.!?:\n])[\s\"'(•*-]*$")
_GLUED_AFTER, _GLUED_BEFORE = re.compile("[-&][^\\W_]"), re.compile("[^\\W_][-&]$")
_LISTED = re.compile(r"\)|\. [A-Z]")
_QUERY_WORDS = 10
_BOUNDS = frozenset(("under", "over", "above", "up"))
"""Words behind a verb, or before a sum: 'react under $40/h'."""


@cache
def _words() -> dict[str, frozenset[str]]:
    listed = json.loads((Path(__file__).parent / "words.json").read_bytes())
    return {name: frozenset(words) for name, words in listed.items()}


def signs_needed(words: Sequence[str]) -> int:
    """How many signs a name of these words needs to be believed: 0 where it is not ambiguous."""
    if len(words) > 1:
        return 0
    listed, word = _words(), words[0]
    if word in listed["weakest"] or len(word) == 1:
        return 2
    return int(word in listed["weak"] or (len(word) == 2 and word not in listed["clear"]))


def is_everyday(words: Sequence[str]) -> bool:
    """Whether a name is one of the most common words of English."""
    return len(words) == 1 and words[0] in common_words()


def meant(text: str, tokens: Sequence[TextWord], found: Sequence[Found]) -> list[tuple[Found, Name]]:
    """What is meant of what was found, each with the first of its names that the context bears out."""
    chosen: list[Name | None] = [_sure(each) for each in found]
    if None in chosen:
        doubted = [position for position, name in enumerate(chosen) if name is None]
        for order in (doubted, doubted[::-1]):
            for position in order:
                if chosen[position] is None:
                    signs = _Signs(text, tokens, found, chosen)
                    chosen[position] = next(
                        (n for n in found[position].names if signs.of(position, n) >= n.doubt), None
                    )
    last_resorts = [
        name or (each.names[1] if len(each.names) > 1 else None) for each, name in zip(found, chosen, strict=True)
    ]
    return [(each, name) for each, name in zip(found, last_resorts, strict=True) if name]


def _sure(found: Found) -> Name | None:
    return found.names[0] if not found.names[0].doubt else None


class _Signs:
    """Signs for and against names in one text."""

    def __init__(
        self, text: str, tokens: Sequence[TextWord], found: Sequence[Found], chosen: Sequence[Name | None]
    ) -> None:
        self._text, self._tokens, self._found, self._chosen = text, tokens, found, chosen

    def of(self, position: int, name: Name) -> int:
        found = self._found[position]
        if len(self._tokens) == found.last - found.first:
            return 2
        against = self._hyphens(found) + self._counted(found)
        written = self._written(found, name)
        asked = name.doubt < 2 and not against and self._is_query(found)
        verb = 0 if written else self._verb(found)
        return written + self._listed(position) + self._cued(found, name) + asked + against + verb

    def _key(self, position: int) -> str:
        return key(self._tokens[position].word) if 0 <= position < len(self._tokens) else ""

    def _written(self, found: Found, name: Name) -> int:
        """1 where it is written as the name is, and what is around it is not written so for another reason."""
        word = self._tokens[found.first].word
        if word != name.written or name.written.islower():
            return 0
        around = self._around(found)
        if word.isupper():
            return int(not around or not all(w.isupper() and w.isalpha() for w in around) or len(around) < 2)
        if _SENTENCE_STARTS.search(self._text, 0, found.start):
            return 0
        return int(any(each[:1].islower() for each in around))

    def _around(self, found: Found) -> list[str]:
        return [self._tokens[p].word for p in (found.first - 1, found.last) if 0 <= p < len(self._tokens)]

    def _is_query(self, found: Found) -> bool:
        """Whether the text is short and the name no capitalised word among others, as in the name of a company."""
        word, around = self._tokens[found.first].word, self._around(found)
        return len(self._tokens) <= _QUERY_WORDS and (word.islower() or not all(each[0].isupper() for each in around))

    def _listed(self, position: int) -> int:
        """2 in a list with a skill, 1 right beside one."""
        best = 0
        for other in (position - 1, position + 1):
            if 0 <= other < len(self._found) and self._chosen[other]:
                first, second = sorted((position, other))
                between = self._text[self._found[first].end : self._found[second].start]
                if len(between) <= _LONGEST_BETWEEN and _BETWEEN_SKILLS.fullmatch(between):
                    best = max(best, 1 if between.isspace() and "\n" not in between else 2)
        return best

    def _cued(self, found: Found, name: Name) -> int:
        """2 beside a word that goes with skills, also with `in`, `of` or another word between; 1 behind `in`."""
        listed = _words()
        before, after = self._beside(found.first - 1, found.first), self._beside(found.last, found.last)
        near = {before, after}
        if before in listed["between"]:
            near.add(self._beside(found.first - 2, found.first - 1))
        if after and name.doubt < 2:
            near.add(self._beside(found.last + 1, found.last + 1))
        return 2 if near & listed["cues"] else int(before in listed["before"])

    def _beside(self, position: int, joint: int) -> str:
        """The word at a position where token `joint` goes on with what is before it."""
        return self._key(position) if 0 < joint < len(self._tokens) and self._tokens[joint].joins else ""

    def _counted(self, found: Found) -> int:
        """Behind a number, two letters are a unit: 50 ml, $20/hr."""
        before = self._beside(found.first - 1, found.first)
        return -4 * (before[-1:].isdigit() and found.end - found.start < 3)

    def _verb(self, found: Found) -> int:
        listed = _words()
        before, after = self._key(found.first - 1), self._key(found.last)
        following = [self._key(found.last + step) for step in (1, 2)]
        is_side = after in _BOUNDS or (after == "at" and following[0] in ("least", "most"))
        is_bounded = is_side and any(word[:1].isdigit() for word in following)
        return -2 * ((before in listed["verb_before"]) + (after in listed["verb_after"] and not is_bounded))

    def _hyphens(self, found: Found) -> int:
        """Part of a word as in `go-getter` and R&D, or the letter of a list as in (c), is none; `React-based` is."""
        if found.end - found.start == 1 and _LISTED.match(self._text, found.end):
            return -4
        if _GLUED_AFTER.match(self._text, found.end):
            return 2 if self._key(found.last) in _words()["behind"] else -4
        return -4 * bool(_GLUED_BEFORE.search(self._text, max(found.start - 2, 0), found.start))
