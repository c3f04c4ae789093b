"""Turns that search for nothing: the search stands, is gone back to, or shows more of the same."""

from dataclasses import replace

import pytest

from components.language.assistant.arguments import MOST_SHOWN, PeopleSearch
from components.language.assistant.conversation import MOST_BEFORE
from components.language.assistant.results import SearchResult, Wanted
from tests.components.language.assistant.reading import NEW, STANDING, planned

BEFORE = PeopleSearch(text="flutter developer")
WENT_ON = replace(STANDING, before=(BEFORE,))


@pytest.mark.parametrize(
    "said",
    ["qwer tyu", "…", "👍👍", "are we there yet?", "boring", "can you dance", "make me rich"],
)
def test_what_is_not_understood_leaves_the_search_as_it_stands(said):
    move, call = planned(said)
    assert (move.doing, call) == ("unclear", None)


@pytest.mark.parametrize(
    "said", ["a plumber", "nurses in Kenya", "now find someone for lawn mowing", "Figma", "a night guard"]
)
def test_what_describes_work_is_a_new_search(said):
    move, call = planned(said)
    assert (move.doing, call.arguments.text) == ("search", said)


def test_a_first_sentence_is_searched_for_where_it_holds_a_word():
    assert planned("underwater basketry", NEW)[0].doing == "search"
    assert planned("?!", NEW)[0].doing == "unclear"


@pytest.mark.parametrize(
    "said",
    ["please undo", "ok, back", "revert that", "show me the earlier results", "as it was before", "scratch that"],
)
def test_the_search_before_is_gone_back_to(said):
    move, call = planned(said, WENT_ON)
    assert (move.doing, call.arguments) == ("undo", BEFORE)
    assert planned(said)[1] is None  # there is none


def test_searches_before_are_kept_in_their_order_and_taken_back_one_by_one():
    told = NEW
    for number in range(MOST_BEFORE + 3):
        told = told.with_result(found(PeopleSearch(text=f"search {number}")), ())
    assert [search.text for search in told.before] == [f"search {number}" for number in range(2, MOST_BEFORE + 2)]
    back = told.went_back()
    assert back.with_result(found(back.search), ()).before == told.before[:-1]


def found(search):
    return SearchResult(search=search, candidates=[], fitting=0, sure=0, limits={}, wanted=Wanted(), tier="ensemble")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("next", 10), ("the rest please", MOST_SHOWN), ("show 12", 12), ("eight more", 13), ("give me the next 4", 9),
        ("show me 90", MOST_SHOWN), ("just the top 2", 2), ("keep going", 10), ("anyone else?", 10),
    ],
)  # fmt: skip
def test_more_of_the_same_is_shown_within_the_bound(said, shown):
    move, call = planned(said)
    assert (move.doing, call.arguments) == ("more", STANDING.search.model_copy(update={"k": shown}))


@pytest.mark.parametrize(
    ("said", "doing", "ids"),
    [
        ("fr_3 or fr_1?", "explain", ("fr_3", "fr_1")),
        ("why does fr_2 come first?", "explain", ("fr_2",)),  # who is named counts, and no place
        ("price of fr_3", "ask", ("fr_3",)),
        ("compare 1, 2 and 3", "compare", ("fr_1", "fr_2", "fr_3")),
        ("3 vs 1", "compare", ("fr_3", "fr_1")),
    ],
)
def test_those_shown_are_meant_by_their_ids_or_numbers(said, doing, ids):
    move, _ = planned(said)
    assert move.doing == doing
    assert tuple(STANDING.shortlist[position].candidate_id for position in move.positions) == ids


@pytest.mark.parametrize("said", ["why?", "how come?", "but why these people?"])
def test_why_alone_asks_of_the_whole_shortlist(said):
    move, call = planned(said)
    assert (move.doing, move.positions, call) == ("explain", (0, 1, 2), None)


@pytest.mark.parametrize(
    "said",
    ["compare the first and the seventh", "why is #4 there?", "what does the ninth one charge?", "compare 2 and 12"],
)
def test_whoever_is_not_shown_is_not_mistaken_for_another(said):
    move, call = planned(said)
    assert (move.doing, call) == ("unclear", None)
    assert "Only 3 are shown" in move.note


@pytest.mark.parametrize("said", ["is the second cheaper than the third?", "who is more senior, #2 or #3?"])
def test_a_question_about_two_of_them_compares_them_and_changes_nothing(said):
    move, call = planned(said)
    assert (move.doing, call.arguments.candidate_ids) == ("compare", ("fr_2", "fr_3"))


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("what about fr_77?", "Tell me about fr_77"),
        ("fr_77", "Tell me about fr_77"),
        ("why not fr_77?", "Tell me about fr_77"),
        ("does fr_77 know Docker?", "does fr_77 know Docker?"),
    ],
)
def test_a_person_is_told_of_by_the_id(said, question):
    for conversation in (NEW, STANDING):
        move, call = planned(said, conversation)
        assert (move.doing, call.arguments.question, call.arguments.candidate_ids) == ("ask", question, ("fr_77",))


@pytest.mark.parametrize(
    ("said", "doing", "note"),
    [
        ("invite fr_77", "decline", ""),
        ("delete my profile", "decline", ""),
        ("tell me about jb_9", "unclear", "is a job"),
        ("describe xy_5", "unclear", "nobody and no job"),
    ],
)
def test_an_id_of_another_kind_is_no_reason_to_search(said, doing, note):
    move, call = planned(said)
    assert (move.doing, call) == (doing, None)
    assert note in move.note
    feed = replace(STANDING, surface="job_feed")
    assert "is a person" in planned("tell me about fr_77", feed)[0].note
