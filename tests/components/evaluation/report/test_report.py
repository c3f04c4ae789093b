import html
import json
import math
import re

import numpy as np
import pytest

from components.evaluation.gate import Evidence, Guardrail, decide
from components.evaluation.report import EvaluationReport, read_report, write_report
from components.evaluation.report.document import (
    Chart,
    Compared,
    Curve,
    FigureTable,
    Measured,
    Section,
    Sliced,
    show_cell,
)
from components.evaluation.report.write import render_html, render_text
from components.measures import Interval
from metier.errors import InputError
from metier.stored import as_plain
from tests.components.evaluation.outline import Outline

UNKNOWN = Interval(math.nan, math.nan, math.nan, 0, 0)


@pytest.fixture
def evaluation():
    gain = Interval(0.05, 0.02, 0.08, 1296, 1296)
    section = Section(
        title="Leave last out",
        note="4,485 of 5,328 jobs",
        measured=(
            Measured("TF-IDF", "HR@10", Interval(0.263, 0.24, 0.287, 1296, 1296)),
            Measured("new", "MRR", UNKNOWN),
        ),
        compared=(
            Compared("ensemble", "TF-IDF", "HR@10", gain),
            Compared("neural", "TF-IDF", "HR@10", Interval(-0.05, -0.08, -0.02, 1296, 1296)),
            Compared("neural", "XGBoost", "MRR", UNKNOWN),
        ),
        tables=(FigureTable("Label maturity", ("head", "rows"), (("hire", 56_000), ("<b>accept</b>", None))),),
        sliced=(
            Sliced(
                "category",
                "<i>web</i>",
                0.75,
                Measured("ensemble", "HR@10", Interval(0.311, 0.3, 0.32, 972, 972)),
                Compared("ensemble", "TF-IDF", "HR@10", gain),
            ),
            Sliced(
                "category",
                "law",
                0.25,
                Measured("ensemble", "HR@10", Interval(0.123, 0.1, 0.15, 324, 324)),
                Compared("ensemble", "TF-IDF", "HR@10", Interval(0.01, -0.01, 0.03, 324, 324)),
            ),
        ),
        charts=(
            Chart("Delay", "days", "share", (Curve("hire", (0.0, 5.0, 30.0), (0.0, 0.5, math.nan)),)),
            Chart("Calibration", "predicted", "observed", (Curve("ensemble", (0.1, 0.5), (0.1, 0.4)),), diagonal=True),
        ),
    )
    guardrail = Guardrail("zero-result share", Interval.exact(0.01), 0.02, "at_most")
    decision = decide([Evidence("logged", "NDCG@10", gain)], [guardrail], lineage={"digest": "9f3a"})
    facts = {"jobs in the lake": 5328, "as_of": "2015-01-20"}
    return EvaluationReport("job_feed", (section,), facts, decision, ("82% of targets are cold",))


def test_a_written_report_reads_back_equal(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path / "job_feed")
    assert page.name == "evaluation.html"
    assert as_plain(read_report(tmp_path / "job_feed")) == as_plain(evaluation)
    assert json.loads((tmp_path / "job_feed" / "evaluation.json").read_text())["surface"] == "job_feed"


def test_figures_of_numpy_become_plain_json(tmp_path):
    table = FigureTable("counts", ("n", "share"), ((np.int64(3), np.float32(0.5)),))
    write_report(EvaluationReport("job_feed", (Section("s", tables=(table,)),)), tmp_path)
    assert json.loads((tmp_path / "evaluation.json").read_text())["sections"][0]["tables"][0]["rows"] == [[3, 0.5]]


def test_the_page_is_whole_and_fetches_nothing(evaluation):
    page = render_html(evaluation)
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.fetched == []
    assert "url(http" not in page


def test_the_page_shows_every_figure_and_names_the_verdict(evaluation):
    page = render_html(evaluation)
    for shown in ("0.2630 [0.2400, 0.2870]", "+0.0500 [+0.0200, +0.0800]", "56,000", "82% of targets", "9f3a", "hold"):
        assert shown in page
    assert page.count('<svg role="img" aria-label=') == 4
    assert re.search(r'class="lower">lower<', page)


def test_page_and_terminal_say_what_comes_next(evaluation):
    assert evaluation.decision.next_move
    assert f"Next: {evaluation.decision.next_move}" in html.unescape(render_html(evaluation))
    assert f"Next: {evaluation.decision.next_move[:40]}" in render_text(evaluation, width=200)


def test_names_are_escaped(evaluation):
    page = render_html(evaluation)
    assert "<b>accept</b>" not in page
    assert "<i>web</i>" not in page


def test_the_page_has_every_part_and_the_terminal_those_that_differ(evaluation):
    page, text = render_html(evaluation), render_text(evaluation, width=100)
    assert "category: law" in page
    assert "0.1230 [0.1000, 0.1500]" in page
    assert "+0.0100 [-0.0100, +0.0300]" in page
    assert "2 parts; in 1 the difference is clear" in text
    assert "category: <i>web</i>" in text
    assert "category: law" not in text


def test_the_same_report_gives_the_same_page(evaluation):
    assert render_html(evaluation) == render_html(evaluation)


def test_a_report_without_figures_still_renders():
    empty = EvaluationReport("talent_search", (Section("Nothing measured"),))
    assert "Nothing measured" in render_html(empty)
    assert "Nothing measured" in render_text(empty)


def test_the_terminal_gets_plain_text(evaluation):
    text = render_text(evaluation, width=100)
    assert "Decision: hold (estimand: logged slates re-ranked)" in text
    assert "0.2630 [0.2400, 0.2870]" in text
    assert "<b>accept</b>" in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(
    ("value", "shown"), [(5328, "5,328"), (0.02345, "0.0234"), (12.3456, "12.35"), (None, "–"), (math.nan, "–")]
)
def test_figures_are_rounded_for_people(value, shown):
    assert show_cell(value) == shown


def test_a_missing_report_names_the_command(tmp_path):
    with pytest.raises(InputError, match="metier pipeline run training"):
        read_report(tmp_path)
