"""A monitoring run in Prometheus' text format, for the textfile collector of a node exporter.

What was not judged has no sample, so that no alert fires on chance.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from components.monitoring.findings import Measure
from components.monitoring.monitoring_report import MonitoringReport
from metier.contract import TABLES

HOUR_SECONDS = 3600
Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the value."""


def write_metrics(report: MonitoringReport, path: Path) -> None:
    """Write the text beside `path` and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), collected(report))


def collected(report: MonitoringReport) -> CollectorRegistry:
    """The run's gauges, all named metier_..."""
    registry = CollectorRegistry()
    for name, documentation, labels, samples in _gauges(report):
        gauge = Gauge(f"metier_{name}", documentation, labels, registry=registry)
        for values, value in samples:
            (gauge.labels(*values) if labels else gauge).set(value)
    return registry


def _gauges(report: MonitoringReport) -> Iterator[tuple[str, str, tuple[str, ...], Iterable[Sample]]]:
    """Name, help, labels and samples."""
    feature = ("view", "feature")
    ages = [(name, hours * HOUR_SECONDS) for (name, _), hours in _measured(report, "freshness")]
    tables = [((name,), age) for name, age in ages if name in TABLES]
    views = [((name,), age) for name, age in ages if name not in TABLES]
    ratios = [((name,), ratio) for (name, _), ratio in _measured(report, "volume")]
    replayed = [((), value) for _, value in _measured(report, "skew")]
    yield "feature_psi", "Population stability index since the reference.", feature, _measured(report, "psi")
    yield "feature_ks", "Two-sample KS statistic of bins since the reference.", feature, _measured(report, "ks")
    yield "feature_null_ratio", "Share of keys that have a null.", feature, _null_ratios(report)
    yield "feature_view_age_seconds", "Time from the newest row to the run's clock.", ("view",), views
    yield "table_age_seconds", "Time from the newest row to the run's clock.", ("table",), tables
    yield "table_volume_ratio", "Rows of the last whole day by the weekday's median.", ("table",), ratios
    if replayed:
        yield "replay_mismatches", "Served feature values that are rebuilt differently.", (), replayed
    yield "monitoring_findings_past", "Findings past their limits.", (), [((), len(report.past))]
    yield "monitoring_as_of_seconds", "The run's clock, in Unix time.", (), [((), report.as_of.timestamp())]


def _measured(report: MonitoringReport, measure: Measure) -> list[tuple[tuple[str, str], float]]:
    return [
        ((finding.subject, finding.column), finding.value)
        for finding in report.of(measure)
        if finding.verdict != "not measured" and finding.value is not None
    ]


def _null_ratios(report: MonitoringReport) -> Iterator[Sample]:
    for view, counts in report.nulls.items():
        for name, nulls in counts.nulls.items():
            if counts.rows:
                yield (view, name), nulls / counts.rows
