"""The fused retriever: both parts count, the mask holds, edges are quiet, and a saved index is the same index."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval import HybridRetriever
from components.retrieval.fused import DENSE_SHARE
from feature_repo.texts import Encoder
from feature_repo.texts.weighing import on_grid
from metier.errors import ArtifactError, InputError

TEXTS = {
    "java": "Senior Java developer. Ten years of Spring services. Java, Spring, Kafka",
    "web": "Frontend developer. React applications. JavaScript, React, CSS",
    "cook": "Line cook. Busy bistro kitchens. grilling, prep",
    "nurse": "Registered nurse. Intensive care. triage, medication",
    "pastry": "Pastry chef. Wedding cakes. baking, decorating",
    "books": "Bookkeeper. Monthly closing and payroll. Xero, Excel",
}
IDS = list(TEXTS)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def built(encoder: Encoder) -> HybridRetriever:
    return HybridRetriever.build(IDS, list(TEXTS.values()), encoder)


def test_words_and_meaning_both_find(built: HybridRetriever) -> None:
    assert built.search("Kafka", 1)[0].tolist() == ["java"]
    assert built.search("someone to bake a birthday cake", 1)[0].tolist() == ["pastry"]
    assert built.search("accountant", 1)[0].tolist() == ["books"]


def test_styled_candidates_and_queries_rank_as_their_plain_twins(encoder: Encoder) -> None:
    texts = ["𝗕𝗮𝗸𝗲𝗿 𝗳𝗼𝗿 𝘄𝗲𝗱𝗱𝗶𝗻𝗴𝘀", "Ｂaker for wed­dings", "Welder of ships", "Baker for weddings"]
    retriever = HybridRetriever.build(["a", "b", "c", "d"], texts, encoder)
    found = [retriever.search(text, 4) for text in ("baker for weddings", "ⓑⓐⓚⓔⓡ ⓕⓞⓡ ⓦⓔⓓⓓⓘⓝⓖⓢ")]
    for ids, scores in found:
        assert ids[:3].tolist() == ["a", "b", "d"]
        assert len({*scores[:3].tolist()}) == 1
    assert np.array_equal(found[0][1], found[1][1])


def test_the_score_is_the_documented_blend(built: HybridRetriever, encoder: Encoder) -> None:
    text = "react developer"
    ids, scores = built.search(text, 6)
    cosine = on_grid(encoder.encode(list(TEXTS.values()))) @ on_grid(encoder.encode_queries([text]))[0]
    positions, bm25 = built.lexical.search(text, 6)
    lexical = np.zeros(6)
    lexical[positions] = bm25 / bm25.max()
    expected = DENSE_SHARE * cosine / cosine.max() + (1 - DENSE_SHARE) * lexical
    np.testing.assert_allclose(scores, [expected[IDS.index(i)] for i in ids], atol=1e-5)
    assert scores[0] == pytest.approx(1.0, abs=1e-5)
    assert np.all(np.diff(scores) <= 0)


def test_edges_are_quiet(built: HybridRetriever, encoder: Encoder) -> None:
    nobody = np.zeros(6, dtype=bool)
    for text, k, mask in (("", 5, None), (" \n", 5, None), ("cook", 0, None), ("cook", 5, nobody)):
        ids, scores = built.search(text, k, mask)
        assert ids.shape == scores.shape == (0,)
    assert len(built.search("cook", 1_000)[0]) == 6
    empty = HybridRetriever.build([], [], encoder)
    assert empty.search("cook", 5)[0].size == 0
    assert len(empty) == 0


def test_vectors_stand_for_a_text_or_beside_it(built: HybridRetriever, encoder: Encoder) -> None:
    history = encoder.encode([TEXTS["nurse"], TEXTS["cook"]])
    by_vectors, both, neither, lexical_only = search_many(
        built,
        [None, "java spring", None, "java spring"],
        [history, history[0], None, np.empty((0, 384), dtype=np.float32)],
        2,
    )
    assert set(by_vectors[0]) == {"nurse", "cook"}
    assert set(both[0]) == {"nurse", "java"}
    assert neither[0].size == 0
    assert lexical_only[0].tolist() == ["java"]


def test_one_mask_for_all_or_one_a_query(built: HybridRetriever) -> None:
    only_cook, only_web = (np.array([i == name for i in IDS]) for name in ("cook", "web"))
    each = search_many(built, ["developer", "developer"], None, 3, [only_cook, only_web])
    assert [found[0].tolist() for found in each] == [["cook"], ["web"]]
    assert [found[0].tolist() for found in search_many(built, ["a", "b"], None, 3, only_web)] == [["web"], ["web"]]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30), st.integers(0, 8), st.lists(st.booleans(), min_size=6, max_size=6))
def test_nobody_ineligible_nobody_twice_and_k_at_most(
    built: HybridRetriever, text: str, k: int, eligible: list[bool]
) -> None:
    ids, scores = built.search(text, k, np.array(eligible))
    assert len(set(ids)) == len(ids) <= min(k, sum(eligible))
    assert all(eligible[IDS.index(i)] for i in ids)
    assert np.isfinite(scores).all()


def test_precomputed_embeddings_give_the_same_index(built: HybridRetriever, encoder: Encoder) -> None:
    again = HybridRetriever.build(IDS, list(TEXTS.values()), encoder, embeddings=built.dense.vectors)
    np.testing.assert_array_equal(again.search("chef", 6)[1], built.search("chef", 6)[1])


def test_bad_input_names_the_next_move(built: HybridRetriever, encoder: Encoder) -> None:
    with pytest.raises(InputError, match="one text for each id"):
        HybridRetriever.build(["a", "a"], ["x", "y"], encoder)
    with pytest.raises(InputError, match="one text for each id"):
        HybridRetriever.build(["a"], ["x", "y"], encoder)
    with pytest.raises(InputError, match="encode the texts"):
        HybridRetriever.build(["a"], ["x"], encoder, embeddings=np.ones((1, 3), dtype=np.float32))
    with pytest.raises(InputError, match="boolean mask of the 6 candidates"):
        built.search("cook", 1, np.ones(5, dtype=bool))
    with pytest.raises(InputError, match="boolean mask"):
        built.search("cook", 1, np.ones(6))


@pytest.mark.parametrize("exact_up_to", [50_000, 3])
def test_a_saved_retriever_answers_the_same_however_often_it_is_loaded(
    encoder: Encoder, tmp_path: Path, exact_up_to: int
) -> None:
    fresh = HybridRetriever.build(IDS, list(TEXTS.values()), encoder, exact_up_to=exact_up_to)
    fresh.save(tmp_path / "index")
    for _ in range(2):
        again = HybridRetriever.load(tmp_path / "index", encoder)
        for text in ("Kafka", "cake", "javascrpt"):
            for mine, theirs in zip(fresh.search(text, 4), again.search(text, 4), strict=True):
                np.testing.assert_array_equal(mine, theirs)
    assert not [path for path in (tmp_path / "index").rglob("*") if "pickle" in path.name or path.suffix == ".pkl"]
    with pytest.raises(InputError, match="new folder"):
        fresh.save(tmp_path / "index")


def test_altered_files_and_another_encoder_are_refused(
    built: HybridRetriever, encoder: Encoder, tmp_path: Path
) -> None:
    built.save(tmp_path / "index")
    encoder.save(tmp_path / "encoder")
    manifest = json.loads((tmp_path / "encoder" / "encoder.json").read_text())
    (tmp_path / "encoder" / "encoder.json").write_text(json.dumps({**manifest, "max_tokens": 64}))
    with pytest.raises(ArtifactError, match="rebuild the candidate index"):
        HybridRetriever.load(tmp_path / "index", Encoder.load(tmp_path / "encoder"))
    np.save(tmp_path / "index" / "ids.npy", np.array(IDS[::-1]))
    with pytest.raises(ArtifactError, match="missing or altered"):
        HybridRetriever.load(tmp_path / "index", encoder)
    with pytest.raises(ArtifactError, match="build the candidate index first"):
        HybridRetriever.load(tmp_path / "nowhere", encoder)


def test_headlines_lead_where_the_query_has_one(encoder):
    texts = ["driver wanted for night shifts", "cook wanted for night shifts"]
    built = HybridRetriever.build(["a", "b"], texts, encoder, headlines=["Driver Oslo", "Cook Bergen"])
    (by_text,) = search_many(built, ["driver"], None, 2)
    (by_place,) = search_many(built, ["driver"], None, 2, headlines=["Bergen"])
    assert by_text[0][0] == "a"
    assert by_place[0].tolist() == ["b", "a"]
    assert by_place[1][0] >= 0.8


def test_headlines_survive_saving(encoder, tmp_path):
    built = HybridRetriever.build(["a", "b"], ["one", "two"], encoder, headlines=["Oslo", "Bergen"])
    built.save(tmp_path / "index")
    (found,) = search_many(HybridRetriever.load(tmp_path / "index", encoder), ["one"], None, 1, headlines=["Bergen"])
    assert found[0].tolist() == ["b"]


def search_many(retriever: HybridRetriever, *queries: Any, **options: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """(ids, scores) of each query."""
    return [(retriever.ids[rows], scores) for rows, scores in retriever.find_many(*queries, **options)]
