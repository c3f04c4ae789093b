"""Slips of the pen: the known words that a word is one letter away from, missing, too many, other, or two swapped.

By symmetric deletion (symspellpy, https://github.com/mammothb/symspellpy). A word that English has is no slip; the
library's own frequency list, from Google's n-grams and SCOWL, says which those are.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable
from functools import cache
from importlib.resources import files

import numpy as np
from symspellpy import SymSpell, Verbosity

LEAST_LETTERS = 5
PREFIX = 4
"""Letters whose deletions are kept: the library's 7 find the same 5 us a word sooner, in four times the memory."""
_COMMON = 1_500
_WORDS = "frequency_dictionary_en_82_765.txt"


class Slips:
    """What unknown words may be slips of, among `known` ones of five letters and more."""

    def __init__(self, known: Iterable[str]) -> None:
        self._near = SymSpell(max_dictionary_edit_distance=1, prefix_length=PREFIX)
        for word in known:
            if len(word) >= LEAST_LETTERS and word.isalpha():
                self._near.create_dictionary_entry(word, 1)

    def of(self, word: str) -> tuple[str, ...]:
        """The known words one slip away that begin as the word does; none for a word of English."""
        if len(word) < LEAST_LETTERS or not word.isalpha() or word in english_words():
            return ()
        near = self._near.lookup(word, Verbosity.CLOSEST, max_edit_distance=1)
        return tuple(each.term for each in near if each.term[0] == word[0] or each.term[:2] == word[1::-1])


class _Words(Container[str]):
    """Words in one array: 82,000 texts in a set would take four times as much."""

    def __init__(self, words: Iterable[str]) -> None:
        self._ascending = np.sort(np.array([word.encode() for word in words], np.bytes_))

    def __contains__(self, word: object) -> bool:
        encoded = str(word).encode("utf-8", "replace")
        position = bisect_left(self._ascending, encoded)
        return position < len(self._ascending) and self._ascending[position] == encoded


@cache
def english_words() -> Container[str]:
    return _Words(_most_common_first())


@cache
def common_words() -> frozenset[str]:
    """The most common words of English."""
    return frozenset(_most_common_first()[:_COMMON])


def _most_common_first() -> list[str]:
    lines = files("symspellpy").joinpath(_WORDS).read_text(encoding="utf-8-sig").splitlines()
    return [line.partition(" ")[0] for line in lines]
