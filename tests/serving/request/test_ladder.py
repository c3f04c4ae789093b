"""The ladder: each tier is made to fail, the next one answers, says so, and shows nobody who may not be shown."""

import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from components.language.reasons import topics_of
from components.ranking.explanations import contributions
from metier.contract import SURFACES
from metier.errors import ServingError
from serving.http.ranking import ApplicantReview, JobFeed, Rank, TalentSearch
from serving.request.ladder import LADDER, popular_before_others, score_by_ladder
from serving.request.trace import Pace, RequestTrace
from tests.serving.request.broken import Broken, fails, no_number, no_store, stages_with

REQUESTS = {"talent_search": TalentSearch, "job_feed": JobFeed, "applicant_review": ApplicantReview}
ALL = 100


@pytest.fixture
def made(engine):
    """Stages of a surface, some parts of which are replaced."""
    return lambda surface, **parts: stages_with(engine.stages[surface], **parts)


@pytest.fixture
def answer(world, engine):
    """The slate and the trace of a request."""

    def ask(stages, surface, deadline_ms=60_000, **more):
        request = REQUESTS[surface](**world.body(surface, k=ALL, **more))
        trace = RequestTrace(deadline_ms)
        return stages.answer(request.to_request(surface), trace, engine.now()), trace

    return ask


@pytest.fixture
def by_tier(world, engine):
    """The slates of all tiers and the trace of a request."""

    def ask(stages, surface):
        request, trace = REQUESTS[surface](**world.body(surface, k=ALL)).to_request(surface), RequestTrace(60_000)
        return stages.by_tier(request, trace, engine.now()), trace

    return ask


def shown(slate):
    return {entry.candidate_id for entry in slate.entries}


BROKEN = {
    "ensemble": {"neural": fails},
    "xgboost": {"neural": fails, "xgboost": fails},
    "retrieval": {"neural": fails, "xgboost": fails, "retriever": Broken()},
}
FAILED = {
    "xgboost": ["ensemble: failed (RuntimeError)"],
    "retrieval": ["ensemble: failed (RuntimeError)", "xgboost: failed (RuntimeError)"],
}


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize(("broken", "next_tier"), [*pairwise(LADDER)])
def test_a_tier_that_fails_gives_way_to_the_next(made, answer, surface, broken, next_tier):
    healthy, _ = answer(made(surface), surface)
    assert healthy.tier == "ensemble"
    slate, trace = answer(made(surface, **BROKEN[broken]), surface)
    assert slate.tier == next_tier
    left_out = FAILED.get(next_tier, [*FAILED["retrieval"], "retrieval: failed (RuntimeError)"])
    assert sorted(trace.degraded) == sorted(left_out)
    assert len(slate.entries) == len(healthy.entries) > 0
    if surface != "talent_search":  # there more may be shown than fit, and the agency cap may move some
        assert shown(slate) == shown(healthy)
        scores = [entry.score for entry in slate.entries]
        assert scores == sorted(scores, reverse=True)


FOUND = ("talent_search", "job_feed")
"""Surfaces whose candidates retrieval finds; on the third the store says whose job it is."""
ILL = [*BROKEN.values(), {"read": no_store}, {"encoder": Broken()}]
CASES = [(surface, parts) for surface in SURFACES for parts in ILL if surface in FOUND or "read" not in parts]


@pytest.mark.parametrize(("surface", "parts"), CASES)
def test_nobody_is_shown_in_any_tier_who_may_not_be(world, made, answer, surface, parts):
    healthy, _ = answer(made(surface), surface)
    everyone = world.jobs if surface == "job_feed" else world.people
    may_not = set(everyone) - shown(healthy)
    if surface == "talent_search":
        may_not = {person for person, row in world.people.items() if row["status"] != "listed"}
    assert may_not
    slate, _ = answer(made(surface, **parts), surface)
    assert slate.entries
    assert not shown(slate) & may_not


def test_whose_job_it_is_cannot_go_unchecked(made, answer):
    with pytest.raises(ServingError, match="whose job"):
        answer(made("applicant_review", read=no_store), "applicant_review")


@pytest.mark.parametrize("surface", FOUND)
def test_without_the_store_what_is_popular_answers(made, answer, surface):
    slate, trace = answer(made(surface, read=no_store), surface)
    assert slate.tier == "popularity"
    assert trace.degraded == ["actor features: the online store failed (ConnectionError)"]
    assert all(entry.features is None for entry in slate.entries)


def test_without_the_store_a_typed_text_is_still_answered(made, answer, world):
    text = world.jobs[world.open_jobs[3]]["title"]
    slate, trace = answer(made("job_feed", read=no_store), "job_feed", text=text)
    assert slate.tier == "retrieval"
    titles = [world.jobs[entry.candidate_id]["title"] for entry in slate.entries[:5]]
    assert text in titles
    assert len(trace.degraded) == 1


def test_without_the_encoder_words_find_and_the_ensemble_ranks(made, answer, world):
    text = world.jobs[world.open_jobs[3]]["title"]
    slate, trace = answer(made("job_feed", encoder=Broken()), "job_feed", text=text)
    assert slate.tier == "ensemble"
    assert trace.degraded == ["text vector: the encoder failed (RuntimeError)"]
    names = made("job_feed").bundle.manifest.feature_names
    features = np.array([entry.features for entry in slate.entries])
    assert np.isnan(features[:, names.index("request_semantic")]).all()
    assert (features[:, names.index("request_lexical")] > 0).any()


def test_a_broken_index_costs_its_tier_and_the_ensemble_ranks_what_is_popular(made, answer):
    slate, trace = answer(made("job_feed", retriever=Broken()), "job_feed")
    assert slate.tier == "ensemble"
    assert trace.degraded == ["retrieval: failed (RuntimeError)"]


@pytest.mark.parametrize("surface", SURFACES)
def test_a_score_that_is_no_number_costs_the_tier(made, answer, surface):
    slate, trace = answer(made(surface, neural=no_number), surface)
    assert slate.tier == "xgboost"
    assert trace.degraded == ["ensemble: failed (RankerError)"]  # the ensemble refuses such a score itself


def test_reasons_that_fail_cost_the_reasons(made, answer):
    stages = made("job_feed")
    stages.bundle.ensemble.typical = np.zeros(3)
    slate, trace = answer(stages, "job_feed", explain=3)
    assert slate.tier == "ensemble"
    assert trace.degraded == ["reasons: failed (ValueError)"]


@pytest.mark.parametrize("surface", SURFACES)
def test_side_by_side_every_tier_orders_the_same_candidates(made, answer, by_tier, surface):
    stages = made(surface)
    slates, trace = by_tier(stages, surface)
    assert (tuple(slates), trace.degraded) == (LADDER, [])
    assert [entry.candidate_id for entry in slates["ensemble"].entries] == [
        entry.candidate_id for entry in answer(stages, surface)[0].entries
    ]
    assert len({slate.considered for slate in slates.values()}) == 1
    scored = {entry.candidate_id: entry.features.tolist() for entry in slates["ensemble"].entries}
    for slate in slates.values():
        for entry in slate.entries:
            np.testing.assert_array_equal(entry.features, scored.get(entry.candidate_id, entry.features))


def test_side_by_side_a_tier_that_fails_is_left_out(made, by_tier):
    slates, trace = by_tier(made("job_feed", neural=fails), "job_feed")
    assert (tuple(slates), trace.degraded) == (LADDER[1:], FAILED["xgboost"])


@pytest.mark.parametrize("surface", SURFACES)
def test_a_reason_has_the_value_that_was_scored_and_moved_the_score(made, answer, surface):
    stages = made(surface)
    slate, _ = answer(stages, surface, explain=3)
    names = stages.bundle.manifest.feature_names
    for entry in slate.entries[:3]:
        assert entry.reasons
        for reason in entry.reasons:
            assert reason.adds != 0
            np.testing.assert_equal(reason.value, float(entry.features[names.index(reason.feature)]))


def test_reasons_are_of_the_tier_that_ordered(made, answer):
    whole, _ = answer(made("job_feed"), "job_feed", explain=1)
    trees, _ = answer(made("job_feed", neural=fails), "job_feed", explain=1)  # the network is not asked for them
    assert (whole.tier, trees.tier) == ("ensemble", "xgboost")
    ensemble, names = made("job_feed").bundle.ensemble, made("job_feed").bundle.ensemble.feature_names
    for slate, alone in ((whole, None), (trees, "xgboost")):
        told = contributions(ensemble, slate.entries[0].features[None, :], topics_of(names), alone)
        orders = ensemble.blend if alone is None else partial(ensemble.score_alone, alone)
        assert told.base + told.adds.sum() == pytest.approx(orders(slate.entries[0].features[None, :])[0], abs=1e-5)
        adds = {reason.topic: reason.adds for reason in slate.entries[0].reasons}
        assert adds == pytest.approx({topic: told.adds[0, told.groups.index(topic)] for topic in adds})
        assert max(abs(told.adds[0])) == pytest.approx(abs(slate.entries[0].reasons[0].adds))


@pytest.mark.parametrize("surface", FOUND)
def test_the_callers_candidates_are_answered_without_the_store(made, world, engine, surface):
    body = world.body(surface, k=ALL)
    known = world.open_jobs if surface == "job_feed" else sorted(world.people)[:20]
    asked = Rank(**body, surface=surface, candidates=[*known, "unheard of"])
    trace = RequestTrace(60_000)
    slate = made(surface, read=no_store).answer(asked.to_request(surface), trace, engine.now())
    assert slate.tier == "popularity"
    assert slate.entries
    assert shown(slate) <= set(known)
    assert [note.split(":")[0] for note in trace.degraded] == ["actor features", "new candidates"]


@pytest.mark.parametrize("surface", SURFACES)
def test_a_deadline_that_has_passed_leaves_the_last_tier_and_says_so(made, answer, surface):
    slate, trace = answer(made(surface), surface, deadline_ms=0.001)
    assert slate.tier == trace.tier == "popularity"
    left_out = ["ensemble", "xgboost"]
    left_out.insert(2 if surface == "applicant_review" else 0, "retrieval")  # elsewhere it finds the candidates first
    assert trace.degraded == [f"{what}: 0 ms left of 0.001" for what in left_out]
    assert trace.causes == [(what, "late") for what in left_out]
    assert slate.entries


def test_the_endpoint_says_that_it_was_hurried(client, world, hurried):
    hurried("job_feed")
    answer = client.ranked("/v1/feed/jobs", world.body("job_feed"))
    assert answer["tier"] == "retrieval"
    assert re.fullmatch(r"ensemble: \d+ ms left of 60000", answer["degraded"][0])
    assert answer["slate"]


def scored(*tiers):
    return {tier: (lambda place=place: np.full(3, float(place))) for place, tier in enumerate(tiers)}


def test_a_tier_that_is_not_there_is_passed_over_without_a_word():
    trace = RequestTrace(60_000)
    found = score_by_ladder(scored("xgboost", "popularity"), 3, trace, Pace())
    assert (found.tier, trace.degraded) == ("xgboost", [])


def test_a_tier_that_gives_no_number_is_passed_over():
    trace = RequestTrace(60_000)
    tiers = {**scored("popularity"), "xgboost": lambda: np.array([1.0, np.nan, 2.0])}
    assert score_by_ladder(tiers, 3, trace, Pace()).tier == "popularity"
    assert trace.degraded == ["xgboost: gave a score that is no number"]


def test_a_tier_that_was_too_slow_is_passed_over_and_tried_again_later():
    pace = Pace()
    pace.learn("ensemble", 500, 100_000.0)
    tiers, passed_over = scored("ensemble", "popularity"), 0
    while score_by_ladder(tiers, 500, RequestTrace(60_000), pace).tier == "popularity":
        passed_over += 1
    assert passed_over == 51  # 100 s * 0.99**51 < 60 s
    assert pace.expected_ms("ensemble", 500) < 60_000


def test_a_tier_that_answers_teaches_its_pace():
    pace = Pace()
    score_by_ladder(scored("ensemble", "popularity"), 500, RequestTrace(60_000), pace)
    assert pace.expected_ms("ensemble", 500) > 0
    assert pace.expected_ms("popularity", 500) == 0


def test_the_last_tier_is_asked_whatever_the_time():
    found = score_by_ladder(scored(*LADDER), 3, RequestTrace(-1.0), Pace())
    assert (found.tier, found.scores.tolist()) == ("popularity", [3.0, 3.0, 3.0])


def test_the_wanted_category_comes_first_by_popularity():
    popularity, categories = np.array([5.0, 1.0, 3.0, 9.0]), np.array(["a", "b", "b", None], object)
    order = np.argsort(-popular_before_others(popularity, categories == "b"))
    assert order.tolist() == [2, 1, 3, 0]
    assert popular_before_others(popularity, np.zeros(len(popularity), bool)).tolist() == popularity.tolist()
