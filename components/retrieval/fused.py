"""One question to several parts: BM25, dense search and BM25 of headlines, fused over the eligible alone.

score = DENSE_SHARE * cosine / best cosine + (1 - DENSE_SHARE) * BM25 / best BM25, both bests of this query; a part
that a query does not have (no term known, no vector) counts nothing. Where query and candidates have headlines, BM25
of those makes up CARD_SHARE of the score and all of the above the rest. The union of what the parts find is scored by
every part; a candidate outside a lexical depth has BM25 0 there. Vectors lie on a grid, so that equal texts have equal
scores wherever they stand, and equal scores go by row. Knows candidates by row; which are eligible is the
caller's mask, and what a query means beyond text and vectors is unknown here.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from feature_repo.texts import Encoder
from feature_repo.texts.weighing import on_grid
from metier.errors import InputError

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Rows = tuple[IntArray, Floats]
"""(rows of candidates, scores), best first."""

DENSE_SHARE = 0.6
CARD_SHARE = 0.8
"""Part of headlines where a query has one: titles and places that an actor turned to say more than whole texts."""
LEAST_DEPTH = 200
"""Each part is asked for at least this many, so that a short slate is chosen among many."""
LEAST = np.float32(1e-6)


class Lexical(Protocol):
    """BM25: lexical.LexicalIndex, or one that others follow on."""

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> Rows:
        """The k best that share a term with `text`."""
        ...


class Dense(Protocol):
    """Inner products: dense.DenseIndex, or one that others follow on."""

    def search(self, queries: Floats, k: int, eligible: BoolArray | None = None) -> Rows:
        """The k best by the greatest inner product with any row of `queries`."""
        ...

    def scores(self, queries: Floats, positions: IntArray) -> Floats:
        """(len(positions),): the greatest inner product with any row of `queries`."""
        ...


class FusedSearch:
    """`size` candidates, searched by all parts."""

    def __init__(self, size: int, lexical: Lexical, dense: Dense, encoder: Encoder, cards: Lexical | None) -> None:
        self._size = size
        self.lexical = lexical
        self.dense = dense
        self.encoder = encoder
        self.cards = cards

    def __len__(self) -> int:
        return self._size

    def find_many(
        self,
        texts: Sequence[str | None],
        vectors: Sequence[Floats | None] | Floats | None,
        k: int,
        eligible: Sequence[BoolArray | None] | BoolArray | None = None,
        headlines: Sequence[str | None] | None = None,
    ) -> list[Rows]:
        """One answer a query. A query has a text, vectors of this encoder, or both; without either, no answer.

        `vectors[i]` is (dimension,) or (m, dimension), of which the nearest counts (an actor's past candidates); a
        text without vectors is encoded as a query. `eligible` is one mask (n,) for all, or one a query; `headlines[i]`
        holds words of titles and places, or nothing.
        """
        query_vectors = [None] * len(texts) if vectors is None else list(vectors)
        if len(query_vectors) != len(texts):
            raise InputError(f"{len(texts)} texts but {len(query_vectors)} vectors; give one of each a query, or None")
        masks = self._masks(eligible, len(texts))
        typed = [i for i, text in enumerate(texts) if query_vectors[i] is None and text is not None and text.strip()]
        encoded = self.encoder.encode_queries([str(texts[i]) for i in typed])
        for row, i in enumerate(typed):
            query_vectors[i] = encoded[row]
        cards = [None] * len(texts) if headlines is None else list(headlines)
        return [self._search(text or "", query_vectors[i], k, masks[i], cards[i] or "") for i, text in enumerate(texts)]

    def _search(self, text: str, vectors: Floats | None, k: int, eligible: BoolArray | None, card: str) -> Rows:
        """Every part searches `depth` deep; what any of them finds is scored by all."""
        depth = max(k, LEAST_DEPTH)
        lexical = self.lexical.search(text, depth, eligible)
        carded = self.cards.search(card, depth, eligible) if card and self.cards else (lexical[0][:0], lexical[1][:0])
        near = np.empty(0, dtype=np.int64)
        if vectors is not None and np.size(vectors):
            vectors = on_grid(vectors)
            near, _ = self.dense.search(vectors, depth, eligible)
        positions = np.union1d(np.union1d(lexical[0], near), carded[0])
        scores = np.zeros(len(positions), dtype=np.float32)
        if len(near):
            _add(scores, positions, positions, self.dense.scores(vectors, positions), DENSE_SHARE)  # type: ignore[arg-type]
        _add(scores, positions, *lexical, 1 - DENSE_SHARE if len(near) else 1.0)
        if len(carded[0]):
            scores *= (1 - CARD_SHARE) / np.maximum(scores.max(initial=0), LEAST)
            _add(scores, positions, *carded, CARD_SHARE)
        return best_rows(positions, scores, max(k, 0))

    def _masks(self, eligible: Sequence[BoolArray | None] | BoolArray | None, n: int) -> list[BoolArray | None]:
        shared = eligible is None or (isinstance(eligible, np.ndarray) and eligible.ndim == 1)
        masks: list[Any] = [eligible] * n if shared else list(eligible)  # type: ignore[arg-type]
        if len(masks) != n:
            raise InputError(f"{len(masks)} eligibility masks for {n} queries; give one for all or one for each")
        for mask in masks:
            if mask is not None and (mask.shape != (len(self),) or mask.dtype != np.bool_):
                raise InputError(
                    f"eligible is {mask.dtype} {mask.shape}; give a boolean mask of the {len(self)} candidates"
                )
        return masks


def best_rows(rows: IntArray, scores: Floats, k: int) -> Rows:
    """The k greatest scores, best first, equal ones by row."""
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order].astype(np.float32)


def _add(scores: Floats, positions: IntArray, rows: IntArray, part: Floats, share: float) -> None:
    """Add one part's scores of `rows`, their best counting `share`; `positions` ascends."""
    scores[np.searchsorted(positions, rows)] += share * part / np.maximum(part.max(initial=0), LEAST)
