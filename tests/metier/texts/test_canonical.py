"""What stands for the same letters is compared as the same text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.texts.canonical import aligned, canonical, origins

STYLED = st.text(st.sampled_from("Pl𝗽𝗹Ⓟⓛ🅟ｐᴘﬁ①⑤²½…–\u200b\u00ad\ufe0f™ 1é\u0301¨٣♯"))


@pytest.mark.parametrize(
    "styled",
    [
        "𝗣𝗮𝘀𝘁𝗿𝘆 𝗰𝗵𝗲𝗳", "𝓟𝓪𝓼𝓽𝓻𝔂 𝓬𝓱𝓮𝓯", "Ｐａｓｔｒｙ　ｃｈｅｆ", "Ⓟⓐⓢⓣⓡⓨ ⓒⓗⓔⓕ", "🅟🅐stry chef", "🄿astry chef",
        "🅿astry chef",
        "Pᴀsᴛʀʏ ᴄʜᴇꜰ", "Pa\u00adstry\u00a0chef", "P\u200bastry che\u2060f\ufeff", "⒫⒜⒮⒯⒭⒴ chef", "Paﬆry\u2009chef",
    ],
)  # fmt: skip
def test_styled_letters_are_the_letters_they_stand_for(styled):
    assert canonical(styled).casefold() == "pastry chef"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("C²", "C2"), ("m²", "m2"), ("CO₂", "CO2"), ("10⁶ rows", "10^6 rows"), ("10¹²", "10^12"),
        ("½ day", "1/2 day"), ("3½ years", "3 1/2 years"), ("1⁄2", "1/2"),
        ("Java™", "Java"), ("SAP℠ basis", "SAP basis"), ("㎏", "kg"), ("№ 5", "No 5"), ("C♯", "C#"), ("Ｃ＋＋", "C++"),
        ("①Plan②Build", "1 Plan 2 Build"), ("⑤⑤⑤", "555"), ("❷", "2"), ("٢٠٢٦", "2026"),
        ("a–b—c‑d−e", "a-b-c-d-e"), ("“don’t”", '"don\'t"'), ("wait…", "wait..."),
        ("5 ¨ ¸", "5 ¨ ¸"), ("ﾃｽﾄ", "テスト"), ("e\u0301", "é"), ("São", "São"), ("İstanbul ılık", "İstanbul ılık"),
    ],
)  # fmt: skip
def test_what_is_kept_of_signs_that_are_more_than_style(text, plain):
    assert canonical(text) == plain


def test_case_and_scripts_stay():
    text = "Привет, 日本語 हिन्दी مترجم"
    assert canonical(text) == text


@given(st.text() | STYLED)
def test_the_form_is_its_own_form(text):
    assert canonical(canonical(text)) == canonical(text)


@given(st.text() | STYLED)
def test_every_character_of_the_form_comes_from_one_of_the_text(text):
    positions = origins(text)
    assert len(positions) == len(aligned(text))
    assert positions == sorted(positions)
    assert set(positions) <= set(range(len(text)))
