"""Charts of the monitoring page: drift and nulls as bars, volume by day as lines.

In the style of the evaluation report. Draws findings and computes none.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from components.evaluation.report.charts import GAIN, INK, LOSS, curve_chart, name_rows, panels, svg
from components.evaluation.report.document import Chart, Curve
from components.monitoring.findings import Finding
from components.monitoring.health import Nulls, Volume, usual

MOST_BARS = 30
BAR_INCHES = 0.24
SMALL_SHIFT = 0.1
"""A smaller PSI is no shift by Siddiqi's rule of thumb (see drift.py): it has no bar."""
Bar = tuple[str, float, bool]
"""Name, value, and whether it is past its limit."""


def psi_chart(findings: Sequence[Finding]) -> Markup:
    """The largest PSI that are a shift at all, and their limit; empty where nothing drifted."""
    shifted = [
        finding for finding in findings if finding.verdict != "not measured" and (finding.value or 0.0) >= SMALL_SHIFT
    ]
    bars = [
        (f"{finding.subject}.{finding.column}", finding.value or 0.0, finding.verdict == "past") for finding in shifted
    ]
    return _bars(bars, "PSI since the reference", shifted[0].high if shifted else None)


def nulls_chart(nulls: Mapping[str, Nulls], findings: Sequence[Finding]) -> Markup:
    """The largest shares of nulls; marked where they moved past the limit."""
    moved = {(finding.subject, finding.column) for finding in findings if finding.verdict == "past"}
    bars = [
        (f"{view}.{name}", 100 * count / columns.rows, (view, name) in moved)
        for view, columns in nulls.items()
        for name, count in columns.nulls.items()
        if count
    ]
    return _bars(bars, "share of nulls, %", None)


def volume_chart(volumes: Sequence[Volume]) -> Markup:
    """Rows by day of each table, as multiples of what is usual for the last day."""
    curves = []
    for table in volumes:
        before = usual(table)
        if before:
            days = range(1 - len(table.rows), 1)
            curves.append(Curve(table.table, tuple(map(float, days)), tuple(rows / before for rows in table.rows)))
    if not curves:
        return Markup("")
    return curve_chart(
        Chart("Volume by day", "days before the last whole day", "rows / median of the weekday", tuple(curves))
    )


def _bars(bars: Sequence[Bar], title: str, limit: float | None) -> Markup:
    """The largest bars; those past their limit differ in colour and hatching. Empty where there are none."""
    largest = sorted(bars, key=lambda bar: (-bar[1], bar[0]))[:MOST_BARS]
    if not largest:
        return Markup("")
    figure, (axes,) = panels([0.9 + BAR_INCHES * len(largest)])
    for position, (_, value, past) in enumerate(largest):
        axes.barh(
            position, value, height=0.7, color=LOSS if past else GAIN, hatch="///" if past else None, edgecolor="white"
        )
    if limit is not None:
        axes.axvline(limit, color=INK, linewidth=1, linestyle="--")
    axes.set_xlim(left=0.0)
    name_rows(axes, title, [name for name, _, _ in largest])
    return svg(figure, f"{title}, the largest first")
