"""Numbers of a question are compared with values of their kind: money with money, hours with hours."""

from math import inf

import pytest

from components.language.answers.values import values_in
from tests.components.language.answers.people import JOBS, PEOPLE, ask, quotes


def bounds(question, surface="talent_search"):
    """(field, least, most, whether they are outside) of what is compared."""
    values = values_in(question, surface).values
    return [(each.fields[0], each.least, each.most, each.is_open) for each in values if not each.words]


@pytest.mark.parametrize(
    ("question", "compared"),
    [
        ("who charges less than 35 dollars an hour", ("hourly_rate_usd", -inf, 35, True)),
        ("anyone at most $35/h?", ("hourly_rate_usd", -inf, 35, False)),
        ("whose rate is 20-40 usd", ("hourly_rate_usd", 20, 40, False)),
        ("who is paid more than $1,200.50", ("hourly_rate_usd", 1200.5, inf, True)),
        ("who charges 42.5", ("hourly_rate_usd", 42.5, 42.5, False)),
        ("who works 30 or more hours", ("hours_per_week", 30, inf, False)),
        ("who works 25 hours or more", ("hours_per_week", 25, inf, False)),
        ("who is there 30 hrs weekly", ("hours_per_week", 30, 30, False)),
        ("who has 12+ years of practice", ("overview", 12, inf, False)),
        ("who has under 3 years of experience", ("overview", -inf, 3, True)),
    ],
)  # fmt: skip
def test_what_a_number_is_compared_with(question, compared):
    assert bounds(question) == [compared]


@pytest.mark.parametrize(
    "question", ["who knows Angular 17", "who does 3D", "ISO 9001 people", "who began 10 years ago"]
)
def test_a_number_that_counts_nothing_known_is_a_word(question):
    assert bounds(question) == []
    assert values_in(question, "talent_search").rest == question


def test_money_is_compared_with_money_alone():
    """ann charges 42.5 and works 30 hours, cy-3 charges 30."""
    assert quotes("Who charges $30 an hour?") == [("cy-3", "hourly_rate_usd", "30")]
    assert quotes("Who charges over 35 dollars?") == [("ann", "hourly_rate_usd", "42.5")]
    assert ask("Who charges under $20?").statements == ()
    assert ask("Who charges 42 an hour?").statements == ()  # no half of 42.5


def test_hours_are_compared_with_hours_alone():
    assert quotes("Who works 30 hours a week?") == [("ann", "hours_per_week", "30")]
    assert ask("Does ann work 42 hours a week?").statements == ()
    assert quotes("Does ann work at least 25 hours per week?") == [("ann", "hours_per_week", "30")]


def test_years_are_said_by_a_sentence_about_the_same(monkeypatch):
    says = "I have 9 years of React behind me. For 4 years I have used Docker. I moved 20 years ago."
    monkeypatch.setitem(PEOPLE, "ann", {**PEOPLE["ann"], "overview": says, "skills": ["React", "Docker"]})
    assert quotes("Who has more than 8 years of React?")[-1][2] == "I have 9 years of React behind me."
    assert ask("Who has more than 8 years of Docker?").statements == ()
    assert ask("Who has 20 years of experience?").statements == ()


def test_jobs_by_the_hour_are_told_from_those_of_a_fixed_price(monkeypatch):
    hourly = {"title": "Forms", "skills": ["React"], "budget_kind": "hourly", "budget_max_usd": 45.0}
    monkeypatch.setitem(JOBS, "j2", hourly)
    monkeypatch.setitem(JOBS, "j1", {**JOBS["j1"], "budget_kind": "fixed"})
    for question in ("Which jobs pay by the hour?", "Which jobs pay over $40 an hour?", "Is j2 paid hourly?"):
        assert {candidate for candidate, _, _ in quotes(question, "job_feed")} == {"j2"}
    assert ask("Is j1 hourly?", "job_feed").statements == ()
    assert {candidate for candidate, _, _ in quotes("Which fixed-price jobs need React?", "job_feed")} == {"j1"}
    assert {candidate for candidate, _, _ in quotes("Which jobs pay at least $1000?", "job_feed")} == {"j1"}


def test_who_posted_a_job_is_told_by_its_company():
    assert ask("Who posted j1?", "job_feed").text == "j1 is posted by Acme."
