"""What monitoring stores, its reference and its report, reads back as it was, also from files of a build before."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from components.monitoring.findings import Finding
from components.monitoring.health import Nulls, Volume
from components.monitoring.histograms import ColumnState, Histogram, ViewState
from components.monitoring.monitoring_report import MonitoringReport
from components.monitoring.reference import Reference
from metier.stored import as_json, from_json

TEXTS = st.text(max_size=5)
MOMENTS = st.datetimes(timezones=st.just(UTC))
COUNTS = st.lists(st.integers(0, 99), max_size=4).map(tuple)
EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3).map(tuple)
NAMES = st.lists(TEXTS | st.just("1.5"), max_size=3).map(tuple)
HISTOGRAMS = st.builds(Histogram, st.just("number"), EDGES, COUNTS) | st.builds(
    Histogram, st.just("category"), NAMES, COUNTS
)
COLUMNS = st.builds(ColumnState, st.integers(0, 9), st.none() | HISTOGRAMS)
VIEWS = st.builds(ViewState, st.integers(0, 9), st.none() | MOMENTS, st.dictionaries(TEXTS, COLUMNS, max_size=2))
LIMITS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(["freshness", "volume", "null rate", "psi", "ks", "skew"]),
    TEXTS,
    TEXTS,
    LIMITS,
    LIMITS,
    LIMITS,
    st.sampled_from(["within", "past", "not measured"]),
    TEXTS,
)
REPORTS = st.builds(
    MonitoringReport,
    MOMENTS,
    TEXTS,
    MOMENTS,
    st.lists(FINDINGS, max_size=2).map(tuple),
    st.lists(st.builds(Volume, TEXTS, st.dates(), COUNTS), max_size=2).map(tuple),
    st.dictionaries(
        TEXTS, st.builds(Nulls, st.integers(0, 9), st.dictionaries(TEXTS, st.integers(0, 9), max_size=2)), max_size=2
    ),
)


@settings(deadline=None)
@given(st.builds(Reference, MOMENTS, st.dictionaries(TEXTS, VIEWS, max_size=2)))
def test_a_reference_is_read_as_it_was_written(tmp_path_factory, reference):
    path = tmp_path_factory.mktemp("monitoring") / "reference.json"
    reference.write(path)
    assert Reference.read(path) == reference


@settings(deadline=None)
@given(REPORTS)
def test_a_report_is_read_as_it_was_written(report):
    assert from_json(MonitoringReport, as_json(report)) == report


def test_a_reference_of_a_build_before_still_reads(tmp_path):
    histogram = {"kind": "number", "bins": [0.5, 2.0], "counts": [1, 2, 3]}
    stored = {"rate": {"nulls": 1, "histogram": histogram}, "title": {"nulls": 0, "histogram": None}}
    view = {"rows": 7, "newest": "2026-03-01T00:00:00+00:00", "columns": stored}
    (tmp_path / "reference.json").write_text(json.dumps({"as_of": "2026-03-02T00:00:00+00:00", "views": {"v": view}}))
    columns = {"rate": ColumnState(1, Histogram("number", (0.5, 2.0), (1, 2, 3))), "title": ColumnState(0)}
    assert Reference.read(tmp_path / "reference.json") == Reference(
        datetime(2026, 3, 2, tzinfo=UTC), {"v": ViewState(7, datetime(2026, 3, 1, tzinfo=UTC), columns)}
    )
