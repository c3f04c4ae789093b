"""Free texts become plain and lose personal data, counted by column; doing it twice changes nothing."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.texts.free_texts import FREE_TEXTS, TextCounts, plain_texts

JOBS = pa.table(
    {
        "job_id": ["a@b.com", "2", "3", "4"],
        "title": ["Cook  wanted", "Cook", None, "Write to jo@x.com or jo@y.com"],
        "description": ["two\n\n\n\nlines", "call +44 20 7946 0958", "", "Write to jo@x.com"],
        "skills": pa.array([["Py\u200bthon", None], [], None, ["see www.x.com/me", "SQL "]]),
    }
)


def test_texts_are_mended_in_the_columns_that_people_write_and_in_no_other():
    plain, _ = plain_texts("jobs", JOBS)
    assert plain["job_id"].to_pylist() == ["a@b.com", "2", "3", "4"]
    assert plain["title"].to_pylist() == ["Cook wanted", "Cook", None, "Write to [e-mail] or [e-mail]"]
    assert plain["description"].to_pylist() == ["two\n\nlines", "call [phone]", "", "Write to [e-mail]"]
    assert plain["skills"].to_pylist() == [["Python", None], [], None, ["see [link]", "SQL"]]


def test_rows_are_counted_once_and_by_column():
    """Cleaned: row 1 in three columns, row 4 in skills. Masked: rows 2 and 4."""
    _, counts = plain_texts("jobs", JOBS)
    assert (counts.cleaned_rows, counts.cleaned) == (2, {"title": 1, "description": 1, "skills": 2})
    assert counts.masked_rows == 2
    assert counts.masked == {"title": {"e-mail": 2}, "description": {"phone": 1, "e-mail": 1}, "skills": {"link": 1}}


def test_counts_of_parts_add_up():
    _, whole = plain_texts("jobs", JOBS)
    parts = [plain_texts("jobs", JOBS.slice(row, 1))[1] for row in range(4)]
    assert sum(parts, TextCounts()) == whole


def test_equal_texts_count_in_every_row_that_holds_them():
    rows = pa.table({"text": ["jo@x.com", "jo@x.com", "plain"]})
    assert plain_texts("queries", rows)[1] == TextCounts(0, {}, 2, {"text": {"e-mail": 2}})


@pytest.mark.parametrize("name", ["clients", "impressions", "interactions"])
def test_a_table_without_free_texts_passes_as_it_is(name):
    rows = pa.table({"country": ["a@b.com"]})
    assert plain_texts(name, rows) == (rows, TextCounts())


@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(["a@b.com", "x (at) y.com", "www.x.com/a .", "0 at"]))))
def test_what_is_plain_stays_as_it_is(texts):
    for name, columns in FREE_TEXTS.items():
        rows = pa.table({column: pa.array(texts, pa.string()) for column in columns})
        once, _ = plain_texts(name, rows)
        assert plain_texts(name, once) == (once, TextCounts())
