"""Dirty texts become plain ones, and what is not certain is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.importers.values.lists import listed
from components.importers.values.missing import is_missing
from components.importers.values.pages import html_text
from components.language.names.yes_no import truth
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
        ("&lt;p&gt;Two years &amp;amp; more&lt;/p&gt;", "Two years & more"),
        ("&amp;lt;p&amp;gt;Two years &amp;amp;amp; more&amp;lt;/p&amp;gt;", "Two years & more"),
        (
            "&lt;ul&gt;&lt;li&gt;Wire&lt;/li&gt;&lt;li class=&quot;x&quot;&gt;Solder&lt;/li&gt;&lt;/ul&gt;",
            "- Wire\n- Solder",
        ),
        ("List&lt;String&gt; and R&amp;amp;D", "List<String> and R&D"),
    ],
)
def test_html_is_what_a_page_shows(page, shown):
    assert html_text(page) == shown


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


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "Tiling"}, {"name": "Lead work, slate"}]',
        "[{'id': 7, 'name': 'Tiling'}, {'id': 8, 'name': 'Lead work, slate'}]",
        '[{"rank": "a", "skill": "Tiling"}, "Lead work, slate"]',
        '[{"trade": "Tiling"}, {"trade": "Lead work, slate"}, {}]',
        '[{"name": "Tiling"}, {"name": null}, {"name": "Lead work, slate"}]',
    ],
)  # fmt: skip
def test_objects_of_a_list_count_by_the_field_that_names_them(text):
    assert listed(text) == ["Tiling", "Lead work, slate"]


@pytest.mark.parametrize("text", ["", "[]", "nan", "N/A", "None"])
def test_no_list_is_an_empty_one(text):
    assert listed(text) == []


@pytest.mark.parametrize("text", ["['Python', 'SQ", '[{"id": 3}]', '[{"a": "x", "b": "y"}]', "[[1]]", "[Python]"])
def test_a_list_that_cannot_be_read_is_refused(text):
    with pytest.raises(RefusedValueError, match="a list"):
        listed(text)


@given(st.lists(WORDS.filter(lambda word: one_line(word).isalnum() and not is_missing(word)), unique_by=str.casefold))
def test_every_spelling_of_a_list_gives_its_members(members):
    said = [one_line(member) for member in members]
    assert listed(json.dumps(members)) == listed(repr(members)) == listed("|".join(members)) == said


def test_truth():
    assert [truth(text) for text in ("Yes", "TRUE", " 1 ", "no", "f", "0")] == [True, True, True, False, False, False]
    with pytest.raises(RefusedValueError, match="neither yes nor no"):
        truth("maybe")
