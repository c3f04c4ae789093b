"""What one monitoring run found. Holds findings and computes none of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.monitoring.findings import Finding, worst_first
from components.monitoring.health import Nulls, Volume
from metier.stored import Moment


@dataclass(frozen=True)
class MonitoringReport:
    """Everything one run measured, and what it was compared with."""

    as_of: Moment
    inputs_digest: str
    reference_as_of: Moment
    findings: tuple[Finding, ...]
    volumes: tuple[Volume, ...]
    nulls: Mapping[str, Nulls]

    @property
    def past(self) -> list[Finding]:
        """Findings past their limits, the furthest first."""
        return worst_first(self.findings)

    def of(self, *measures: str) -> list[Finding]:
        """Findings of these measures, in their order."""
        return [finding for finding in self.findings if finding.measure in measures]

    def render(self) -> str:
        """One line for a person."""
        unmeasured = sum(finding.verdict == "not measured" for finding in self.findings)
        return f"{len(self.findings):,} findings: {len(self.past):,} past their limits, {unmeasured:,} not measured"
