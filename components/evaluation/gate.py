"""The promotion gate: decides by intervals, names the estimand it decided on, and writes down why.

Evidence is read in order of trust: the randomised slice, off-policy estimates with enough effective sample, logged
slates re-ranked, and, where no impressions were logged, organic interactions held out. The last two favour whoever
showed the candidates: they may block, and promote only the first champion or where the owner declares that they may.
Pure: measures nothing, stores nothing, reads no clock.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from components.measures import Interval
from metier.stored import OptionalNumber

Verdict = Literal["promote", "refuse", "hold"]
Estimand = Literal["randomised", "off_policy", "logged", "leave_last_out"]
Status = Literal["better", "worse", "inconclusive", "unusable", "kept", "broken", "unclear"]

TRUST: tuple[Estimand, ...] = ("randomised", "off_policy", "logged", "leave_last_out")
MEANING: dict[Estimand, str] = {
    "randomised": "the randomised slice",
    "off_policy": "the off-policy estimate",
    "logged": "logged slates re-ranked",
    "leave_last_out": "leave-last-out of organic interactions",
}
ONLY_FIRST: dict[Estimand, str] = {
    "logged": "logged slates favour whoever showed them and promote only a first champion; run the randomised slice",
    "leave_last_out": "interactions held out favour what was easy to find and promote only a first champion; "
    "log impressions and run the randomised slice",
}
"""Why evidence promotes only a first champion."""


@dataclass(frozen=True)
class Evidence:
    """Challenger minus champion (or minus the baseline, where there is no champion) on one estimand and metric."""

    estimand: Estimand
    metric: str
    difference: Interval
    effective_sample_size: OptionalNumber = None
    against: str = ""
    """What the challenger was compared with; empty in evidence of a build before."""


@dataclass(frozen=True)
class Guardrail:
    """A figure of the challenger that must keep its limit, whatever it gains."""

    name: str
    value: Interval
    limit: float
    keeps: Literal["at_least", "at_most"]


@dataclass(frozen=True)
class GateRules:
    """What evidence must be worth before it is listened to."""

    smallest_effective_sample: float = 100.0
    fewest_actors: int = 30
    logged_may_promote: bool = False


@dataclass(frozen=True)
class Check:
    """One piece of evidence or one guardrail as judged."""

    name: str
    status: Status
    interval: Interval
    note: str


@dataclass(frozen=True)
class Decision:
    """The verdict and its record. `estimand` is what decided, None where nothing could."""

    verdict: Verdict
    estimand: Estimand | None
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    lineage: dict[str, Any] = field(default_factory=dict)


def decide(
    evidence: Sequence[Evidence],
    guardrails: Sequence[Guardrail] = (),
    first_champion: bool = False,
    rules: GateRules | None = None,
    lineage: Mapping[str, Any] | None = None,
) -> Decision:
    """Promote, refuse or hold.

    The most trusted conclusive evidence decides; less trusted evidence of a loss, a guardrail that is broken and one
    that cannot be told stand in the way of a promotion. Hold means: the incumbent stays, gather what the reasons name.
    """
    declared = rules or GateRules()
    ordered = sorted(evidence, key=lambda item: TRUST.index(item.estimand))
    checks = [_judge(item, declared) for item in ordered]
    guardrail_checks = [_keep(guardrail) for guardrail in guardrails]
    verdict, estimand, reasons = _weigh(ordered, checks, first_champion or declared.logged_may_promote)
    verdict, reasons = _guard(verdict, reasons, guardrail_checks)
    return Decision(verdict, estimand, tuple(reasons), (*checks, *guardrail_checks), dict(lineage or {}))


def _judge(evidence: Evidence, rules: GateRules) -> Check:
    difference, effective = evidence.difference, evidence.effective_sample_size
    name = f"{evidence.metric} on {MEANING[evidence.estimand]}"
    figure = f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    if difference.n == 0:
        return Check(name, "unusable", difference, "no held-out query has a positive, so there is nothing to compare")
    if math.isnan(difference.low) or math.isnan(difference.high):
        return Check(name, "unusable", difference, "no interval")
    if difference.n_actors < rules.fewest_actors:
        note = f"{difference.n_actors} actors, fewer than {rules.fewest_actors}"
        return Check(name, "unusable", difference, note)
    if evidence.estimand == "off_policy" and (effective is None or effective < rules.smallest_effective_sample):
        worth = "unknown" if effective is None else f"{effective:.0f}"
        note = f"effective sample size {worth}, below {rules.smallest_effective_sample:.0f}"
        return Check(name, "unusable", difference, note)
    status: Status = "better" if difference.above_zero else "worse" if difference.below_zero else "inconclusive"
    return Check(name, status, difference, figure)


def _keep(guardrail: Guardrail) -> Check:
    value, limit = guardrail.value, guardrail.limit
    at_least = guardrail.keeps == "at_least"
    pessimistic, optimistic = (value.low, value.high) if at_least else (-value.high, -value.low)
    bound = limit if at_least else -limit
    note = f"{value.value:.4g} [{value.low:.4g}, {value.high:.4g}], {guardrail.keeps.replace('_', ' ')} {limit:.4g}"
    status: Status = "kept" if pessimistic >= bound else "broken" if optimistic < bound else "unclear"
    return Check(guardrail.name, status, value, note)


def _weigh(
    evidence: Sequence[Evidence], checks: Sequence[Check], logged_promotes: bool
) -> tuple[Verdict, Estimand | None, list[str]]:
    """The verdict of the evidence alone; both sequences most trusted first."""
    conclusive = [pair for pair in zip(evidence, checks, strict=True) if pair[1].status in ("better", "worse")]
    reasons = [f"{check.name}: {check.status} ({check.note})" for check in checks]
    if not conclusive:
        return "hold", None, [*reasons, "no evidence is conclusive; gather more randomised traffic"]
    deciding, check = conclusive[0]
    # Metrics of equal trust stand side by side: one of them getting worse is a loss.
    peers = [peer_check.status for peer, peer_check in conclusive if peer.estimand == deciding.estimand]
    if "worse" in peers:
        return "refuse", deciding.estimand, [*reasons, f"the challenger loses on {MEANING[deciding.estimand]}"]
    if any(weaker.status == "worse" for _, weaker in conclusive):
        return (
            "hold",
            deciding.estimand,
            [*reasons, "less trusted evidence shows a loss; find out why before promoting"],
        )
    if deciding.estimand in ONLY_FIRST and not logged_promotes:
        return "hold", deciding.estimand, [*reasons, ONLY_FIRST[deciding.estimand]]
    return "promote", deciding.estimand, [*reasons, f"the challenger gains: decided on {check.name}"]


def _guard(verdict: Verdict, reasons: list[str], guardrails: Sequence[Check]) -> tuple[Verdict, list[str]]:
    broken = [f"guardrail {check.name} is broken: {check.note}" for check in guardrails if check.status == "broken"]
    unclear = [
        f"guardrail {check.name} cannot be told: {check.note}" for check in guardrails if check.status == "unclear"
    ]
    if broken:
        return "refuse", [*reasons, *broken, *unclear]
    if unclear and verdict == "promote":
        return "hold", [*reasons, *unclear]
    return verdict, [*reasons, *unclear]
