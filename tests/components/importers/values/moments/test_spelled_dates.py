"""Dates as exports spell them, and moments told relative to a clock."""

from collections import defaultdict
from datetime import UTC, datetime
from itertools import product

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from components.importers.values.moments.spelled_dates import (
    A_BOUND,
    ANOTHER_EVENT,
    LANGUAGES,
    NO_DATE,
    NO_MOMENT,
    TWO_DAYS,
    relative_date,
    spelled_date,
)
from metier.errors import RefusedValueError

CLOCK = datetime(2026, 3, 31, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def moment(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01", moment(2026, 3, 1)),
        ("2026/3/1", moment(2026, 3, 1)),
        ("2026-03-01T10:00:00.250Z", moment(2026, 3, 1, 10, 0, 0, 250_000)),
        ("2026-03-01 10:00:00 UTC", moment(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00+05:30", moment(2026, 3, 1, 4, 30)),
        ("March 1st, 2026 4:30 PM", moment(2026, 3, 1, 16, 30)),
        ("Mar 1, 2026 at 12:05 am", moment(2026, 3, 1, 0, 5)),
        ("1 Mar. 2026", moment(2026, 3, 1)),
        ("01-Mar-2026", moment(2026, 3, 1)),
        ("Sun, 01 Mar 2026 10:00:00 GMT", moment(2026, 3, 1, 10)),
        ("31/01/2026", moment(2026, 1, 31)),
        ("01/31/2026 08:15", moment(2026, 1, 31, 8, 15)),
        ("02/02/2026", moment(2026, 2, 2)),
        ("01.02.2026", moment(2026, 2, 1)),
        ("1706695200", moment(2024, 1, 31, 10)),
        ("1706695200000", moment(2024, 1, 31, 10)),
        ("Posted on Sept 5, 2025", moment(2025, 9, 5)),
        ("1. März 2026", moment(2026, 3, 1)),
        ("1 de marzo de 2026", moment(2026, 3, 1)),
        ("1er août 2026", moment(2026, 8, 1)),
        ("5 de fevereiro de 2026 10:00", moment(2026, 2, 5, 10)),
        ("3 gennaio 2026", moment(2026, 1, 3)),
        ("2 mei 2026", moment(2026, 5, 2)),
        ("7 października 2026", moment(2026, 10, 7)),
        ("1 марта 2026", moment(2026, 3, 1)),
        ("9 липня 2026", moment(2026, 7, 9)),
        ("20260301", moment(2026, 3, 1)),
        ("20260301T10:00:00+00", moment(2026, 3, 1, 10)),
        ("2026-03-01T10:00:00-04", moment(2026, 3, 1, 14)),
    ],
)
def test_dates(text, at):
    assert spelled_date(text) == at


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("01/02/2026", TWO_DAYS),
        ("2026-02-30", NO_DATE),
        ("31/31/2026", NO_DATE),
        ("2026-01-31 25:00", NO_DATE),
        ("2026-01-31 13:00 pm", NO_DATE),
        ("Jan 5", NO_DATE),
        ("01/02/26", NO_DATE),
        ("2026-01-01 10:00 PST", NO_DATE),
        ("soon", NO_DATE),
        ("market 5, 2026", NO_DATE),
        ("maybe 5, 2026", NO_DATE),
        ("20261301", NO_DATE),
        ("Q1 2026", NO_DATE),
    ],
)
def test_what_is_no_certain_date_is_refused(text, reason):
    with pytest.raises(RefusedValueError, match=reason):
        spelled_date(text)


def test_a_declared_format_tells_day_and_month_apart():
    assert spelled_date("01/02/2026", "%d/%m/%Y") == moment(2026, 2, 1)
    assert spelled_date("01/02/2026 08:00 +0200", "%m/%d/%Y %H:%M %z") == moment(2026, 1, 2, 6)
    with pytest.raises(RefusedValueError, match=NO_DATE):
        spelled_date("2026-02-01", "%d/%m/%Y")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("3 days ago", moment(2026, 3, 28, 12)),
        ("posted yesterday", moment(2026, 3, 30, 12)),
        ("Posted: today", CLOCK),
        ("just now", CLOCK),
        ("an hour ago", moment(2026, 3, 31, 11)),
        ("5 mins ago", moment(2026, 3, 31, 11, 55)),
        ("2h ago", moment(2026, 3, 31, 10)),
        ("3d", moment(2026, 3, 28, 12)),
        ("2 weeks ago", moment(2026, 3, 17, 12)),
        ("1 month ago", moment(2026, 2, 28, 12)),
        ("4 months ago", moment(2025, 11, 30, 12)),
        ("a year ago", moment(2025, 3, 31, 12)),
        ("Mar 5, 2026", moment(2026, 3, 5)),
    ],
)
def test_relative_dates(text, at):
    assert relative_date(text, CLOCK) == at


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("over a month ago", A_BOUND),
        ("more than 2 weeks ago", A_BOUND),
        ("30+ days ago", A_BOUND),
        ("posted over a month ago", A_BOUND),
        ("Active 3 days ago", ANOTHER_EVENT),
        ("Last seen yesterday", ANOTHER_EVENT),
        ("Updated 2h ago", ANOTHER_EVENT),
    ],
)
def test_what_is_no_date_of_the_row_is_named(text, reason):
    with pytest.raises(RefusedValueError, match=f"^{reason}$"):
        relative_date(text, CLOCK)


@pytest.mark.parametrize("text", ["30+ days ago", "last week", "5 parsecs ago", "recently", "9999 years ago"])
def test_what_names_no_moment_is_refused(text):
    with pytest.raises(RefusedValueError, match=NO_MOMENT):
        relative_date(text, CLOCK)


def test_a_relative_date_says_so_where_a_date_is_ambiguous():
    with pytest.raises(RefusedValueError, match=TWO_DAYS):
        relative_date("01/02/2026", CLOCK)


def test_no_name_of_a_month_is_another_month_in_another_language():
    names = defaultdict(set)
    for language, width in product(LANGUAGES, ("wide", "abbreviated")):
        for use in ("format", "stand-alone"):
            for month, name in Locale(language).months[use][width].items():
                names[name.casefold().removesuffix(".")].add(month)
    assert all(len(months) == 1 for months in names.values())


@given(MOMENTS)
def test_a_moment_survives_every_spelling(at):
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S GMT", "%B %d, %Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S"):
        assert spelled_date(at.strftime(form)) == at


@given(st.text(), st.sampled_from(["%d/%m/%Y", None]))
def test_any_text_is_read_or_refused(text, form):
    for read in (lambda: spelled_date(text, form), lambda: relative_date(text, CLOCK)):
        try:
            assert read().tzinfo is UTC
        except RefusedValueError:
            continue
