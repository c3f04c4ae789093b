"""Nearest vectors by inner product: exact up to `exact_up_to` candidates, a usearch HNSW graph above.

The graph's recall against exact search is measured at every build, its search width doubled until RECALL_WANTED is
reached, and the figure kept with the index. Candidates are positions 0..n-1. The index carries the hash of the encoder
that made its vectors and refuses those of another. Knows nothing of texts, ids or eligibility beyond a boolean mask.
"""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime  # noqa: F401 - loaded after usearch it crashes the process (usearch 2.26.6, onnxruntime 1.32.0)
from usearch.index import Index

from metier.errors import ArtifactError, FeatureError

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EXACT_UP_TO = 50_000
NEIGHBOURS = 16
BUILD_WIDTH = 128
FIRST_WIDTH, WIDEST = 64, 1_024
RECALL_WANTED = 0.98
RECALL_DEPTH = 100
RECALL_PROBES = 200
SELECTIVE_SHARE = 0.1
"""Below this eligible share the graph's answers would mostly be thrown away: the eligible are scored exactly."""
SCAN_SHARE = 0.25
"""Above this eligible share, scoring everybody in place is cheaper than gathering the eligible."""
VECTORS, GRAPH, FACTS = "vectors.npy", "graph.usearch", "dense.json"


class DenseIndex:
    """Unit vectors (n, dimension) under one encoder's hash; make one with build or load."""

    def __init__(self, vectors: Floats, encoder_hash: str, graph: Any = None, recall: float = 1.0) -> None:
        self.vectors = vectors
        self.encoder_hash = encoder_hash
        self.recall = recall
        """recall@100 against exact search, 1 where search is exact."""
        self._graph = graph

    @classmethod
    def build(cls, vectors: Floats, encoder_hash: str, exact_up_to: int = EXACT_UP_TO) -> Self:
        """Index the vectors; FeatureError where one of them is not finite."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise FeatureError("candidate vectors must be finite and of shape (n, dimension); encode the texts anew")
        if len(rows) <= exact_up_to:
            return cls(rows, encoder_hash)
        graph = Index(ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=NEIGHBOURS, expansion_add=BUILD_WIDTH)
        graph.add(np.arange(len(rows)), rows, threads=1)
        return cls(rows, encoder_hash, graph, _widened(graph, rows))

    @property
    def exact(self) -> bool:
        """Whether every search is exact."""
        return self._graph is None

    def require(self, encoder_hash: str) -> None:
        """ArtifactError unless vectors under that hash may be compared with these."""
        if encoder_hash != self.encoder_hash:
            raise ArtifactError(
                f"the index was built by encoder {self.encoder_hash[:12]}, asked with vectors of "
                f"{encoder_hash[:12]}; rebuild the candidate index with the encoder that serves"
            )

    def search(self, queries: Floats, k: int, eligible: BoolArray | None = None) -> tuple[IntArray, Floats]:
        """(positions, scores) of the k best, best first, by the greatest inner product with any row of `queries`."""
        query_rows = np.atleast_2d(queries)
        count = len(self.vectors) if eligible is None else int(np.count_nonzero(eligible))
        if min(k, count) <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self._graph is not None and count >= SELECTIVE_SHARE * len(self.vectors) and 2 * k <= count:
            positions = self._near(query_rows, k, eligible, count)
            if len(positions) >= k:
                return _best(positions, self.scores(query_rows, positions), k)
        if eligible is None or count > SCAN_SHARE * len(self.vectors):
            positions = np.arange(len(self.vectors)) if eligible is None else np.flatnonzero(eligible)
            return _best(positions, _scored(self.vectors, query_rows)[positions], k)
        positions = np.flatnonzero(eligible)
        return _best(positions, self.scores(query_rows, positions), k)

    def scores(self, queries: Floats, positions: IntArray) -> Floats:
        """float32 (len(positions),): the greatest inner product with any row of `queries`."""
        return _scored(self.vectors[positions], np.atleast_2d(queries))

    def save(self, directory: Path) -> None:
        """Write the vectors, the graph where there is one, and what was measured of it."""
        directory.mkdir(parents=True, exist_ok=True)
        np.save(directory / VECTORS, self.vectors, allow_pickle=False)
        facts = {"encoder_hash": self.encoder_hash, "recall": self.recall, "width": None}
        if self._graph is not None:
            self._graph.save(str(directory / GRAPH))
            facts["width"] = self._graph.expansion_search
        (directory / FACTS).write_text(json.dumps(facts))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The index that save wrote; vectors stay memory-mapped."""
        facts = json.loads((directory / FACTS).read_text())
        vectors = np.load(directory / VECTORS, mmap_mode="r", allow_pickle=False)
        graph = None
        if facts["width"] is not None:
            graph = Index.restore(str(directory / GRAPH), view=True)
            graph.expansion_search = facts["width"]
        return cls(vectors, facts["encoder_hash"], graph, facts["recall"])

    def _near(self, queries: Floats, k: int, eligible: BoolArray | None, count: int) -> IntArray:
        """Eligible positions that the graph finds near any of the queries."""
        depth = k if eligible is None else min(2 * k * len(self.vectors) // count, len(self.vectors))
        neighbours = [self._graph.search(query, depth, threads=1).keys for query in queries]
        positions = np.unique(np.concatenate(neighbours)).astype(np.int64)
        return positions if eligible is None else positions[eligible[positions]]


def _scored(vectors: Floats, queries: Floats) -> Floats:
    products: Floats = vectors @ queries[0] if len(queries) == 1 else (vectors @ queries.T).max(axis=1)
    return products


def _best(positions: IntArray, scores: Floats, k: int) -> tuple[IntArray, Floats]:
    """The k greatest scores, best first, equal ones by position; `positions` ascends."""
    if k < len(scores):
        floor = np.partition(scores, len(scores) - k)[len(scores) - k]
        above = np.flatnonzero(scores >= floor)
        positions, scores = positions[above], scores[above]
    order = np.argsort(-scores, kind="stable")[:k]
    return positions[order], scores[order]


def _widened(graph: Any, vectors: Floats) -> float:
    """Double the graph's search width until its recall is RECALL_WANTED; the recall reached.

    Probes are midpoints of random pairs of vectors: near the data, and none of them in it.
    """
    generator = np.random.default_rng(0)
    pairs = generator.integers(0, len(vectors), (RECALL_PROBES, 2))
    probes = vectors[pairs].mean(axis=1)
    probes /= np.maximum(np.linalg.norm(probes, axis=1, keepdims=True), np.float32(1e-12))
    depth = min(RECALL_DEPTH, len(vectors))
    truth = [_best(np.arange(len(vectors)), _scored(vectors, probe[None]), depth)[0] for probe in probes]
    graph.expansion_search = FIRST_WIDTH
    while True:
        recall = _recall(graph, probes, truth, depth)
        if recall >= RECALL_WANTED or graph.expansion_search >= WIDEST:
            return recall
        graph.expansion_search *= 2


def _recall(graph: Any, probes: Floats, truth: list[IntArray], depth: int) -> float:
    neighbours = [graph.search(probe, depth, threads=1).keys for probe in probes]
    shares = [len(np.intersect1d(a, b)) / depth for a, b in zip(neighbours, truth, strict=True)]
    return float(np.mean(shares))
