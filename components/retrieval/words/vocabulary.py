"""Terms in order of their spelling: which of them are known, which begin alike, which are a slip of typing away.

Knows no text that holds them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feature_repo.build.histories import fingerprint
from feature_repo.files.mapped import read_array, read_table, write_arrays, write_table
from feature_repo.files.names import contiguous
from feature_repo.online.kept import Kept

Places = npt.NDArray[np.int64]
TERMS = "terms.arrow"
_ARRAYS = ("marks", "place", "letters", "sizes")


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Make one by `of` or `read`; a term's place is its row in `terms`."""

    terms: pa.StringArray
    """Distinct, ascending by their UTF-8, as Python's strings are."""
    marks: npt.NDArray[np.int64]
    """Fingerprints, ascending."""
    place: npt.NDArray[np.int32]
    """Place of the term of each mark."""
    letters: npt.NDArray[np.uint64]
    """A bit for each letter that a term has, by the letter's code modulo 64."""
    sizes: npt.NDArray[np.uint8]
    """Letters of each term."""
    _resembling: Kept[Places] = field(default_factory=Kept, init=False)

    @classmethod
    def of(cls, terms: Sequence[str]) -> Self:
        """The vocabulary of distinct terms, which ascend."""
        marks = np.array([fingerprint(term) for term in terms], np.int64)
        order = np.argsort(marks)
        letters = np.array([_letters(term) for term in terms], np.uint64)
        sizes = np.array([len(term) for term in terms], np.uint8)
        return cls(pa.array(terms, pa.string()), marks[order], order.astype(np.int32), letters, sizes)

    def __len__(self) -> int:
        return len(self.terms)

    def places(self, terms: Sequence[str]) -> Places:
        """Place of each term (n,), -1 where it is unknown."""
        if not len(self):
            return np.full(len(terms), -1, np.int64)
        marks = np.array([fingerprint(term) for term in terms], np.int64)
        at = np.minimum(np.searchsorted(self.marks, marks), len(self) - 1)
        return np.where(self.marks[at] == marks, self.place[at], -1).astype(np.int64)

    def resembling(self, term: str, slips: int) -> Places:
        """Places, ascending, of terms that `slips` slips of typing make of `term`, and of those that begin with it.

        A slip leaves out, adds or replaces a letter, or exchanges two neighbours (optimal string alignment distance).
        """
        return self._resembling.get((term, slips), 0, lambda: self._resemble(term, slips))

    def _resemble(self, term: str, slips: int) -> Places:
        size = len(term)
        first = bisect_left(self.terms, term, key=pa.StringScalar.as_py)
        end = bisect_right(self.terms, term, first, key=lambda other: other.as_py()[:size])
        apart = np.bitwise_count(self.letters ^ np.uint64(_letters(term)))
        alike = (apart <= 2 * slips) & (np.abs(self.sizes.astype(np.int16) - size) <= slips)
        maybe = np.flatnonzero(alike)
        near = maybe[distances(term, self.terms.take(pa.array(maybe)).to_pylist()) <= slips]
        return np.union1d(near, np.arange(first, end))

    def write(self, folder: Path) -> None:
        """Write the files that `read` maps."""
        write_arrays(folder, {name: getattr(self, name) for name in _ARRAYS})
        write_table(folder / TERMS, pa.table({"term": self.terms}))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The terms that `write` left, mapped."""
        return cls(
            contiguous(read_table(folder / TERMS)["term"]),
            *(read_array(folder / f"{name}.npy") for name in _ARRAYS),
        )


def distances(term: str, others: Sequence[str]) -> npt.NDArray[np.int16]:
    """(n,): in how many slips `term` becomes each of the others.

    Optimal string alignment: G. Navarro, A guided tour to approximate string matching (ACM Computing Surveys 2001).
    """
    sizes = np.array([len(other) for other in others], np.int64)
    longest = int(sizes.max(initial=0))
    if not longest:
        return np.full(len(others), len(term), np.int16)
    letters = np.array(others, f"U{longest}").view(np.uint32).reshape(-1, longest).T
    codes = [ord(letter) for letter in term]
    row = np.repeat(np.arange(longest + 1, dtype=np.int16)[:, None], len(others), axis=1)
    before = row
    for i, code in enumerate(codes):
        earlier, before, row = before, row, np.empty_like(row)
        row[0] = i + 1
        differs = letters != code
        for j in range(longest):
            row[j + 1] = np.minimum(np.minimum(before[j + 1], row[j]) + 1, before[j] + differs[j])
            if i and j:
                exchanged = (letters[j] == codes[i - 1]) & ~differs[j - 1]
                row[j + 1] = np.where(exchanged, np.minimum(row[j + 1], earlier[j - 1] + 1), row[j + 1])
    found: npt.NDArray[np.int16] = row[sizes, np.arange(len(others))]
    return found


def _letters(term: str) -> int:
    bits = 0
    for letter in term:
        bits |= 1 << ord(letter) % 64
    return bits
