"""Sums and rates in US dollars; anything else is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.importers.values.pay import money
from components.importers.values.pay.money import Money, budget, rate
from components.language.amounts import numbers
from metier.errors import RefusedValueError


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("$1,200.50", 1200.5, 1200.5),
        ("15 - 25 $", 15, 25),
        ("US$ 500", 500, 500),
        ("500 usd", 500, 500),
        ("USD500", 500, 500),
        ("500 US dollars", 500, 500),
        ("1,200", 1200, 1200),
        ("1.200,50", 1200.5, 1200.5),
        ("1 200", 1200, 1200),
        ("1'200'000", 1_200_000, 1_200_000),
        ("12,50", 12.5, 12.5),
        ("0.125", 0.125, 0.125),
        ("$1.5k", 1500, 1500),
        ("$1k–2k", 1000, 2000),
        ("from $15 to $25", 15, 25),
        ("$500+", 500, None),
        ("from 500", 500, None),
        ("up to $500", None, 500),
        ("Est. budget: $1,000.", 1000, 1000),
        ("~ 40", 40, 40),
    ],
)
def test_sums(text, low, high):
    assert budget(text) == Money(low, high)


@pytest.mark.parametrize(
    "text",
    [
        "USD 15-25/hr",
        "$15.00-$25.00 per hour",
        "Hourly: $15 to $25",
        "15 – 25 USD an hour",
        "$15-25 / h",
        "15-25$/hour",
    ],
)
def test_rates(text):
    assert rate(text) == Money(15, 25, "hour")


def test_a_rate_need_not_name_its_period():
    assert rate("$20") == Money(20, 20)


@pytest.mark.parametrize(
    "text", ["1.200,50 EUR", "€5", "C$500", "A$ 5", "£20-30", "₹500", "CAD 40", "500 rupees", "Rs. 5"]
)
def test_other_currencies_are_refused(text):
    for read in (budget, rate):
        with pytest.raises(RefusedValueError, match=money.NOT_DOLLARS):
            read(text)


@pytest.mark.parametrize("text", ["$100/day", "$5 per word", "$120k a year", "3000 monthly"])
def test_other_periods_are_refused(text):
    with pytest.raises(RefusedValueError, match=money.NOT_HOURLY):
        rate(text)
    with pytest.raises(RefusedValueError, match=money.IS_A_RATE):
        budget(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.200", numbers.AMBIGUOUS),
        ("$500-1k", numbers.AMBIGUOUS),
        ("25-15", money.BACKWARDS),
        ("$15/hr", money.IS_A_RATE),
        ("-5", money.NO_SUM),
        ("negotiable", money.NO_SUM),
        ("1,2,3", money.NO_SUM),
        ("15 25", money.NO_SUM),
        ("$" + "9" * 40, numbers.TOO_LARGE),
        ("5 hours", money.NO_SUM),
    ],
)
def test_what_is_not_certain_is_refused(text, reason):
    with pytest.raises(RefusedValueError, match=reason):
        budget(text)


@given(st.integers(0, 99_999_999))
def test_cents_survive_every_spelling(cents):
    value = cents / 100
    spelled = f"{value:,.2f}"
    swapped = spelled.translate(str.maketrans(",.", ".,"))
    for text in (f"${spelled}", f"{spelled} USD", f"US$ {value:.2f}", swapped):
        assert budget(text) == Money(value, value)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for read in (budget, rate):
        try:
            found = read(text)
        except RefusedValueError:
            continue
        assert (found.low or 0) >= 0
