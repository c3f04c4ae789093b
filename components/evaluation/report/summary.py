"""What a report says in six lines: the verdict, a figure with its interval, against what, why, what next, and the page.

Chooses among figures that were measured elsewhere and computes none.
"""

from collections.abc import Iterator
from pathlib import Path

from components.evaluation.gate import MEANING, Decision
from components.evaluation.report.document import (
    EvaluationReport,
    Measured,
    reading_of,
    show_difference,
    show_interval,
)

RANKER = "ensemble"
"""The ranker that a report is about."""


def summary(report: EvaluationReport, page: Path) -> list[str]:
    """At most six lines for a person; `page` is where the whole report is."""
    return list(_lines(report, page))


def headline(report: EvaluationReport) -> tuple[str, Measured] | None:
    """(title of its section, the ensemble's first figure): the most trusted one that was measured; None without any."""
    rows = ((section.title, row) for section in report.sections for row in section.measured if row.ranker == RANKER)
    return next(rows, None)


def _lines(report: EvaluationReport, page: Path) -> Iterator[str]:
    decision = report.decision
    yield f"{report.surface}: {_verdict(decision)}, as of {report.facts.get('as of', 'an unknown moment')}"
    first = headline(report)
    if first:
        title, row = first
        counted = f"{row.interval.n:,} queries of {row.interval.n_actors:,} actors"
        yield f"  {row.ranker}: {row.metric} {show_interval(row.interval)} ({title}, {counted})"
    if decision:
        yield from (f"  {line}" for line in (_difference(decision), _why(decision), _next(decision)) if line)
    yield f"  page: {page}"


def _verdict(decision: Decision | None) -> str:
    if decision is None:
        return "not decided"
    decided = f"decided on {MEANING[decision.estimand]}" if decision.estimand else "no evidence decided"
    return f"{decision.verdict}, {decided}"


def _difference(decision: Decision) -> str:
    """What decided, or else the most trusted evidence that has an interval, against what it was compared with."""
    compared = [check for check in decision.checks if check.status in ("better", "worse", "inconclusive")]
    deciding = MEANING[decision.estimand] if decision.estimand else ""
    decisive = next((check for check in compared if check.name.endswith(deciding)), None)
    if decisive is None:
        return "; ".join(f"{check.name}: {check.status}, {check.note}" for check in decision.checks[:1])
    against = decision.lineage.get("compared_with", "what it was compared with")
    return f"{decisive.name}: {show_difference(decisive.interval)}, {reading_of(decisive.interval)}, against {against}"


def _why(decision: Decision) -> str:
    return f"why: {decision.reasons[-1]}" if decision.reasons else ""


def _next(decision: Decision) -> str:
    return f"next: {decision.next_move}" if decision.next_move else ""
