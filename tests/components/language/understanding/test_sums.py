"""Sums as people write them: marks between digits, sides that are denied, both ends of a range, pay by the piece."""

import pytest

from components.language.understanding import Money
from tests.components.language.understanding.reading import JOBS, TALENT, limits, rest, usd


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("2.500,50 EUR for a shop", Money(2500.5, "EUR")), ("max 1.250 zł", Money(1250, "PLN")),
        ("R$ 3.000", Money(3000, "BRL")), ("12.000 € budget", Money(12_000, "EUR")),
        ("1 200,50 €", Money(1200.5, "EUR")),
        ("1,200.50 €", Money(1200.5, "EUR")), ("1.234.567 €", Money(1_234_567, "EUR")),
        ("CHF 1'500", Money(1500, "CHF")),
        ("fixed 3.500 euros", Money(3500, "EUR")),
    ],
)  # fmt: skip
def test_marks_between_digits_are_those_of_the_currency(text, money):
    assert limits(text)["budget_max"] == money


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("$40 CAD per hour", Money(40, "CAD")), ("40 canadian dollars an hour", Money(40, "CAD")),
        ("1000 rubles per hour", Money(1000, "RUB")), ("45 swiss francs an hour", Money(45, "CHF")),
        ("60 Hong Kong dollars per hour", Money(60, "HKD")), ("80 polish zlotys an hour", Money(80, "PLN")),
    ],
)  # fmt: skip
def test_currencies_by_name(text, money):
    assert limits(text) == {"rate_max": money}


def test_a_currency_that_is_a_skill_too_and_one_of_many_pesos_are_not_read():
    assert limits("PHP 500/hr") == limits("500 pesos an hour") == {}
    assert rest("PHP 500/hr") == "PHP 500/hr"
    assert limits("PHP developer 50/hr") == {"rate_max": usd(50)}


@pytest.mark.parametrize("text", ["$1.500 website", "£2.000 website", "under $0/h", "vue, under -25/h", "0,00 €"])
def test_a_sum_that_is_not_certain_or_none_stays_whole_in_the_text(text):
    assert limits(text) == {}
    assert rest(text) == text.removeprefix("vue, ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("never above $35/h", {"rate_max": usd(35)}),
        ("please don't exceed 500 USD", {"budget_max": usd(500)}),
        ("can't afford more than €25 an hour", {"rate_max": Money(25, "EUR")}),
        ("we won't pay over 30 an hour", {"rate_max": usd(30)}),
        ("it should not cost more than $800", {"budget_max": usd(800)}),
        ("not going beyond $60/hr", {"rate_max": usd(60)}),
        ("nobody below $20/h", {"rate_min": usd(20)}),
        ("who doesn't charge less than $20/h", {"rate_min": usd(20)}),
        ("under $10/h is not ok", {}),
        ("preferably under $40/h", {}),
        ("no agencies, under $40/h", {"agencies": False, "rate_max": usd(40)}),
    ],
)
def test_a_denied_side_is_the_other(text, expected):
    assert limits(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at least $20 but at most $30 an hour", {"rate_min": usd(20), "rate_max": usd(30)}),
        ("no less than 25 and no more than 35 usd/h", {"rate_min": usd(25), "rate_max": usd(35)}),
        ("no more than 35 usd/h, at least 25", {"rate_min": usd(25), "rate_max": usd(35)}),
        ("from $20/h to $40/h", {"rate_min": usd(20), "rate_max": usd(40)}),
        ("$60 down to $40 per hour", {"rate_min": usd(40), "rate_max": usd(60)}),
        ("between 50 and 30 dollars an hour", {"rate_min": usd(30), "rate_max": usd(50)}),
        ("€90-€70/hr", {"rate_min": Money(70, "EUR"), "rate_max": Money(90, "EUR")}),
        ("minimum 10 hours, maximum 20 hours a week", {"hours_min": 10.0, "hours_max": 20.0}),
        ("at most 30 hours weekly, at least 15", {"hours_min": 15.0, "hours_max": 30.0}),
        ("min 500, max 900 USD", {"budget_min": usd(500), "budget_max": usd(900)}),
        ("rate: min $20, max $35", {"rate_min": usd(20), "rate_max": usd(35)}),
        ("min $20/h, budget max $500", {"rate_min": usd(20), "budget_max": usd(500)}),
        ("$30 - 20 hours a week", {"rate_max": usd(30), "hours_min": 20.0}),
        ("1.500-2.000 €", {"budget_min": Money(1500, "EUR"), "budget_max": Money(2000, "EUR")}),
        ("1.500 bis 2.000 €", {"budget_min": Money(1500, "EUR"), "budget_max": Money(2000, "EUR")}),
    ],
)
def test_both_ends_of_a_range_in_any_order(text, expected):
    assert limits(text) == expected


@pytest.mark.parametrize("surface", [TALENT, JOBS])
@pytest.mark.parametrize(
    "text",
    ["$15 per 500 words", "$10 / 1000 words", "5 cents a word", "$30 an article", "€2 per image", "$12 a page",
     "$5 for 500 words", "$25 each", "£3 apiece", "$40 per two pages"],
)  # fmt: skip
def test_pay_by_the_piece_is_neither_rate_nor_budget_and_stays_in_the_text(text, surface):
    assert limits(text, surface) == {}
    assert rest(text, surface) == text


def test_a_stroke_with_a_space_parts_clauses():
    assert limits("budget 8500 pounds / react is a must") == {"budget_max": Money(8500, "GBP")}
    assert limits("$40 / hour") == {"rate_max": usd(40)}


def test_a_side_may_be_short_for_one():
    assert limits("max. 40€/h", JOBS) == {"rate_max": Money(40, "EUR")}
    assert limits("min. 20€/h") == {"rate_min": Money(20, "EUR")}
