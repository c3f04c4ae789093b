"""Text vectors by text_key: a dense matrix from the encoder and TF-IDF rows from the shared analyser.

Immutable; a map from text_key to a row. Knows no encoder (embeddings are given) and no feature view. Files hold no
pickle. Row -1 means an unknown text: its dense row is zero and its lexical row empty.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from feature_repo.text import LANGUAGE, analyze
from metier.errors import ArtifactError, FeatureError

DIMENSIONS = 384
BUCKETS = 2**18
COMPONENTS = 16
GRID = 2.0**11
"""Components of dense rows are multiples of 1 / GRID, so that cosines are exact: see on_grid."""
WEIGHTS = ("idf", "headline_idf", "center", "components")
FILES = ("texts.json", "dense.npy", "lexical.npz", "weights.npz")

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TextVectors:
    """Vectors of distinct texts; make one by `build`, `read` or `extended`."""

    keys: tuple[str, ...]
    titles: tuple[str, ...]
    language: str
    padded_dense: Floats
    """(n + 1, 384); the last row is zero and stands for an unknown text."""
    padded_lexical: sp.csr_array
    """(n + 1, 2**18), unit rows; the last row is empty."""
    idf: Floats
    headline_idf: Floats
    center: Floats
    components: Floats
    """(384, 16): principal axes of the dense rows."""

    @classmethod
    def build(
        cls,
        keys: Sequence[str],
        texts: Sequence[str],
        embeddings: Floats,
        titles: Sequence[str] | None = None,
        headlines: Sequence[str] | None = None,
        language: str = LANGUAGE,
    ) -> "TextVectors":
        """Fit idf and projection on the given texts. `embeddings` is (n, 384).

        `titles` are those of the texts (by default what stands before the first ". "); `headlines` are the cards by
        whose words places and titles are weighed (by default the titles).
        """
        if not (len(keys) == len(texts) == len(embeddings)):
            raise FeatureError(
                f"{len(keys)} keys, {len(texts)} texts and {len(embeddings)} embeddings; encode the same texts again"
            )
        named = tuple(_titles(texts) if titles is None else titles)
        counts = _term_counts(texts, language)
        idf = _idf(counts)
        headline_idf = _idf(_term_counts(named if headlines is None else headlines, language))
        dense = on_grid(embeddings)
        center, components = _principal_axes(dense)
        return cls(
            tuple(keys), named, language, _with_empty(dense), _padded(_weighted(counts, idf)), idf, headline_idf,
            center, components,
        )  # fmt: skip

    @classmethod
    def fitted(cls, weights: Mapping[str, npt.NDArray], language: str = LANGUAGE) -> "TextVectors":
        """No texts yet, but what `weights` of an earlier build weigh and project texts by."""
        none = np.zeros((1, DIMENSIONS), np.float32)
        empty = sp.csr_array((1, BUCKETS), dtype=np.float32)
        return cls((), (), language, none, empty, **{name: np.asarray(weights[name]) for name in WEIGHTS})

    @property
    def weights(self) -> dict[str, Floats]:
        """What was fitted: idf, headline_idf (2**18,), center (384,), components (384, 16)."""
        return {name: getattr(self, name) for name in WEIGHTS}

    def extended(
        self, keys: Sequence[str], texts: Sequence[str], embeddings: Floats, titles: Sequence[str] | None = None
    ) -> "TextVectors":
        """These vectors and more texts, weighed and projected as fitted; texts already known are left alone."""
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        fresh = sorted(place for key, place in first.items() if key not in self._row_of)
        if not fresh:
            return self
        chosen = [texts[place] for place in fresh]
        named = _titles(texts) if titles is None else titles
        lexical = sp.vstack([self.lexical, self.encode_query_lexical(chosen)], format="csr")
        dense = np.concatenate([self.dense, on_grid(embeddings)[fresh]])
        return replace(
            self,
            keys=(*self.keys, *(keys[place] for place in fresh)),
            titles=(*self.titles, *(named[place] for place in fresh)),
            padded_dense=_with_empty(dense),
            padded_lexical=_padded(lexical),
        )

    @property
    def dense(self) -> Floats:
        """(n, 384) in the order of `keys`."""
        return self.padded_dense[:-1]

    @property
    def lexical(self) -> sp.csr_array:
        """(n, 2**18) TF-IDF, unit rows, in the order of `keys`."""
        return self.padded_lexical[: len(self.keys)]

    @cached_property
    def projection(self) -> Floats:
        """(n + 1, 16): coordinates of the dense rows on the principal axes; the last row is NaN."""
        projected: Floats = ((self.padded_dense - self.center) @ self.components).astype(np.float32)
        projected[-1] = np.nan
        return projected

    @cached_property
    def padded_titles(self) -> npt.NDArray[np.object_]:
        """(n + 1,): titles in the order of `keys`; the last is None."""
        return np.array([*self.titles, None], object)

    def rows(self, keys: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> Rows:
        """Row of each key, -1 where it is unknown or null."""
        if not isinstance(keys, pa.Array | pa.ChunkedArray):
            return np.array([self._row_of.get(key, -1) if key else -1 for key in keys], np.int64)
        distinct = keys.cast(pa.string()).unique()
        row_of = np.array([self._row_of.get(key, -1) if key else -1 for key in distinct.to_pylist()] or [-1], np.int64)
        places = pc.index_in(keys.cast(pa.string()), value_set=distinct).to_numpy()
        found: Rows = row_of[places.astype(np.int64)]
        return found

    def encode_query_lexical(self, texts: Sequence[str]) -> sp.csr_array:
        """(len(texts), 2**18) TF-IDF rows with the fitted idf."""
        return _weighted(_term_counts(texts, self.language), self.idf)

    def encode_headlines(self, headlines: Sequence[str]) -> sp.csr_array:
        """(len(headlines), 2**18) TF-IDF rows with the idf of headlines."""
        return _weighted(_term_counts(headlines, self.language), self.headline_idf)

    def write(self, folder: Path) -> None:
        """Write the four files of FILES into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {"language": self.language, "keys": self.keys, "titles": self.titles}
        (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
        np.save(folder / "dense.npy", self.padded_dense, allow_pickle=False)
        sp.save_npz(folder / "lexical.npz", self.padded_lexical)
        np.savez(folder / "weights.npz", allow_pickle=False, **self.weights)

    @classmethod
    def read(cls, folder: Path) -> "TextVectors":
        """Vectors that `write` left; ArtifactError when a file is missing or they do not fit together."""
        missing = [name for name in FILES if not (folder / name).exists()]
        if missing:
            raise ArtifactError(f"{folder} lacks {', '.join(missing)}; build the features again")
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as weights:
            fitted = {name: weights[name] for name in WEIGHTS}
        dense = np.load(folder / "dense.npy", mmap_mode="r", allow_pickle=False)
        lexical = sp.csr_array(sp.load_npz(folder / "lexical.npz"))
        if not (len(texts["keys"]) + 1 == len(dense) == lexical.shape[0]):
            raise ArtifactError(f"{folder} holds files of different builds; build the features again")
        return cls(tuple(texts["keys"]), tuple(texts["titles"]), texts["language"], dense, lexical, **fitted)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys)}


def on_grid(embeddings: Floats) -> Floats:
    """Unit rows (n, 384) rounded to multiples of 1 / GRID; no component moves by more than 0.00025.

    Products are then multiples of 2**-22 and, by Cauchy and Schwarz, no partial sum of an inner product leaves
    [-2, 2]: float32 holds each exactly, so a cosine does not depend on the shape of the matrix product it came from.
    """
    rows = np.asarray(embeddings, np.float32).reshape(-1, DIMENSIONS)
    rounded: Floats = np.rint(rows * np.float32(GRID)) / np.float32(GRID)
    return rounded


def term_bucket(term: str) -> int:
    """Column of a term: the same in every process and on every machine."""
    return zlib.crc32(term.encode()) % BUCKETS


def _titles(texts: Sequence[str]) -> list[str]:
    """What stands before the first ". " of each text."""
    return [text.split(". ", 1)[0] for text in texts]


def _term_counts(texts: Sequence[str], language: str) -> sp.csr_array:
    bucket_of: dict[str, int] = {}
    columns: list[int] = []
    starts = [0]
    for text in texts:
        for term in analyze(text, language):
            bucket = bucket_of.get(term)
            if bucket is None:
                bucket = bucket_of[term] = term_bucket(term)
            columns.append(bucket)
        starts.append(len(columns))
    ones = np.ones(len(columns), np.float32)
    counts = sp.csr_array((ones, np.array(columns, np.int32), np.array(starts, np.int32)), shape=(len(texts), BUCKETS))
    counts.sum_duplicates()
    return counts


def _idf(counts: sp.csr_array) -> Floats:
    """ln((1 + n) / (1 + df)) + 1 (smooth, as in scikit-learn)."""
    seen = np.bincount(counts.indices, minlength=BUCKETS)
    idf: Floats = (np.log((1 + counts.shape[0]) / (1 + seen)) + 1).astype(np.float32)
    return idf


def _weighted(counts: sp.csr_array, idf: Floats) -> sp.csr_array:
    """Sublinear TF-IDF, rows of unit length."""
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
    unit = (data / length[row]).astype(np.float32)
    return sp.csr_array((unit, counts.indices, counts.indptr), shape=counts.shape)


def _principal_axes(dense: Floats) -> tuple[Floats, Floats]:
    """Mean and the first 16 principal axes (columns), each with its largest entry positive."""
    if not len(dense):
        return np.zeros(DIMENSIONS, np.float32), np.eye(DIMENSIONS, COMPONENTS, dtype=np.float32)
    center = dense.mean(axis=0, dtype=np.float64)
    offset = dense - center
    _, axes = np.linalg.eigh(offset.T @ offset)
    first = axes[:, ::-1][:, :COMPONENTS]
    signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(COMPONENTS)])
    return center.astype(np.float32), (first * signs).astype(np.float32)


def _with_empty(dense: Floats) -> Floats:
    return np.concatenate([dense, np.zeros((1, DIMENSIONS), np.float32)])


def _padded(lexical: sp.csr_array) -> sp.csr_array:
    empty = sp.csr_array((1, BUCKETS), dtype=np.float32)
    return sp.vstack([lexical, empty], format="csr", dtype=np.float32)
