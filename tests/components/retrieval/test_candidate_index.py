"""One way to index candidates: in the order of their rows, by their vectors and in the language of these."""

import pyarrow as pa
import pytest

from components.retrieval.candidate_index import index_candidates
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.text import card_text, text_key

TITLES = ["Häuser streichen", "Fenster putzen", "Zäune bauen"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def versions() -> pa.Table:
    texts = [card_text(title, "", []) for title in TITLES]
    places = {"city": ["Köln", "Bonn", None], "region": ["NRW", "NRW", None]}
    return pa.table({"id": ["a", "b", "c"], "text": texts, "title": TITLES, **places})


def vectors(encoder: Encoder, language: str) -> TextVectors:
    texts = versions()["text"].to_pylist()
    return TextVectors.build([text_key(text) for text in texts], texts, encoder.encode_cards(texts), language=language)


@pytest.mark.parametrize(("language", "found"), [("de", [0]), ("en", [])])
def test_the_stems_are_those_of_the_language_of_the_vectors(encoder: Encoder, language: str, found: list[int]) -> None:
    """Haus and Häuser are one word to the German stemmer alone."""
    index = index_candidates(versions(), vectors(encoder, language), encoder)
    assert index.lexical.language == language
    assert index.cards is not None
    for lexical in (index.lexical, index.cards):
        assert lexical.language == language
        assert lexical.search("ein Haus", 3)[0].tolist() == found


def test_rows_ids_vectors_and_headlines_are_those_of_the_versions(encoder: Encoder) -> None:
    known = vectors(encoder, "de")
    index = index_candidates(versions(), known, encoder)
    assert index.ids.tolist() == ["a", "b", "c"]
    assert (index.dense.vectors == known.dense).all()
    assert index.cards is not None
    assert index.cards.search("Bonn", 3)[0].tolist() == [1]
