"""Figures that must keep their limits whatever a challenger gains, and those that nobody can tell."""

from dataclasses import dataclass
from typing import Literal

from components.measures import Interval


@dataclass(frozen=True)
class Guardrail:
    """A figure that must keep its limit: of the challenger, or of the marketplace while the evidence was collected."""

    name: str
    value: Interval
    limit: float
    keeps: Literal["at_least", "at_most"]
    of: Literal["challenger", "marketplace"] = "challenger"
    """A marketplace stands in the way only where its limit is clearly broken: no challenger could make it clearer."""


@dataclass(frozen=True)
class Untold:
    """A guardrail that neither the lake nor the evaluation can tell, and why."""

    name: str
    why: str
