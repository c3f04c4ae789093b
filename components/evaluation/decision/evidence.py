"""What the gate is given: differences on estimands in an order of trust, and rules of what they must be worth."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.evaluation.decision.looks import Slice
from components.measures import Interval
from metier.stored import Moment, OptionalNumber, as_json

Estimand = Literal["randomised", "off_policy", "corrected", "logged", "leave_last_out"]

TRUST: tuple[Estimand, ...] = ("randomised", "off_policy", "corrected", "logged", "leave_last_out")
MEANING: dict[Estimand, str] = {
    "randomised": "the randomised slice",
    "off_policy": "the off-policy estimate",
    "corrected": "logged slates corrected for examination",
    "logged": "logged slates re-ranked",
    "leave_last_out": "leave-last-out of organic interactions",
}
DECIDES: tuple[Estimand, ...] = ("randomised", "off_policy")
"""May promote over a champion."""
DECIDES_FIRST: tuple[Estimand, ...] = (*DECIDES, "corrected", "leave_last_out")
"""May promote a first champion."""
WITHIN_MARGIN: tuple[Estimand, ...] = (*DECIDES, "corrected")
"""Compare with retrieval in both directions, so that not worse by a margin is enough for a first champion."""
MAY_NOT: dict[Estimand, str] = {
    "corrected": "logged slates promote only a first champion, however they are corrected",
    "logged": "logged slates as they are favour whoever showed them and promote nobody",
    "leave_last_out": "interactions held out favour what was easy to find and promote only a first champion",
}
"""Why evidence does not promote."""


@dataclass(frozen=True)
class Evidence:
    """Challenger minus champion (or minus the baseline, where there is no champion) on one estimand and metric."""

    estimand: Estimand
    metric: str
    difference: Interval
    effective_sample_size: OptionalNumber = None
    against: str = ""
    """What the challenger was compared with; empty in evidence of a build before."""
    since: Moment | None = None
    """The oldest query, None where nobody noted it."""
    until: Moment | None = None
    """The newest query."""

    @property
    def slice(self) -> Slice:
        """Its queries in time."""
        return Slice(self.difference.n, self.since, self.until)


@dataclass(frozen=True)
class GateRules:
    """What evidence must be worth before it is listened to, and what it must show."""

    smallest_effective_sample: float = 100.0
    """Of an off-policy estimate; what is weighted otherwise has to be worth as many queries as it needs actors."""
    fewest_actors: int = 30
    level: float = 0.05
    """Chance that a champion is ever replaced by a challenger that is no better (a first one: worse by the margin)."""
    margin: float = 0.01
    """A first champion may lose less than this against retrieval."""
    least_effect: float = 0.02
    """The gain that plans of further looks are made for."""
    power: float = 0.9
    """How likely such a gain is to be promoted by the end of the plan."""
    growth: float = 0.5
    """Queries that have to come before the next look, as a share of those that the last one saw."""

    def threshold(self, evidence: Evidence, first_champion: bool) -> float:
        """What the lower bound of the difference has to exceed."""
        return -self.margin if first_champion and evidence.estimand in WITHIN_MARGIN else 0.0


def digest_of(evidence: Sequence[Evidence]) -> str:
    """Tells evidence that was looked at before."""
    return hashlib.sha256("\n".join(map(as_json, evidence)).encode()).hexdigest()[:16]
