"""Limits that the rest of a sentence cancels or corrects."""

import pytest

from tests.components.language.understanding.reading import JOBS, TALENT, limits, rest, usd


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("vue, part time or full time both fine", TALENT), ("full or part time", TALENT), ("full/part-time", TALENT),
        ("no full time", TALENT), ("not part-time", TALENT), ("hourly or fixed price", JOBS), ("fixed or hourly", JOBS),
        ("anywhere, or Kenya", TALENT), ("Mexico or remote", TALENT), ("worldwide or US", TALENT),
        ("Brazil or similar", TALENT), ("Kenya or any other country", TALENT), ("Kenya, Uganda or elsewhere", TALENT),
        ("German or any other language", TALENT), ("available now or next month", TALENT),
        ("solo freelancer or agency", TALENT), ("looking for an agency or a freelancer", TALENT),
        ("agencies are fine too", TALENT), ("open to agencies", TALENT), ("agencies welcome", TALENT),
    ],
)  # fmt: skip
def test_an_alternative_that_takes_everybody_in_cancels_a_limit(text, surface):
    assert limits(text, surface) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("remote, Kenya", {"countries": "KE"}),
        ("full time, not part time", {"hours_min": 40.0}),
        ("Kenya or Uganda, remote", {"countries": "KE UG"}),
        ("agency only", {"agencies": True}),
        ("English or Spanish speaker", {"languages": ("English", "Spanish")}),
        ("available now or react native", {"available": True}),
    ],
)
def test_other_alternatives_do_not(text, expected):
    assert limits(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "left"),
    [
        ("under $30/h, sorry, under $35/h", {"rate_max": usd(35)}, "under $30/h"),
        ("max $25/h, no, I mean max $20/h", {"rate_max": usd(25)}, "no, I mean max $20/h"),
        ("Poland, no wait, Romania", {"countries": "RO"}, "Poland"),
        ("Poland ... actually Romania", {"countries": "RO"}, "Poland"),
        ("full time, scratch that, part time", {"hours_max": 20.0}, "full time"),
    ],
)
def test_a_correction_counts_and_what_was_corrected_stays_in_the_text(text, expected, left):
    assert limits(text) == expected
    assert rest(text) == left


def test_of_two_bounds_the_looser_counts_and_the_other_stays_in_the_text():
    text = "react up to $10/hr, and up to $20/hr for seniors"
    assert limits(text) == {"rate_max": usd(20)}
    assert "up to $10/hr" in rest(text)


@pytest.mark.parametrize(
    "text",
    ["available in January", "available weekends", "available for at least 3 months", "available from next week"],
)
def test_available_at_another_time_is_not_now(text):
    assert limits(text) == {}
    assert limits("available, vue") == {"available": True}


@pytest.mark.parametrize(
    "text",
    ["we need an agency assistant", "digital agency website", "agency experience preferred", "no agency fees",
     "looking for an agency owner"],
)  # fmt: skip
def test_an_agency_that_describes_another_word_is_none(text):
    assert limits(text) == {}
