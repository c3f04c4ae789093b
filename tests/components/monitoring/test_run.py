"""A whole run on a small home: its lake, its feature tables as the pipeline builds them, its reference and report."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.monitoring.findings import Limits, require
from components.monitoring.page import read_nulls
from components.monitoring.run import monitor, page_path, reference_path, watched_views
from feature_repo.build.aggregates import build_feature_tables
from feature_repo.build.corpus import distinct_texts, write_text_views
from metier.contract import TABLES
from metier.errors import ValidationError
from metier.lake import Lake
from metier.settings import Settings

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
FREELANCERS = 300


@pytest.fixture
def home(tmp_path):
    """Freelancers, one of whom applied to the only job a day ago; no client and nothing served."""
    clock = {"event_timestamp": NOW - 9 * DAY, "recorded_at": NOW - 9 * DAY}
    rows = {
        "freelancers": [
            {"freelancer_id": f"f{i}", "title": f"Welder {i}", "overview": "", "skills": ["mig"], "city": "Oslo",
             "hourly_rate_usd": 20.0 + i % 50, "status": "listed", **clock} for i in range(FREELANCERS)
        ],
        "jobs": [{"job_id": "j", "title": "Weld", "description": "", "skills": [], "openings": 1,
                  "visibility": "public", "status": "open", **clock}],
        "interactions": [{"interaction_id": "i", "kind": "apply", "side": "freelancer", "freelancer_id": "f0",
                          "job_id": "j", "event_timestamp": NOW - DAY, "recorded_at": NOW - DAY}],
    }  # fmt: skip
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    for name, each in rows.items():
        lake.append(name, pa.Table.from_pylist(each, TABLES[name].schema))
    build_feature_tables(lake, NOW, settings.features)
    corpus = distinct_texts(lake, NOW)
    write_text_views(settings.features, corpus.keys, np.ones((len(corpus.keys), 4), np.float32))
    return settings


def change(settings, view, column, alter):
    """Rewrite a column of a feature table."""
    for path in (settings.features / view).glob("*.parquet"):
        table = pq.read_table(path)
        place = table.column_names.index(column)
        values = [alter(value) for value in table[column].to_pylist()]
        pq.write_table(
            table.set_column(place, table.schema.field(place), pa.array(values, table.schema.types[place])), path
        )


def verdicts(report, measure):
    return {(finding.subject, finding.column): finding.verdict for finding in report.of(measure)}


def test_the_first_run_stores_the_reference_and_measures_every_declared_feature(home):
    report = monitor(home, NOW, "digest")
    assert (report.past, report.reference_as_of) == ([], NOW)
    assert reference_path(home).exists()
    watched = {(view.name, column) for view in watched_views(home.features) for column in view.columns}
    assert set(verdicts(report, "null rate")) == watched
    assert verdicts(report, "psi")["freelancer_profile", "hourly_rate_usd"] == "within"
    assert verdicts(report, "psi")["client_profile", "country"] == "not measured"
    assert verdicts(report, "freshness")["clients", ""] == "not measured"
    assert verdicts(report, "skew") == {("served features", ""): "not measured"}
    assert read_nulls(page_path(home).parent) == report.nulls


def test_a_later_run_finds_the_rate_that_drifted_and_the_city_that_emptied(home):
    monitor(home, NOW, "digest")
    change(home, "freelancer_profile", "hourly_rate_usd", lambda rate: 10 * rate)
    change(home, "freelancer_profile", "city", lambda city: None)
    report = monitor(home, NOW + DAY, "digest")
    assert {(finding.measure, finding.column) for finding in report.past} == {
        ("psi", "hourly_rate_usd"),
        ("ks", "hourly_rate_usd"),
        ("null rate", "city"),
    }
    assert report.reference_as_of == NOW
    with pytest.raises(
        ValidationError, match=r"null rate of freelancer_profile\.city is 100 %-points \(at most 10 %-points\)"
    ):
        require(report.findings, "page")


def test_a_new_reference_is_what_the_next_run_is_compared_with(home):
    monitor(home, NOW, "digest")
    change(home, "freelancer_profile", "hourly_rate_usd", lambda rate: 10 * rate)
    assert monitor(home, NOW, "digest", new_reference=True).past == []
    assert monitor(home, NOW, "digest").past == []


def test_what_nobody_fed_for_two_days_is_stale(home):
    monitor(home, NOW, "digest")
    report = monitor(home, NOW + 2 * DAY, "digest", limits=Limits(slow_freshness_hours=10 * 24.0))
    stale = {subject for (subject, _), verdict in verdicts(report, "freshness").items() if verdict == "past"}
    assert {"interactions", "freelancers", "jobs", "freelancer_profile"} <= stale


def test_the_state_of_monitoring_holds_no_id_and_no_text(home):
    monitor(home, NOW, "digest")
    kept = [reference_path(home), *page_path(home).parent.iterdir()]
    assert len(kept) == 4
    for path in kept:
        assert "Weld" not in path.read_text()
        assert '"f0"' not in path.read_text()
