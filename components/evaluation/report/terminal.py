"""The evaluation report as plain text for a terminal. Shows what it is given and computes nothing."""

import io
from typing import TYPE_CHECKING

from components.evaluation.gate import MEANING
from components.evaluation.report.document import (
    FigureTable,
    Section,
    is_numeric,
    reading_of,
    show_cell,
    show_difference,
    show_interval,
)

if TYPE_CHECKING:
    from rich.console import Console

    from components.evaluation.report.document import EvaluationReport


def render(evaluation: "EvaluationReport", width: int) -> str:
    """Decision first, then each section's tables; no colours, no control characters."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, highlight=False)
    _print(console, f"Evaluation: {evaluation.surface}")
    if evaluation.decision:
        estimand = evaluation.decision.estimand
        meaning = f"estimand: {MEANING[estimand]}" if estimand else "no estimand was conclusive"
        _print(console, f"Decision: {evaluation.decision.verdict} ({meaning})")
        for reason in evaluation.decision.reasons:
            _print(console, f"  - {reason}")
        if evaluation.decision.next_move:
            _print(console, f"Next: {evaluation.decision.next_move}")
    for warning in evaluation.warnings:
        _print(console, f"Warning: {warning}")
    for name, value in evaluation.facts.items():
        _print(console, f"{name}: {show_cell(value)}")
    for section in evaluation.sections:
        _section(console, section)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 - given above
    return file.getvalue()


def _section(console: "Console", section: Section) -> None:
    _print(console, f"\n== {section.title} ==")
    if section.note:
        _print(console, section.note)
    if section.measured:
        rows = tuple(
            (m.ranker, m.metric, show_interval(m.interval), m.interval.n, m.interval.n_actors) for m in section.measured
        )
        _table(console, FigureTable("Measured", ("ranker", "metric", "value [95%]", "queries", "actors"), rows))
    if section.compared:
        compared = tuple(
            (f"{c.ranker} - {c.against}", c.metric, show_difference(c.interval), reading_of(c.interval))
            for c in section.compared
        )
        _table(console, FigureTable("Paired differences", ("pair", "metric", "difference [95%]", "reading"), compared))
    if section.sliced:
        _slices(console, section)
    for table in section.tables:
        _table(console, table)


def _slices(console: "Console", section: Section) -> None:
    """The parts where a difference is clear; the page has all of them."""
    clear = [row for row in section.sliced if row.compared.interval.above_zero or row.compared.interval.below_zero]
    _print(console, f"{len(section.sliced)} parts; in {len(clear)} the difference is clear:" if clear else
           f"{len(section.sliced)} parts; in none is the difference clear.")  # fmt: skip
    if clear:
        rows = tuple(
            (f"{row.slicing}: {row.label}", row.measured.interval.n, row.measured.interval.n_actors,
             show_interval(row.measured.interval), show_difference(row.compared.interval))
            for row in clear
        )  # fmt: skip
        header = ("part", "queries", "actors", clear[0].measured.ranker, f"- {clear[0].compared.against}")
        _table(console, FigureTable("Clear differences", header, rows))


def _table(console: "Console", table: FigureTable) -> None:
    from rich.box import ASCII2
    from rich.table import Table as RichTable
    from rich.text import Text

    rich_table = RichTable(title=Text(table.name), title_justify="left", box=ASCII2)
    for position, name in enumerate(table.header):
        numeric = bool(table.rows) and all(is_numeric(row[position]) for row in table.rows)
        rich_table.add_column(Text(name), justify="right" if numeric else "left")
    for row in table.rows:
        rich_table.add_row(*(Text(show_cell(cell)) for cell in row))
    console.print(rich_table)
    if table.note:
        _print(console, table.note)


def _print(console: "Console", line: str) -> None:
    console.print(line, markup=False)
