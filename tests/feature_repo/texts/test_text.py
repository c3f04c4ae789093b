"""Texts, keys and the shared analyser."""

import hashlib

import pytest

from feature_repo.texts.text import analyze, card_text, headline, text_key
from metier.errors import UnknownNameError


def test_terms_are_lower_case_and_stemmed_and_keep_the_signs_of_languages() -> None:
    assert analyze("Running Developers: C++, C#, C & Node.js") == ["run", "develop", "c++", "c#", "c", "node", "js"]


def test_accents_and_other_scripts_are_terms() -> None:
    assert analyze("São Paulo, 日本語") == ["são", "paulo", "日本語"]


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
