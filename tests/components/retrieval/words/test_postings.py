"""Postings score as another search engine does, whatever part of the texts came first."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.lexical import LexicalIndex
from components.retrieval.words.postings import LENGTHS, Postings
from components.retrieval.words.vocabulary import Vocabulary, distances
from feature_repo.texts.text import analyze
from tests.components.retrieval.words.tantivy_index import asked, resembling, scores, written

WORDS = ["java", "welder", "plumber", "kafka", "nurse", "triage", "cook", "pastry", "c++", "übersetzung", "東京"]
TEXTS = [" ".join(WORDS[(row * step) % len(WORDS)] for step in range(row % 90)) for row in range(400)]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory):
    return written(tmp_path_factory.mktemp("index") / "tantivy", TEXTS)


@pytest.mark.parametrize("text", ["java", "java welder kafka", "pastry pastry pastry cook", "東京 übersetzung c++"])
def test_scores_are_those_of_tantivy(other, text: str) -> None:
    expected = scores(other, asked(other, Counter(analyze(text))), len(TEXTS))
    positions, found = LexicalIndex.build(TEXTS).search(text, len(TEXTS))
    own = np.zeros(len(TEXTS), np.float32)
    own[positions] = found
    np.testing.assert_allclose(own, expected, rtol=1e-5)


@pytest.mark.parametrize(("term", "slips"), [("jvaa", 1), ("weld", 1), ("plumbr", 1), ("trigae", 1), ("wledre", 2)])
def test_the_words_that_resemble_one_are_those_of_tantivy(other, term: str, slips: int) -> None:
    index = Postings.of([analyze(text) for text in TEXTS])
    held = {int(text) for place in index.vocabulary.resembling(term, slips) for text in index.at(place)[0]}
    assert held == set(np.flatnonzero(scores(other, resembling(other, term, slips), len(TEXTS))).tolist())


def test_an_index_of_an_earlier_version_is_read(other, tmp_path: Path) -> None:
    written(tmp_path / "earlier", TEXTS)
    again, anew = LexicalIndex.load(tmp_path / "earlier"), LexicalIndex.build(TEXTS)
    np.testing.assert_array_equal(again.search("java cook", 50), anew.search("java cook", 50))


def test_lengths_are_exact_up_to_forty_and_then_rounded_down() -> None:
    assert LENGTHS[:41].tolist() == list(range(41))
    assert LENGTHS[41:50].tolist() == [42, 44, 46, 48, 50, 52, 54, 56, 60]


TEXT = st.lists(st.sampled_from("abcde"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=8), st.lists(TEXT, max_size=8))
def test_merged_postings_are_those_of_all_texts(texts: list[list[str]], later: list[list[str]]) -> None:
    merged, anew = Postings.of(texts).merged(Postings.of(later)), Postings.of([*texts, *later])
    assert merged.vocabulary.terms.equals(anew.vocabulary.terms)
    for name in ("starts", "texts", "held", "lengths"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(anew, name))


def slips(term: str, other: str) -> int:
    """Optimal string alignment by its definition."""
    if not term or not other:
        return len(term) + len(other)
    least = min(slips(term[:-1], other) + 1, slips(term, other[:-1]) + 1)
    least = min(least, slips(term[:-1], other[:-1]) + (term[-1] != other[-1]))
    if term[-2:] == other[-2:][::-1] and len(term) > 1 and len(other) > 1:
        least = min(least, slips(term[:-2], other[:-2]) + 1)
    return least


WORD = st.text("abcö", min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(WORD, st.lists(WORD, min_size=1, max_size=6, unique=True), st.integers(0, 2))
def test_a_vocabulary_knows_what_is_so_many_slips_away(term: str, others: list[str], most: int) -> None:
    spelled = sorted(others)
    apart = [slips(term, other) for other in spelled]
    assert distances(term, spelled).tolist() == apart
    expected = [row for row, other in enumerate(spelled) if apart[row] <= most or other.startswith(term)]
    assert Vocabulary.of(spelled).resembling(term, most).tolist() == expected
    assert Vocabulary.of(spelled).places([*spelled, "zz"]).tolist() == [*range(len(spelled)), -1]
