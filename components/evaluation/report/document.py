"""The evaluation report as values: sections of measured figures, comparisons, tables and charts, and how each reads.

Holds figures that were measured elsewhere and computes none; knows no file format.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import PlainSerializer

from components.evaluation.gate import Decision
from components.measures import Interval
from metier.stored import Number


def _plain_cell(value: Any) -> Any:
    """A figure of numpy as Python's own."""
    return value.item() if hasattr(value, "item") else value


Cell = Annotated[bool | str | int | float | None, PlainSerializer(_plain_cell)]
"""A figure or a word of a table; one that is not finite is null in JSON, and reads back as None."""


@dataclass(frozen=True)
class Measured:
    """One ranker's metric."""

    ranker: str
    metric: str
    interval: Interval


@dataclass(frozen=True)
class Compared:
    """`ranker` minus `against` on the same queries."""

    ranker: str
    against: str
    metric: str
    interval: Interval


@dataclass(frozen=True)
class Sliced:
    """A ranker's metric on one part of the queries, `share` of all that have a label of the slicing."""

    slicing: str
    label: str
    share: Number
    measured: Measured
    compared: Compared


@dataclass(frozen=True)
class FigureTable:
    """Any further figures, such as label maturity. Numbers are right-aligned and rounded for people."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """One line of a chart: x and y of equal length."""

    label: str
    x: tuple[Number, ...]
    y: tuple[Number, ...]


@dataclass(frozen=True)
class Chart:
    """A line chart, such as delay curves or calibration; `diagonal` draws y = x for comparison."""

    name: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    note: str = ""
    diagonal: bool = False


@dataclass(frozen=True)
class Section:
    """One protocol: what was measured on which queries, with its comparisons, tables and charts."""

    title: str
    note: str = ""
    measured: tuple[Measured, ...] = ()
    compared: tuple[Compared, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    charts: tuple[Chart, ...] = ()
    sliced: tuple[Sliced, ...] = ()


@dataclass(frozen=True)
class EvaluationReport:
    """Everything said about one surface's rankers in one run."""

    surface: str
    sections: tuple[Section, ...]
    facts: Mapping[str, Cell] = field(default_factory=dict)
    decision: Decision | None = None
    warnings: tuple[str, ...] = ()


def show_cell(value: Cell) -> str:
    """A figure as people read it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) >= 1 else f"{value:.4f}"


def show_interval(interval: Interval) -> str:
    """Value [low, high], four decimals."""
    return f"{show_cell(interval.value)} [{show_cell(interval.low)}, {show_cell(interval.high)}]"


def show_difference(interval: Interval) -> str:
    """Signed value [low, high]."""
    if math.isnan(interval.low):
        return show_interval(interval)
    return f"{interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"


def reading_of(interval: Interval) -> str:
    """What a difference says: higher, lower or no clear difference."""
    return "higher" if interval.above_zero else "lower" if interval.below_zero else "no clear difference"


def is_numeric(value: Cell) -> bool:
    """Whether a cell is right-aligned."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
