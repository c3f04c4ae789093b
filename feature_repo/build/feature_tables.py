"""Build everything the feature store reads: windowed tables, profiles, histories, and the vectors of their texts.

What did not change since the last build is left alone, and texts already encoded by the same encoder keep their
vectors. Knows no surface and no ranker.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from components.language.taxonomy import taxonomy_of
from feature_repo.build.aggregates import build_feature_tables
from feature_repo.build.corpus import TextCorpus, distinct_query_texts, distinct_texts, write_text_views
from feature_repo.files.whole_folder import replacing_folder, settle
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.encoding import encoding
from feature_repo.texts.text import ANALYSIS
from feature_repo.texts.weighing import DIMENSIONS, on_grid
from metier.errors import FeatureError
from metier.lake import Lake
from metier.locks import exclusively
from metier.settings import Settings

VECTORS = "vectors"
FIT_FILE = "fitted.json"

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
class Fit:
    """What FIT_FILE says of VECTORS."""

    encoder: str
    """Hash of the encoder."""
    texts: int
    """On how many texts the weights were fitted."""
    queries: tuple[str, ...]
    """Keys of texts that actors typed, which are encoded cut short."""
    analysis: int = 1
    """ANALYSIS of the terms."""


_FIT = TypeAdapter(Fit)


@dataclass(frozen=True)
class _Earlier:
    """Vectors of an earlier build by the same encoder."""

    vectors: TextVectors
    fitted_on: int
    queries: frozenset[str]
    analysis: int

    @classmethod
    def read(cls, folder: Path, encoder: Encoder) -> "_Earlier | None":
        """None where there is none."""
        settle(folder)
        try:
            fit = _FIT.validate_json((folder / FIT_FILE).read_bytes())
        except (OSError, ValueError):
            return None
        if fit.encoder != encoder.hash:
            return None
        return cls(TextVectors.read(folder), fit.texts, frozenset(fit.queries), fit.analysis)

    def holds(self, cards: Sequence[str], queries: Sequence[str], language: str) -> bool:
        """Whether these are the vectors of exactly these texts, by key, in this language."""
        same_texts = self.vectors.keys == (*cards, *queries) and self.queries == frozenset(queries)
        return same_texts and self.has_terms_of(language)

    def has_terms_of(self, language: str) -> bool:
        """Whether texts were analysed as they would be now in that language."""
        return self.vectors.language == language and self.analysis == ANALYSIS


@dataclass(frozen=True)
class _Texts:
    """Texts by key with their vectors (n, 384), which are zero at `absent`, the places of those that have none yet."""

    keys: Sequence[str]
    texts: Sequence[str]
    embeddings: Floats
    absent: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Sequence[str], texts: Sequence[str], earlier: _Earlier | None, are_queries: bool) -> "_Texts":
        """With the vectors of those that were encoded alike before."""
        embeddings = np.zeros((len(keys), DIMENSIONS), np.float32)
        rows = np.full(len(keys), -1, np.int64)
        if earlier is not None:
            rows = earlier.vectors.rows([key if (key in earlier.queries) == are_queries else None for key in keys])
            embeddings[rows >= 0] = earlier.vectors.dense_at(rows[rows >= 0])
        return cls(keys, texts, embeddings, np.flatnonzero(rows < 0))

    def not_encoded(self) -> list[str]:
        """The texts that have to be encoded."""
        return [self.texts[row] for row in self.absent]

    def fill(self, parts: Iterator[Floats]) -> None:
        """Take their vectors, in order."""
        done = 0
        for part in parts:
            self.embeddings[self.absent[done : done + len(part)]] = on_grid(part)
            done += len(part)


def build_all(
    lake: Lake, settings: Settings, as_of: datetime, encoder: Encoder, since: datetime | None = None
) -> FeatureReport:
    """Bring every offline table under settings.features up to `as_of`; days from `since` on are built in any case.

    Many texts are encoded by processes of their own while the other tables are built.
    """
    folder = settings.features / VECTORS
    settings.features.mkdir(parents=True, exist_ok=True)
    refusal = FeatureError(f"another process encodes texts for {settings.features}; wait until it is done")
    with exclusively(settings.features / ".encoding", refusal):
        corpus, earlier = distinct_texts(lake, as_of), _Earlier.read(folder, encoder)
        cards = _Texts.of(corpus.keys, corpus.texts, earlier, are_queries=False)
        typed = _Texts.of(*_typed(lake, as_of, corpus), earlier, are_queries=True)
        with encoding(encoder, cards.not_encoded(), typed.not_encoded()) as (card_vectors, typed_vectors):
            rows = build_feature_tables(lake, as_of, settings.features, _say, since, taxonomy_of(settings.taxonomy))
            cards.fill(_with_progress(card_vectors, len(cards.absent)))
            typed.fill(typed_vectors)
        if earlier is not None and earlier.holds(cards.keys, typed.keys, settings.language):
            vectors = earlier.vectors
        else:
            vectors, fitted_on = _weighed(corpus, cards.embeddings, earlier, settings.language)
            vectors = vectors.extended(typed.keys, typed.texts, typed.embeddings)
            _write(folder, vectors, Fit(encoder.hash, fitted_on, tuple(typed.keys), ANALYSIS))
        rows |= write_text_views(settings.features, corpus.keys, vectors.dense[: len(corpus.keys)], encoder.hash)
    return FeatureReport(rows, len(corpus.keys), len(cards.absent))


def _typed(lake: Lake, as_of: datetime, corpus: TextCorpus) -> tuple[list[str], list[str]]:
    """Keys and texts that actors typed and that are not of the corpus."""
    of_corpus = frozenset(corpus.keys)
    typed = [(key, text) for key, text in zip(*distinct_query_texts(lake, as_of), strict=True) if key not in of_corpus]
    return [key for key, _ in typed], [text for _, text in typed]


def _write(folder: Path, vectors: TextVectors, fit: Fit) -> None:
    with replacing_folder(folder) as temporary:
        vectors.write(temporary)
        (temporary / FIT_FILE).write_bytes(_FIT.dump_json(fit))


def _weighed(
    corpus: TextCorpus, embeddings: Floats, earlier: _Earlier | None, language: str
) -> tuple[TextVectors, int]:
    """Vectors of the corpus, and on how many texts their weights were fitted.

    Weights fitted before are kept, so that rankers of different days read the same features; they are fitted where
    there are none of this encoder, language and analysis, and again once the corpus has doubled.
    """
    if earlier is not None and earlier.has_terms_of(language) and len(corpus.keys) < 2 * earlier.fitted_on:
        empty = TextVectors.fitted(earlier.vectors.weights)
        return empty.extended(corpus.keys, corpus.texts, embeddings, corpus.titles), earlier.fitted_on
    vectors = TextVectors.build(corpus.keys, corpus.texts, embeddings, corpus.titles, corpus.headlines, language)
    return vectors, len(corpus.keys)


def read_vectors(settings: Settings) -> TextVectors:
    """The text vectors that `build_all` left; FeatureError where their language is not the settings'."""
    vectors = TextVectors.read(settings.features / VECTORS)
    if vectors.language != settings.language:
        raise FeatureError(
            f"the texts in {settings.features} were stemmed as {vectors.language}, and METIER_LANGUAGE is "
            f"{settings.language}; run `metier features build` with the language of the lake's texts"
        )
    return vectors


def _with_progress(parts: Iterator[Floats], total: int) -> Iterator[Floats]:
    """The parts; says how far they are, ten times at most."""
    done = 0
    for part in parts:
        if 10 * (done + len(part)) // total > 10 * done // total:
            _say(f"encoded {done + len(part):,} of {total:,} texts")
        done += len(part)
        yield part


def _say(line: str) -> None:
    print(f"metier: {line}", file=sys.stderr, flush=True)
