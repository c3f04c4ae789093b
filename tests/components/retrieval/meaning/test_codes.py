"""Codes bound what they stand for, so that exact search through them is exact; costs choose the cheaper way."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.dense import DenseIndex
from components.retrieval.meaning.blocks import BLOCK, greatest_products
from components.retrieval.meaning.codes import Codes
from components.retrieval.meaning.cost import Costs
from components.retrieval.meaning.graph import Graph, Index


def unit(n: int, seed: int, dimension: int = 24) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 80), st.integers(1, 4), st.integers(0, 9), st.floats(0.01, 30))
def test_a_product_of_codes_is_off_by_no_more_than_its_bound(n: int, m: int, seed: int, scale: float) -> None:
    vectors, queries = unit(n, seed) * np.float32(scale), unit(m, seed + 99)
    products, off = Codes.of(vectors).products(queries)
    assert np.abs(products - greatest_products(vectors, queries)).max() <= off


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 3), st.integers(0, 9), st.floats(0, 1))
def test_search_through_codes_is_the_masked_sort(n: int, k: int, m: int, seed: int, share: float) -> None:
    vectors, queries = np.round(unit(n, seed) * 8) / 8, np.round(unit(m, seed + 99) * 8) / 8  # exact, with many ties
    mask = np.random.default_rng(seed).random(n) < share
    scores = (vectors @ queries.T).max(axis=1)
    expected = [row for row in np.argsort(-scores, kind="stable").tolist() if mask[row]][:k]
    found = DenseIndex(vectors, "h", Codes.of(vectors)).search(queries, k, mask)
    assert found[0].tolist() == expected
    np.testing.assert_array_equal(found[1], scores[expected])


def test_more_rows_than_a_block_are_compared_as_few_are() -> None:
    vectors, queries = unit(2 * BLOCK + 7, 1), unit(3, 2)
    rows = np.arange(0, len(vectors), 2)
    expected = (vectors @ queries.T).max(axis=1)
    np.testing.assert_allclose(greatest_products(vectors, queries), expected, atol=1e-6)
    np.testing.assert_allclose(greatest_products(vectors, queries, rows), expected[rows], atol=1e-6)
    codes = Codes.of(vectors)
    np.testing.assert_array_equal(codes.products(queries, rows)[0], codes.products(queries)[0][rows])


def test_a_vector_without_length_has_codes() -> None:
    assert Codes.of(np.zeros((2, 4), np.float32)).products(np.zeros((1, 4), np.float32))[0].tolist() == [0, 0]
    assert len(Codes.of(np.empty((0, 4), np.float32)).rows) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5), st.integers(1, 60), st.sampled_from([None, 2, 3]), st.integers(1, 3))
def test_the_graph_and_exact_search_agree(seed: int, k: int, every: int | None, m: int) -> None:
    queries, mask = unit(m, seed), None if every is None else np.arange(3_000) % every == 0
    by_graph, exactly = (DenseIndex(VECTORS, "h", CODES, GRAPH, costs).search(queries, k, mask) for costs in WAYS)
    assert len(by_graph[0]) == len(exactly[0]) == k
    assert len(np.intersect1d(by_graph[0], exactly[0])) >= 0.9 * k - 1
    np.testing.assert_allclose(by_graph[1], greatest_products(VECTORS, queries, by_graph[0]), atol=1e-6)
    assert mask is None or mask[by_graph[0]].all()


VECTORS = unit(3_000, 7)
CODES = Codes.of(VECTORS)
GRAPH = Graph.build(VECTORS, CODES)
WAYS = (Costs(row=1e9), Costs(asked=1e18))
"""Looking at rows costs too much; asking the graph does."""


def test_a_graph_is_asked_where_that_is_cheaper() -> None:
    costs = Costs(row=60, product=40, asked=100_000, neighbour=4_000)
    # One query over 1,000,000: 100 ms exactly; the graph, 1,250 deep: .1 + 5 ms.
    assert costs.prefers_graph(queries=1, rows=1_000_000, depth=1_250)
    # Ten queries over 17,000 of 100,000: 7.8 ms exactly; the graph, 5,880 deep: 10 * 23.6 ms.
    assert not costs.prefers_graph(queries=10, rows=17_000, depth=5_880)


def test_costs_are_measured_and_kept(tmp_path: Path) -> None:
    index = DenseIndex.build(VECTORS, "h", exact_up_to=1_000)
    assert min(vars(index.costs).values()) > 0
    index.save(tmp_path)
    assert DenseIndex.load(tmp_path).costs == index.costs


def test_a_graph_of_an_earlier_version_holds_floats_and_is_asked_with_them(tmp_path: Path) -> None:
    index = Index(ndim=VECTORS.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=128)
    index.add(np.arange(len(VECTORS)), VECTORS, threads=1)
    index.save(str(tmp_path / "graph.usearch"))
    np.save(tmp_path / "vectors.npy", VECTORS)
    (tmp_path / "dense.json").write_text('{"encoder_hash": "h", "recall": 0.99, "width": 256}')
    again, exact = DenseIndex.load(tmp_path), DenseIndex(VECTORS, "h")
    again.costs = Costs(row=1e9)
    assert len(np.intersect1d(again.search(VECTORS[5], 50)[0], exact.search(VECTORS[5], 50)[0])) >= 45


@pytest.mark.parametrize("facts", ['{"encoder_hash": "h", "recall": 1.0, "width": null}'])
def test_an_index_of_an_earlier_version_has_neither_codes_nor_costs(tmp_path: Path, facts: str) -> None:
    np.save(tmp_path / "vectors.npy", VECTORS)
    (tmp_path / "dense.json").write_text(facts)
    again, anew = DenseIndex.load(tmp_path), DenseIndex(VECTORS, "h", CODES)
    assert again.costs == Costs()
    np.testing.assert_array_equal(again.search(VECTORS[5], 9)[0], anew.search(VECTORS[5], 9)[0])
