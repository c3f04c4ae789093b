"""Names compiled into a trie over words, and the longest of them that a text holds at each word.

Where a name stands is decided here; whether an ambiguous one is meant is decided in `context`. Knows no skills.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from components.language.taxonomy.tokens import Token, form, key

_NUMBERED = re.compile(r"([^\W\d_]{2,})v?\d+")
_UNITS = "years?|yrs?|months?|weeks?|days?|hours?|hrs?|h|k|usd|eur|gbp"
_VERSION = re.compile(rf" ?v?\d+(?:\.(?:\d+|x))*\+?(?![\w%+])(?! ?-? ?(?:\d|(?:{_UNITS})\b))")


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a skill, as its words."""

    owner: str
    words: tuple[str, ...]
    written: str
    versioned: bool
    """Whether a number behind it is its version."""


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a text: from token `first` up to token `last`, which is not part of it."""

    name: Name
    first: int
    last: int
    start: int
    end: int
    exact: bool


@dataclass(slots=True)
class _Node:
    following: dict[str, "_Node"] = field(default_factory=dict)
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word of a text may stand for: (word of a name, cost), and how many of its characters are meant."""

    readings: tuple[tuple[str, int], ...]
    length: int


_INFLECTED, _SLIP = 1, 100


class Names:
    """The names of a taxonomy. Of two that are written alike the first given counts."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._root = _Node()
        self._forms: dict[str, list[str]] = {}
        self._known: set[str] = set()
        for name in names:
            self._add(name)
        self._word = lru_cache(maxsize=65_536)(self._read)

    def _add(self, name: Name) -> None:
        node = self._root
        for word in name.words:
            node = node.following.setdefault(word, _Node())
            if word not in self._known:
                self._known.add(word)
                self._forms.setdefault(form(word), []).append(word)
        node.name = node.name or name

    def get(self, words: Sequence[str]) -> Name | None:
        """The name of exactly these words."""
        node: _Node | None = self._root
        for word in words:
            node = node.following.get(word) if node else None
        return node.name if node else None

    def find(self, text: str, words: Sequence[Token]) -> list[Found]:
        """The longest name at each word, from left to right; what lies inside of one is not looked at."""
        found, position = [], 0
        while position < len(words):
            best = self._longest(text, words, position)
            if best:
                found.append(best)
            position = best.last if best else position + 1
        return found

    def _longest(self, text: str, words: Sequence[Token], first: int) -> Found | None:
        best: tuple[int, int, Name] | None = None
        waiting = [(self._root, first, 0)]
        while waiting:
            node, position, cost = waiting.pop()
            if node.name and node is not self._root and (best is None or (-position, cost) < (-best[0], best[1])):
                best = (position, cost, node.name)
            if position < len(words) and (position == first or words[position].joins):
                for reading, price in self._word(words[position].word).readings:
                    if reading in node.following:
                        waiting.append((node.following[reading], position + 1, cost + price))
        return self._placed(text, words, first, best) if best else None

    def _placed(self, text: str, words: Sequence[Token], first: int, best: tuple[int, int, Name]) -> Found | None:
        last, cost, name = best
        if len(name.words) == 1 and cost % _SLIP and not _is_plural(key(words[first].word), name.words[0]):
            return None
        end = words[last - 1].start + self._word(words[last - 1].word).length
        version = _VERSION.match(text, end) if name.versioned else None
        if version:
            end = version.end()
            while last < len(words) and words[last].start < end:
                last += 1
        return Found(name, first, last, words[first].start, end, cost < _SLIP)

    def _read(self, written: str) -> _Word:
        word = key(written)
        readings = self._readings(word)
        if not readings and (bare := word.rstrip("+#").removeprefix(".")) != word:
            return _Word(self._readings(bare), len(written.rstrip("+#")))
        if not readings and (numbered := _NUMBERED.fullmatch(word)):
            return _Word(self._readings(numbered[1]), len(numbered[1]))
        return _Word(readings, len(written))

    def _readings(self, word: str) -> tuple[tuple[str, int], ...]:
        inflected = [(other, _INFLECTED) for other in self._forms.get(form(word), ()) if other != word]
        return (*([(word, 0)] if word in self._known else []), *inflected)


def _is_plural(word: str, singular: str) -> bool:
    return len(word) > len(singular) or (len(word) == len(singular) and word[-1:] == singular[-1:])
