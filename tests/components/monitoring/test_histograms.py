"""What is counted of a feature table's newest versions: real Parquet files, small enough to count by hand."""

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.monitoring.histograms import MOST_CATEGORIES, WatchedView, measure
from components.monitoring.reference import Reference
from feature_repo.offline.asof_read import VersionReader
from metier.errors import FeatureError, InputError

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STAMP = pa.timestamp("us", tz="UTC")
TYPES = {
    "rate": pa.float32(),
    "city": pa.string(),
    "title": pa.string(),
    "skills": pa.list_(pa.string()),
    "verified": pa.bool_(),
    "joined_at": STAMP,
}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """States of a table whose versions are (key, day, values by column)."""
    folder = tmp_path_factory.mktemp("features")
    reader = VersionReader("500MB", 1, folder / ".spill")

    def read(versions, column, *, as_of=START + 9 * DAY, reference=None):
        times = pa.array([START + day * DAY for _, day, _ in versions], STAMP)
        columns = {
            "key": pa.array([key for key, _, _ in versions], pa.string()),
            "event_timestamp": times,
            "recorded_at": times,
            column: pa.array([value for _, _, value in versions], TYPES[column]),
        }
        pq.write_table(pa.table(columns), folder / "v.parquet")
        return measure(reader, WatchedView("v", folder / "v.parquet", "key", (column,)), as_of, reference)

    return read


def of(values, day=0):
    return [(f"k{place}", day, value) for place, value in enumerate(values)]


def test_only_the_newest_version_of_a_key_by_then_is_counted(read):
    versions = [("a", 0, 1.0), ("a", 2, 2.0), ("a", 5, None), ("b", 1, 4.0)]
    then = read(versions, "rate", as_of=START + 3 * DAY)
    assert (then.rows, then.newest, then.columns["rate"].nulls) == (2, START + 2 * DAY, 0)
    now = read(versions, "rate")
    assert (now.rows, now.newest, now.columns["rate"].nulls) == (2, START + 5 * DAY, 1)


def test_edges_lie_midway_between_minimum_deciles_and_maximum(read):
    counted = read(of([float(value) for value in range(1, 101)]), "rate").columns["rate"].histogram
    assert counted.bins[1:] == (5.5, *(float(edge) for edge in range(15, 96, 10)), 100.0)
    assert counted.counts == (0, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 5, 0)


def test_a_shared_value_that_moves_a_little_stays_in_its_bin(read):
    others = [0.0, 0.25, 0.5, 1.0]
    reference = read(of([*others, *[0.375] * 40]), "rate")
    moved = read(of([*others, *[0.3828125] * 40]), "rate", reference=reference)
    assert moved.columns["rate"].histogram == reference.columns["rate"].histogram
    assert max(moved.columns["rate"].histogram.counts) >= 40


def test_what_leaves_the_range_of_the_reference_has_bins_of_its_own(read):
    reference = read(of([1.0, 2.0, 3.0]), "rate")
    counted = read(of([-7.0, 0.5, 2.0, 99.0]), "rate", reference=reference).columns["rate"].histogram
    assert counted.bins == reference.columns["rate"].histogram.bins
    assert (counted.counts[0], counted.counts[-1], counted.total) == (2, 1, 4)


def test_a_constant_column_that_changes_leaves_its_bin(read):
    reference = read(of([5.0] * 4), "rate")
    assert reference.columns["rate"].histogram.counts == (0, 4, 0)
    below = read(of([3.0] * 4), "rate", reference=reference)
    assert below.columns["rate"].histogram.counts == (4, 0, 0)


def test_a_column_of_nulls_alone_has_no_bins_and_later_values_are_still_counted(read):
    reference = read(of([None, None]), "rate").columns["rate"]
    assert (reference.nulls, reference.histogram.bins, reference.histogram.counts) == (2, (), (0,))
    later = read(of([1.0, None]), "rate", reference=read(of([None]), "rate")).columns["rate"]
    assert (later.nulls, later.histogram.counts) == (1, (1,))


def test_a_view_without_rows_has_empty_counts(read):
    for column in TYPES:
        state = read([], column)
        assert (state.rows, state.newest, state.columns[column].nulls) == (0, None, 0)
        assert state.columns[column].histogram is None or state.columns[column].histogram.total == 0


def test_numbers_that_are_not_finite_are_missing(read):
    column = read(of([1.0, math.nan, math.inf, None]), "rate").columns["rate"]
    assert (column.nulls, column.histogram.total) == (3, 1)


def test_a_category_never_seen_before_is_among_the_others(read):
    reference = read(of(["Oslo", "Oslo", "Bergen", None]), "city")
    assert reference.columns["city"].histogram.bins == ("Oslo", "Bergen")
    now = read(of(["Oslo", "Narvik", "Tromsø"]), "city", reference=reference).columns["city"]
    assert now.histogram.counts == (1, 0, 2)


def test_only_the_most_frequent_categories_are_listed(read):
    many = [f"city {place:02}" for place in range(MOST_CATEGORIES + 5)]
    counted = read(of([*many, many[-1]]), "city").columns["city"].histogram
    assert counted.bins == (many[-1], *many[: MOST_CATEGORIES - 1])
    assert counted.counts[-1] == 5


def test_texts_that_name_someone_are_not_kept(read):
    state = read(of(["Ada Lovelace, analyst", None]), "title")
    assert (state.columns["title"].nulls, state.columns["title"].histogram) == (1, None)
    assert "Lovelace" not in repr(state)


def test_moments_drift_with_the_clock_so_only_their_nulls_are_counted(read):
    column = read(of([START, None]), "joined_at").columns["joined_at"]
    assert (column.nulls, column.histogram) == (1, None)


def test_lists_are_watched_by_length_and_truths_as_categories(read):
    lists = read(of([["a", "b"], [], None]), "skills").columns["skills"]
    assert (lists.nulls, lists.histogram.bins[1:], lists.histogram.counts) == (1, (1.0, 2.0), (0, 1, 1, 0))
    truths = read(of([True, True, False]), "verified").columns["verified"].histogram
    assert (truths.bins, truths.counts) == (("true", "false"), (2, 1, 0))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, width=32) | st.none(), min_size=1, max_size=30),
    st.lists(st.floats(-1e6, 1e6, width=32) | st.none(), min_size=1, max_size=30),
)
def test_counts_are_those_of_numpy_for_the_same_edges(read, before, now):
    reference = read(of(before), "rate")
    column = read(of(now), "rate", reference=reference).columns["rate"]
    values = [value for value in now if value is not None]
    places = np.searchsorted(column.histogram.bins, values, side="left")
    assert list(column.histogram.counts) == list(np.bincount(places, minlength=len(column.histogram.bins) + 1))
    assert column.nulls + column.histogram.total == len(now)


def test_a_reference_reads_back_equal(read, tmp_path):
    views = {
        "numbers": read(of([0.1, 0.7, None]), "rate"),
        "names": read(of(["Oslo"]), "city"),
        "none": read([], "title"),
    }
    written = Reference(START, views)
    written.write(tmp_path / "monitoring" / "reference.json")
    assert Reference.read(tmp_path / "monitoring" / "reference.json") == written
    assert [path.name for path in (tmp_path / "monitoring").iterdir()] == ["reference.json"]


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"as_of": "2026-01-01", "views": {"v": {"rows": 1}}})])
def test_a_file_that_is_no_reference_names_the_next_move(text, tmp_path):
    (tmp_path / "reference.json").write_text(text)
    with pytest.raises(InputError, match="remove it"):
        Reference.read(tmp_path / "reference.json")


def test_a_missing_table_or_column_names_the_command(read, tmp_path):
    reader = VersionReader("500MB", 1, tmp_path)
    with pytest.raises(FeatureError, match="metier pipeline run features"):
        measure(reader, WatchedView("v", tmp_path / "v.parquet", "key", ("rate",)), START, None)
    pq.write_table(pa.table({"key": ["a"]}), tmp_path / "v.parquet")
    with pytest.raises(FeatureError, match=r"lacks \['rate'\]"):
        measure(reader, WatchedView("v", tmp_path / "v.parquet", "key", ("rate",)), START, None)
