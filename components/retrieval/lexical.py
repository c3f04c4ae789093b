"""BM25 over short texts, with the one analyser that all lexical matching shares.

Every text that holds a term of the query is scored (k1 = 1.2, b = 0.75 and lengths in a byte, as Lucene has them:
S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework, 2009), so that a mask of eligible texts costs
nothing, scores do not depend on it, and equal texts have equal scores. Candidates are positions 0..n-1; the caller
keeps the ids. A query is a bag of terms: what a user types is analysed, never parsed, so quotes, colons and AND are
letters like any other. Terms that no text holds match near spellings and longer words. Knows nothing of vectors, ids
or eligibility rules beyond a boolean mask.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from components.retrieval.meaning.best import best
from components.retrieval.words.earlier import is_earlier, texts_of
from components.retrieval.words.postings import LENGTHS, OFTEN, Postings
from feature_repo.texts.text import analyze
from metier.languages import ENGLISH

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

K1, B = 1.2, 0.75
QUERY_TERMS = 32
"""Most informative terms that are searched; a whole job post as query would otherwise read most of the index."""
RESPELLED_TERMS = 3
"""Unknown terms that are matched by near spelling; each costs a look at the whole vocabulary."""
SHORTEST_RESPELLED = 4
LONG_TERM = 8


class LexicalIndex:
    """An inverted index of n texts; make one with build or load. Immutable: one that grows is another.

    Texts lie in layers: those that were built or loaded, and behind them later ones, merged as they become many.
    """

    def __init__(self, layers: Sequence[Postings], language: str) -> None:
        self.language = language
        self._layers = tuple(layers)
        self._firsts = np.cumsum([0, *map(len, layers)]).tolist()
        self.size: int = self._firsts[-1]

    @classmethod
    def build(cls, texts: Sequence[str], language: str = ENGLISH) -> Self:
        """Index the texts in memory."""
        return cls([_postings(texts, language)], language)

    @classmethod
    def load(cls, directory: Path, language: str = ENGLISH) -> Self:
        """The index that save wrote into `directory`, mapped; of one by an earlier version the texts are read anew."""
        if is_earlier(directory):
            return cls.build(texts_of(directory), language)
        return cls([Postings.read(directory)], language)

    def save(self, directory: Path) -> None:
        """Write the index into `directory`, made if absent."""
        first, *later = self._layers
        for layer in later:
            first = first.merged(layer)
        first.write(directory)

    def grown(self, texts: Sequence[str]) -> "LexicalIndex":
        """An index with `texts` behind these, whose first layer is shared."""
        first, *later = self._layers
        later.append(_postings(texts, self.language))
        while len(later) > 1 and len(later[-2]) <= 2 * len(later[-1]):
            later[-2:] = [later[-2].merged(later[-1])]
        return LexicalIndex([first, *later], self.language)

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> tuple[IntArray, Floats]:
        """(positions, BM25 scores) of the k best that share a term with `text`, best first, equal ones by position."""
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        scores = self._scores(text)
        held = scores > 0
        positions = np.flatnonzero(held if eligible is None else held & eligible)
        return best(positions, scores[positions], k)

    def _scores(self, text: str) -> Floats:
        """BM25 of every text (n,), 0 where it shares no term."""
        scores = np.zeros(self.size, np.float32)
        times = Counter(analyze(_well_formed(text), self.language))
        terms = list(times)
        places = np.stack([layer.vocabulary.places(terms) for layer in self._layers])
        frequency = np.sum([layer.counts(own) for layer, own in zip(self._layers, places, strict=True)], axis=0)
        parts = self._parts(scores)
        known = sorted(np.flatnonzero(frequency).tolist(), key=lambda row: frequency[row] / times[terms[row]])
        for row in known[:QUERY_TERMS]:
            weight = np.float32(self._idf(int(frequency[row])) * (1 + K1) * times[terms[row]])
            for part, layer, place in zip(parts, self._layers, places[:, row].tolist(), strict=True):
                if place >= 0:
                    texts, held = layer.at(place)
                    np.add.at(part, texts, self._gains.take(held) * weight)
        unknown = [term for term, count in zip(terms, frequency, strict=True) if not count]
        for term in [term for term in unknown if len(term) >= SHORTEST_RESPELLED][:RESPELLED_TERMS]:
            self._respell(scores, term)
        return scores

    def _respell(self, scores: Floats, term: str) -> None:
        """Add half a rare term where a word is a typing slip away (two of a long word) or begins with the term."""
        slips = 2 if len(term) >= LONG_TERM else 1
        for part, layer in zip(self._parts(scores), self._layers, strict=True):
            resembles = np.zeros(len(layer), np.bool_)
            for place in layer.vocabulary.resembling(term, slips).tolist():
                resembles[layer.at(place)[0]] = True
            part[resembles] += np.float32(math.log1p(self.size) / 2)

    def _parts(self, scores: Floats) -> list[Floats]:
        """The scores of each layer's texts, not copied."""
        return np.split(scores, self._firsts[1:-1])

    def _idf(self, frequency: int) -> float:
        return math.log1p((self.size - frequency + 0.5) / (frequency + 0.5))

    @cached_property
    def _gains(self) -> Floats:
        """What a term of weight 1 + k1 adds, by how often a text holds it and how long that is (Postings.held)."""
        total = sum(int(layer.lengths.sum(dtype=np.int64)) for layer in self._layers)
        often = np.arange(OFTEN + 1, dtype=np.float32)[:, None]
        against = np.float32(K1) * (1 - B + B * LENGTHS / np.float32(max(total, 1) / max(self.size, 1)))
        gains: Floats = (often / (often + against.astype(np.float32))).ravel()
        return gains


def _postings(texts: Sequence[str], language: str) -> Postings:
    return Postings.of(analyze(_well_formed(text), language) for text in texts)


def _well_formed(text: str) -> str:
    """The text with lone surrogates, which no file can hold, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
