"""What a sentence makes of the limits in force: the last word wins, and what was ruled out stays ruled out."""

from dataclasses import replace

import pytest

from components.language.assistant.arguments import PeopleSearch
from tests.components.language.assistant.reading import STANDING, changed, planned


@pytest.mark.parametrize("said", ["remove Spain", "drop Spain", "get rid of Spain", "take away Spain please"])
def test_a_value_that_is_removed_is_held_no_more(said):
    assert changed(said, country=["DE", "ES"]) == ({"country": ["DE"]}, set())
    assert changed(said, country=["ES"]) == ({}, {"country"})


def test_what_was_not_held_is_ruled_out_when_it_is_removed():
    assert changed("remove Spain", country=["DE"]) == ({"not_countries": ["ES"]}, set())


@pytest.mark.parametrize("said", ["exclude Spain too", "no Spain either", "also not from Spain"])
def test_what_was_ruled_out_stays_so(said):
    assert changed(said, not_countries=["FR"]) == ({"not_countries": ["FR", "ES"]}, set())


def test_skills_that_were_ruled_out_stay_so_and_are_looked_for_no_more():
    _, call = planned("not React", replace(STANDING, limits={"not_skills": ["Angular"]}))
    assert call.arguments.applied["not_skills"] == ["Angular", "React", "ReactJS", "React.js"]
    assert call.arguments.search.text == "developer in India under $40/h"


@pytest.mark.parametrize("said", ["no, I meant Norway", "sorry, Norway", "i said Norway"])
def test_what_is_put_right_stands_in_the_place_of_what_was_said(said):
    assert changed(said, country=["SE"]) == ({"country": ["NO"]}, set())


def test_only_what_was_ruled_out_is_wanted_now():
    assert changed("only France then", not_countries=["FR", "ES"]) == ({"country": ["FR"]}, {"not_countries"})
    assert changed("from France", not_countries=["FR", "ES"]) == ({"country": ["FR"], "not_countries": ["ES"]}, set())


def test_what_was_ruled_out_may_be_again():
    assert changed("France is fine again", not_countries=["FR", "ES"]) == ({"not_countries": ["ES"]}, set())
    assert changed("allow France", not_countries=["FR"], country=["DE"]) == (
        {"country": ["DE", "FR"]},
        {"not_countries"},
    )
    assert changed("Angular after all", not_skills=["Angular", "AngularJS"])[1] == {"not_skills"}


def test_a_region_lets_in_nobody_who_was_ruled_out_by_name():
    apply, relax = changed("in Europe", not_countries=["FR"])
    assert ("not_countries" in apply, relax) == (False, set())


@pytest.mark.parametrize(
    ("said", "relax"),
    [
        ("remove the minimum", {"rate_min_usd", "hours_min"}),
        ("drop the lowest rate", {"rate_min_usd"}),
        ("lift the cap", {"rate_max_usd"}),
        ("forget the $40 limit", {"rate_min_usd", "rate_max_usd"}),
    ],
)
def test_a_bound_is_taken_away_by_its_name(said, relax):
    assert changed(said, rate_min_usd=10.0, rate_max_usd=40.0, hours_min=20.0) == ({}, relax)


@pytest.mark.parametrize("said", ["no Polish", "without Polish", "drop Polish speaking"])
def test_a_language_that_is_held_is_taken_away(said):
    assert changed(said, language=["Polish", "Dutch"]) == ({"language": ["Dutch"]}, set())
    assert changed(said, language=["Polish"]) == ({}, {"language"})


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("cheaper than $25", 25.0),  # the sum that is said, not the middle of those shown
        ("cheaper than the first one", 19.8),  # 0.99 of what the first charges
        ("double the budget", 80.0),
        ("halve the rate", 20.0),
        ("raise the limit by $5", 45.0),
        ("reduce the rate by 10%", 36.0),
    ],
)
def test_sums_that_are_said_moved_or_compared(said, rate):
    assert changed(said, rate_max_usd=40.0) == ({"rate_max_usd": rate}, set())


def test_one_sentence_may_take_away_and_add():
    assert changed("remove the rate and add Spain", rate_max_usd=40.0, country=["DE"]) == (
        {"country": ["DE", "ES"]},
        {"rate_max_usd"},
    )


@pytest.mark.parametrize("said", ["swap React for Vue", "Vue instead of React", "instead of React, Vue"])
def test_a_skill_takes_the_place_of_another(said):
    assert planned(said)[1].arguments.text == "developer in India under $40/h, Vue.js"


@pytest.mark.parametrize("said", ["React isn't needed", "no need for React", "forget about React"])
def test_a_skill_that_is_not_needed_is_asked_for_no_more(said):
    assert planned(said)[1].arguments.text == "developer in India under $40/h"


@pytest.mark.parametrize("said", ["don't exclude France", "stop ruling out France", "back to France"])
def test_what_is_ruled_out_no_longer(said):
    assert changed(said, not_countries=["FR", "ES"]) == ({"not_countries": ["ES"]}, set())


@pytest.mark.parametrize("said", ["agencies are fine", "also agencies", "stop excluding agencies"])
def test_agencies_that_were_ruled_out_are_let_in(said):
    assert changed(said, agencies=False) == ({}, {"agencies"})


def test_what_names_no_value_changes_nothing():
    assert changed("lower the minimum", rate_min_usd=10.0) is None


def test_a_post_says_each_limit_as_it_holds_now():
    search = PeopleSearch(
        text="AutoCAD drafter in Poland under $2/h",
        filters={"country": ["PL", "DE"], "rate_max_usd": 30, "agencies": False, "not_skills": ["SolidWorks"]},
    )
    _, call = planned("write a post for this", replace(STANDING, search=search))
    assert call.arguments.text == (
        "AutoCAD drafter, from Poland or Germany, no SolidWorks, up to $30 an hour, no agencies"
    )
