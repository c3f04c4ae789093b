"""One monitoring run, written as HTML for people, as JSON for programs and as Prometheus text for a collector.

Holds what was found and computes none of it. Each file is written beside its place and renamed; the page is one file
that needs no network.
"""

from pathlib import Path

from components.monitoring.health import Nulls
from components.monitoring.monitoring_report import MonitoringReport
from metier.durable import write_whole
from metier.errors import InputError
from metier.stored import as_json, from_json

HTML_FILE = "monitoring.html"
JSON_FILE = "monitoring.json"
METRICS_FILE = "metrics.prom"
TEMPLATE = "monitoring.html.j2"


def write_report(report: MonitoringReport, folder: Path) -> Path:
    """Write page, JSON and metrics into `folder`; returns the page's path."""
    from components.monitoring.prometheus import write_metrics

    write_whole(folder / HTML_FILE, render_html(report))
    write_metrics(report, folder / METRICS_FILE)
    write_whole(folder / JSON_FILE, as_json(report, indent=1) + "\n")
    return folder / HTML_FILE


def read_nulls(folder: Path) -> dict[str, Nulls]:
    """Nulls by view that the previous run wrote to `folder`; empty where there was none."""
    path = folder / JSON_FILE
    if not path.exists():
        return {}
    try:
        return dict(from_json(MonitoringReport, path.read_bytes()).nulls)
    except ValueError as error:
        raise InputError(f"{path} is no report of monitoring; remove it and run monitoring again") from error


def render_html(report: MonitoringReport) -> str:
    """The self-contained page."""
    import jinja2

    from components.monitoring import page_charts
    from components.monitoring.findings import show_value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(TEMPLATE).render(report=report, charts=page_charts, show_value=show_value)
