"""Names compiled into a trie over words, and the longest of them that a text holds at each word.

Where a name stands is decided here; whether an ambiguous one is meant is decided in `context`. Knows no skills.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

from components.language.taxonomy.slips import Slips, english_words
from components.language.taxonomy.tokens import TextWord, form, key, verbs

_NUMBERED = re.compile(r"([^\W\d_]{2,})v?\d+")
_UNITS = "years?|yrs?|months?|weeks?|days?|hours?|hrs?|h|k|usd|eur|gbp"
_VERSION = re.compile(rf" ?v?\d+(?:\.(?:\d+|x))*\+?(?![\w%+])(?! ?[-/]? ?(?:\d|(?:an|per|{_UNITS})\b))")
_SMALL = frozenset(
    ("a", "an", "and", "as", "at", "be", "by", "for", "in", "is", "it", "my", "of", "on", "or", "the", "to", "we")
)
_DETERMINERS = frozenset(("a", "an", "the", "our", "your", "their", "its", "my", "this", "these", "all", "any", "some"))
_LEAST_JOINED = 5
_MOST_OWNERS = 2


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a skill: its words, how it is written, and how many signs it needs to be believed (`context`)."""

    owner: str
    words: tuple[str, ...]
    written: str
    doubt: int = 0
    versioned: bool = False
    """Whether a number behind it is its version."""
    is_action: bool = False
    """Whether it begins with a verb, of which a text may have the gerund: managing staff."""


@dataclass(frozen=True, slots=True)
class Found:
    """Names in a text at text[start:end]: from token `first` up to token `last`, which is not part of them."""

    names: tuple[Name, ...]
    first: int
    last: int
    start: int
    end: int
    exact: bool


@dataclass(slots=True)
class _Node:
    following: dict[str, "_Node"] = field(default_factory=dict)
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word of a text may stand for: (word of a name, cost), and how many of its characters are meant."""

    readings: tuple[tuple[str, int], ...]
    length: int


_JOINED, _INFLECTED, _GERUND, _SLIP = 1, 10, 100, 1_000
"""Costs of a reading: of equally long names the cheapest is meant."""


class Names:
    """The names of a taxonomy, the first given first where several are of the same words."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._root = _Node()
        self._forms: dict[str, list[str]] = {}
        self._known: set[str] = set()
        named = list(names)
        for name in (*named, *_joined(named)):
            self._add(name)
        self._slips = Slips(self._known)
        self._word = lru_cache(maxsize=65_536)(self._read)

    def _add(self, name: Name) -> None:
        node = self._root
        for word in name.words:
            node = node.following.setdefault(word, _Node())
            if word not in self._known:
                self._known.add(word)
                self._forms.setdefault(form(word), []).append(word)
        if len(node.names) < _MOST_OWNERS and all(other.owner != name.owner for other in node.names):
            node.names = (*node.names, name)

    def find(self, text: str, tokens: Sequence[TextWord]) -> list[Found]:
        """The longest name at each word, from left to right; what lies inside of one is not looked at."""
        found, position = [], 0
        while position < len(tokens):
            best = self._longest(text, tokens, position)
            if best:
                found.append(best)
            position = best.last if best else position + 1
        return found

    def _longest(self, text: str, tokens: Sequence[TextWord], first: int) -> Found | None:
        best: tuple[int, int, tuple[Name, ...]] = (first, 0, ())
        waiting = [(self._root, first, 0)]
        while waiting:
            node, position, cost = waiting.pop()
            if node.names and (-position, cost) < (-best[0], best[1]):
                best = (position, cost, node.names)
            elif node.names and (position, cost) == best[:2] and cost >= _SLIP and node.names != best[2]:
                best = (position, cost, ())  # a slip of either
            if position == first:
                steps = chain(self._steps(tokens, position), self._actions(tokens, position))
            elif position < len(tokens) and tokens[position].joins:
                steps = chain(self._steps(tokens, position), self._past_determiner(tokens, position))
            else:
                continue
            for reading, after, price in steps:
                if reading in node.following:
                    waiting.append((node.following[reading], after, cost + price))
        return self._placed(text, tokens, first, best) if best[2] else None

    def _steps(self, tokens: Sequence[TextWord], position: int) -> Iterator[tuple[str, int, int]]:
        """(word of a name, the token behind it, cost) of what may stand at a token."""
        for reading, price in self._word(tokens[position].word).readings:
            yield reading, position + 1, price
        if joined := self._two_as_one(tokens, position):
            yield joined, position + 2, _JOINED

    def _past_determiner(self, tokens: Sequence[TextWord], position: int) -> Iterator[tuple[str, int, int]]:
        if key(tokens[position].word) in _DETERMINERS and position + 1 < len(tokens) and tokens[position + 1].joins:
            for reading, price in self._word(tokens[position + 1].word).readings:
                yield reading, position + 2, price + _JOINED

    def _actions(self, tokens: Sequence[TextWord], position: int) -> Iterator[tuple[str, int, int]]:
        for verb in verbs(key(tokens[position].word)):
            if verb in self._known:
                yield verb, position + 1, _GERUND

    def _two_as_one(self, tokens: Sequence[TextWord], position: int) -> str:
        """Two words that are one in a name: `java script`; nothing where one of them is a little word of its own."""
        if position + 1 == len(tokens) or tokens[position + 1].start != tokens[position].end + 1:
            return ""
        one, other = key(tokens[position].word), key(tokens[position + 1].word)
        apart = not tokens[position + 1].joins or not (one + other).isalpha() or {one, other} & _SMALL
        return "" if apart or len(one + other) < _LEAST_JOINED else one + other

    def _placed(
        self, text: str, tokens: Sequence[TextWord], first: int, best: tuple[int, int, tuple[Name, ...]]
    ) -> Found | None:
        last, cost, names = best
        if len(names[0].words) == 1 and cost % _SLIP >= _INFLECTED:
            names = tuple(n for n in names if not n.doubt and _is_plural(key(tokens[first].word), n.words[0]))
        if cost % _SLIP >= _GERUND:
            names = tuple(name for name in names if name.is_action and len(name.words) > 1)
        if not names:
            return None
        end = tokens[last - 1].start + self._word(tokens[last - 1].word).length
        version = _VERSION.match(text, end) if names[0].versioned else None
        if version:
            end = version.end()
            while last < len(tokens) and tokens[last].start < end:
                last += 1
        return Found(names, first, last, tokens[first].start, end, cost < _SLIP)

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
        if word in self._known or inflected:
            return (*([(word, 0)] if word in self._known else []), *inflected)
        return tuple((other, _SLIP) for other in self._slips.of(word))


def _joined(names: Iterable[Name]) -> Iterator[Name]:
    """Names of two words written as one: nodejs, webdesign; where that is no word of English."""
    for name in names:
        word = "".join(name.words)
        fits = len(name.words) == 2 and len(word) >= _LEAST_JOINED and not _SMALL & {*name.words}
        if fits and word not in english_words():
            yield replace(name, words=(word,))


def _is_plural(word: str, singular: str) -> bool:
    """Whether a word in another form is no shorter: `translations`, and not `sale` for sales."""
    return len(word) > len(singular) or (len(word) == len(singular) and word[-1:] == singular[-1:])
