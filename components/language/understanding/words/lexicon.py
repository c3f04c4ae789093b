"""Phrases that mean something in a search, found word by word, the longest first; words within one slip of one of them.

Knows no scope: a phrase says what kind of thing it is, and `grammar` what the sentence does with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from components.language.names.countries import country_names, demonyms
from components.language.names.industries import industries
from components.language.names.provinces import provinces
from components.language.names.regions import regions
from components.language.names.spoken import language_names
from components.language.understanding.tokens import Token
from components.language.understanding.words import vocabulary
from components.language.understanding.words.denials import denials

LEAST_LETTERS, LONG = 6, 9
"""A word of fewer letters is not mended: too many others are one letter away. A long one may have a letter too many and
lack another: 'phillipines'."""


class Sense(NamedTuple):
    """What kind of thing a phrase is, and what it says of it."""

    kind: str
    value: Any = None


class Lexicon:
    """From phrases to senses; immutable."""

    def __init__(self, phrases: Iterable[tuple[str, Sense]]) -> None:
        self._senses = {tuple(phrase.split(" ")): sense for phrase, sense in phrases}
        lengths: dict[str, set[int]] = {}
        for words in self._senses:
            lengths.setdefault(words[0], set()).add(len(words))
        self._lengths = {word: tuple(sorted(each, reverse=True)) for word, each in lengths.items()}
        self._words = {word for words in self._senses for word in words}
        self._near = _near(word for word in self._words if len(word) >= LEAST_LETTERS)

    def match(self, tokens: Sequence[Token], at: int) -> tuple[Sense, int] | None:
        """The sense of the longest phrase that begins at a token, and how many tokens it takes."""
        for length in self._lengths.get(tokens[at].text, ()):
            words = tuple([token.text for token in tokens[at : at + length]])
            if sense := self._senses.get(words):
                return sense, len(words)
        return None

    def mended(self, word: str) -> str:
        """The one word of the lexicon within a slip of `word`, which is none itself; else `word`."""
        if len(word) < LEAST_LETTERS or word in self._words or word in vocabulary.NO_SLIPS:
            return word
        meant = {found for key in _deletions(word) for found in self._near.get(key, ())}
        meant = {found for found in meant if found[0] == word[0] and (len(word) >= LONG or within_a_slip(word, found))}
        return meant.pop() if len(meant) == 1 else word


def within_a_slip(word: str, other: str) -> bool:
    """Whether a letter too many, too few, another, or two exchanged ones make `word` of `other`."""
    if abs(len(word) - len(other)) > 1:
        return False
    short, long = sorted((word, other), key=len)
    same = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    rest, others = short[same:], long[same:]
    return rest[1:] == others[1:] or (rest[:2] == others[1::-1] and rest[2:] == others[2:])


@cache
def lexicon() -> Lexicon:
    """All that the grammar knows by word, but for skills. What is declared later counts where two say the same."""
    return Lexicon(dict(_phrases()).items())


def _phrases() -> Iterator[tuple[str, Sense]]:
    yield from ((phrase, Sense(kind, value)) for phrase, kind, value in denials())
    for kind, words in vocabulary.PLAIN.items():
        yield from ((word, Sense(kind)) for word in words.split("|"))
    for levels, words in vocabulary.LEVELS.items():
        yield from ((word, Sense("level", tuple(levels.split()))) for word in words.split("|"))
    for kind, meanings in vocabulary.VALUED.items():
        for value, words in meanings.items():
            yield from ((word, Sense(kind, value)) for word in words.split("|"))
    yield from ((word, Sense("domain", name)) for word, name in industries().items())
    for name in {**demonyms(), **language_names()}:
        sense = Sense("people", (demonyms().get(name), language_names().get(name)))
        yield _spelled(name), sense
        if name in demonyms() and not name.endswith(("s", "sh", "ch", "ese")):
            yield f"{_spelled(name)}s", sense
    yield from (
        (spelled, Sense("province", country)) for name, country in provinces().items() for spelled in _both(name)
    )
    yield from ((spelled, Sense("place", (code,))) for name, code in country_names().items() for spelled in _both(name))
    yield from ((spelled, Sense("place", codes)) for name, codes in regions().items() for spelled in _both(name))


def _both(name: str) -> tuple[str, ...]:
    """A name with and without the marks that are tokens of their own: 'St. Lucia', 'Turks & Caicos'."""
    spelled = _spelled(name)
    marked = spelled.replace(". ", " . ").replace(" and ", " & ")
    return spelled.replace(". ", " "), spelled.replace(". ", " . "), marked


def _spelled(name: str) -> str:
    """A name as its tokens: 'guinea-bissau' is two words."""
    return name.replace("-", " ").replace("&", "and").replace(",", "")


def _near(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """From what is left of a word without a letter, and the word itself, to the words."""
    near: dict[str, tuple[str, ...]] = {}
    for word in words:
        for key in _deletions(word):
            near[key] = (*near.get(key, ()), word)
    return near


def _deletions(word: str) -> set[str]:
    return {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))}
