"""Texts become plain: whitespace, Unicode and what was decoded by the wrong encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.texts.plain_text import one_line, tidy


def test_spaces_and_breaks_are_trimmed_and_at_most_one_line_stays_empty():
    assert tidy("  a\u00a0\t b \r\n\r\n\r\n\u2003c\u2028d ") == "a b\n\nc\nd"
    assert one_line(" Site\nmanager\t(Reno) ") == "Site manager (Reno)"


def test_control_and_zero_width_characters_vanish_and_letters_are_composed():
    assert tidy("\ufeffPy\u200bthon\x00 \u202edev\u00ad") == "Python dev"
    assert tidy("Cafe\u0301") == "Café"
    assert tidy("e\u200b\u0301") == "é"


def test_joiners_stay_where_a_script_or_an_emoji_needs_them():
    assert tidy("👩\u200d💻 a\u200db می\u200cخواهم") == "👩\u200d💻 ab می\u200cخواهم"


def in_tags(text):
    return "".join(chr(0xE0000 + ord(letter)) for letter in text)


def test_no_text_hides_in_characters_that_nobody_sees():
    assert tidy(f"A sentence.{in_tags('another one')}") == "A sentence."
    assert tidy("".join(f"{letter}{chr(0xE0100 + ord(letter))}" for letter in "seen")) == "seen"
    assert tidy(f"葛\U000e0100{chr(0xE0149) * 9} ok") == "葛\U000e0100 ok"
    assert tidy("\u3164 \u061ca\u034f") == "a"


def test_flags_keycaps_and_variants_keep_what_they_are_made_of():
    england = f"🏴{in_tags('gbeng')}\U000e007f"
    assert tidy(f"{england} 1\ufe0f\u20e3 ❤\ufe0f 葛\U000e0100") == f"{england} 1\ufe0f\u20e3 ❤\ufe0f 葛\U000e0100"


@pytest.mark.parametrize("text", ["café", "don’t “x”", "£5 – 10 °C", "😀 go", "Zoë’s naïve plan", "\ufeffTítulo"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf8_read_as_another_encoding_is_restored(text, encoding):
    mangled = "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())
    assert mangled != text
    assert tidy(mangled) == tidy(text)


@pytest.mark.parametrize(
    ("mangled", "text"),
    [
        ("Å\x81Ã³dÅº", "Łódź"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("æ—¥æœ¬èªž", "日本語"),
        ("Itâ€™s a café", "It’s a café"),
        ("naïve Ã©", "naïve é"),
        ("voilÃ  le menu", "voilà le menu"),
        ("AcmeÂ® tools", "Acme® tools"),
        ("5 Ã— 3 Ã· 2", "5 × 3 ÷ 2"),
        ("\x93quoted\x94, it\x92s", "“quoted”, it’s"),
        ("ItÃ¢â‚¬â„¢s", "It’s"),
    ],
)
def test_every_script_a_mix_with_sound_letters_and_a_double_mistake_are_restored(mangled, text):
    assert tidy(mangled) == text


@pytest.mark.parametrize("text", [
        "MANHÃ»", "IRMÃ™ store", "AMANHÃ E DEPOIS", "Ã", "É™", "voilà…", "Ångström ½", "CAFÉ’S", "L’ÂME", "ROSÉ–BRUT",
        "Привет", "日本語 – ok",
])  # fmt: skip
def test_what_may_be_meant_so_is_no_mojibake(text):
    assert tidy(text) == text


@given(st.text() | st.text("ÃÂâ€™“ \x85\x93\xa0aé\n"))
def test_tidying_twice_changes_nothing(text):
    assert tidy(tidy(text)) == tidy(text)
