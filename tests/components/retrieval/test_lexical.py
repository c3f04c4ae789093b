"""BM25 search: user text is never syntax, eligibility never leaks, slips of typing still find."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.lexical import LexicalIndex

TEXTS = [
    "Senior Java developer, Spring and Kafka",
    "JavaScript developer, React",
    "Line cook for a busy kitchen",
    "C++ engineer, low latency trading",
    "Data analyst and report developer",
    "",
]


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return LexicalIndex.build(TEXTS)


def found(index: LexicalIndex, text: str, k: int = 10, eligible=None) -> list[int]:
    return index.search(text, k, eligible)[0].tolist()


def test_the_rarer_term_weighs_more(index: LexicalIndex) -> None:
    assert found(index, "kafka developer")[0] == 0
    positions, scores = index.search("kafka developer", 10)
    assert set(positions.tolist()) == {0, 1, 4}
    assert np.all(np.diff(scores) <= 0)


def test_case_and_inflection_do_not_matter(index: LexicalIndex) -> None:
    assert found(index, "COOKS KITCHENS") == [2]


def test_java_is_not_javascript_and_c_plus_plus_is_a_term(index: LexicalIndex) -> None:
    assert found(index, "java") == [0]
    assert found(index, "c++") == [3]


@pytest.mark.parametrize(
    "text", ['"java developer', "java AND (NOT cook", "body:java", "java^9 +x -y", "position:2 java", "[a TO b] java"]
)
def test_query_syntax_is_only_text(index: LexicalIndex, text: str) -> None:
    assert 0 in found(index, text)


def test_a_slip_or_a_beginning_finds_the_word_only_when_no_text_has_it_as_typed(index: LexicalIndex) -> None:
    assert found(index, "javascrpt") == [1]
    assert found(index, "kitchne") == [2]
    assert found(index, "javasc") == [1]
    assert found(index, "java") == [0]


@pytest.mark.parametrize("text", ["", "   ", "?!", "zzzzqqqq", "\ud83d"])
def test_a_text_without_known_terms_finds_nothing(index: LexicalIndex, text: str) -> None:
    assert found(index, text) == []


def test_k_beyond_the_index_k_zero_and_an_empty_index(index: LexicalIndex) -> None:
    assert len(found(index, "developer", 1_000)) == 3
    assert found(index, "developer", 0) == []
    assert found(LexicalIndex.build([]), "developer") == []


def test_a_mask_restricts_without_changing_scores(index: LexicalIndex) -> None:
    mask = np.array([False, True, True, True, True, True])
    everyone = dict(zip(*(a.tolist() for a in index.search("java kafka developer", 10)), strict=True))
    positions, scores = index.search("java kafka developer", 10, mask)
    assert set(positions.tolist()) == set(everyone) - {0}
    np.testing.assert_allclose(scores, [everyone[p] for p in positions.tolist()], rtol=1e-6)
    assert found(index, "developer", 10, np.zeros(6, dtype=bool)) == []


def test_the_best_eligible_are_found_however_many_better_ones_are_not() -> None:
    texts = [f"developer number {i} " + "developer " * (i % 7) for i in range(300)]
    index = LexicalIndex.build(texts)
    everyone = index.search("developer", 300)[0]
    mask = np.ones(300, dtype=bool)
    mask[everyone[:250]] = False
    expected = [p for p in everyone.tolist() if mask[p]][:20]
    assert found(index, "developer", 20, mask) == expected


def test_a_saved_index_answers_the_same_and_saves_again(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "one")
    LexicalIndex.load(tmp_path / "one").save(tmp_path / "two")
    for folder in ("one", "two"):
        again = LexicalIndex.load(tmp_path / folder)
        for text in ("java developer", "cook", "javascrpt"):
            np.testing.assert_array_equal(again.search(text, 5), index.search(text, 5))


def test_german_is_stemmed_as_german() -> None:
    index = LexicalIndex.build(["Übersetzungen aus dem Polnischen", "Köche"], "de")
    assert found(index, "Übersetzung") == [0]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers(0, 9), st.lists(st.booleans(), min_size=6, max_size=6))
def test_no_text_breaks_search_and_nobody_ineligible_survives(
    index: LexicalIndex, text: str, k: int, eligible: list[bool]
) -> None:
    mask = np.array(eligible)
    positions, scores = index.search(text, k, mask)
    assert len(positions) == len(scores) <= min(k, mask.sum())
    assert mask[positions].all()


TIED = ["plumber", "welder", "plumber welder", "plumber of pipes, plumber of ships", "welder welder", "Ｐlumber"]
ANY_TEXTS = st.lists(st.sampled_from(TIED), min_size=1, max_size=40)


@settings(max_examples=15, deadline=None)
@given(base=ANY_TEXTS, more=ANY_TEXTS, query=st.sampled_from([*TIED, "plumer"]), k=st.integers(1, 30), data=st.data())
def test_equal_texts_come_by_position_however_the_index_grew(base, more, query, k, data) -> None:
    everything = [*base, *more]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(everything), max_size=len(everything))))
    one_by_one = LexicalIndex.build(base)
    for text in more:
        one_by_one = one_by_one.grown([text])
    indexes = [LexicalIndex.build(everything), LexicalIndex.build(base).grown(more), one_by_one]
    for eligible in (None, mask):
        first, *others = [index.search(query, k, eligible) for index in indexes]
        np.testing.assert_array_equal(np.lexsort((first[0], -first[1])), np.arange(len(first[0])))
        for positions, scores in others:
            np.testing.assert_array_equal(positions, first[0])
            np.testing.assert_allclose(scores, first[1], rtol=1e-6)


@pytest.mark.parametrize("query", ["plumber", "plumer"])
def test_the_first_of_many_equal_texts_are_found_in_whatever_part_of_the_index_they_lie(query: str) -> None:
    texts = ["plumber" if row % 3 else "welder" for row in range(2_000)]
    index = LexicalIndex.build(texts[1_900:]).grown(texts[1_000:1_900]).grown(texts[:1_000])
    rows = [row for row, text in enumerate([*texts[1_900:], *texts[1_000:1_900], *texts[:1_000]]) if text == "plumber"]
    assert found(index, query, 7) == rows[:7]
    assert found(index, query, 500) == rows[:500]
    late = np.arange(2_000) >= 900
    assert found(index, query, 7, late) == [row for row in rows if row >= 900][:7]
