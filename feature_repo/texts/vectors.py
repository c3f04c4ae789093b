"""Text vectors by text_key: a dense matrix from the encoder and TF-IDF rows from the shared analyser.

Immutable; a map from text_key to a row. Knows no encoder (embeddings are given) and no feature view. Files are mapped,
not read, and hold no pickle. Row -1 means an unknown text: its dense row is zero and its lexical row empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from feature_repo.files.mapped import CSR_PARTS, read_array, read_rows, read_table, write_arrays, write_table
from feature_repo.files.names import Names, contiguous, files_of
from feature_repo.texts.sparse_rows import SparseRows
from feature_repo.texts.weighing import (
    BUCKETS,
    DIMENSIONS,
    WEIGHT_SHAPES,
    TextWeights,
    on_grid,
    term_counts,
    weighted,
)
from metier.errors import ArtifactError, FeatureError
from metier.languages import ENGLISH

MATRICES = ("dense", "projection")
KEYS, TITLES = "keys", "titles.arrow"
FILES = (
    *files_of(KEYS),
    TITLES,
    *(f"{name}.npy" for name in (*MATRICES, *WEIGHT_SHAPES, *(f"lexical.{part}" for part in CSR_PARTS))),
)
EARLIER = ("texts.json", "lexical.npz", "weights.npz", "fit.json")
"""Files of an earlier format: left in place, they would outlive what is forgotten."""

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TextVectors:
    """Vectors of distinct texts; make one by `build`, `fitted` or `read`, and others of it."""

    names: Names
    """Text keys."""
    spelled_titles: pa.StringArray
    weights: TextWeights
    padded_dense: Floats
    """(n + 1, 384); the last row is zero and stands for an unknown text."""
    padded_lexical: sp.csr_array
    """(n + 1, 2**18), unit rows; the last row is empty."""
    projection: Floats
    """(n + 1, 16): coordinates of the dense rows on the principal axes; the last row is NaN."""
    newer: "TextVectors | None" = None
    """Later texts, weighed and projected alike, whose rows follow on these; the arrays here are without them."""

    @classmethod
    def build(
        cls,
        keys: Sequence[str],
        texts: Sequence[str],
        embeddings: Floats,
        titles: Sequence[str] | None = None,
        headlines: Sequence[str] | None = None,
        language: str = ENGLISH,
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
        counts, dense = term_counts(texts, language), on_grid(embeddings)
        headline_counts = term_counts(named if headlines is None else headlines, language)
        weights = TextWeights.fit(counts, headline_counts, dense, language)
        return cls._of(keys, named, weights, [dense], weighted(counts, weights.idf))

    @classmethod
    def fitted(cls, weights: TextWeights) -> "TextVectors":
        """No texts yet, but what an earlier build weighs and projects texts by."""
        return cls._of((), (), weights, [], sp.csr_array((0, BUCKETS), dtype=np.float32))

    @classmethod
    def _of(
        cls,
        keys: Sequence[str],
        titles: Sequence[str],
        weights: TextWeights,
        dense: Sequence[Floats],
        lexical: sp.csr_array,
    ) -> "TextVectors":
        padded = np.concatenate([*dense, np.zeros((1, DIMENSIONS), np.float32)])
        projection = weights.projected(padded)
        projection[-1] = np.nan
        named = pa.array(titles, pa.string())
        return cls(Names.of(keys), named, weights, padded, _padded(lexical), projection)

    @property
    def language(self) -> str:
        """ISO 639-1; whose stemmer made the terms."""
        return self.weights.language

    def extended(
        self, keys: Sequence[str], texts: Sequence[str], embeddings: Floats, titles: Sequence[str] | None = None
    ) -> "TextVectors":
        """These vectors and more texts, weighed and projected as fitted; texts already known are left alone."""
        first = {key: position for position, key in reversed(list(enumerate(keys)))}
        unknown = self.names.rows(keys) < 0
        new = sorted(position for position in first.values() if unknown[position])
        if not new:
            return self
        named = _titles(texts) if titles is None else titles
        lexical = self.weights.lexical([texts[position] for position in new])
        dense = on_grid(embeddings)
        return self._of(
            (*self.keys, *(keys[position] for position in new)),
            (*self.titles, *(named[position] for position in new)),
            self.weights,
            [self.dense, dense if len(new) == len(dense) else dense[new]],
            sp.vstack([self.lexical, lexical], format="csr"),
        )

    def only(self, rows: Rows) -> "TextVectors":
        """The texts of these rows."""
        keys, titles = self.names.at(rows), self.spelled_titles.take(pa.array(rows)).to_pylist()
        return self._of(keys, titles, self.weights, [self.dense[rows]], self.lexical[rows])

    def overlaid(self, newer: "TextVectors") -> "TextVectors":
        """These texts and the newer ones, without a copy of these; rows of these stay what they are."""
        if not self.comparable(newer):
            raise FeatureError("texts weighed by other weights cannot be laid over these; weigh them by the same")
        return replace(self, newer=newer)

    def comparable(self, other: "TextVectors") -> bool:
        """Whether both were weighed and projected by the same weights, the object itself."""
        return self.weights is other.weights

    @property
    def keys(self) -> tuple[str, ...]:
        """Text keys in the order of rows."""
        return tuple(self.names.strings.to_pylist())

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles in the order of rows."""
        return tuple(self.spelled_titles.to_pylist())

    @property
    def dense(self) -> Floats:
        """(n, 384) in the order of `keys`."""
        return self.padded_dense[:-1]

    @property
    def lexical(self) -> sp.csr_array:
        """(n, 2**18) TF-IDF, unit rows, in the order of `keys`."""
        return self.padded_lexical[: len(self.keys)]

    def rows(self, keys: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> Rows:
        """Row of each key, -1 where it is unknown or null."""
        if not isinstance(keys, pa.Array | pa.ChunkedArray):
            return self._rows(keys)
        distinct = keys.cast(pa.string()).unique()
        codes = pc.index_in(keys.cast(pa.string()), value_set=distinct).to_numpy()
        rows: Rows = self._rows([*distinct.to_pylist(), None])[codes.astype(np.int64)]
        return rows

    def _rows(self, keys: Sequence[str | None]) -> Rows:
        own = self.names.rows(keys)
        if self.newer is None:
            return own
        later = self.newer.rows(keys)
        rows: Rows = np.where((own < 0) & (later >= 0), later + len(self.names), own)
        return rows

    def dense_at(self, rows: Rows) -> Floats:
        """(*rows.shape, 384)."""
        return self._at(rows, "padded_dense")

    def projection_at(self, rows: Rows) -> Floats:
        """(*rows.shape, 16), NaN for unknown texts."""
        return self._at(rows, "projection")

    def terms_at(self, rows: Rows) -> SparseRows:
        """TF-IDF of each row, as in `lexical`."""
        late = rows >= len(self.names)
        if self.newer is None or not late.any():
            return SparseRows.of(self.padded_lexical, rows)
        own = SparseRows.of(self.padded_lexical, np.where(late, -1, rows))
        return own.filled(self.newer.terms_at(np.where(late, rows - len(self.names), -1)))

    def titles_at(self, rows: Rows) -> list[str | None]:
        """None for unknown texts."""
        late = rows >= len(self.names)
        titles: list[str | None] = self.spelled_titles.take(pa.array(rows, mask=(rows < 0) | late)).to_pylist()
        if self.newer is not None and late.any():
            newer = self.newer.titles_at(rows[late] - len(self.names))
            for position, title in zip(np.flatnonzero(late), newer, strict=True):
                titles[position] = title
        return titles

    def _at(self, rows: Rows, matrix: str) -> Floats:
        values: Floats = getattr(self, matrix)
        late = rows >= len(self.names)
        if self.newer is None or not late.any():
            return values[rows]
        gathered = values[np.where(late, -1, rows)]
        gathered[late] = getattr(self.newer, matrix)[rows[late] - len(self.names)]
        return gathered

    def write(self, folder: Path) -> None:
        """Write FILES into `folder`."""
        for name in EARLIER:
            (folder / name).unlink(missing_ok=True)
        self.names.write(folder, KEYS)
        titles = pa.table({"title": self.spelled_titles})
        write_table(folder / TITLES, titles.replace_schema_metadata({"language": self.language}))
        matrices = {"dense": self.padded_dense, "projection": self.projection, "lexical": self.padded_lexical}
        write_arrays(folder, {**matrices, **self.weights.arrays})

    @classmethod
    def read(cls, folder: Path) -> "TextVectors":
        """Vectors that `write` left; ArtifactError when a file is missing or they do not fit together."""
        missing = [name for name in FILES if not (folder / name).exists()]
        if missing:
            raise ArtifactError(f"{folder} lacks {', '.join(missing)}; build the features again")
        names, titles = Names.read(folder, KEYS), read_table(folder / TITLES)
        dense, projection = (read_array(folder / f"{name}.npy") for name in MATRICES)
        lexical = read_rows(folder, "lexical", BUCKETS)
        if not (len(names) + 1 == titles.num_rows + 1 == len(dense) == len(projection) == lexical.shape[0]):
            raise ArtifactError(f"{folder} holds files of different builds; build the features again")
        arrays = {name: read_array(folder / f"{name}.npy") for name in WEIGHT_SHAPES}
        weights = TextWeights.of(arrays, titles.schema.metadata[b"language"].decode())
        return cls(names, contiguous(titles["title"]), weights, dense, lexical, projection)


def _titles(texts: Sequence[str]) -> list[str]:
    """What stands before the first ". " of each text."""
    return [text.split(". ", 1)[0] for text in texts]


def _padded(lexical: sp.csr_array) -> sp.csr_array:
    empty = sp.csr_array((1, BUCKETS), dtype=np.float32)
    return sp.vstack([lexical, empty], format="csr", dtype=np.float32)
