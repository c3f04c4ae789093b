"""What a score is said to be, and what entries say may come of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from components.ranking.outcomes.blended import Outcomes
from metier.contract import SURFACES
from serving.http.ranking import ApplicantReview, JobFeed, Rank, TalentSearch
from serving.request.outcomes import with_outcomes
from serving.request.ranking import SlateEntry
from serving.request.trace import RequestTrace
from tests.serving.request.broken import stages_with
from tests.serving.world import ROUTES

REQUESTS = {"talent_search": TalentSearch, "job_feed": JobFeed, "applicant_review": ApplicantReview}


@pytest.fixture
def slate(world, engine):
    """The slate of a request over `parts` of the served stages."""

    def answer(surface, parts=None, **more):
        body = REQUESTS[surface](**world.body(surface, **more))
        stages = stages_with(engine.stages[surface], **parts) if parts else engine.stages[surface]
        return stages.answer(body.to_request(surface), RequestTrace(60_000), engine.now())

    return answer


@pytest.mark.parametrize("surface", SURFACES)
def test_scores_of_the_ensemble_are_probabilities_of_a_candidate_shown_first(slate, engine, surface):
    assert engine.stages[surface].bundle.ensemble.tells_probability
    assert slate(surface).tells_probability


def test_outcomes_are_those_of_the_rank_where_an_entry_stands(slate, engine):
    asked = slate("job_feed", k=5, outcomes=True)
    ensemble = engine.stages["job_feed"].bundle.ensemble
    features = np.array([entry.features for entry in asked.entries])
    said = ensemble.outcomes.probability(ensemble.rankers, features, [entry.rank for entry in asked.entries])
    assert [entry.outcomes for entry in asked.entries] == [
        {head: pytest.approx(float(column[row])) for head, column in said.items()} for row in range(len(features))
    ]
    assert "click" in asked.entries[0].outcomes
    assert [entry.score for entry in asked.entries] == [entry.score for entry in slate("job_feed", k=5).entries]


def test_outcomes_come_only_where_they_are_asked_for(slate):
    assert {entry.outcomes for entry in slate("job_feed").entries} == {None}


def test_lower_tiers_only_order(slate):
    def fails(features):
        raise RuntimeError("this ranker is broken")

    asked = slate("job_feed", {"neural": fails}, outcomes=True)
    assert (asked.tier, asked.tells_probability) == ("xgboost", False)
    assert {entry.outcomes for entry in asked.entries} == {None}


def test_candidates_of_the_caller_are_ordered_by_a_score_that_is_no_probability(client, world):
    found = client.ranked(ROUTES["job_feed"], world.body("job_feed", k=5, outcomes=True))
    assert found["score_is"] == "probability"
    assert all(1 >= entry["outcomes"]["click"] > 0 for entry in found["slate"])
    body = {"surface": "job_feed", "actor_id": world.body("job_feed")["actor_id"], "outcomes": True}
    given = client.ranked("/v1/rank", body | {"candidates": [entry["candidate_id"] for entry in found["slate"]]})
    assert given["score_is"] == "order"
    assert all("outcomes" not in entry for entry in given["slate"])
    assert {e["candidate_id"]: e["score"] for e in given["slate"]} == {
        e["candidate_id"]: e["score"] for e in found["slate"]
    }


def test_heads_that_fail_cost_the_outcomes_and_not_the_slate():
    class Failing(Outcomes):
        def probability(self, rankers, features, rank=None):
            raise RuntimeError("these heads are broken")

    bundle = SimpleNamespace(ensemble=SimpleNamespace(rankers={}, outcomes=Failing()))
    trace, entries = RequestTrace(60_000), [SlateEntry("J", 1, 0.5, "organic")]
    assert with_outcomes(entries, np.zeros((1, 2), np.float32), bundle, trace) == entries
    assert trace.degraded == ["outcomes: failed (RuntimeError)"]


def test_the_document_says_what_a_score_is():
    from serving.http.ranking import RankingResponse

    said = RankingResponse.model_json_schema()["properties"]["score_is"]
    assert said["enum"] == ["probability", "order"]
    assert "were the candidate shown first" in said["description"]
    assert Rank.model_json_schema()["properties"]["outcomes"]["default"] is False
