"""Training-serving skew: served feature values against their rebuild from the lake.

Turns a replay into a finding; where nothing was served there is nothing to compare, which is no failure.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from components.monitoring.findings import Finding, Limits, measured, unmeasured
from metier.errors import EmptyDataError

if TYPE_CHECKING:
    from components.monitoring.replay import ReplayReport

SUBJECT = "served features"


def skew(replay: Callable[[int], "ReplayReport"], limits: Limits) -> Finding:
    """Number of served values that are rebuilt differently; `replay` compares at most that many impressions."""
    try:
        report = replay(limits.replayed_impressions)
    except EmptyDataError as nothing:
        return unmeasured("skew", SUBJECT, note=str(nothing))
    note = "; ".join(report.render().splitlines())
    return measured("skew", SUBJECT, value=float(report.mismatches), high=float(limits.mismatches), note=note)
