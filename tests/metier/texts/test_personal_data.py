"""Addresses, numbers and links are masked and counted; prices, years, dates and versions are not."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.texts.personal_data import EMAIL, LINK, PHONE, mask

PRICES = st.builds(
    "{}{:,.2f}{}".format, st.sampled_from(["$", "USD ", "€"]), st.floats(0, 1e9), st.sampled_from(["", "/hr"])
)
RANGES = st.builds("${:,}-{:,}".format, st.integers(0, 10**7), st.integers(0, 10**7))
YEARS = st.builds(
    "{}{}{}".format, st.integers(1900, 2100), st.sampled_from(["-", " - ", "/", ", "]), st.integers(1900, 2100)
)
VERSIONS = st.lists(st.integers(0, 999), min_size=2, max_size=5).map(lambda parts: ".".join(map(str, parts)))
DAYS = st.dates(date(1970, 1, 1)).map(date.isoformat)
TIMES = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}+05:30")
HARMLESS = st.one_of(PRICES, RANGES, YEARS, VERSIONS, DAYS, TIMES)
CUES = st.sampled_from(["pay", "since", "version", "on", "from", "call us by", "phone support"])


@pytest.mark.parametrize(
    ("text", "masked", "found"),
    [
        ("Write to a.b+c@x-y.co.uk, now", "Write to [e-mail], now", {EMAIL: 1}),
        ("jo [at] x [dot] com or jo(at)x.com", "[e-mail] or [e-mail]", {EMAIL: 2}),
        ("mailto:jo@x.com.", "mailto:[e-mail].", {EMAIL: 1}),
        ("(555) 123-4567, 1-555-123-4567", "[phone], [phone]", {PHONE: 2}),
        ("+44 20 7946 0958 or +919876543210.", "[phone] or [phone].", {PHONE: 2}),
        ("07911 123456; 01 23 45 67 89", "[phone]; [phone]", {PHONE: 2}),
        ("WhatsApp: 9876543210", "WhatsApp: [phone]", {PHONE: 1}),
        ("see https://x.com/a?b=c@d.com. And www.foo.org/p, t.me/jo", "see [link]. And [link], [link]", {LINK: 3}),
        ("(https://x.com/555-123-4567)", "([link])", {LINK: 1}),
    ],
)
def test_personal_data_is_masked_and_counted(text, masked, found):
    assert mask(text) == (masked, Counter(found))


@pytest.mark.parametrize(
    "text",
    [
        "Node.js/Express, ASP.NET/C#, and/or", "1706695200", "id 1234567890", "10 000 000 rows", "call 2024-01-31",
        "call by 20260131", "Nurse @ St.Mary", "C# 12.0.1, Python 3.11", "ratio 4:3, 24/7", "100-200 hours", "@handle",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text):
    assert mask(text) == (text, Counter())


@given(st.lists(st.tuples(CUES, HARMLESS).map(" ".join), max_size=4).map(", ".join))
def test_prices_years_versions_and_dates_are_no_phone_numbers(text):
    assert mask(text) == (text, Counter())


@given(
    st.lists(
        st.sampled_from(
            [("jo@x.com", EMAIL), ("555-123-4567", PHONE), ("+44 20 7946 0958", PHONE), ("http://x.org/a", LINK)]
        )
    ),
    st.data(),
)
def test_every_one_among_harmless_words_is_counted_once(given_data, data):
    words = [word for text, _ in given_data for word in (data.draw(HARMLESS), "or", text, "or")]
    masked, found = mask(" ".join(words))
    assert found == Counter(kind for _, kind in given_data)
    assert not any(text in masked for text, _ in given_data)


@given(st.text() | st.text("0123456789 +-().@acl:/w"))
def test_masking_twice_changes_nothing(text):
    once, _ = mask(text)
    assert mask(once) == (once, Counter())
