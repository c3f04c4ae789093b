"""Which texts hold a term and how often, in arrays that processes share. Knows no score and no language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from components.retrieval.words.vocabulary import Places, Vocabulary
from feature_repo.files.mapped import read_array, write_arrays

OFTEN = 255
"""A term that a text repeats more often counts so many times."""
_ARRAYS = ("starts", "texts", "held", "lengths")


def _length(place: int) -> int:
    """The length that a byte stands for: exact up to 40, then with four significant bits, as Lucene has it."""
    if place < 24:
        return place
    bits, shift = (place - 24) & 7, (place - 24 >> 3) - 1
    return 24 + (bits if shift < 0 else (bits | 8) << shift)


LENGTHS = np.array([_length(place) for place in range(256)], np.float32)
"""Lengths in terms that a byte can say; a length is kept as the greatest of these that is not above it."""


@dataclass(frozen=True, eq=False)
class Postings:
    """Texts 0..n-1. The term at place t is held by `texts[starts[t]:starts[t + 1]]`, which ascend."""

    vocabulary: Vocabulary
    starts: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int32]
    held: npt.NDArray[np.uint16]
    """256 times how often, plus the byte of the text's length, beside each of `texts`."""
    lengths: npt.NDArray[np.int32]
    """Terms of each text (n,), repeated ones counted again."""

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Self:
        """The postings of texts as terms."""
        known: dict[str, int] = {}
        codes, lengths = [], []
        for terms in texts:
            codes.append(np.array([known.setdefault(term, len(known)) for term in terms], np.int32))
            lengths.append(len(terms))
        spelled = sorted(known)
        place = np.empty(len(known), np.int32)
        place[[known[term] for term in spelled]] = np.arange(len(known), dtype=np.int32)
        return cls._of(Vocabulary.of(spelled), place[np.concatenate([np.empty(0, np.int32), *codes])], lengths)

    @classmethod
    def _of(cls, vocabulary: Vocabulary, places: npt.NDArray[np.int32], lengths: Sequence[int]) -> Self:
        """`places` of terms, text by text."""
        sizes = np.array(lengths, np.int32)
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        ones = np.ones(len(places), np.int32)
        by_text = sp.csr_array((ones, places, starts), shape=(len(sizes), max(len(vocabulary), 1)))
        by_text.sum_duplicates()
        by_term = by_text.tocsc()
        held = (np.minimum(by_term.data, OFTEN) << 8) + _bytes(sizes)[by_term.indices]
        return cls(
            vocabulary,
            by_term.indptr[: len(vocabulary) + 1].astype(np.int64),
            by_term.indices.astype(np.int32),
            held.astype(np.uint16),
            sizes,
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def merged(self, later: "Postings") -> "Postings":
        """Those of both, the texts of `later` behind these."""
        spelled = sorted({*self.vocabulary.terms.to_pylist(), *later.vocabulary.terms.to_pylist()})
        vocabulary, lengths = Vocabulary.of(spelled), np.concatenate([self.lengths, later.lengths])
        place = {term: row for row, term in enumerate(spelled)}
        columns = []
        for first, part in ((0, self), (len(self), later)):
            own = np.array([place[term] for term in part.vocabulary.terms.to_pylist()], np.int64)
            columns.append((own.repeat(np.diff(part.starts)), part.texts + first, part.held))
        terms, texts, held = (np.concatenate(column) for column in zip(*columns, strict=True))
        order = np.lexsort((texts, terms))
        starts = np.searchsorted(terms[order], np.arange(len(spelled) + 1))
        return Postings(vocabulary, starts, texts[order].astype(np.int32), held[order], lengths)

    def counts(self, places: Places) -> npt.NDArray[np.int64]:
        """How many texts hold the term at each place, 0 where the place is -1."""
        known = np.maximum(places, 0)
        if not len(self.vocabulary):
            return np.zeros(len(places), np.int64)
        return np.where(places < 0, 0, self.starts[known + 1] - self.starts[known])

    def at(self, place: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
        """(texts, held) of the term at a place."""
        part = slice(self.starts[place], self.starts[place + 1])
        return self.texts[part], self.held[part]

    def write(self, folder: Path) -> None:
        """Write the files that `read` maps."""
        self.vocabulary.write(folder)
        write_arrays(folder, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The postings that `write` left, mapped."""
        return cls(Vocabulary.read(folder), *(read_array(folder / f"{name}.npy") for name in _ARRAYS))


def _bytes(lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    return np.searchsorted(LENGTHS, lengths, side="right") - 1
