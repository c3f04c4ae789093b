"""Each stage is made to take longer than the deadline leaves: the request is answered by the tier that is left."""

import time

import numpy as np
import pytest

from metier.contract import SURFACES
from metier.errors import BusyError
from serving.http.ranking import ApplicantReview, JobFeed, TalentSearch
from serving.request.ladder import SELECT, score_by_ladder
from serving.request.trace import LATE_MS, Pace, RequestTrace
from tests.serving.request.broken import Slow, slowed, stages_with

REQUESTS = {"talent_search": TalentSearch, "job_feed": JobFeed, "applicant_review": ApplicantReview}
FOUND = ("talent_search", "job_feed")
"""Surfaces whose candidates retrieval finds."""
DEADLINE_MS, SLOW_MS = 200.0, 250.0


@pytest.fixture
def answer(world, engine):
    """The slate and the trace of a request to some stages, its deadline DEADLINE_MS."""

    def ask(stages, surface, **more):
        request, trace = REQUESTS[surface](**world.body(surface, **more)), RequestTrace(DEADLINE_MS)
        return stages.answer(request.to_request(surface), trace, engine.now()), trace

    return ask


def late(*tiers):
    return [f"{tier}: 0 ms left of {DEADLINE_MS:g}" for tier in tiers]


@pytest.mark.parametrize("surface", SURFACES)
def test_a_slow_store_leaves_popularity(engine, answer, surface):
    served = engine.stages[surface]
    slate, trace = answer(stages_with(served, read=slowed(served.reads.row, SLOW_MS)), surface)
    left_out = ["ensemble", "xgboost"]
    left_out.insert(0 if surface in FOUND else 2, "retrieval")
    assert (slate.tier, trace.degraded) == ("popularity", late(*left_out))
    assert slate.entries


def test_a_slow_encoder_leaves_popularity(engine, answer):
    served = engine.stages["job_feed"]
    stages = stages_with(served, encoder=Slow(served.bundle.encoder, SLOW_MS))
    slate, trace = answer(stages, "job_feed", text="gardener")
    assert (slate.tier, trace.degraded) == ("popularity", late("retrieval", "ensemble", "xgboost"))


@pytest.mark.parametrize("surface", FOUND)
def test_a_slow_index_leaves_what_it_found(engine, answer, surface):
    served = engine.stages[surface]
    slate, trace = answer(stages_with(served, retriever=Slow(served.candidates.index, SLOW_MS)), surface)
    assert (slate.tier, trace.degraded) == ("retrieval", late("ensemble", "xgboost"))


@pytest.mark.parametrize("surface", FOUND)
def test_an_index_that_was_slow_is_not_asked_where_less_time_is_left(engine, answer, surface):
    served = engine.stages[surface]
    stages = stages_with(served, retriever=Slow(served.candidates.index, SLOW_MS))
    answer(stages, surface)
    slate, trace = answer(stages, surface)
    assert slate.tier == "ensemble"
    (note,) = trace.degraded
    assert note.startswith("retrieval: ")
    assert trace.causes == [("retrieval", "late")]


@pytest.mark.parametrize("surface", SURFACES)
def test_a_ranker_that_was_slow_gives_way_to_the_next_tier(engine, answer, surface):
    def slow(features):
        time.sleep(SLOW_MS / 1e3)
        return np.zeros(len(features))

    stages = stages_with(engine.stages[surface], neural=slow)
    assert answer(stages, surface)[0].tier == "ensemble"  # what was begun is not cut short
    slate, trace = answer(stages, surface)
    assert (slate.tier, trace.causes) == ("xgboost", [("ensemble", "late")])
    stages = stages_with(engine.stages[surface], neural=slow, xgboost=slow)
    for tier in ("ensemble", "xgboost"):
        assert answer(stages, surface)[0].tier == tier
    slate, trace = answer(stages, surface)
    assert (slate.tier, trace.causes) == ("retrieval", [("ensemble", "late"), ("xgboost", "late")])


def scored(took_ms=0.0, fails=False):
    def score():
        time.sleep(took_ms / 1e3)
        if fails:
            raise RuntimeError("this tier is broken")
        return np.zeros(3)

    return score


def test_a_tier_that_is_slow_to_fail_is_expected_to_be():
    pace, tiers = Pace(), {"ensemble": scored(20.0, fails=True), "popularity": scored()}
    assert score_by_ladder(tiers, 100, RequestTrace(60_000), pace).tier == "popularity"
    assert pace.expected_ms("ensemble", 100) >= 20.0
    pace.learn("ensemble", 100, 5.0)
    learned = pace.expected_ms("ensemble", 100)
    score_by_ladder({**tiers, "ensemble": scored(fails=True)}, 100, RequestTrace(60_000), pace)
    assert pace.expected_ms("ensemble", 100) == learned  # to fail at once says nothing of its pace


def test_what_follows_any_tier_is_set_aside_for_it():
    pace, tiers = Pace(), {"ensemble": scored(), "popularity": scored()}
    pace.learn("ensemble", 100, 30_000.0)
    assert score_by_ladder(tiers, 100, RequestTrace(60_000), pace).tier == "ensemble"
    pace.learn(SELECT, 100, 40_000.0)  # 30 s and 40 s are more than a minute
    assert score_by_ladder(tiers, 100, RequestTrace(60_000), pace).tier == "popularity"


def test_scores_that_are_there_already_teach_no_pace():
    pace, tiers = Pace(), {"retrieval": scored(), "popularity": scored()}
    pace.learn("retrieval", 100, 10.0)
    assert score_by_ladder(tiers, 100, RequestTrace(-1.0), pace, ready=("retrieval",)).tier == "retrieval"
    assert pace.expected_ms("retrieval", 100) == 10.0


@pytest.mark.parametrize("trace", [RequestTrace(60_000, abandoned=True), RequestTrace(-LATE_MS - 1)])
def test_no_stage_is_begun_for_a_caller_who_has_gone(trace):
    with pytest.raises(BusyError, match="nobody waits"), trace.stage("score"):
        pytest.fail("it was begun")
    assert trace.took == []


@pytest.mark.parametrize("surface", SURFACES)
def test_a_caller_who_goes_while_the_store_is_read_has_no_more_done_for_him(world, engine, surface):
    request, trace = REQUESTS[surface](**world.body(surface)).to_request(surface), RequestTrace(60_000)

    def leave(row, views):
        trace.abandoned = True
        return engine.stages[surface].reads.row(row, views)

    with pytest.raises(BusyError, match="nobody waits"):
        stages_with(engine.stages[surface], read=leave).answer(request, trace, engine.now())
    assert set(trace.timings_ms) == {"hydrate"}
