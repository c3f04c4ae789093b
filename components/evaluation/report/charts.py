"""Charts of the evaluation report as inline SVG: what was measured, paired differences, curves.

Colours are the Okabe-Ito set, which people with colour-vision deficiencies tell apart; every chart also stands in the
page as a table or has its meaning in markers and position. Draws figures and computes none.
"""

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from components.evaluation.report.document import Chart, Compared, Measured

Row = TypeVar("Row", "Measured", "Compared")
WIDTH_INCHES = 8.2
ROW_INCHES = 0.3
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8a6d00", "#56B4E9", "#444444")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GAIN, LOSS, UNCLEAR = "#0072B2", "#D55E00", "#6b7280"
INK, RULE = "#1f2933", "#d6dae0"
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "metier",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
}


def measured_chart(measured: Sequence["Measured"]) -> Markup:
    """A bar with its interval per ranker, one panel per metric."""
    by_metric = _by_metric(measured)
    figure, every = panels([_row_height(rows) for rows in by_metric.values()])
    for (metric, rows), axes in zip(by_metric.items(), every, strict=True):
        positions = range(len(rows))
        values = [row.interval.value for row in rows]
        axes.barh(positions, values, height=0.62, color="#9cc3de", edgecolor="none")
        axes.errorbar(values, positions, xerr=_whiskers(rows), fmt="none", ecolor=INK, elinewidth=1.3, capsize=3)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        name_rows(axes, metric, [row.ranker for row in rows])
    return svg(figure, "Value and 95% interval of each ranker: " + ", ".join(by_metric))


def compared_chart(compared: Sequence["Compared"]) -> Markup:
    """Forest plot: each paired difference with its interval beside zero, one panel per metric."""
    by_metric = _by_metric(compared)
    figure, every = panels([_row_height(rows) for rows in by_metric.values()])
    for (metric, rows), axes in zip(by_metric.items(), every, strict=True):
        for position, (row, low, high) in enumerate(zip(rows, *_whiskers(rows), strict=True)):
            colour, marker = _reading(row)
            whiskers = [[low], [high]]
            axes.errorbar(
                row.interval.value, position, xerr=whiskers, fmt=marker, color=colour, markersize=6, elinewidth=1.8
            )
        axes.axvline(0, color=INK, linewidth=1)
        name_rows(axes, f"{metric}, difference", [f"{row.ranker} − {row.against}" for row in rows])
    return svg(figure, "Paired differences with 95% intervals: " + ", ".join(by_metric))


def curve_chart(chart: "Chart") -> Markup:
    """Lines, such as delay curves or a calibration curve."""
    figure, (axes,) = panels([3.3])
    if chart.diagonal:
        largest = max((*(value for curve in chart.curves for value in (*curve.x, *curve.y) if value == value), 0.0))
        axes.plot([0, largest], [0, largest], color=UNCLEAR, linewidth=1, linestyle="--", label="as observed")
    for position, curve in enumerate(chart.curves):
        colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
        point_marker = marker if len(curve.x) <= 20 else None
        axes.plot(curve.x, curve.y, color=colour, marker=point_marker, markersize=4.5, linewidth=1.8, label=curve.label)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.curves:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    _light_grid(axes, "both")
    return svg(figure, f"{chart.name}: {chart.y_label} by {chart.x_label}")


def _by_metric(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by metric, both in order of first appearance."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.metric, []).append(row)
    return grouped


def _row_height(rows: Sequence[Row]) -> float:
    return 0.8 + ROW_INCHES * len(rows)


def panels(heights: Sequence[float]) -> tuple["Figure", list["Axes"]]:
    """One panel per row of the page, so that labels stay readable; heights in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), layout=ConstrainedLayoutEngine(h_pad=0.12))
        axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
    return figure, [row[0] for row in axes]


def name_rows(axes: "Axes", title: str, names: Sequence[str]) -> None:
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    _light_grid(axes, "x")


def _whiskers(rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    """Distances from the value to its bounds; no interval, no whisker."""
    low = [0.0 if math.isnan(row.interval.low) else max(0.0, row.interval.value - row.interval.low) for row in rows]
    high = [0.0 if math.isnan(row.interval.high) else max(0.0, row.interval.high - row.interval.value) for row in rows]
    return low, high


def _reading(row: "Compared") -> tuple[str, str]:
    """Colour and marker of a difference: two ways to see one thing."""
    if row.interval.above_zero:
        return GAIN, "o"
    return (LOSS, "s") if row.interval.below_zero else (UNCLEAR, "D")


def _light_grid(axes: "Axes", which: Literal["x", "both"]) -> None:
    axes.set_axisbelow(True)
    axes.grid(axis=which, color=RULE, linewidth=0.6)
    axes.tick_params(length=0)


def svg(figure: "Figure", described: str) -> Markup:
    """The figure as an <svg> element of full width with a description for screen readers."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    opening = Markup('<svg role="img" aria-label="{}"').format(described)
    return opening + Markup(drawn.removeprefix("<svg"))  # noqa: S704 - drawn by matplotlib, which escapes labels
