"""Nearest vectors by inner product: exactly, of every eligible row, or most of them by a graph.

Which is cheaper for a query, `costs` say by how many vectors it has, how deep it looks and how many rows are eligible;
they are measured when the index is built and kept with it. Exact search looks at codes of a byte a component first,
and at the vectors of those rows that can be among the best. Candidates are positions 0..n-1. The index carries the
hash of the encoder that made its vectors and refuses those of another. Knows nothing of texts, ids or eligibility
beyond a boolean mask.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from components.retrieval.meaning.best import best
from components.retrieval.meaning.blocks import Floats, IntArray, greatest_products
from components.retrieval.meaning.codes import Codes
from components.retrieval.meaning.cost import MANY, Costs
from components.retrieval.meaning.graph import DEEPER, RECALL_WANTED, Graph
from feature_repo.files.mapped import read_array, write_array
from metier.errors import ArtifactError, FeatureError

BoolArray = npt.NDArray[np.bool_]

EXACT_UP_TO = 200_000
"""Below, looking at every row takes no longer than asking a graph."""
CODED_ABOVE = 8_192
"""Fewer vectors fit into a cache as they are."""
SCAN_SHARE = 0.5
"""Above this eligible share, looking at everybody in place is cheaper than gathering the eligible."""
DEEP = 4
"""While the cost of the graph is measured, it is asked so many times deeper than it looks anyway."""
SPARED = 4
"""While the cost of exact search is measured, one in so many is eligible."""
VECTORS, GRAPH, FACTS = "vectors.npy", "graph.usearch", "dense.json"


class DenseIndex:
    """Unit vectors (n, dimension) under one encoder's hash; make one with build or load."""

    def __init__(
        self,
        vectors: Floats,
        encoder_hash: str,
        codes: Codes | None = None,
        graph: Graph | None = None,
        costs: Costs | None = None,
    ) -> None:
        self.vectors = vectors
        self.encoder_hash = encoder_hash
        self.costs = costs or Costs()
        self._codes = codes
        self._graph = graph

    @classmethod
    def build(cls, vectors: Floats, encoder_hash: str, exact_up_to: int = EXACT_UP_TO) -> Self:
        """Index the vectors, without a graph where none finds enough; FeatureError where one is not finite."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise FeatureError("candidate vectors must be finite and of shape (n, dimension); encode the texts anew")
        codes = Codes.of(rows) if len(rows) > min(exact_up_to, CODED_ABOVE) else None
        if codes is None or len(rows) <= exact_up_to:
            return cls(rows, encoder_hash, codes)
        graph = Graph.build(rows, codes)
        if graph.recall < RECALL_WANTED:
            return cls(rows, encoder_hash, codes)
        return cls(rows, encoder_hash, codes, graph, _measured(cls(rows, encoder_hash, codes), graph))

    @property
    def exact(self) -> bool:
        """Whether every search is exact."""
        return self._graph is None

    @property
    def recall(self) -> float:
        """recall@100 against exact search, 1 where search is exact."""
        return 1.0 if self._graph is None else self._graph.recall

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
        if self._graph is not None and 2 * k <= count:
            depth = min(DEEPER * k * len(self.vectors) // count, len(self.vectors))
            looked_at = count if count <= SCAN_SHARE * len(self.vectors) else len(self.vectors)
            if self.costs.prefers_graph(len(query_rows), looked_at, max(depth, self._graph.width)):
                near = self._graph.near(query_rows, depth)
                near = near if eligible is None else near[eligible[near]]
                if len(near) >= k:
                    return best(near, self.scores(query_rows, near), k)
        return self._exactly(query_rows, k, eligible, count)

    def scores(self, queries: Floats, positions: IntArray) -> Floats:
        """float32 (len(positions),): the greatest inner product with any row of `queries`."""
        return greatest_products(self.vectors, np.atleast_2d(queries), positions)

    def save(self, directory: Path) -> None:
        """Write the vectors, their codes and the graph where there are such, and what was measured."""
        directory.mkdir(parents=True, exist_ok=True)
        write_array(directory / VECTORS, self.vectors)
        facts: dict[str, Any] = {"encoder_hash": self.encoder_hash, "recall": self.recall, "width": None}
        if self._codes is not None:
            self._codes.save(directory)
        if self._graph is not None:
            self._graph.save(directory / GRAPH)
            facts |= {"width": self._graph.width, "costs": asdict(self.costs)}
        (directory / FACTS).write_text(json.dumps(facts))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The index that save wrote, memory-mapped; one of an earlier version has no codes and measured no costs."""
        facts = json.loads((directory / FACTS).read_text())
        vectors = read_array(directory / VECTORS)
        graph = None if facts["width"] is None else Graph.load(directory / GRAPH, facts["width"], facts["recall"])
        costs = Costs(**facts.get("costs", {}))
        return cls(vectors, facts["encoder_hash"], Codes.load(directory), graph, costs)

    def _exactly(self, queries: Floats, k: int, eligible: BoolArray | None, count: int) -> tuple[IntArray, Floats]:
        """The k best of all that are eligible, `count` of them."""
        shown = np.arange(len(self.vectors)) if eligible is None else np.flatnonzero(eligible)
        in_place = count > SCAN_SHARE * len(self.vectors)
        rows = None if in_place else shown
        if self._codes is None or count <= 2 * k:
            scores, off = greatest_products(self.vectors, queries, rows), None
        else:
            scores, off = self._codes.products(queries, rows)
        if in_place:
            scores = scores[shown]
        if off is None:
            return best(shown, scores, k)
        first = np.argpartition(scores, len(scores) - k)[len(scores) - k :]
        floor = self.scores(queries, shown[first]).min() - off
        possible = shown[scores >= floor]
        return best(possible, self.scores(queries, possible), k)


def _measured(exact: DenseIndex, graph: Graph) -> Costs:
    """What searching these vectors in either way costs on this machine."""
    n = len(exact.vectors)
    queries, some = exact.vectors[np.linspace(0, n - 1, MANY).astype(np.int64)], np.arange(n) % SPARED == 0
    return Costs.measured(
        lambda m: exact.search(queries[:m], 1, some),
        int(np.count_nonzero(some)),
        lambda depth: graph.near(queries[:1], depth),
        (max(min(graph.width, n // 2), 1), min(DEEP * graph.width, n)),
    )
