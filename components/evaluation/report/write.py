"""The evaluation report: one document, written as JSON for programs, as HTML for people and as text for a terminal.

Holds figures that were measured elsewhere and computes none. The HTML is one file that needs no network.
"""

from pathlib import Path

from components.evaluation.gate import MEANING
from components.evaluation.report.document import (
    EvaluationReport,
    is_numeric,
    reading_of,
    show_cell,
    show_difference,
    show_interval,
)
from metier.durable import write_whole
from metier.errors import InputError
from metier.stored import as_json, from_json

JSON_FILE = "evaluation.json"
HTML_FILE = "evaluation.html"
TEMPLATE = "report.html.j2"


def write_report(evaluation: EvaluationReport, out_dir: Path) -> Path:
    """Write evaluation.json and evaluation.html into out_dir; returns the HTML's path."""
    write_whole(out_dir / HTML_FILE, render_html(evaluation))
    write_whole(out_dir / JSON_FILE, as_json(evaluation, indent=1) + "\n")
    return out_dir / HTML_FILE


def read_report(out_dir: Path) -> EvaluationReport:
    """The report that write_report left in out_dir."""
    path = out_dir / JSON_FILE
    if not path.exists():
        raise InputError(f"no evaluation at {path}; run `metier pipeline run training` first")
    return from_json(EvaluationReport, path.read_bytes())


def render_html(evaluation: EvaluationReport) -> str:
    """The self-contained page."""
    import jinja2

    from components.evaluation.report import charts

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        cell=show_cell, interval=show_interval, difference=show_difference, reading=reading_of, numeric=is_numeric
    )
    return environment.get_template(TEMPLATE).render(report=evaluation, charts=charts, meaning=MEANING)


def render_text(evaluation: EvaluationReport, width: int = 110) -> str:
    """The report for a terminal, plain text."""
    from components.evaluation.report.terminal import render

    return render(evaluation, width)
