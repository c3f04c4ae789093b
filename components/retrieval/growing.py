"""A release's retriever that takes more candidates while it is searched, each time as another one in memory.

BM25 counts all texts together, so scores are those of an index built anew. Candidates are added for good; a view names
those that count, as rows behind the release's own. Knows texts, headlines and vectors; whose they are is the caller's.
"""

from collections.abc import Sequence

import numpy as np

from components.retrieval.dense import DenseIndex
from components.retrieval.fused import BoolArray, Floats, FusedSearch, IntArray, Rows, best_rows
from components.retrieval.hybrid import HybridRetriever
from components.retrieval.lexical import LexicalIndex
from feature_repo.texts.weighing import on_grid


class GrowingRetriever:
    """`base` and, in slots 0, 1, ..., what was added."""

    def __init__(self, base: HybridRetriever) -> None:
        self._base = base
        self._lexical = base.lexical
        self._cards = base.cards
        self._slots = 0

    def add(self, texts: Sequence[str], headlines: Sequence[str]) -> range:
        """Slots of the texts. Views made before do not see them."""
        self._lexical = self._lexical.grown(texts)
        if self._cards is not None:
            self._cards = self._cards.grown(headlines)
        first, self._slots = self._slots, self._slots + len(texts)
        return range(first, self._slots)

    def view(self, slots: IntArray, vectors: Floats) -> FusedSearch:
        """The base and, as rows behind its n, the candidates in `slots`, ascending, with their `vectors`."""
        n = len(self._base)
        cards = None if self._cards is None else _Chosen(self._cards, n, slots)
        dense = _Followed(self._base.dense, on_grid(vectors))
        return FusedSearch(n + len(slots), _Chosen(self._lexical, n, slots), dense, self._base.encoder, cards)


class _Chosen:
    """A grown index of which the first n and some slots behind them count."""

    def __init__(self, index: LexicalIndex, n: int, slots: IntArray) -> None:
        self._index = index
        self._n = n
        self._slots = slots

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> Rows:
        n, slots = self._n, self._slots
        mask = np.zeros(self._index.size, np.bool_)
        mask[:n] = True if eligible is None else eligible[:n]
        mask[n + slots] = True if eligible is None else eligible[n:]
        positions, scores = self._index.search(text, k, mask)
        rows = np.where(positions < n, positions, n + np.searchsorted(slots, positions - n))
        return rows, scores


class _Followed:
    """A dense index and a few more vectors behind its own, which are searched exactly."""

    def __init__(self, index: DenseIndex, vectors: Floats) -> None:
        self._index = index
        self._more = vectors

    def search(self, queries: Floats, k: int, eligible: BoolArray | None = None) -> Rows:
        n = len(self._index.vectors)
        rows, scores = self._index.search(queries, k, None if eligible is None else eligible[:n])
        more = np.arange(len(self._more)) if eligible is None else np.flatnonzero(eligible[n:])
        added = self.scores(queries, n + more)
        return best_rows(np.concatenate([rows, n + more]), np.concatenate([scores, added]), k)

    def scores(self, queries: Floats, positions: IntArray) -> Floats:
        n, query_rows = len(self._index.vectors), np.atleast_2d(queries)
        scores = np.empty(len(positions), np.float32)
        own = positions < n
        scores[own] = self._index.scores(query_rows, positions[own])
        scores[~own] = (self._more[positions[~own] - n] @ query_rows.T).max(axis=1, initial=-np.inf)
        return scores
