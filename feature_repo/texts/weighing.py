"""How texts are weighed and projected: terms in buckets, inverse document frequencies, principal axes, a grid.

TextWeights are what is fitted; the rest are pure functions of texts and vectors. Knows no text by key and no file.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from feature_repo.texts.text import analyser, analyze
from metier.errors import ArtifactError
from metier.languages import ENGLISH

DIMENSIONS = 384
BUCKETS = 2**18
COMPONENTS = 16
GRID = 2.0**11
"""Components of dense rows are multiples of 1 / GRID, so that cosines are exact: see on_grid."""

MOST_HEADLINES = 8_192
"""So many headlines are remembered."""
ROWS_AT_ONCE = 16_384
"""Rows that are computed with together: bounds what is held beside them."""

Floats = npt.NDArray[np.float32]

WEIGHT_SHAPES: dict[str, tuple[int, ...]] = {
    "idf": (BUCKETS,),
    "headline_idf": (BUCKETS,),
    "center": (DIMENSIONS,),
    "components": (DIMENSIONS, COMPONENTS),
}
"""Arrays of TextWeights, float32."""


@dataclass(frozen=True, eq=False)
class TextWeights:
    """What texts are weighed and projected by: fitted on the texts of one build, then kept with what was trained on it.

    Vectors made by different weights cannot be compared.
    """

    idf: Floats
    """(2**18,): inverse document frequency of each bucket of terms."""
    headline_idf: Floats
    """(2**18,): the same among headlines."""
    center: Floats
    """(384,): mean of the embeddings."""
    components: Floats
    """(384, 16): principal axes of the embeddings."""
    language: str = ENGLISH
    """ISO 639-1; whose stemmer made the terms."""

    def __post_init__(self) -> None:
        """ArtifactError for arrays of other types or shapes, UnknownNameError for a language without a stemmer."""
        _require_shapes(self.arrays)
        analyser(self.language)

    @classmethod
    def fit(cls, counts: sp.csr_array, headline_counts: sp.csr_array, dense: Floats, language: str) -> Self:
        """Fit to term counts (n, 2**18) of texts, those of headlines, and embeddings on the grid (n, 384)."""
        return cls(idf_of(counts), idf_of(headline_counts), *principal_axes(dense), language)

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray], language: str) -> Self:
        """The inverse of `arrays`; ArtifactError where names, types or shapes are others."""
        _require_shapes(arrays)
        return cls(**arrays, language=language)

    @property
    def arrays(self) -> dict[str, Floats]:
        """The arrays by name, in the order of WEIGHT_SHAPES."""
        return {name: getattr(self, name) for name in WEIGHT_SHAPES}

    def equals(self, other: "TextWeights") -> bool:
        """Whether both weigh and project every text alike."""
        same = (np.array_equal(array, other.arrays[name]) for name, array in self.arrays.items())
        return self.language == other.language and all(same)

    def lexical(self, texts: Sequence[str]) -> sp.csr_array:
        """(len(texts), 2**18) TF-IDF rows of unit length."""
        return weighted(term_counts(texts, self.language), self.idf)

    def headlines(self, headlines: Sequence[str]) -> sp.csr_array:
        """(len(headlines), 2**18) TF-IDF rows of unit length, by the idf of headlines."""
        return weighted(term_counts(headlines, self.language, headline_buckets), self.headline_idf)

    def projected(self, dense: Floats) -> Floats:
        """(n, 16): coordinates of dense rows on the principal axes."""
        return projected(dense, self.center, self.components)


def _require_shapes(arrays: Mapping[str, npt.NDArray]) -> None:
    actual = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    expected = {name: ("float32", shape) for name, shape in WEIGHT_SHAPES.items()}
    wrong = sorted(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
    if wrong:
        raise ArtifactError(
            f"text weights {wrong[0]!r} are {actual.get(wrong[0], 'absent')}, not {expected.get(wrong[0], 'known')}; "
            "give those of the text vectors that the rankers were trained with"
        )


def on_grid(embeddings: Floats) -> Floats:
    """Unit rows (n, 384) rounded to multiples of 1 / GRID; no component moves by more than 0.00025.

    Products are then multiples of 2**-22 and, by Cauchy and Schwarz, no partial sum of an inner product leaves
    [-2, 2]: float32 holds each exactly, so a cosine does not depend on the shape of the matrix product it came from.
    Rows that lie on the grid are not copied.
    """
    rows = np.asarray(embeddings, np.float32).reshape(-1, DIMENSIONS)
    on_it = (np.array_equal(rounded(rows[part]), rows[part]) for part in _parts(len(rows)))
    return rows if all(on_it) else rounded(rows)


def rounded(values: npt.NDArray) -> Floats:
    """The nearest multiples of 1 / GRID."""
    on: Floats = np.multiply(values, np.float32(GRID), dtype=np.float32)
    np.rint(on, out=on)
    on /= np.float32(GRID)
    return on


def term_bucket(term: str) -> int:
    """Column of a term: the same in every process and on every machine."""
    return zlib.crc32(term.encode()) % BUCKETS


def text_buckets(text: str, language: str) -> list[int]:
    """The bucket of each term of a text, in their order."""
    return [term_bucket(term) for term in analyze(text, language)]


headline_buckets = lru_cache(MOST_HEADLINES)(text_buckets)
"""As text_buckets: actors turn to the same candidates, and an endpoint sees their headlines again and again."""


def term_counts(
    texts: Sequence[str], language: str, buckets: Callable[[str, str], Sequence[int]] = text_buckets
) -> sp.csr_array:
    """(n, 2**18): how often each text holds the terms of each bucket."""
    columns: list[int] = []
    starts = [0]
    for text in texts:
        columns += buckets(text, language)
        starts.append(len(columns))
    if not columns:
        return _without_terms(len(texts))
    ones = np.ones(len(columns), np.float32)
    counts = sp.csr_array((ones, np.array(columns, np.int32), np.array(starts, np.int32)), shape=(len(texts), BUCKETS))
    counts.sum_duplicates()
    return counts


def idf_of(counts: sp.csr_array) -> Floats:
    """ln((1 + n) / (1 + df)) + 1 (smooth, as in scikit-learn)."""
    document_frequency = np.bincount(counts.indices, minlength=BUCKETS)
    idf: Floats = (np.log((1 + counts.shape[0]) / (1 + document_frequency)) + 1).astype(np.float32)
    return idf


@lru_cache(MOST_HEADLINES)
def _without_terms(count: int) -> sp.csr_array:
    """Rows without an element, which nobody changes."""
    return sp.csr_array((count, BUCKETS), dtype=np.float32)


def weighted(counts: sp.csr_array, idf: Floats) -> sp.csr_array:
    """Sublinear TF-IDF, rows of unit length, in place of the counts."""
    if not len(counts.data):
        return counts
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    row = np.repeat(np.arange(counts.shape[0]), counts.indptr[1:] - counts.indptr[:-1])
    length = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
    counts.data = (data / length[row]).astype(np.float32)
    return counts


def principal_axes(dense: Floats) -> tuple[Floats, Floats]:
    """Mean and the first 16 principal axes (columns), each with its largest entry positive, rounded as dense rows are.

    Products with them are then exact, so that a text's coordinates do not depend on the texts beside it.
    """
    if not len(dense):
        return np.zeros(DIMENSIONS, np.float32), np.eye(DIMENSIONS, COMPONENTS, dtype=np.float32)
    center = dense.mean(axis=0, dtype=np.float64)
    spread = np.zeros((DIMENSIONS, DIMENSIONS))
    for part in _parts(len(dense)):
        offset = dense[part] - center
        spread += offset.T @ offset
    _, axes = np.linalg.eigh(spread)
    first = axes[:, ::-1][:, :COMPONENTS]
    signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(COMPONENTS)])
    return rounded(center), rounded(first * signs)


def projected(dense: Floats, center: Floats, components: Floats) -> Floats:
    """(n, 16): coordinates of dense rows on the principal axes."""
    coordinates = np.empty((len(dense), components.shape[1]), np.float32)
    for part in _parts(len(dense)):
        coordinates[part] = (dense[part] - center) @ components
    return coordinates


def _parts(count: int) -> list[slice]:
    return [slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE)]
