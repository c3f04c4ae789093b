"""What monitoring says: a measured value, the limit that was declared for it, and the verdict.

Holds the declared limits and compares; knows neither tables nor how a value was measured.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from metier.errors import ValidationError

Measure = Literal["freshness", "volume", "null rate", "psi", "ks", "skew"]
Verdict = Literal["within", "past", "not measured"]
UNITS: dict[Measure, tuple[float, str]] = {
    "freshness": (1.0, " h"),
    "volume": (1.0, " × usual"),
    "null rate": (100.0, " %-points"),
    "psi": (1.0, ""),
    "ks": (1.0, ""),
    "skew": (1.0, ""),
}
"""How a value is shown to people: times this, then the unit. A change of a share is in points of a percentage."""
NAMED = 5
"""Findings that an error names."""


@dataclass(frozen=True)
class Limits:
    """The declared limits; a value at its limit is within it.

    Entity tables and what is made of them change only when someone edits, so they may be `slow`. Drift, null rates
    and volume are judged from `least_rows` or `least_daily_rows` on: chance alone moves smaller ones past a limit.
    """

    psi: float = 0.25
    ks: float = 0.2
    null_rate_change: float = 0.1
    freshness_hours: float = 48.0
    slow_freshness_hours: float = 30 * 24.0
    least_volume_ratio: float = 0.5
    most_volume_ratio: float = 2.0
    volume_weeks: int = 4
    mismatches: int = 0
    replayed_impressions: int = 1000
    least_rows: int = 200
    least_daily_rows: int = 50


@dataclass(frozen=True)
class Finding:
    """One value of a table, of a feature view or of one of its columns, with its limits and the verdict."""

    measure: Measure
    subject: str
    column: str
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    note: str = ""

    @property
    def times_past(self) -> float:
        """How many times the value is past its limit: at most 1 is within, infinity where the limit is zero."""
        if self.value is None or self.verdict == "not measured":
            return 0.0
        over = 0.0 if self.high is None else _ratio(self.value, self.high)
        under = 0.0 if self.low is None else _ratio(self.low, self.value)
        return max(over, under)

    def render(self) -> str:
        """The finding in a few words."""
        where = f"{self.subject}.{self.column}" if self.column else self.subject
        if self.value is None:
            return f"{self.measure} of {where} not measured: {self.note}"
        bounds = (("at least", self.low), ("at most", self.high))
        limits = [f"{bound} {show_value(self.measure, limit)}" for bound, limit in bounds if limit is not None]
        return f"{self.measure} of {where} is {show_value(self.measure, self.value)} ({' and '.join(limits)})"


def show_value(measure: Measure, value: float | None) -> str:
    """A value or a limit of a measure as people read it, with its unit: 0.1 of a null rate is 10 %-points."""
    if value is None or math.isnan(value):
        return "–"
    times, unit = UNITS[measure]
    return f"{value * times:.4g}{unit}"


def measured(
    measure: Measure,
    subject: str,
    column: str = "",
    *,
    value: float,
    high: float,
    low: float | None = None,
    note: str = "",
) -> Finding:
    """The value compared with its limits."""
    past = value > high or (low is not None and value < low)
    verdict: Verdict = "past" if past else "within"
    return Finding(measure, subject, column, value, low=low, high=high, verdict=verdict, note=note)


def unmeasured(measure: Measure, subject: str, column: str = "", *, note: str, value: float | None = None) -> Finding:
    """Nothing to judge, and why; a value that was computed all the same may be shown."""
    return Finding(measure, subject, column, value, low=None, high=None, verdict="not measured", note=note)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Those past their limits, the furthest first."""
    past = [finding for finding in findings if finding.verdict == "past"]
    return sorted(past, key=lambda finding: (-finding.times_past, finding.measure, finding.subject, finding.column))


def require(findings: Iterable[Finding], page: str) -> None:
    """ValidationError, in one line, that names the worst findings past their limits."""
    past = worst_first(findings)
    if past:
        named = "; ".join(finding.render() for finding in past[:NAMED])
        more = f"; and {len(past) - NAMED} more" if len(past) > NAMED else ""
        raise ValidationError(f"monitoring: {len(past)} past their limits: {named}{more}; read {page}")


def _ratio(larger: float, smaller: float) -> float:
    if smaller:
        return larger / smaller
    return math.inf if larger else 0.0
