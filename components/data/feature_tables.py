"""Build everything the feature store reads: windowed tables, profiles, histories, and the vectors of their texts.

What did not change since the last build is left alone, and texts already encoded by the same encoder keep their
vectors. Knows no surface and no ranker.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.encoding import encode_in_parts
from components.retrieval.encoder import Encoder
from feature_repo.aggregates import build_feature_tables
from feature_repo.corpus import TextCorpus, distinct_query_texts, distinct_texts, write_text_views
from feature_repo.vectors import TextVectors
from feature_repo.weighing import DIMENSIONS, on_grid
from feature_repo.whole_folder import replacing, settle
from metier.errors import FeatureError
from metier.lake import Lake
from metier.locks import exclusively
from metier.settings import Settings

VECTORS = "vectors"
FIT_FILE = "fitted.json"
"""Which encoder, on how many texts the weights of VECTORS were fitted, and the keys of queries, which are cut short."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureReport:
    """Rows written by view, and how many texts have a vector."""

    rows: dict[str, int]
    texts: int
    encoded: int

    def render(self) -> str:
        """One line for a person."""
        rows = sum(self.rows.values())
        return f"{rows:,} feature rows in {len(self.rows)} views; {self.encoded:,} of {self.texts:,} texts encoded anew"


@dataclass(frozen=True)
class _Earlier:
    """Vectors of an earlier build by the same encoder."""

    vectors: TextVectors
    fitted_on: int
    queries: frozenset[str]

    @classmethod
    def read(cls, folder: Path, encoder: Encoder) -> "_Earlier | None":
        """None where there is none."""
        settle(folder)
        held = json.loads((folder / FIT_FILE).read_text()) if (folder / FIT_FILE).exists() else {}
        if held.get("encoder") != encoder.hash or "queries" not in held:
            return None
        return cls(TextVectors.read(folder), held["texts"], frozenset(held["queries"]))


def build_all(
    lake: Lake, settings: Settings, as_of: datetime, encoder: Encoder, since: datetime | None = None
) -> FeatureReport:
    """Bring every offline table under settings.features up to `as_of`; days from `since` on are built in any case."""
    rows = build_feature_tables(lake, as_of, settings.features, _say, since)
    refusal = FeatureError(f"another process encodes texts for {settings.features}; wait until it is done")
    with exclusively(settings.features / ".encoding", refusal):
        corpus = distinct_texts(lake, as_of)
        vectors, encoded = _vectors(corpus, *distinct_query_texts(lake, as_of), settings.features / VECTORS, encoder)
        rows |= write_text_views(settings.features, corpus.keys, vectors.dense[: len(corpus.keys)], encoder.hash)
    return FeatureReport(rows, len(corpus.keys), encoded)


def _vectors(
    corpus: TextCorpus, query_keys: list[str], query_texts: list[str], folder: Path, encoder: Encoder
) -> tuple[TextVectors, int]:
    """Vectors of the corpus, then of other texts that actors typed, and how many of the corpus were encoded."""
    held, earlier = frozenset(corpus.keys), _Earlier.read(folder, encoder)
    typed = [(key, text) for key, text in zip(query_keys, query_texts, strict=True) if key not in held]
    keys, texts = [key for key, _ in typed], [text for _, text in typed]
    if earlier is not None and earlier.vectors.keys == (*corpus.keys, *keys) and earlier.queries == frozenset(keys):
        return earlier.vectors, 0
    embeddings, encoded = _embed(corpus.keys, corpus.texts, earlier, encoder)
    vectors, fitted_on = _weighed(corpus, embeddings, earlier)
    del embeddings
    if keys:
        vectors = vectors.extended(keys, texts, _embed_queries(keys, texts, earlier, encoder))
    with replacing(folder) as beside:
        vectors.write(beside)
        told = {"encoder": encoder.hash, "texts": fitted_on, "queries": keys}
        (beside / FIT_FILE).write_text(json.dumps(told))
    return vectors, encoded


def _weighed(corpus: TextCorpus, embeddings: Floats, earlier: _Earlier | None) -> tuple[TextVectors, int]:
    """Vectors of the corpus, and on how many texts their weights were fitted.

    Weights fitted before are kept, so that rankers of different days read the same features; they are fitted where
    there are none of this encoder, and again once the corpus has doubled.
    """
    if earlier is not None and len(corpus.keys) < 2 * earlier.fitted_on:
        empty = TextVectors.fitted(earlier.vectors.weights, earlier.vectors.language)
        return empty.extended(corpus.keys, corpus.texts, embeddings, corpus.titles), earlier.fitted_on
    vectors = TextVectors.build(corpus.keys, corpus.texts, embeddings, corpus.titles, corpus.headlines)
    return vectors, len(corpus.keys)


def _embed(keys: Sequence[str], texts: Sequence[str], earlier: _Earlier | None, encoder: Encoder) -> tuple[Floats, int]:
    """Vectors (n, 384) of the texts in order, and how many had to be encoded."""
    embeddings, absent = _known(keys, earlier, among_queries=False)
    done = 0
    for part in _told(encode_in_parts(encoder, [texts[place] for place in absent]), len(absent)):
        embeddings[absent[done : done + len(part)]] = on_grid(part)
        done += len(part)
    return embeddings, len(absent)


def _embed_queries(keys: Sequence[str], texts: Sequence[str], earlier: _Earlier | None, encoder: Encoder) -> Floats:
    """Vectors (n, 384) of typed texts in order."""
    embeddings, absent = _known(keys, earlier, among_queries=True)
    embeddings[absent] = on_grid(encoder.encode_queries([texts[place] for place in absent]))
    return embeddings


def _known(keys: Sequence[str], earlier: _Earlier | None, among_queries: bool) -> tuple[Floats, NDArray[np.int64]]:
    """Vectors (n, 384) of the keys that were encoded alike before, and the places of the others."""
    embeddings = np.zeros((len(keys), DIMENSIONS), np.float32)
    rows = np.full(len(keys), -1, np.int64)
    if earlier is not None:
        rows = earlier.vectors.rows([key if (key in earlier.queries) == among_queries else None for key in keys])
        embeddings[rows >= 0] = earlier.vectors.dense_at(rows[rows >= 0])
    return embeddings, np.flatnonzero(rows < 0)


def _told(parts: Iterator[Floats], total: int) -> Iterator[Floats]:
    """The parts; says how far they are, ten times at most."""
    done = 0
    for part in parts:
        if 10 * (done + len(part)) // total > 10 * done // total:
            _say(f"encoded {done + len(part):,} of {total:,} texts")
        done += len(part)
        yield part


def _say(line: str) -> None:
    print(f"metier: {line}", file=sys.stderr, flush=True)
