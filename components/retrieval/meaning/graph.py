"""A usearch HNSW graph over the codes of vectors: which rows lie near a query, most of them.

Its recall against exact search is measured when it is built, its search width doubled until RECALL_WANTED is reached.
"""

from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime  # noqa: F401 - loaded after usearch it crashes the process (usearch 2.26.6, onnxruntime 1.32.0)
from usearch.index import Index, ScalarKind

from components.retrieval.meaning.best import best
from components.retrieval.meaning.blocks import Floats, IntArray, greatest_products
from components.retrieval.meaning.codes import Codes

NEIGHBOURS = 16
BUILD_WIDTH = 128
FIRST_WIDTH, WIDEST = 64, 4_096
RECALL_WANTED = 0.98
RECALL_DEPTH = 100
RECALL_PROBES = 200
DEEPER = 2
"""So many times the neighbours that are wanted are asked for: a graph orders by codes, and some are not eligible."""


class Graph:
    """Rows 0..n-1; make one with build or load."""

    def __init__(self, index: Any, recall: float) -> None:
        self._index = index
        self.recall = recall
        """recall@100 against exact search."""

    @classmethod
    def build(cls, vectors: Floats, codes: Codes) -> Self:
        """The graph of `codes`, which are those of `vectors`."""
        index = Index(
            ndim=vectors.shape[1], metric="ip", dtype="i8", connectivity=NEIGHBOURS, expansion_add=BUILD_WIDTH
        )
        index.add(np.arange(len(vectors)), codes.rows, threads=1)
        graph = cls(index, 0.0)
        graph._widen(vectors)
        return graph

    @property
    def width(self) -> int:
        """How many rows a search keeps in view."""
        return int(self._index.expansion_search)

    def near(self, queries: Floats, depth: int) -> IntArray:
        """Rows among the `depth` nearest to any of the queries (m, dimension), ascending, most of them."""
        coded = self._index.dtype == ScalarKind.I8  # one of an earlier version holds the vectors themselves
        asked = Codes.of(queries).rows if coded else queries
        found = [self._index.search(query, depth, threads=1).keys for query in asked]
        return np.unique(np.concatenate(found)).astype(np.int64)

    def save(self, path: Path) -> None:
        """Write what `load` maps; its recall and width are the caller's to keep."""
        self._index.save(str(path))

    @classmethod
    def load(cls, path: Path, width: int, recall: float) -> Self:
        """The graph that `save` wrote, mapped."""
        index = Index.restore(str(path), view=True)
        index.expansion_search = width
        return cls(index, recall)

    def _widen(self, vectors: Floats) -> None:
        """Double the search width until the recall is RECALL_WANTED.

        Probes are midpoints of random pairs of vectors: near the data, and none of them in it.
        """
        generator = np.random.default_rng(0)
        pairs = generator.integers(0, len(vectors), (RECALL_PROBES, 2))
        probes = vectors[pairs].mean(axis=1)
        probes /= np.maximum(np.linalg.norm(probes, axis=1, keepdims=True), np.float32(1e-12))
        depth, everybody = min(RECALL_DEPTH, len(vectors)), np.arange(len(vectors))
        truth = [best(everybody, greatest_products(vectors, probe[None]), depth)[0] for probe in probes]
        self._index.expansion_search = FIRST_WIDTH
        while True:
            found = [self.near(probe[None], DEEPER * depth) for probe in probes]
            shares = [len(np.intersect1d(a, b)) / depth for a, b in zip(found, truth, strict=True)]
            self.recall = float(np.mean(shares))
            if self.recall >= RECALL_WANTED or self.width >= WIDEST:
                return
            self._index.expansion_search = 2 * self.width
