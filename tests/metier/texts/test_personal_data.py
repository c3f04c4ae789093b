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
PHONES = (
    "(555) 123-4567", "1-555-123-4567", "555-123-4567", "555.123.4567", "555 123 4567", "+44 20 7946 0958",
    "+919876543210", "07911 123456", "01 23 45 67 89", "(555) 010 - 0199", "(555) 0100199", "-555-010-0199",
    "555-0100199", "Home: 5550100199", "WhatsApp: 9876543210", "Contact 9876543210", "call me: 2125550123",
    "my number is 2125550123", "+1 (212) 555-0123", "+1.212.555.0123", "+1 212 555 0123", "+12125550123",
    "1 800 555 1234", "1 (800) 555-1234", "(212)555-0123", "212-555-0123 ext. 12", "212-555-0123x12",
    "0049 30 1234567", "011 44 20 7946 0958", "+49 (0)30 1234567", "+49-30-1234567", "030/1234567", "030 1234567",
    "0171-1234567", "0171 1234567", "+49 171 1234567", "020 7946 0958", "0207 946 0958", "(020) 7946 0958",
    "+44 (0)20 7946 0958", "(+44) 20 7946 0958", "+33 1 23 45 67 89", "01.23.45.67.89", "+33.1.23.45.67.89",
    "+55 (11) 91234-5678", "+91 98765 43210", "+91-98765-43210", "91-98765-43210", "98765 43210", "+65 6123 4567",
    "0412 345 678", "+61 412 345 678", "8 (495) 123-45-67", "+7 (495) 123-45-67", "+7 495 123 45 67",
    "+380 44 123 4567", "+971 50 123 4567", "tel:+1-201-555-0123", "+86 138 1234 5678", "+81 3-1234-5678",
    "03-1234-5678", "+234 803 123 4567", "+63 917 123 4567", "0917-123-4567", "+92 300 1234567", "0300-1234567",
    "+880 1712-345678", "５５５-１２３-４５６７", "+٩٧١ ٥٠ ١٢٣ ٤٥٦٧", "+1–212–555–0123", "212‑555‑0123",
    "Cell # 212-555-0123",
    "Phone no. 2125550123", "(212) 555 0123.", "+420 123 456 789", "+48 123 456 789", "+351 912 345 678",
    "+972-54-123-4567", "054-123-4567", "+52 55 1234 5678", "+54 9 11 1234-5678", "tel 01632 960123",
    "+44(0)1632 960 123", "(01632) 960123", "07700 900123", "07700-900-123", "+1-415-555-2671 x99", "1.415.555.2671",
    "(415)5552671", "415 - 555 - 2671", "0151/23456789", "0151 23456789", "+49(151)23456789", "089 12345678",
    "06 12 34 56 78", "+33612345678", "11 91234-5678", "(21) 2345-6789", "+5511912345678", "call 9810012345",
    "022 2765 4321", "0345-1234567", "+92-345-1234567", "01712-345678", "(02) 8123 4567", "02 8123 4567",
    "1300 123 456", "090-1234-5678", "050-123-4567", "095 123 45 67", "8-912-345-67-89", "+7(912)345-67-89",
    "(555)-010-0199", "(555).010.0199", "(555) - 010 - 0199", "555 - 010 - 0199", "phone: 555 0100199", "m: 5550100199",
    "☎ 5550100199", "📞️ 555 0100199",
    "1-800-555-0199", "+41 44 668 18 00", "+39 06 1234 5678", "+34 912 34 56 78", "+46 8 123 456 78",
    "+353 1 234 5678", "+30 21 0123 4567", "+84 912 345 678", "+254 712 345678", "+20 100 123 4567",
    "+90 532 123 45 67", "+1 (415) 555–2671", "whatsapp me on 00923451234567", "reach me at 415.555.2671!",
    "ph:4155552671", "Mob. 9876543210", "my office is 2125550123",
)  # fmt: skip
"""Numbers as people of many countries write them."""
NO_PHONES = (
    "1706695200", "id 1234567890", "10 000 000 rows", "call 2024-01-31", "call by 20260131", "C# 12.0.1, Python 3.11",
    "ratio 4:3, 24/7", "100-200 hours", "ISBN 978-3-16-148410-0", "192.168.100.200", "2019-2021 2022-2024",
    "12/05/2024 10:30", "USD 1,200,000 - 2,500,000", "1990 - 2000 - 2010", "10:00-18:00 12-12-2024",
    "40.7128 -74.0060", "ISO 27001:2013", "1920 1080 2560", "zip 94107-1234", "20240131123000", "1.2.3.4",
    "2 000 000 - 3 000 000 records", "$500-1000", "$1,000,000.00/hr", "2026-03-01 10:00:00+05:30", "1 000 000 000",
    "1,000 - 2,000 - 3,000", "from 1999-2004, 2005-2010", "v2.10.123.4567", "order 100200300400", "2024/01/31",
    "budget 15000-20000", "12.50-15.00", "365 days, 1440 minutes", "5000000000", "pages 100-110, 200-210",
    "31.12.2024 - 01.01.2025", "2021 2022 2023", "0.125 0.25 0.333", "1e10", "salary 120000 150000", "PO 4500012345",
    "INV-2024-00012345", "8-10 years, 40-50 hours", "01-01-2024 31-12-2024", "EIN 12-3456789", "call 100 200 300",
    "15 000 - 20 000", "x=123456 y=654321", "4111 1111 1111 1111", "10.000.000-12.000.000", "2024-2025-2026",
    "page 12 of 345, 6789", "1 234 567 890 rows", "123-45-6789", "12 345 678 90 12", "300 x 250 - 728 x 90",
    "0.75-1.25", "07/04/1976 - 04/07/2026", "20.01.2024 - 25.02.2024", "2020/2021/2022", "A4-12345-67890",
    "#00123456", "1,234,567 - 7,654,321", "100000-150000 INR", "00:15:30 - 01:45:30", "97201-97299 zips",
    "port 8080 8443 9090", "ratio 16/9 4/3", "Q1 2024 - Q4 2025", "401 403 404 500", "SAP 4000000123",
    "10-12-2023 - 10-12-2024", "8 - 10 - 12 - 14", "555 hours 1234 jobs", "0800-1700 1000-1500", "0900 - 1800 hrs",
    "10 20 30 40 50", "1024 2048 4096 8192", "3.14159 2.71828", "1995-96 1997-98", "05 06 2024",
    "12 000 km - 15 000 km", "11 000 - 22 000 - 33 000", "2019 2020 2021 2022", "40 000 - 60 000 GBP", "100 200 3000",
    "5-10 years 2015-2020", "home 12345678 sq", "work 40 hours 20240101", "salary 65000-85000", "65000 - 85000 INR",
    "70000 80000", "t: 1706695200", "①②③④⑤⑥⑦⑧⑨⑩", "3½–4½ years", "10⁶–10⁹ rows", "2019–2021 – 2022–2024",
)  # fmt: skip
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


@pytest.mark.parametrize("text", PHONES)
def test_a_phone_number_is_masked_however_it_is_written(text):
    masked, found = mask(f"before {text} after")
    assert found == {PHONE: 1}
    assert sum(map(str.isdigit, masked)) <= len("12")  # an extension


@pytest.mark.parametrize(
    ("text", "masked", "found"),
    [
        ("Mail 𝗮𝗻𝗻𝗮@𝗳𝗶𝗿𝗺.𝗰𝗼𝗺 – now", "Mail [e-mail] – now", {EMAIL: 1}),
        ("“ａｎｎａ＠ｆｉｒｍ．ｃｏｍ”, ⓐ@x.com", "“[e-mail]”, [e-mail]", {EMAIL: 2}),
        ("an​na@fi­rm.com⁠!", "[e-mail]⁠!", {EMAIL: 1}),
        ("𝗖𝗮𝗹𝗹 +1–415–555–0123…", "𝗖𝗮𝗹𝗹 [phone]…", {PHONE: 1}),
        ("𝟱𝟱𝟱-𝟬𝟭𝟬-𝟬𝟭𝟵𝟵, ⑤⑤⑤.⓪①⓪.⓪①⑨⑨, ❺❺❺ ⓿❶⓿ ⓿❶❾❾", "[phone], [phone], [phone]", {PHONE: 3}),
        ("ｈｔｔｐｓ：//ｘ.org/a½ 𝗷𝘂𝘀𝘁", "[link] 𝗷𝘂𝘀𝘁", {LINK: 1}),
    ],
)
def test_styled_letters_hide_nothing_and_stay_where_nothing_is_hidden(text, masked, found):
    assert mask(text) == (masked, Counter(found))


@pytest.mark.parametrize("text", NO_PHONES)
def test_other_numbers_are_no_phone_numbers(text):
    assert mask(f"before {text} after") == (f"before {text} after", Counter())


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


@given(st.text() | st.text("0123456789 +-().@acl:/w") | st.text("𝟬𝟱⑤²½–@𝗮.\u200b +-5"))
def test_masking_twice_changes_nothing(text):
    once, _ = mask(text)
    assert mask(once) == (once, Counter())
