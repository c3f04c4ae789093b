"""Spellings of each kind of cell, and what each is read as: a value, or the reason why none is."""

from datetime import UTC, datetime

NO_DATE = "names no date"
TOO_EARLY = "before 1990-01-01"
TWO_DAYS = "a date whose day and month cannot be told apart"
NO_LIST = "a list that cannot be read"
TWO_MARKS = "a list with two separators; declare 'separator:'"
CUT_OFF = "a list that was cut off"
NESTED = "a list of lists or objects"
NEITHER = "neither yes nor no"
NO_WORD = "not one of the contract's values"


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


NOON = at(2026, 2, 3, 12)
DATES = {
    "2026-02-03": at(2026, 2, 3),
    "2026-02-03T12:00:00Z": NOON,
    "2026-02-03T12:00Z": NOON,
    "2026-02-03 12:00:00": NOON,
    "2026-02-03 07:00:00 -0500": NOON,
    "2026-02-03 07:00:00-05:00": NOON,
    "2026-02-03 12:00:00+00": NOON,
    "2026-02-03 12:00:00.250000+00": at(2026, 2, 3, 12, 0, 0, 250_000),
    "2026-02-03T12:00:00.123456789Z": at(2026, 2, 3, 12, 0, 0, 123_456),
    "2026-02-03 12:00:00 UTC": NOON,
    "2026-02-03 12:00:00 GMT": NOON,
    "2026-02-03 13:00:00 CET": NOON,
    "2026-02-03 21:00 JST": NOON,
    "2026-02-03 13:00:00 Europe/Berlin": NOON,
    "2026-02-03T13:00:00+01:00[Europe/Berlin]": NOON,
    "2026-02-03 07:00:00 America/New_York": NOON,
    "2026-02-03 14:00 GMT+2": NOON,
    "20260203": at(2026, 2, 3),
    "20260203T120000Z": NOON,
    "20260203120000": NOON,
    "2026/02/03": at(2026, 2, 3),
    "1770120000": NOON,
    "1770120000.0": NOON,
    "1770120000000": NOON,
    "1770120000000.0": NOON,
    "1.77012E12": NOON,
    "1.77012e+09": NOON,
    "1770120000000000": NOON,
    "1770120000000000000": NOON,
    "Tue, 03 Feb 2026 12:00:00 +0000": NOON,
    "Tue, 03 Feb 2026 07:00:00 -0500": NOON,
    "Tue Feb  3 12:00:00 2026": NOON,
    "Tue Feb 03 2026 13:00:00 GMT+0100 (Central European Standard Time)": NOON,
    "Feb 3, 2026 12:00 PM": NOON,
    "3 February 2026": at(2026, 2, 3),
    "3. Februar 2026": at(2026, 2, 3),
    "3 de febrero de 2026": at(2026, 2, 3),
    "03.02.2026": at(2026, 2, 3),
    "23/02/2026": at(2026, 2, 23),
    "02/03/2026": TWO_DAYS,
    "2026-W06-2": f"{NO_DATE}: an ISO week is no moment",
    "2026-034": f"{NO_DATE}: an ordinal day of a year is not read",
    "2026-02": f"{NO_DATE}: a month without a day",
    "Feb 2026": f"{NO_DATE}: a month without a day",
    "3/2/26": f"{NO_DATE}: a year of two digits",
    "2026-02-03 12:00:00 EST": f"{NO_DATE} for certain: zone EST means more than one",
    "2026-02-03 12:00:00 XYZ": f"{NO_DATE} for certain: an unknown zone",
    "202602031200": "a number that is a date and seconds since 1970",
    "0001-01-01": TOO_EARLY,
    "0001-01-01T00:00:00": TOO_EARLY,
    "1900-01-01 00:00:00": TOO_EARLY,
    "01.01.1970": TOO_EARLY,
    "0000-00-00": NO_DATE,
    "2026-02-30": NO_DATE,
    "45000": NO_DATE,
    "infinity": NO_DATE,
    "soon": NO_DATE,
}
