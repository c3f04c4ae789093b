"""One monitoring run, written as HTML for people, as JSON for programs and as Prometheus text for a collector.

Holds what was found and computes none of it. Each file is written beside its place and renamed; the page is one file
that needs no network.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.monitoring.document import MonitoringReport
from components.monitoring.health import Nulls
from metier.durable import write_whole
from metier.errors import InputError

HTML_FILE = "monitoring.html"
JSON_FILE = "monitoring.json"
METRICS_FILE = "metrics.prom"
TEMPLATE = "monitoring.html.j2"


def write_report(report: MonitoringReport, folder: Path) -> Path:
    """Write page, JSON and metrics into `folder`; returns the page's path."""
    from components.monitoring.metrics import write_metrics

    write_whole(folder / HTML_FILE, render_html(report))
    write_metrics(report, folder / METRICS_FILE)
    document = json.dumps(_plain(asdict(report)), indent=1, allow_nan=False)
    write_whole(folder / JSON_FILE, document + "\n")
    return folder / HTML_FILE


def read_nulls(folder: Path) -> dict[str, Nulls]:
    """Nulls by view that the previous run wrote to `folder`; empty where there was none."""
    path = folder / JSON_FILE
    if not path.exists():
        return {}
    try:
        fields = json.loads(path.read_text("utf-8"))
        return {view: Nulls(each["rows"], dict(each["nulls"])) for view, each in fields["nulls"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no report of monitoring; remove it and run monitoring again") from error


def render_html(report: MonitoringReport) -> str:
    """The self-contained page."""
    import jinja2

    from components.evaluation.report.document import show_cell
    from components.monitoring import charts

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = show_cell
    return environment.get_template(TEMPLATE).render(report=report, charts=charts)


def _plain(value: Any) -> Any:
    """As JSON knows it: times as text, what is not finite as None."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
