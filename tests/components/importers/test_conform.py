"""Rows to the contract: what is kept, what is rejected and why, what stops the import."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.importers.conform import REASON, REPEATED_KEY, conform
from metier.contract import TABLES
from metier.errors import ContractError, EmptyDataError

CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
NOON = "2026-02-01T12:00:00Z"


def job(**changes):
    row = {
        "job_id": "j1", "title": "Welder", "description": "", "skills": "mig;tig", "openings": "2",
        "visibility": "public", "status": "open", "budget_min_usd": "10.5", "event_timestamp": NOON,
    }  # fmt: skip
    return {**row, **changes}


def click(**changes):
    row = {
        "interaction_id": "i1", "kind": "click", "side": "freelancer", "freelancer_id": "f1", "job_id": "j1",
        "event_timestamp": NOON, "recorded_at": NOON,
    }  # fmt: skip
    return {**row, **changes}


def shown(**values):
    row = {"query_id": "q1", "candidate_id": "f1", "rank": "1", "placement": "exploration"}
    return row | {"event_timestamp": NOON} | values


def conformed(name, *rows):
    return conform(name, pa.Table.from_pylist(list(rows)), CLOCK, "rows.csv")


def reason_of(name, row):
    result = conformed(name, row)
    assert result.rows.num_rows == 0
    assert result.rejected.num_rows == 1
    return result.reasons.to_pylist()[0]


def test_text_becomes_typed_rows_with_defaults_and_absent_columns_filled():
    rows = conformed("jobs", job(), job(job_id="j2", openings="", skills='["mig", "tig; argon"]')).rows
    assert rows.schema.equals(TABLES["jobs"].schema)
    first, second = rows.to_pylist()
    assert (first["openings"], first["skills"], first["budget_min_usd"]) == (2, ["mig", "tig"], 10.5)
    assert (second["openings"], second["skills"]) == (1, ["mig", "tig; argon"])
    assert first["recorded_at"] == first["event_timestamp"] == datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert first["posted_at"] is None


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-02-01T12:00:00Z", 12),
        ("2026-02-01 12:00:00", 12),
        ("2026-02-01 12:00:00 UTC", 12),
        ("2026-02-01T12:00:00+02:00", 10),
        (" 2026-02-01 ", 0),
    ],
)
def test_timestamps_with_and_without_zone_are_utc(text, hour):
    (row,) = conformed("jobs", job(event_timestamp=text)).rows.to_pylist()
    assert row["event_timestamp"] == datetime(2026, 2, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("jobs", job(job_id=""), "job_id is missing"),
        ("jobs", job(title=None), "title is missing"),
        ("jobs", job(openings="two"), "openings is not a whole number"),
        ("jobs", job(openings="1.5"), "openings is not a whole number"),
        ("jobs", job(openings="0"), "openings is below 1"),
        ("jobs", job(budget_min_usd="inf"), "budget_min_usd is not a number"),
        ("jobs", job(budget_min_usd="20", budget_max_usd="10"), "budget_min_usd is above budget_max_usd"),
        ("jobs", job(salary_min_usd="80000", salary_max_usd="60000"), "salary_min_usd is above salary_max_usd"),
        ("jobs", job(posted_at="0001-01-01"), "posted_at is before 1990-01-01"),
        ("jobs", job(status="lost"), "status is not one of open, paused, filled, closed, removed"),
        ("jobs", job(skills="[unquoted]"), "skills is not a list of text"),
        ("jobs", job(event_timestamp="infinity"), "event_timestamp is not a ISO 8601 timestamp"),
        ("jobs", job(event_timestamp="1989-12-31T23:59:59Z"), "event_timestamp is before 1990-01-01"),
        ("jobs", job(event_timestamp="2026-03-01T00:00:01Z"), "event_timestamp is after the run's clock"),
        ("interactions", click(recorded_at="2026-02-01T11:59:59Z"), "recorded_at is before event_timestamp"),
        ("interactions", click(recorded_at="2027-01-01"), "recorded_at is after the run's clock"),
        ("interactions", click(job_id=None), "neither job_id nor client_id is set"),
        ("interactions", click(kind="wink", side=""), "side is missing"),
        ("impressions", shown(propensity="0"), "propensity is below 1e-09"),
        ("impressions", shown(propensity="1.01"), "propensity is above 1"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_reason(name, row, reason):
    assert reason in reason_of(name, row)


def test_an_unknown_surface_is_a_rejected_row():
    query = {"query_id": "q1", "surface": "billboard", "actor_id": "f1", "event_timestamp": NOON}
    assert reason_of("queries", query) == "surface is not one of talent_search, job_feed, applicant_review"


def test_every_reason_of_a_row_is_given_and_the_row_is_kept_as_it_came():
    result = conformed("jobs", job(openings="two", status="lost", note="x"))
    assert result.rejected.to_pylist() == [job(openings="two", status="lost", note="x")]
    assert result.reasons.to_pylist() == [
        "openings is not a whole number; status is not one of open, paused, filled, closed, removed"
    ]
    assert result.warnings == ("rows.csv: columns not in the contract are ignored: note",)


def test_of_one_key_the_first_sound_row_is_kept_and_equal_copies_are_no_fault():
    unsound, first, copy, other = click(kind="wink"), click(), click(recorded_at="2026-02-02"), click(kind="save")
    result = conformed("interactions", unsound, first, copy, other)
    assert result.rows["kind"].to_pylist() == ["click", "click"]
    assert result.reasons.to_pylist()[1] == REPEATED_KEY


def test_a_reason_given_by_the_reader_stands_alone():
    row = {column: None for column in click()} | {REASON: "row has 2 values where the header has 7"}
    result = conformed("interactions", row, click())
    assert result.reasons.to_pylist() == ["row has 2 values where the header has 7"]
    assert REASON not in result.rejected.column_names


def test_a_missing_column_names_table_column_and_type():
    rows = pa.Table.from_pylist([job()]).drop_columns(["title"])
    with pytest.raises(ContractError, match=r"rows\.csv: table jobs lacks column title \(text\); add it"):
        conform("jobs", rows, CLOCK, "rows.csv")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("openings", pa.array([[1]])),
        ("job_id", pa.array([True])),
        ("event_timestamp", pa.array([True])),
        ("skills", pa.array([3])),
        ("budget_min_usd", pa.array([datetime(2026, 1, 1)])),
        ("skills", pa.array([[["mig"]]])),
        ("title", pa.array([{"name": "mig"}])),
    ],
)
def test_a_column_of_a_hopeless_type_names_both_types(column, values):
    rows = pa.Table.from_pylist([job()])
    rows = rows.set_column(rows.column_names.index(column), column, values)
    with pytest.raises(ContractError, match=f"column {column} of table jobs has type .* cannot become .* export it as"):
        conform("jobs", rows, CLOCK, "jobs.parquet")


def test_two_columns_of_one_name_are_refused():
    rows = pa.table([["a"], ["b"]], names=["job_id", "job_id"])
    with pytest.raises(ContractError, match="job_id of jobs occurs twice"):
        conform("jobs", rows, CLOCK, "jobs.parquet")


def test_an_empty_table_is_named():
    with pytest.raises(EmptyDataError, match=r"jobs\.parquet holds no rows for table jobs"):
        conform("jobs", TABLES["jobs"].schema.empty_table(), CLOCK, "jobs.parquet")


def test_other_arrow_types_of_the_same_meaning_are_taken():
    rows = pa.table(
        {
            "job_id": pa.array([17], pa.int32()),
            "client_id": pa.array([4.0]),
            "title": pa.array(["Welder"]).dictionary_encode(),
            "description": pa.array(["steel"], pa.large_string()),
            "skills": pa.array([["mig", None, ""]], pa.large_list(pa.large_string())),
            "budget_min_usd": pa.array([float("nan")]),
            "openings": pa.array([2.0]),
            "visibility": ["public"],
            "status": ["open"],
            "posted_at": pa.array([datetime(2026, 1, 1).date()]),
            "event_timestamp": pa.array([1_769_000_000_123_456_789], pa.timestamp("ns")),
        }
    )
    (row,) = conform("jobs", rows, CLOCK, "jobs.parquet").rows.to_pylist()
    assert (row["job_id"], row["client_id"], row["title"], row["skills"]) == ("17", "4", "Welder", ["mig"])
    assert (row["openings"], row["budget_min_usd"], row["description"]) == (2, None, "steel")
    assert row["posted_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert row["event_timestamp"].microsecond == 123_456


def test_invalid_utf8_in_arrow_text_is_rejected_with_its_text_replaced():
    broken = pa.array([b"Wel\xffder", b"Welder"]).cast(pa.binary()).view(pa.string())
    rows = pa.Table.from_pylist([job(), job(job_id="j2")])
    rows = rows.set_column(rows.column_names.index("title"), "title", broken)
    result = conform("jobs", rows, CLOCK, "jobs.parquet")
    assert result.rows["job_id"].to_pylist() == ["j2"]
    assert result.reasons.to_pylist() == ["title is not valid UTF-8"]
    assert result.rejected["title"].to_pylist() == ["Wel\ufffdder"]


CELLS = st.sampled_from(["", "a", "1", "-1", "2026-01-01", "9999-01-01", "click", "client", "[", "1e400", "nan"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.fixed_dictionaries({name: CELLS for name in [*click(), "value_usd", "rating"]}), min_size=1))
def test_every_row_is_either_kept_or_rejected_with_a_reason(rows):
    result = conformed("interactions", *rows)
    assert result.rows.num_rows + result.rejected.num_rows == len(rows)
    assert all(result.reasons.to_pylist())
    assert len(result.reasons) == result.rejected.num_rows
    result.rows.validate(full=True)
    for column in TABLES["interactions"].columns:
        assert not column.required or result.rows[column.name].null_count == 0
