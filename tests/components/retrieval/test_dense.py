"""Dense search: exact answers against a sort, a measured graph, and one encoder's vectors only."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.dense import DenseIndex
from components.retrieval.meaning.graph import RECALL_WANTED
from metier.errors import ArtifactError, FeatureError


def unit(n: int, seed: int = 0, dimension: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def best_by_sort(vectors: np.ndarray, query: np.ndarray, k: int, mask: np.ndarray) -> list[int]:
    return [int(p) for p in np.argsort(-(vectors @ query), kind="stable") if mask[p]][:k]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 70), st.integers(0, 5), st.data())
def test_exact_search_is_the_masked_sort(n: int, k: int, seed: int, data: st.DataObject) -> None:
    vectors, query = unit(n, seed), unit(1, seed + 99)[0]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    positions, scores = DenseIndex.build(vectors, "h").search(query, k, mask)
    assert positions.tolist() == best_by_sort(vectors, query, k, mask)
    np.testing.assert_allclose(scores, vectors[positions] @ query, atol=1e-6)


def test_several_queries_count_by_the_nearest_of_them() -> None:
    vectors = np.eye(3, dtype=np.float32)
    queries = np.array([[1, 0.2, 0], [0, 0.5, 0.6]], dtype=np.float32)
    positions, scores = DenseIndex.build(vectors, "h").search(queries, 3)
    assert positions.tolist() == [0, 2, 1]
    np.testing.assert_allclose(scores, [1.0, 0.6, 0.5])


def test_the_graph_reports_its_recall_and_finds_nearly_what_exact_search_finds() -> None:
    vectors = unit(3_000)
    graph, exact = DenseIndex.build(vectors, "h", exact_up_to=1_000), DenseIndex.build(vectors, "h")
    assert not graph.exact
    assert exact.exact
    assert RECALL_WANTED <= graph.recall <= 1.0
    query = unit(1, 5)[0]
    shared = np.intersect1d(graph.search(query, 100)[0], exact.search(query, 100)[0])
    assert len(shared) >= 90


@pytest.mark.parametrize("every", [2, 5, 100])
def test_a_masked_graph_search_gives_k_eligible(every: int) -> None:
    vectors, mask = unit(3_000), np.arange(3_000) % every == 0
    positions, _ = DenseIndex.build(vectors, "h", exact_up_to=1_000).search(unit(1, 5)[0], 20, mask)
    assert len(positions) == 20
    assert mask[positions].all()
    assert len(np.intersect1d(positions, best_by_sort(vectors, unit(1, 5)[0], 20, mask))) >= 18


def test_a_graph_asked_for_everything_gives_everything() -> None:
    index = DenseIndex.build(unit(500), "h", exact_up_to=100)
    assert sorted(index.search(unit(1, 1)[0], 1_000)[0].tolist()) == list(range(500))


@pytest.mark.parametrize("exact_up_to", [1_000, 100])
def test_a_saved_index_answers_the_same(tmp_path: Path, exact_up_to: int) -> None:
    index = DenseIndex.build(unit(500), "h", exact_up_to)
    index.save(tmp_path)
    again = DenseIndex.load(tmp_path)
    assert (again.recall, again.exact, again.encoder_hash) == (index.recall, index.exact, "h")
    for mask in (None, np.arange(500) % 3 == 0):
        np.testing.assert_array_equal(again.search(unit(1, 1)[0], 10, mask), index.search(unit(1, 1)[0], 10, mask))


def test_another_encoder_and_broken_vectors_are_refused() -> None:
    index = DenseIndex.build(unit(5), "one")
    index.require("one")
    with pytest.raises(ArtifactError, match="rebuild the candidate index"):
        index.require("other")
    with pytest.raises(FeatureError, match="encode the texts anew"):
        DenseIndex.build(np.full((2, 4), np.nan, dtype=np.float32), "one")


def test_an_empty_index_finds_nothing() -> None:
    assert DenseIndex.build(np.empty((0, 4), dtype=np.float32), "h").search(np.ones(4, np.float32), 3)[0].size == 0


def test_the_module_may_be_imported_before_onnxruntime() -> None:
    """usearch loaded first makes the import of onnxruntime crash the process."""
    script = "import components.retrieval.dense, onnxruntime"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
