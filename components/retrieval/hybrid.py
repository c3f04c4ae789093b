"""Candidates for a text: BM25 and dense search, fused, over the eligible alone.

score = DENSE_SHARE * cosine / best cosine + (1 - DENSE_SHARE) * BM25 / best BM25, both bests of this query; a part
that a query does not have (no term known, no vector) counts nothing. Where query and candidates have headlines, BM25
of those makes up CARD_SHARE of the score and all of the above the rest. The union of what the parts find is scored by
every part; a candidate outside a lexical depth has BM25 0 there. Knows ids, texts and vectors; which candidates are
eligible is the caller's mask, and what a query means beyond these is unknown here.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from components.retrieval.dense import EXACT_UP_TO, DenseIndex
from components.retrieval.encoder import Encoder, Progress
from components.retrieval.lexical import LexicalIndex
from feature_repo.text import LANGUAGE
from metier.errors import ArtifactError, InputError

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Found = tuple[npt.NDArray[np.str_], FloatArray]
"""(candidate ids, scores), best first."""

DENSE_SHARE = 0.6
CARD_SHARE = 0.8
"""Part of headlines where a query has one: titles and places that an actor turned to say more than whole texts."""
LEAST_DEPTH = 200
"""Each part is asked for at least this many, so that a short slate is chosen among many."""
FORMAT = 1
MANIFEST, IDS, LEXICAL, DENSE, CARDS = "retriever.json", "ids.json", "lexical", "dense", "cards"
LEAST = np.float32(1e-6)


class HybridRetriever:
    """Searchable candidates; make one with build or load. Candidates keep the order they were built in."""

    def __init__(
        self,
        ids: Sequence[str],
        lexical: LexicalIndex,
        dense: DenseIndex,
        encoder: Encoder,
        cards: LexicalIndex | None = None,
    ) -> None:
        dense.require(encoder.hash)
        self.ids: npt.NDArray[np.str_] = np.array(ids, dtype=np.str_)
        self.lexical = lexical
        self.dense = dense
        self.encoder = encoder
        self.cards = cards

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        texts: Sequence[str],
        encoder: Encoder,
        *,
        embeddings: FloatArray | None = None,
        headlines: Sequence[str] | None = None,
        language: str = LANGUAGE,
        exact_up_to: int = EXACT_UP_TO,
        progress: Progress | None = None,
    ) -> Self:
        """Index candidate i under ids[i]; `embeddings` (n, dimension) are this encoder's vectors of the texts."""
        if len(set(ids)) != len(ids) or len(ids) != len(texts):
            raise InputError(f"{len(ids)} ids, {len(set(ids))} distinct, {len(texts)} texts: give one text for each id")
        vectors = encoder.encode(texts, progress) if embeddings is None else embeddings
        if vectors.shape != (len(ids), encoder.dimension):
            raise InputError(f"embeddings are {vectors.shape}, not {(len(ids), encoder.dimension)}; encode the texts")
        cards = None if headlines is None else LexicalIndex.build(headlines, language)
        dense = DenseIndex.build(vectors, encoder.hash, exact_up_to)
        return cls(ids, LexicalIndex.build(texts, language), dense, encoder, cards)

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> Found:
        """The k best for a text, fewer where fewer are eligible, none for a blank text."""
        return self.search_many([text], None, k, eligible)[0]

    def search_many(
        self,
        texts: Sequence[str | None],
        vectors: Sequence[FloatArray | None] | FloatArray | None,
        k: int,
        eligible: Sequence[BoolArray | None] | BoolArray | None = None,
        headlines: Sequence[str | None] | None = None,
    ) -> list[Found]:
        """One answer a query. A query has a text, vectors of this encoder, or both; without either, no answer.

        `vectors[i]` is (dimension,) or (m, dimension), of which the nearest counts (an actor's past candidates); a
        text without vectors is encoded as a query. `eligible` is one mask (n,) for all, or one a query; `headlines[i]`
        holds words of titles and places, or nothing.
        """
        asked = [None] * len(texts) if vectors is None else list(vectors)
        if len(asked) != len(texts):
            raise InputError(f"{len(texts)} texts but {len(asked)} vectors; give one of each a query, or None")
        masks = self._masks(eligible, len(texts))
        typed = [i for i, text in enumerate(texts) if asked[i] is None and text is not None and text.strip()]
        encoded = self.encoder.encode_queries([str(texts[i]) for i in typed])
        for row, i in enumerate(typed):
            asked[i] = encoded[row]
        cards = [None] * len(texts) if headlines is None else list(headlines)
        return [self._search(text or "", asked[i], k, masks[i], cards[i] or "") for i, text in enumerate(texts)]

    def save(self, directory: Path) -> None:
        """Write ids, both indexes and a manifest with the encoder's hash and each file's sha256; no pickle.

        Written beside `directory` and renamed, which must not exist yet or be empty.
        """
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".retriever-", dir=directory.parent) as beside:
            written = Path(beside) / "retriever"
            self.lexical.save(written / LEXICAL)
            self.dense.save(written / DENSE)
            if self.cards is not None:
                self.cards.save(written / CARDS)
            (written / IDS).write_text(json.dumps(self.ids.tolist()))
            manifest = {
                "format": FORMAT,
                "encoder_hash": self.encoder.hash,
                "language": self.lexical.language,
                "candidates": len(self.ids),
                "recall": self.dense.recall,
                "files": _digests(written),
            }
            (written / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True))
            try:
                os.rename(written, directory)
            except OSError as error:
                raise InputError(f"{directory} is not empty; save the retriever into a new folder") from error

    @classmethod
    def load(cls, directory: Path | str, encoder: Encoder) -> Self:
        """The retriever that save wrote; ArtifactError on altered files or another encoder."""
        folder = Path(directory)
        manifest = _verified(folder)
        ids = json.loads((folder / IDS).read_text())
        language = manifest["language"]
        cards = LexicalIndex.load(folder / CARDS, language) if (folder / CARDS).exists() else None
        return cls(ids, LexicalIndex.load(folder / LEXICAL, language), DenseIndex.load(folder / DENSE), encoder, cards)

    def _search(self, text: str, vectors: FloatArray | None, k: int, eligible: BoolArray | None, card: str) -> Found:
        """Every part searches `depth` deep; what any of them finds is scored by all."""
        depth = max(k, LEAST_DEPTH)
        lexical = self.lexical.search(text, depth, eligible)
        carded = self.cards.search(card, depth, eligible) if card and self.cards else (lexical[0][:0], lexical[1][:0])
        near = np.empty(0, dtype=np.int64)
        if vectors is not None and np.size(vectors):
            near, _ = self.dense.search(vectors, depth, eligible)
        positions = np.union1d(np.union1d(lexical[0], near), carded[0])
        scores = np.zeros(len(positions), dtype=np.float32)
        if len(near):
            _add(scores, positions, positions, self.dense.scores(vectors, positions), DENSE_SHARE)  # type: ignore[arg-type]
        _add(scores, positions, *lexical, 1 - DENSE_SHARE if len(near) else 1.0)
        if len(carded[0]):
            scores *= (1 - CARD_SHARE) / np.maximum(scores.max(initial=0), LEAST)
            _add(scores, positions, *carded, CARD_SHARE)
        return self._best(positions, scores, k)

    def _best(self, positions: IntArray, scores: FloatArray, k: int) -> Found:
        order = np.lexsort((positions, -scores))[: max(k, 0)]
        return self.ids[positions[order]], scores[order].astype(np.float32)

    def _masks(self, eligible: Sequence[BoolArray | None] | BoolArray | None, n: int) -> list[BoolArray | None]:
        one = eligible is None or (isinstance(eligible, np.ndarray) and eligible.ndim == 1)
        masks: list[Any] = [eligible] * n if one else list(eligible)  # type: ignore[arg-type]
        if len(masks) != n:
            raise InputError(f"{len(masks)} eligibility masks for {n} queries; give one for all or one for each")
        for mask in masks:
            if mask is not None and (mask.shape != (len(self.ids),) or mask.dtype != np.bool_):
                raise InputError(
                    f"eligible is {mask.dtype} {mask.shape}; give a boolean mask of the {len(self.ids)} candidates"
                )
        return masks


def _add(scores: FloatArray, positions: IntArray, found: IntArray, part: FloatArray, share: float) -> None:
    """Add one part's scores of the positions it `found`, their best counting `share`; `positions` ascends."""
    scores[np.searchsorted(positions, found)] += share * part / np.maximum(part.max(initial=0), LEAST)


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of each file; tantivy's lock files, which come and go, are no part of the index."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _verified(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{folder} holds no readable {MANIFEST}; build the candidate index first") from error
    if manifest["format"] != FORMAT:
        raise ArtifactError(f"{folder} has index format {manifest['format']}, not {FORMAT}; build the index anew")
    found = _digests(folder)
    wrong = [name for name, digest in manifest["files"].items() if found.get(name) != digest]
    if wrong:
        raise ArtifactError(f"{folder / wrong[0]} is missing or altered; build the candidate index anew")
    return manifest
