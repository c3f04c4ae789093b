"""Texts, keys and the shared analyser."""

import hashlib

import pytest

from feature_repo.texts.text import LONGEST_TERM, analyze, card_text, headline, searchable, text_key
from metier.errors import UnknownNameError


def test_terms_are_lower_case_and_stemmed_and_keep_the_signs_of_languages() -> None:
    assert analyze("Running Developers: C++, C#, C & Node.js") == ["run", "develop", "c++", "c#", "c", "node", "js"]


def test_accents_and_other_scripts_are_terms() -> None:
    assert analyze("São Paulo, مترجم") == ["são", "paulo", "مترجم"]


@pytest.mark.parametrize("word", ["हिन्दी", "தமிழ்", "مُتَرْجِم", "שָׁלוֹם"])
def test_marks_belong_to_the_term_of_their_letter(word: str) -> None:
    assert analyze(f"{word}, {word}") == [word, word]


@pytest.mark.parametrize(
    ("text", "terms"),
    [("東京都 IT", ["東京", "京都", "it"]), ("茶", ["茶"]), ("ขนมไทย", ["ขน", "นม", "มไ", "ไท", "ทย"]), ("กิน", ["กิน"])],
)
def test_scripts_without_spaces_are_searched_by_pairs_of_letters(text: str, terms: list[str]) -> None:
    assert analyze(text) == terms
    assert analyze(searchable(text)) == terms


def test_length_is_counted_in_letters() -> None:
    long = "высококвалифицированный"
    assert len(long.encode()) > LONGEST_TERM
    assert analyze(long) == [long]
    assert analyze(f"{'ж' * 40} {'ж' * 41} {'x' * 41}") == ["ж" * 40]


def test_a_styled_text_has_the_terms_and_the_key_of_its_plain_twin() -> None:
    assert analyze("𝗖＋＋ ⓓev­eloper") == analyze("C++ developer")
    assert text_key("Ｃook – “fish”") == text_key('Cook - "fish"')


def test_a_language_has_its_own_stemmer() -> None:
    assert analyze("Entwicklung", "de") != analyze("Entwicklung", "en")


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        analyze("text", "xx")


def test_texts_join_title_body_and_skills() -> None:
    assert card_text("Dev", "Ten years", ["go", "sql"]) == "Dev. go, sql. Ten years"
    assert card_text("Backend", "Build it", []) == "Backend. . Build it"


def test_a_headline_leaves_out_what_is_unknown() -> None:
    assert headline("Cook", None, "Ohio", "") == "Cook Ohio"
    assert headline(None, None, None) == ""


def test_a_key_is_the_first_sixteen_hex_digits_of_the_sha256() -> None:
    assert text_key("São") == hashlib.sha256("São".encode()).hexdigest()[:16]
