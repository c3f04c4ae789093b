"""Dirty texts become plain ones, and what is not certain is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.importers.values.cleaning import html_text, is_missing, listed, truth
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line, tidy

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>One&nbsp;&amp; two</p><p>three</p>", "One & two\nthree"),
        ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
        ("<ul>\n<li>Wire</li>\n<li>Solder</li>\n</ul>", "- Wire\n- Solder"),
        ("<td>1</td><td>2</td>", "1 2"),
        ("<b>C++</b> <vector> &lt;map&gt; x < y, x<y", "C++ <vector> <map> x < y, x<y"),
        ("<style>p {}</style>seen<script>if (a < b) {}</script>", "seen"),
        ("seen<!-- hidden --> too", "seen too"),
        ("rest <!-- of the post", "rest <!-- of the post"),
        ('<a href="http://x.example/?a=1">here</a>', "here"),
        ("I &#9829; caf&eacute;s &#x2014; R&D", "I ♥ cafés — R&D"),
        ("no tags", "no tags"),
    ],
)
def test_html_is_what_a_page_shows(page, shown):
    assert html_text(page) == shown


def test_spaces_and_breaks_are_trimmed_and_at_most_one_line_stays_empty():
    assert tidy("  a\u00a0\t b \r\n\r\n\r\n\u2003c\u2028d ") == "a b\n\nc\nd"
    assert one_line(" Site\nmanager\t(Reno) ") == "Site manager (Reno)"


def test_control_and_zero_width_characters_vanish_and_letters_are_composed():
    assert tidy("\ufeffPy\u200bthon\x00 \u202edev\u00ad") == "Python dev"
    assert tidy("Cafe\u0301") == "Café"
    assert tidy("e\u200b\u0301") == "é"


def test_joiners_stay_where_a_script_or_an_emoji_needs_them():
    assert tidy("👩\u200d💻 a\u200db می\u200cخواهم") == "👩\u200d💻 ab می\u200cخواهم"


@pytest.mark.parametrize("text", ["café", "don’t “x”", "£5 – 10 °C", "😀 go", "Zoë’s naïve plan", "\ufeffTítulo"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf8_read_as_another_encoding_is_restored(text, encoding):
    mangled = "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode())
    assert mangled != text
    assert tidy(mangled) == tidy(text)


@pytest.mark.parametrize("text", ["MANHÃ»", "Ã", "naïve Ã©", "É™", "voilà…", "Ångström ½"])
def test_what_may_be_meant_so_is_no_mojibake(text):
    assert tidy(text) == text


@given(st.text())
def test_tidying_twice_changes_nothing(text):
    assert tidy(tidy(text)) == tidy(text)


@given(st.text())
def test_any_text_can_be_read_as_a_page_that_is_tidy(text):
    shown = html_text(text)
    assert tidy(shown) == shown


@given(st.lists(WORDS, min_size=1))
def test_a_page_of_words_loses_none(words):
    assert html_text("<p>" + "</p><p>".join(words)).split("\n") == [tidy(word) for word in words]


@pytest.mark.parametrize(
    "text",
    [
        "['Python', 'SQL']", '["Python", "SQL"]', "['Python' 'SQL']", "('Python', 'SQL')", "Python|SQL", "Python, SQL",
        "Python;SQL", "Python\nSQL", " Python , SQL , python, ", "['Python', \"SQL\"]", '["Python", null, "SQL"]',
        "• Python • SQL",
    ],
)  # fmt: skip
def test_spelled_lists_are_lists_and_a_name_counts_once(text):
    assert listed(text) == ["Python", "SQL"]


@pytest.mark.parametrize("text", ["", "[]", "nan", "N/A", "None"])
def test_no_list_is_an_empty_one(text):
    assert listed(text) == []


@pytest.mark.parametrize("text", ["['Python', 'SQ", '[{"name": "Python"}]', "[[1]]", "[Python]"])
def test_a_list_that_cannot_be_read_is_refused(text):
    with pytest.raises(RefusedValueError, match="a list"):
        listed(text)


@given(st.lists(WORDS.filter(lambda word: not is_missing(word)), unique_by=str.casefold))
def test_every_spelling_of_a_list_gives_its_members(members):
    said = [one_line(member) for member in members]
    assert listed(json.dumps(members)) == listed(repr(members)) == listed("|".join(members)) == said


def test_truth():
    assert [truth(text) for text in ("Yes", "TRUE", " 1 ", "no", "f", "0")] == [True, True, True, False, False, False]
    with pytest.raises(RefusedValueError, match="neither yes nor no"):
        truth("maybe")
