"""The promotion gate: decides by intervals, names the estimand it decided on, writes down why and what is next.

Evidence is read in order of trust: the randomised slice, off-policy estimates with enough effective sample, logged
slates corrected for examination, logged slates as they are, and, where no impressions were logged, organic interactions
held out. The first two promote over a champion. A first champion has to be shown not worse than retrieval by a margin,
by one of the first three, or better by interactions held out. Logged slates as they are favour whoever showed them:
they may block and never promote. Pure: measures nothing, stores nothing, reads no clock.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from components.evaluation.decision import exits
from components.evaluation.decision.evidence import (
    DECIDES,
    DECIDES_FIRST,
    MAY_NOT,
    MEANING,
    TRUST,
    Estimand,
    Evidence,
    GateRules,
    digest_of,
)
from components.evaluation.decision.guardrails import Guardrail, Untold
from components.evaluation.decision.looks import Looks, due, level_of
from components.measures import Interval

__all__ = ["MEANING", "Check", "Decision", "Estimand", "Evidence", "GateRules", "Guardrail", "Verdict", "decide"]

Verdict = Literal["promote", "refuse", "hold"]
Status = Literal["better", "worse", "inconclusive", "waiting", "unusable", "kept", "broken", "unclear", "untold"]

UNTOLD = Interval(math.nan, math.nan, math.nan, 0, 0)


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
    next_move: str = ""
    """What to collect and for how long, or which command; empty in decisions of a build before."""
    looks: Looks = field(default_factory=Looks)
    """What is spent against the champion once this decision stands."""


class _Judged(NamedTuple):
    """A piece of evidence, how it was judged, and what it takes for it to promote."""

    evidence: Evidence
    check: Check
    exit: str


class _Conclusion(NamedTuple):
    verdict: Verdict
    estimand: Estimand | None
    why: str
    next_move: str


def decide(
    evidence: Sequence[Evidence],
    guardrails: Sequence[Guardrail] = (),
    *,
    untold: Sequence[Untold] = (),
    first_champion: bool = False,
    looks: Looks | None = None,
    rules: GateRules | None = None,
    lineage: Mapping[str, Any] | None = None,
) -> Decision:
    """Promote, refuse or hold, after `looks` at evidence against the same champion.

    The most trusted conclusive evidence decides; less trusted evidence of a loss, a guardrail that is broken and one
    that cannot be told stand in the way of a promotion. Hold means: what serves stays, and `next_move` leads on.
    """
    look = _Look(sorted(evidence, key=lambda item: TRUST.index(item.estimand)), first_champion, looks, rules)
    judged = [look.judge(item) for item in look.evidence]
    kept = [_keep(guardrail) for guardrail in guardrails]
    concluded = _guard(_weigh(judged, look.may), guardrails, kept)
    kept += [Check(each.name, "untold", UNTOLD, each.why) for each in untold]
    reasons = [f"{item.check.name}: {item.check.status} ({item.check.note})" for item in judged]
    reasons += [
        f"guardrail {check.name}: {check.status} ({check.note})"
        for check in kept
        if check.status in ("broken", "unclear")
    ]
    return Decision(
        concluded.verdict,
        concluded.estimand,
        (*reasons, concluded.why),
        (*(item.check for item in judged), *kept),
        dict(lineage or {}),
        concluded.next_move,
        look.after,
    )


class _Look:
    """One look at the evidence: what of it may promote, and at which level; `after` is what is spent then."""

    def __init__(
        self, evidence: Sequence[Evidence], first_champion: bool, looks: Looks | None, rules: GateRules | None
    ) -> None:
        self.evidence = evidence
        self.may = DECIDES_FIRST if first_champion else DECIDES
        self._first_champion = first_champion
        self._rules = rules or GateRules()
        self.after = self._before = looks or Looks()
        self._tail: float | None = None
        deciding = [each for each in evidence if each.estimand in self.may and not exits.shortfall(each, self._rules)]
        if deciding:
            self._spend(deciding)

    def _spend(self, deciding: Sequence[Evidence]) -> None:
        """Nothing where the look is not due; nothing more where this very evidence was looked at before."""
        before, digest = self._before, digest_of(deciding)
        is_known = before.spent > 0 and before.evidence == digest
        if is_known or due(deciding[0].slice, before, self._rules.growth):
            self.after = before if is_known else deciding[0].slice.looked_at(before, digest)
            self._tail = level_of(self.after.spent, self._rules.level) / len(deciding)

    def judge(self, evidence: Evidence) -> _Judged:
        """Better than it has to be, worse, or neither."""
        difference, rules = evidence.difference, self._rules
        name = f"{evidence.metric} on {MEANING[evidence.estimand]}"
        note = f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
        short = exits.shortfall(evidence, rules)
        if short:
            return _Judged(evidence, Check(name, "unusable", difference, short[0]), short[1])
        if difference.below_zero:
            return _Judged(evidence, Check(name, "worse", difference, note), exits.RETRAIN)
        if evidence.estimand not in self.may:
            status: Status = "better" if difference.above_zero else "inconclusive"
            return _Judged(evidence, Check(name, status, difference, note), exits.randomise(evidence.estimand))
        if self._tail is None:
            next_move = exits.wait(evidence, self._before, rules)
            return _Judged(evidence, Check(name, "waiting", difference, note), next_move)
        low, threshold = difference.lower(self._tail), rules.threshold(evidence, self._first_champion)
        status = "better" if low > threshold else "inconclusive"
        note += f"; look {self.after.spent}: {low:+.4f} at level {self._tail:.2g}, to exceed {threshold:g}"
        next_move = exits.more_queries(evidence, self.after, rules, self._first_champion)
        return _Judged(evidence, Check(name, status, difference, note), next_move)


def _keep(guardrail: Guardrail) -> Check:
    value, limit = guardrail.value, guardrail.limit
    at_least = guardrail.keeps == "at_least"
    pessimistic, optimistic = (value.low, value.high) if at_least else (-value.high, -value.low)
    bound_of_limit = limit if at_least else -limit
    note = f"{value.value:.4g} [{value.low:.4g}, {value.high:.4g}], {guardrail.keeps.replace('_', ' ')} {limit:.4g}"
    status: Status = "kept" if pessimistic >= bound_of_limit else "broken" if optimistic < bound_of_limit else "unclear"
    if status == "unclear" and guardrail.needs == "unbroken":
        status = "untold"
    return Check(guardrail.name, status, value, note)


def _weigh(judged: Sequence[_Judged], may: Sequence[Estimand]) -> _Conclusion:
    """What the evidence alone comes to, the most trusted first."""
    conclusive = [item for item in judged if item.check.status in ("better", "worse")]
    trusted = next((item for item in judged if item.evidence.estimand in may), None)
    if not conclusive:
        there = judged[0].evidence.estimand if judged else None
        return _Conclusion(
            "hold", None, "no evidence is conclusive", trusted.exit if trusted else exits.randomise(there)
        )
    deciding = conclusive[0]
    estimand = deciding.evidence.estimand
    if estimand not in may:  # what may not promote may not refuse either
        return _Conclusion("hold", estimand, MAY_NOT[estimand], trusted.exit if trusted else exits.randomise(estimand))
    # Metrics of equal trust stand side by side: one of them getting worse is a loss.
    if "worse" in [item.check.status for item in conclusive if item.evidence.estimand == estimand]:
        return _Conclusion("refuse", estimand, f"the challenger loses on {MEANING[estimand]}", exits.RETRAIN)
    # Slates that were logged by what serves favour it, so as they are they block only where no correction was possible.
    corrected = any(item.evidence.estimand == "corrected" and item.check.status != "unusable" for item in judged)
    losses = [item for item in conclusive if item.check.status == "worse"]
    if any(item.evidence.estimand != "logged" or not corrected for item in losses):
        return _Conclusion("hold", estimand, "less trusted evidence shows a loss", exits.LOOK_INTO)
    gains = "gains" if deciding.evidence.difference.above_zero else "is not worse by the margin"
    return _Conclusion("promote", estimand, f"the challenger {gains}: decided on {deciding.check.name}", exits.PROMOTED)


def _guard(concluded: _Conclusion, guardrails: Sequence[Guardrail], checks: Sequence[Check]) -> _Conclusion:
    """What guardrails leave of it."""
    pairs = list(zip(guardrails, checks, strict=True))
    lost = [check.name for guardrail, check in pairs if check.status == "broken" and guardrail.needs == "kept"]
    past = [check.name for guardrail, check in pairs if check.status == "broken" and guardrail.needs == "unbroken"]
    unclear = [check.name for check in checks if check.status == "unclear"]
    if lost:
        return _Conclusion("refuse", concluded.estimand, f"past its limit: {'; '.join(lost)}", exits.RETRAIN)
    if past and concluded.verdict == "promote":
        return _Conclusion("hold", concluded.estimand, f"past its limit: {'; '.join(past)}", exits.LOOK_INTO)
    if unclear and concluded.verdict == "promote":
        why = f"cannot be told from its limit: {'; '.join(unclear)}"
        return _Conclusion("hold", concluded.estimand, why, f"collect more, then train again; {exits.BY_HAND}")
    return concluded
