import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation.decision.evidence import TRUST
from components.evaluation.decision.guardrails import Untold
from components.evaluation.decision.looks import Looks
from components.evaluation.gate import Decision, Evidence, GateRules, Guardrail, decide
from components.measures import Interval
from metier.stored import as_plain, from_plain

GAIN = Interval(0.02, 0.01, 0.03, 5000, 900)
LOSS = Interval(-0.02, -0.03, -0.01, 5000, 900)
OPEN = Interval(0.01, -0.01, 0.03, 5000, 900)


def _evidence(estimand, difference, effective=500.0):
    return Evidence(estimand, "NDCG@10", difference, effective if estimand == "off_policy" else None)


@pytest.mark.parametrize("estimand", ["randomised", "off_policy"])
def test_a_gain_where_it_counts_promotes_and_names_its_estimand(estimand):
    decision = decide([_evidence(estimand, GAIN)])
    assert (decision.verdict, decision.estimand) == ("promote", estimand)


@pytest.mark.parametrize("estimand", ["randomised", "off_policy", "corrected", "leave_last_out"])
def test_a_loss_refuses(estimand):
    decision = decide([_evidence(estimand, LOSS)], first_champion=True)
    assert (decision.verdict, decision.estimand) == ("refuse", estimand)


@pytest.mark.parametrize("first_champion", [False, True])
@pytest.mark.parametrize("difference", [GAIN, LOSS, OPEN])
def test_logged_slates_as_they_are_hold_whatever_they_show(first_champion, difference):
    """They favour whoever showed them: a gain may be a loss, and a loss is what any other order than theirs shows."""
    decision = decide([_evidence("logged", difference)], first_champion=first_champion)
    assert (decision.verdict, decision.looks.spent) == ("hold", 0)
    assert "let the endpoint explore" in decision.next_move


@pytest.mark.parametrize("estimand", ["corrected", "leave_last_out"])
def test_weaker_evidence_promotes_only_a_first_champion(estimand):
    assert decide([_evidence(estimand, GAIN)], first_champion=True).verdict == "promote"
    assert decide([_evidence(estimand, LOSS)]).verdict == "hold"  # and may not refuse over a champion either
    later = decide([_evidence(estimand, GAIN)])
    assert (later.verdict, later.estimand) == ("hold", estimand)
    assert "promote only a first champion" in later.reasons[-1]


@pytest.mark.parametrize(
    ("estimand", "low", "verdict"),
    [
        ("randomised", -0.007, "promote"),
        ("corrected", -0.007, "promote"),
        ("off_policy", -0.009, "hold"),
        ("leave_last_out", -0.007, "hold"),
    ],
)
def test_a_first_champion_is_not_worse_than_retrieval_by_the_margin(estimand, low, verdict):
    """The margin is .01. The first look has level .01, whose bound is 1.19 times as far off as that of the interval.

    .002 - 1.19 * .009 = -.0087 is above -.01, and .002 - 1.19 * .011 = -.0111 is not.
    """
    open_interval = Interval(0.002, low, 0.013, 5000, 900)
    decision = decide([_evidence(estimand, open_interval)], first_champion=True)
    assert decision.verdict == verdict
    assert decide([_evidence(estimand, open_interval)]).verdict == "hold"
    if verdict == "promote":
        assert "is not worse by the margin" in decision.reasons[-1]


def test_slates_as_they_are_do_not_block_where_they_were_corrected():
    randomised, logged, corrected = (
        _evidence(name, found) for name, found in (("randomised", GAIN), ("logged", LOSS), ("corrected", OPEN))
    )
    assert decide([randomised, logged]).verdict == "hold"
    assert decide([randomised, logged, corrected]).verdict == "promote"
    assert decide([randomised, _evidence("corrected", LOSS)]).verdict == "hold"


def test_the_most_trusted_conclusive_evidence_decides():
    decision = decide([_evidence("logged", LOSS), _evidence("off_policy", GAIN), _evidence("randomised", LOSS)])
    assert (decision.verdict, decision.estimand) == ("refuse", "randomised")
    decision = decide([_evidence("off_policy", GAIN), _evidence("randomised", OPEN)])
    assert (decision.verdict, decision.estimand) == ("promote", "off_policy")


def test_logged_slates_may_block_a_gain():
    decision = decide([_evidence("randomised", GAIN), _evidence("logged", LOSS)])
    assert decision.verdict == "hold"
    assert "less trusted evidence shows a loss" in decision.reasons[-1]
    assert "metier report --full" in decision.next_move


def test_two_metrics_of_equal_trust_must_not_contradict():
    clicks = Evidence("randomised", "clicks a query", GAIN)
    hires = Evidence("randomised", "hires a query", LOSS)
    assert decide([clicks, hires]).verdict == "refuse"


@pytest.mark.parametrize(
    ("evidence", "note"),
    [
        (_evidence("off_policy", GAIN, effective=40.0), "effective sample size 40, below 100"),
        (_evidence("off_policy", GAIN, effective=None), "effective sample size unknown"),
        (_evidence("randomised", Interval(0.1, 0.05, 0.2, 60, 12)), "12 actors"),
        (_evidence("randomised", Interval(0.1, math.nan, math.nan, 1, 1)), "no interval"),
        (_evidence("randomised", replace(GAIN, too_few="9 actors differ, 10 are wanted")), "9 actors differ"),
        (Evidence("randomised", "NDCG@10", GAIN, 29.0), "effective sample size 29, below 30"),
    ],
)
def test_evidence_that_is_worth_too_little_is_not_listened_to(evidence, note):
    decision = decide([evidence])
    assert (decision.verdict, decision.estimand, decision.looks.spent) == ("hold", None, 0)
    assert note in decision.checks[0].note
    assert decision.next_move.startswith("collect ")


@pytest.mark.parametrize("evidence", [[], [_evidence("randomised", OPEN)]])
def test_without_a_conclusive_difference_the_incumbent_stays(evidence):
    assert decide(evidence).verdict == "hold"


@pytest.mark.parametrize(
    ("value", "keeps", "status", "verdict"),
    [
        (Interval(0.60, 0.55, 0.65, 900, 90), "at_least", "kept", "promote"),
        (Interval(0.52, 0.48, 0.56, 900, 90), "at_least", "unclear", "hold"),
        (Interval(0.40, 0.35, 0.45, 900, 90), "at_least", "broken", "refuse"),
        (Interval(0.40, 0.35, 0.45, 900, 90), "at_most", "kept", "promote"),
        (Interval(0.60, 0.55, 0.65, 900, 90), "at_most", "broken", "refuse"),
        (Interval(math.nan, math.nan, math.nan, 0, 0), "at_most", "unclear", "hold"),
        (Interval.exact(0.5), "at_most", "kept", "promote"),
    ],
)
def test_guardrails_stand_before_any_gain(value, keeps, status, verdict):
    decision = decide([_evidence("randomised", GAIN)], [Guardrail("jobs with enough applicants", value, 0.5, keeps)])
    assert decision.checks[-1].status == status
    assert decision.verdict == verdict


def test_the_record_survives_json_with_its_lineage():
    guardrail = Guardrail("declines", Interval(math.nan, math.nan, math.nan, 0, 0), 0.1, "at_most")
    decision = decide([_evidence("logged", GAIN)], [guardrail], lineage={"surface": "job_feed", "digest": "9f3a"})
    read = from_plain(Decision, json.loads(json.dumps(as_plain(decision), allow_nan=False)))
    assert as_plain(read) == as_plain(decision)
    assert read.lineage == {"surface": "job_feed", "digest": "9f3a"}


bounds = st.tuples(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5)).map(
    lambda drawn: Interval(drawn[0], drawn[0] - drawn[1], drawn[0] + drawn[2], 500, 100)
)


@given(
    st.lists(st.builds(_evidence, st.sampled_from(TRUST), bounds), max_size=5),
    st.booleans(),
    st.integers(0, 5),
)
def test_nothing_is_promoted_without_a_gain_or_in_spite_of_a_loss(evidence, first_champion, spent):
    decision = decide(evidence, first_champion=first_champion, looks=Looks(spent=spent))
    if decision.verdict == "promote":
        threshold = -GateRules().margin if first_champion else 0.0
        assert any(each.difference.low > threshold for each in evidence if each.estimand == decision.estimand)
        assert decision.estimand in ("randomised", "off_policy") or first_champion
        losses = {each.estimand for each in evidence if each.difference.below_zero}
        assert losses <= ({"logged"} if any(each.estimand == "corrected" for each in evidence) else set())
        assert decision.looks.spent == spent + 1
    assert decision.reasons
    assert decision.next_move


def test_a_surface_whose_held_out_queries_have_no_positive_is_held_with_that_reason():
    nothing = Interval(math.nan, math.nan, math.nan, 0, 0)
    decision = decide([_evidence("logged", nothing)], first_champion=True)
    assert decision.verdict == "hold"
    assert "no held-out query has a positive" in decision.reasons[0]


def test_interactions_held_out_are_called_so_and_promote_only_a_first_champion() -> None:
    gain = Evidence("leave_last_out", "hr@10", Interval(0.1, 0.05, 0.15, 300, 300), against="popularity")
    first = decide([gain], first_champion=True)
    assert (first.verdict, first.checks[0].name) == ("promote", "hr@10 on leave-last-out of organic interactions")
    later = decide([gain])
    assert later.verdict == "hold"
    assert "logged slates" not in " ".join(later.reasons)


def test_a_guardrail_that_needs_to_be_unbroken_holds_nobody_up_while_it_cannot_be_told():
    open_value = Interval(0.52, 0.48, 0.56, 900, 90)
    market = Guardrail("jobs with enough applicants", open_value, 0.5, "at_least", needs="unbroken")
    decision = decide([_evidence("randomised", GAIN)], [market], untold=[Untold("latency", "nothing served it yet")])
    assert decision.verdict == "promote"
    assert [(check.name, check.status) for check in decision.checks[1:]] == [
        ("jobs with enough applicants", "untold"),
        ("latency", "untold"),
    ]
    broken = Guardrail("jobs with enough applicants", open_value, 0.6, "at_least", needs="unbroken")
    held = decide([_evidence("randomised", GAIN)], [broken])
    assert (held.verdict, held.reasons[-1]) == ("hold", "past its limit: jobs with enough applicants")
    assert "metier report --full" in held.next_move
