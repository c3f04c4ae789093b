"""Build everything the feature store reads: windowed tables, profiles, histories, and the vectors of their texts.

Vectors of texts already encoded by the same encoder are reused. Knows no surface and no ranker.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.retrieval.encoder import Encoder
from feature_repo.aggregates import (
    TextCorpus,
    build_feature_tables,
    distinct_query_texts,
    distinct_texts,
    write_text_views,
)
from feature_repo.vectors import TextVectors, on_grid
from metier.lake import Lake
from metier.settings import Settings

VECTORS = "vectors"
FIT_FILE = "fit.json"
"""Which encoder, and how many texts, the weights of VECTORS were fitted with."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureReport:
    """Rows by view, and how many texts have a vector."""

    rows: dict[str, int]
    texts: int
    encoded: int

    def render(self) -> str:
        """One line for a person."""
        rows = sum(self.rows.values())
        return f"{rows:,} feature rows in {len(self.rows)} views; {self.encoded:,} of {self.texts:,} texts encoded anew"


def build_all(lake: Lake, settings: Settings, as_of: datetime, encoder: Encoder) -> FeatureReport:
    """Write every offline table under settings.features, as known at `as_of`."""
    rows = build_feature_tables(lake, as_of, settings.features)
    corpus = distinct_texts(lake, as_of)
    query_keys, query_texts = distinct_query_texts(lake, as_of)
    folder = settings.features / VECTORS
    known = _known_vectors(folder, encoder)
    embeddings, encoded = _embed(list(corpus.keys), list(corpus.texts), known, encoder)
    embeddings = on_grid(embeddings)
    vectors, fitted_on = _weighed(corpus, embeddings, folder, encoder)
    if query_texts:
        vectors = vectors.extended(query_keys, query_texts, encoder.encode_queries(query_texts))
    vectors.write(folder)
    (folder / FIT_FILE).write_text(json.dumps({"encoder": encoder.hash, "texts": fitted_on}))
    rows |= write_text_views(settings.features, corpus.keys, embeddings)
    return FeatureReport(rows, len(corpus.keys), encoded)


def _weighed(corpus: TextCorpus, embeddings: Floats, folder: Path, encoder: Encoder) -> tuple[TextVectors, int]:
    """Vectors of the corpus, and on how many texts their weights were fitted.

    Weights fitted before are kept, so that rankers of different days read the same features; they are fitted where
    there are none of this encoder, and again once the corpus has doubled.
    """
    fitted = json.loads((folder / FIT_FILE).read_text()) if (folder / FIT_FILE).exists() else {}
    if fitted.get("encoder") == encoder.hash and len(corpus.keys) < 2 * fitted["texts"]:
        earlier = TextVectors.read(folder)
        empty = TextVectors.fitted(earlier.weights, earlier.language)
        return empty.extended(corpus.keys, corpus.texts, embeddings, corpus.titles), fitted["texts"]
    vectors = TextVectors.build(corpus.keys, corpus.texts, embeddings, corpus.titles, corpus.headlines)
    return vectors, len(corpus.keys)


def _known_vectors(folder: Path, encoder: Encoder) -> dict[str, Floats]:
    """Vectors by text key of an earlier build by the same encoder."""
    marker = folder / FIT_FILE
    if not marker.exists() or json.loads(marker.read_text())["encoder"] != encoder.hash:
        return {}
    earlier = TextVectors.read(folder)
    return dict(zip(earlier.keys, earlier.dense, strict=True))


def _embed(keys: list[str], texts: list[str], known: dict[str, Floats], encoder: Encoder) -> tuple[Floats, int]:
    """Vectors (n, 384) of the texts in order, and how many had to be encoded."""
    absent = [place for place, key in enumerate(keys) if key not in known]
    fresh = encoder.encode([texts[place] for place in absent], _announcer())
    encoded = dict(zip((keys[place] for place in absent), fresh, strict=True))
    every = [known[key] if key in known else encoded[key] for key in keys]
    return np.asarray(every, dtype=np.float32).reshape(len(keys), -1), len(absent)


def _announcer() -> Callable[[int, int], None]:
    """Says how far encoding is, ten times at most."""
    told = [0]

    def tell(done: int, total: int) -> None:
        if 10 * done // total > told[0]:
            told[0] = 10 * done // total
            print(f"metier: encoded {done:,} of {total:,} texts", flush=True)

    return tell
