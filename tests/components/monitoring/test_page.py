"""A report as page, JSON and metrics."""

import json
import math
from datetime import UTC, date, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from components.monitoring.findings import measured, unmeasured
from components.monitoring.health import Nulls, Volume
from components.monitoring.monitoring_report import MonitoringReport
from components.monitoring.page import read_nulls, render_html, write_report
from components.monitoring.page_charts import nulls_chart, psi_chart
from metier.errors import InputError
from tests.components.evaluation.outline import Outline

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NULLS = {"job_profile": Nulls(8, {"city": 2, "<b>bold</b>": 8}), "empty": Nulls(0, {"city": 0})}


@pytest.fixture
def report():
    findings = (
        measured("freshness", "queries", value=0.5, high=48.0),
        measured("freshness", "job_profile", value=96.0, high=48.0),
        measured("volume", "queries", value=0.25, low=0.5, high=2.0, note="25 rows; its weekday has 100"),
        unmeasured("skew", "served features", note="nothing was served"),
        measured("psi", "job_profile", "city", value=0.75, high=0.25),
        unmeasured("psi", "job_profile", "<b>bold</b>", value=math.inf, note="few"),
        measured("null rate", "job_profile", "city", value=0.25, high=0.1),
    )
    volumes = (Volume("queries", date(2026, 3, 1), (100, *[90] * 6, 25)), Volume("jobs", date(2026, 3, 1), (0,)))
    return MonitoringReport(NOW, "9f3a", NOW, findings, volumes, NULLS)


def test_the_page_is_whole_fetches_nothing_and_shows_three_charts(report):
    page = render_html(report)
    outline = Outline()
    outline.feed(page)
    assert (outline.open, outline.fetched) == ([], [])
    assert page.startswith("<!doctype html>")
    assert page.count('<svg role="img" aria-label=') == 3


def test_the_page_names_what_is_past_and_escapes_names(report):
    page = render_html(report)
    assert "7 findings: 4 past their limits, 2 not measured" in page
    assert "<li>psi of job_profile.city is 0.75 (at most 0.25)</li>" in page
    assert "25 rows; its weekday has 100" in page
    assert "<b>" not in page


def test_no_bar_is_drawn_where_nothing_drifts():
    findings = tuple(measured("psi", "job_profile", f"column {i}", value=i / 1000, high=0.25) for i in range(30))
    page = render_html(MonitoringReport(NOW, "", NOW, findings, (), {}))
    assert "Nothing drifted: no PSI that was measured reaches 0.1." in page
    assert "<svg" not in page


def test_only_what_shifted_has_a_bar():
    findings = (
        measured("psi", "v", "shifted", value=0.2, high=0.25),
        measured("psi", "v", "quiet", value=0.01, high=0.25),
    )
    drawn = psi_chart(findings)
    assert "v.shifted" in drawn
    assert "v.quiet" not in drawn


def test_every_value_and_limit_has_its_unit(report):
    page = render_html(report)
    for shown in ("0.5 h", "48 h", "0.25 × usual", "25 %-points", "10 %-points"):
        assert f'<td class="number">{shown}</td>' in page
    assert measured("null rate", "v", "c", value=0.25, high=0.1).render() == (
        "null rate of v.c is 25 %-points (at most 10 %-points)"
    )
    assert "share of nulls, %" in nulls_chart(NULLS, ())


def test_a_report_without_findings_still_renders():
    empty = MonitoringReport(NOW, "", NOW, (), (), {})
    assert "0 findings: 0 past their limits" in render_html(empty)


def test_three_files_are_written_and_nothing_stays_beside_them(report, tmp_path):
    page = write_report(report, tmp_path / "monitoring")
    write_report(report, tmp_path / "monitoring")
    assert page.read_text() == render_html(report)
    names = {path.name for path in page.parent.iterdir()}
    assert names == {"monitoring.html", "monitoring.json", "metrics.prom"}


def test_json_holds_every_finding_with_value_limit_and_verdict(report, tmp_path):
    write_report(report, tmp_path)
    document = json.loads((tmp_path / "monitoring.json").read_text())
    assert document["as_of"] == "2026-03-02T00:00:00+00:00"
    assert len(document["findings"]) == 7
    assert document["findings"][2] == {
        "measure": "volume",
        "subject": "queries",
        "column": "",
        "value": 0.25,
        "low": 0.5,
        "high": 2.0,
        "verdict": "past",
        "note": "25 rows; its weekday has 100",
    }
    assert document["findings"][5]["value"] is None


def test_nulls_read_back_equal_for_the_next_run(report, tmp_path):
    assert read_nulls(tmp_path) == {}
    write_report(report, tmp_path)
    assert read_nulls(tmp_path) == NULLS


def test_a_file_that_is_no_report_names_the_next_move(tmp_path):
    (tmp_path / "monitoring.json").write_text("{}")
    with pytest.raises(InputError, match="remove it and run monitoring again"):
        read_nulls(tmp_path)


def test_metrics_are_what_prometheus_reads_and_hold_only_what_was_judged(report, tmp_path):
    write_report(report, tmp_path)
    families = text_string_to_metric_families((tmp_path / "metrics.prom").read_text())
    samples = {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}
    assert samples == {
        ("metier_feature_psi", "city", "job_profile"): 0.75,
        ("metier_feature_null_ratio", "city", "job_profile"): 0.25,
        ("metier_feature_null_ratio", "<b>bold</b>", "job_profile"): 1.0,
        ("metier_feature_view_age_seconds", "job_profile"): 96 * 3600,
        ("metier_table_age_seconds", "queries"): 1800,
        ("metier_table_volume_ratio", "queries"): 0.25,
        ("metier_monitoring_findings_past",): 4,
        ("metier_monitoring_as_of_seconds",): NOW.timestamp(),
    }
