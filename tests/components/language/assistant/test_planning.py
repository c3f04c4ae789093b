"""What a sentence asks the assistant to do, and the typed call that it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.assistant.arguments import JobSearch, PeopleSearch
from components.language.assistant.conversation import MOST_TURNS, Conversation
from components.language.assistant.drafting import described
from metier.stored import as_json, from_json
from tests.components.language.assistant.reading import NEW, NOW, STANDING, planned


@pytest.mark.parametrize(
    ("said", "doing", "positions"),
    [
        ("compare the first two", "compare", (0, 1)),
        ("how does the third one compare to the first?", "compare", (2, 0)),
        ("fr_2 vs fr_1", "compare", (1, 0)),
        ("ok compare 1 and 3", "compare", (0, 2)),
        ("tell me about the second", "explain", (1,)),
        ("who is the best of them?", "explain", ()),
        ("hmm, what do these people usually charge?", "market_rates", ()),
        ("how expensive is a React developer?", "market_rates", ()),
        ("does the last one speak German?", "ask", (2,)),
        ("what do they charge?", "ask", ()),
        ("What do React developers charge?", "market_rates", ()),
        ("what's the going rate for that?", "market_rates", ()),
        ("write a job post for this", "draft", ()),
        ("why is #2 up there?", "explain", (1,)),
        ("what did you change?", "account", ()),
        ("show me more", "more", ()),
        ("anyone more experienced?", "change", ()),
        ("invite the first one", "decline", (0,)),
        ("find me a tax accountant", "search", ()),
        ("thanks!", "help", ()),
    ],
)
def test_what_is_to_be_done_and_with_whom(said, doing, positions):
    move, _ = planned(said)
    assert (move.doing, move.positions) == (doing, positions)


@pytest.mark.parametrize(
    ("said", "apply", "relax"),
    [
        ("cheaper", {"rate_max_usd": 29.7}, ()),  # 0.99 of the median of 20, 30 and 40
        ("also in Poland", {"country": ["IN", "PL"]}, ()),
        ("only in Poland", {"country": ["PL"]}, ()),
        ("without the rate", {}, ("rate_max_usd",)),
        ("any country is fine", {}, ("country",)),
        ("get rid of the rate", {}, ("rate_max_usd",)),
        ("agencies don't matter", {}, ("agencies",)),
        ("forget all the restrictions", {}, ("country", "rate_max_usd", "agencies")),
        ("up to $50 an hour", {"rate_max_usd": 50.0}, ()),
        ("only expert level", {"level": ["expert"]}, ()),
        ("drop the country, but under $30/h", {"rate_max_usd": 30.0}, ("country",)),
    ],
)
def test_limits_that_a_sentence_applies_and_relaxes(said, apply, relax):
    _, call = planned(said)
    assert (call.tool, call.arguments.applied, call.arguments.relax) == ("change_filters", apply, relax)
    assert call.arguments.search == STANDING.search


def test_what_changes_nothing_is_no_call():
    move, call = planned("drop the language")
    assert (move.doing, call) == ("change", None)


def test_a_skill_is_put_in_the_place_of_another_or_beside_it():
    assert planned("actually make that Angular")[1].arguments.text == "Angular developer in India under $40/h"
    assert planned("with Docker")[1].arguments.text == "react developer in India under $40/h, Docker"


def test_who_is_meant_is_asked_about_by_id():
    asked = planned("does the second one know Docker? show me where")[1].arguments
    assert (asked.question, asked.candidate_ids) == ("does fr_2 know Docker?", ("fr_2",))
    assert planned("which of them know Docker?")[1].arguments.question == "who know Docker?"


def test_a_job_is_searched_for_by_its_id_and_a_feed_by_nothing():
    assert planned("find people for jb_000001", NEW)[1].arguments == PeopleSearch(job_id="jb_000001")
    feed = Conversation("c" * 32, "fr_1", "job_feed", NOW)
    assert planned("what's there for me today?", feed)[1].arguments == JobSearch()


@pytest.mark.parametrize(
    ("said", "need"),
    [
        ("Please draft a job post for a senior React developer, $40/h", "senior React developer, $40/h"),
        ("write me an ad: logo for a bakery", "logo for a bakery"),
        ("a plumber", "a plumber"),
    ],
)
def test_what_a_draft_is_for(said, need):
    assert described(said) == need


WORDS = (
    "find the first two cheaper without rate compare them also in India Poland React only not $40/h post why what fr_1"
)


@given(st.lists(st.sampled_from([*WORDS.split(), "?", ",", "'", "\u00e9", "{"]), min_size=1, max_size=12))
def test_any_sentence_is_a_move_whose_arguments_are_valid(words):
    for conversation in (NEW, STANDING):
        move, call = planned(" ".join(words), conversation)
        assert all(position < len(conversation.shortlist) for position in move.positions)
        assert call is None or type(call.arguments).model_validate(call.arguments.model_dump()) == call.arguments


def test_a_conversation_is_read_back_as_it_was_kept_and_stays_bounded():
    told = STANDING
    for number in range(MOST_TURNS + 5):
        told = told.with_turn(f"{number}", "x" * 10_000)
    assert from_json(Conversation, as_json(told)) == told
    assert told.turns[0].said == "5"
    assert max(len(turn.answered) for turn in told.turns) == 2_000
