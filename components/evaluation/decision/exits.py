"""The way out of each state: what to collect, how long that takes at this rate, or which command."""

import math

from components.evaluation.decision.evidence import Estimand, Evidence, GateRules
from components.evaluation.decision.looks import Looks, Slice, due_on, forecast, standard_error

BY_HAND = "a person may decide otherwise by `metier promote NAME VERSION --reason TEXT`"
RETRAIN = f"train another challenger; {BY_HAND}"
LOOK_INTO = f"compare both by `metier report --full` and find out why before promoting; {BY_HAND}"
RANDOMISE = (
    "let the endpoint explore (METIER_EXPLORATION, docs/exploration.md), `metier import events` what it logged, and "
    "train again"
)
PROMOTED = "`metier serve` starts with it; `metier deploy NAME VERSION` brings it to a running endpoint"


def shortfall(evidence: Evidence, rules: GateRules) -> tuple[str, str] | None:
    """Why the evidence is worth too little to be listened to, and what it takes; None where it is worth enough."""
    difference, effective = evidence.difference, evidence.effective_sample_size
    if difference.n == 0:
        return "no held-out query has a positive, so there is nothing to compare", "collect outcomes, then train again"
    unknown = math.isnan(difference.low) or math.isnan(difference.high)
    if difference.n_actors < rules.fewest_actors:
        note = "no interval" if unknown else f"{difference.n_actors} actors, fewer than {rules.fewest_actors}"
        return note, _more(evidence.slice, "actors", difference.n_actors, rules.fewest_actors)
    if unknown or difference.too_few:
        more = f"collect outcomes of more actors than {difference.n_actors:,}, then train again"
        return difference.too_few or "no interval", more
    if difference.too_few:
        return difference.too_few, _more(evidence.slice, "queries", difference.n, 2 * difference.n)
    is_off_policy = evidence.estimand == "off_policy"
    needed = rules.smallest_effective_sample if is_off_policy else float(rules.fewest_actors)
    if (effective is None and is_off_policy) or (effective is not None and not effective >= needed):
        worth = "unknown" if effective is None else f"{effective:.0f}"
        note = f"effective sample size {worth}, below {needed:.0f}"
        return note, _more(evidence.slice, "effective samples", effective or 0.0, needed)
    return None


def more_queries(evidence: Evidence, looks: Looks, rules: GateRules, first_champion: bool) -> str:
    """What it takes to promote a challenger with the declared gain, after these looks."""
    if not standard_error(evidence.difference) > 0:
        return RETRAIN
    plan = forecast(
        evidence.difference,
        evidence.slice,
        looks,
        level=rules.level,
        growth=rules.growth,
        effect=rules.least_effect - rules.threshold(evidence, first_champion),
        power=rules.power,
    )
    gain = f"one that is truly better by {rules.least_effect:g} is promoted {rules.power:.0%} of the time"
    return f"collect {plan.queries:,} more such queries{_days(plan.days)}, by when {gain}"


def wait(evidence: Evidence, looks: Looks, rules: GateRules) -> str:
    """When the next look is due."""
    moment = due_on(evidence.slice, looks, rules.growth)
    when = f", on {moment:%Y-%m-%d} at this rate" if moment else ""
    return f"the next look is due once {rules.growth:.0%} as many queries have come as the last one saw{when}"


def randomise(estimand: Estimand | None) -> str:
    """What it takes where no evidence that may promote is there; `estimand` is what there is."""
    if estimand == "leave_last_out":
        return f"log impressions, and {RANDOMISE}"
    return RANDOMISE


def _more(seen: Slice, what: str, there: float, needed: float) -> str:
    """Of what has to grow with the queries."""
    missing = math.ceil(needed - there)
    days = missing / (there / seen.queries * seen.a_day) if there else math.nan
    return f"collect {missing:,} more {what}{_days(days)}"


def _days(days: float) -> str:
    return "" if math.isnan(days) else f", {math.ceil(days):,} days at this rate"
