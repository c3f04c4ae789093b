"""Answers made of evidence: what is shown is cited, and what is not shown is not said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.answers.answer import extracted
from components.language.answers.shown import LONGEST_UNIT, Shown, sentences
from feature_repo.texts.text import analyze
from tests.components.language.answers.people import JOBS, PEOPLE, TAXONOMY, ask, by_length, quotes, taken_apart


def test_who_shows_it_is_told_with_the_span():
    answer = ask("Who knows Java?")
    (statement,) = answer.statements
    assert statement.text == "cy-3 lists under skills: Java."
    assert [vars(citation) for citation in statement.citations] == [
        {"candidate_id": "cy-3", "field": "skills", "start": 0, "end": 4, "quote": "Java"}
    ]
    assert (answer.text, answer.reason, answer.missing) == (statement.text, None, ())


def test_spans_are_positions_in_what_is_shown():
    """Skills are shown between commas: "React, Node.js, C"."""
    (statement,) = ask("Does ann know Node.js?").statements
    (citation,) = statement.citations
    assert (citation.start, citation.end, citation.quote) == (7, 14, "Node.js")


@pytest.mark.parametrize(
    "question", ["Who knows JavaScript?", "Who does Google Ads?", "Who knows C++?", "Who knows Go?"]
)
def test_what_only_looks_alike_shows_nothing(question):
    answer = ask(question)
    assert answer.statements == ()
    assert answer.looked_at == 3
    assert answer.missing == (question.split(maxsplit=2)[2].rstrip("?"),)
    assert f"no text of the 3 candidates looked at shows '{answer.missing[0]}'" == answer.reason


def test_a_longer_name_does_not_show_the_shorter_one():
    assert {candidate for candidate, _, _ in quotes("Who knows React?")} == {"ann"}
    assert {candidate for candidate, _, _ in quotes("Who knows React Native?")} == {"bob"}
    assert {quote for _, _, quote in quotes("Who knows C?")} == {"C"}


@pytest.mark.parametrize(
    ("says", "question"),
    [
        ("I know Objective-C well.", "Who knows C?"),
        ("I plan a Go-to-Market Strategy for you.", "Who knows Go?"),
        ("I work with Google Search Console.", "Who worked for Google?"),
        ("Facebook Ads manager since 2011.", "Who has worked for Facebook?"),
        ("I do non-React work.", "Who knows React?"),
        ("I charge for 37.5 pages.", "Who wrote 37 pages?"),
    ],
)
def test_a_name_inside_of_another_shows_nothing(monkeypatch, says, question):
    monkeypatch.setitem(PEOPLE, "ann", {"title": says, "overview": says})
    monkeypatch.delitem(PEOPLE, "bob")
    assert ask(question).statements == ()


def test_what_is_made_with_it_shows_it(monkeypatch):
    monkeypatch.setitem(PEOPLE, "ann", {"overview": "I build React-based shops."})
    assert quotes("Who knows React?") == [("ann", "overview", "I build React-based shops.")]


def test_a_year_is_shown_by_a_date():
    assert quotes("Which jobs were posted in 2026?", "job_feed") == [("j1", "posted_at", "2026-01-31")]


def test_one_of_what_or_joins_is_shown():
    assert {candidate for candidate, _, _ in quotes("Who knows Java or React?")} == {"ann", "cy-3"}
    assert quotes("Who speaks Dutch or Polish?") == [("ann", "languages", "Polish")]
    assert ask("Who knows Kotlin or Rust?").missing == ("Kotlin or Rust",)


def test_each_of_those_that_are_named_has_to_show_it():
    assert ask("Do both ann and cy-3 know React?").reason == "no text of cy-3 shows all of it"
    assert {candidate for candidate, _, _ in quotes("Does ann or cy-3 know React?")} == {"ann"}


def test_a_sentence_that_denies_or_wishes_shows_nothing():
    assert ask("Who knows PHP?").statements == ()
    assert ask("Who knows Rust?").statements == ()


def test_all_that_is_required_is_shown_by_one_candidate():
    assert quotes("Which React developers are in Poland?") == [
        ("ann", "title", "Senior React Developer"),
        ("ann", "country", "Poland"),
    ]
    answer = ask("Who knows Java in Poland?")
    assert (answer.statements, answer.missing) == ((), ())
    assert "shows all of it" in answer.reason


def test_of_several_spans_the_one_nearest_to_the_question_is_told():
    """The stand-in for the encoder finds lengths near: 74 letters against 22 of the title and 5 of the skill."""
    question = "Who has, for somebody who asks for it, experience of any kind with React?"
    assert quotes(question)[0][2] == "Need a shop? I built twelve of them with React."


def test_the_questions_own_words_come_before_other_names():
    """ann shows React, bob "ReactJS"; asked for ReactJS, bob comes first, and asked for React, ann does."""
    rows = {"ann": {"title": "a", "skills": ["React"]}, "bob": {"title": "b", "skills": ["ReactJS"]}}
    shown = [Shown.of(name, row, "talent_search", analyze) for name, row in rows.items()]
    for question, order in (("Who knows ReactJS?", ["bob", "ann"]), ("Who knows React?", ["ann", "bob"])):
        asked = taken_apart(question)
        answer = extracted(question, asked, shown, "talent_search", most=5, embed=by_length, mentions=TAXONOMY.mentions)
        assert [each.citations[0].candidate_id for each in answer.statements] == order


def test_values_are_told_in_their_units():
    assert ask("What does ann charge?").text == "ann charges 42.5 USD an hour."
    assert ask("Where does ann live?").text == "ann is in Gdansk, Poland."
    assert ask("How many hours a week does ann work?").text == "ann works 30 hours a week."
    assert ask("What is the budget of j1?", "job_feed").text == (
        "j1 has a budget from 500 USD. j1 has a budget of up to 1500 USD."
    )
    assert ask("When was j1 posted?", "job_feed").text == "j1 was posted on 2026-01-31."


def test_a_value_that_is_not_known_is_no_answer():
    answer = ask("What does bob charge?")
    assert answer.statements == ()
    assert "what is asked for is not known of the 1 candidates" in answer.reason


def test_candidates_are_compared_by_the_values_of_each():
    assert ask("Who charges less, ann or cy-3?").text == "ann charges 42.5 USD an hour. cy-3 charges 30 USD an hour."
    told = ask("Compare ann and bob").text
    assert "ann is of the level expert." in told
    assert "bob lists under skills: React Native, Facebook Ads, C#." in told


def test_a_cue_is_found_in_its_field_or_in_a_sentence_about_it():
    assert quotes("Who speaks Polish?") == [("ann", "languages", "Polish")]
    assert quotes("Who speaks Spanish?") == [("bob", "overview", "I speak Spanish with clients.")]
    assert quotes("Who lives in Spain?") == [("bob", "country", "Spain")]
    assert ask("Who speaks React?").statements == ()


def test_how_many_is_told_by_a_span_with_a_number():
    """ "built twelve of them" has no digits, and no skill has."""
    assert ask("How many React people are there?").statements == ()


def test_personal_data_is_never_cited():
    """The importers mask it; a lake from before may hold it."""
    assert ask("Does bob answer when I call?").statements == ()
    assert "415" not in ask("Tell me about bob").text


def test_no_candidate_is_no_answer():
    answer = ask("Does ann know Haskell?")
    assert (answer.statements, answer.looked_at) == ((), 1)


def test_at_most_so_many_candidates_are_told_of():
    assert {candidate for candidate, _, _ in quotes("Who knows React?")} == {"ann"}
    assert (
        len(
            {
                each.citations[0].candidate_id
                for each in ask("What do Spring or React people charge?", most=1).statements
            }
        )
        <= 1
    )


def test_everything_cited_is_what_is_shown():
    for surface, rows in (("talent_search", PEOPLE), ("job_feed", JOBS)):
        for name, row in rows.items():
            shown = Shown.of(name, row, surface, analyze)
            for unit in shown.units:
                assert shown.texts[unit.field][unit.start : unit.end] == unit.text
                assert unit.text.strip()


@given(st.text(st.sampled_from("aB .?!\nü。"), max_size=300))
def test_sentences_hold_every_letter_once(text):
    spans = list(sentences(text))
    assert all(0 <= start < end <= len(text) and end - start <= LONGEST_UNIT for start, end in spans)
    assert spans == sorted(spans)
    covered = np.zeros(len(text), int)
    for start, end in spans:
        covered[start:end] += 1
    assert all(
        count == 1
        for letter, count in zip(text, covered, strict=True)
        if not letter.isspace() and letter not in ".?!\"')]"
    )
    assert covered.max(initial=0) <= 1
