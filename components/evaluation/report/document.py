"""The evaluation report as values: sections of measured figures, comparisons, tables and charts, and how each reads.

Holds figures that were measured elsewhere and computes none; knows no file format but its own JSON.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from components.evaluation.gate import Decision
from components.measures import Interval

Cell = str | int | float | None


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
class Table:
    """Any further figures, such as label maturity or slices. Numbers are right-aligned and rounded for people."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """One line of a chart: x and y of equal length."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


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
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class EvaluationReport:
    """Everything said about one surface's rankers in one run."""

    surface: str
    sections: tuple[Section, ...]
    facts: Mapping[str, Cell] = field(default_factory=dict)
    decision: Decision | None = None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, NaN as None."""
        plain = asdict(self)
        plain["decision"] = self.decision.as_dict() if self.decision else None
        cleaned: dict[str, Any] = _without_nan(plain)
        return cleaned

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "EvaluationReport":
        """The inverse of as_dict."""
        return cls(
            surface=fields["surface"],
            sections=tuple(_section(each) for each in fields["sections"]),
            facts=dict(fields["facts"]),
            decision=Decision.from_dict(fields["decision"]) if fields["decision"] else None,
            warnings=tuple(fields["warnings"]),
        )


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


def _section(fields: Mapping[str, Any]) -> Section:
    return Section(
        title=fields["title"],
        note=fields["note"],
        measured=tuple(Measured(**_with_interval(each)) for each in fields["measured"]),
        compared=tuple(Compared(**_with_interval(each)) for each in fields["compared"]),
        tables=tuple(
            Table(each["name"], tuple(each["header"]), tuple(tuple(row) for row in each["rows"]), each["note"])
            for each in fields["tables"]
        ),
        charts=tuple(
            Chart(**{**each, "curves": tuple(_curve(c) for c in each["curves"])}) for each in fields["charts"]
        ),
    )


def _with_interval(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**fields, "interval": Interval.from_dict(fields["interval"])}


def _curve(fields: Mapping[str, Any]) -> Curve:
    return Curve(fields["label"], _numbers(fields["x"]), _numbers(fields["y"]))


def _numbers(values: list[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    if hasattr(value, "item") and not isinstance(value, str):
        return _without_nan(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
