"""Exploration through the endpoint: what is logged, what comes back to the lake, and a request that is repeated."""

import pytest

from components.importers.logs.endpoint import import_logs
from metier.exploration import Exploration
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.exploration.explore import SHUFFLED
from serving.request.ranking import Promoted, RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.world import UNHURRIED_MS, ids, logged, served, wait_until

DECLARED = {"talent_search": Exploration(share=0.5, depth=10, slot=4), "applicant_review": Exploration(share=1)}


@pytest.fixture(scope="module")
def exploring(own):
    """A replica of which two surfaces explore and one does not."""
    settings = own.settings.model_copy(update={"exploration": DECLARED})
    engine = Engine(settings, own.pins, OffsetClock.starting_at(own.as_of))
    yield engine
    engine.close()


def rank(engine, world, surface, query_id, **more):
    told = world.body(surface, **more)
    request = RankingRequest(surface, told["actor_id"], job_id=told.get("job_id"), query_id=query_id, **more)
    trace = RequestTrace(UNHURRIED_MS)
    return engine.rank(request, trace)[0], trace


def test_the_log_and_the_lake_hold_the_propensities_of_what_was_shown(own, exploring):
    slates = {f"explored {n}": rank(exploring, own, "talent_search", f"explored {n}")[0] for n in range(12)}
    shown = sum(len(slate.entries) for slate in slates.values())
    wait_until(lambda: len(logged(own.settings.events, "impressions")) >= shown)
    import_logs(own.lake, own.settings, exploring.now())
    impressions = own.lake.read("impressions").to_pylist()
    for query, slate in slates.items():
        rows = sorted((row for row in impressions if row["query_id"] == query), key=lambda row: row["rank"])
        assert [(row["candidate_id"], row["rank"], row["placement"], row["propensity"]) for row in rows] == [
            (entry.candidate_id, entry.rank, entry.placement, entry.propensity) for entry in slate.entries
        ]
        assert [row["placement"] for row in rows].index("exploration") == 3
        assert all((row["propensity"] is not None) == (row["rank"] <= 10) for row in rows)
    variants = {row["query_id"]: row["variant"] for row in own.lake.read("queries").to_pylist()}
    assert {variants[query] for query in slates} == {None, SHUFFLED}
    assert {query: variants[query] for query in slates} == {query: slate.variant for query, slate in slates.items()}


def test_the_same_query_gets_the_same_slate_and_what_it_costs_is_told(own, exploring):
    first, trace = rank(exploring, own, "talent_search", "again")
    again, _ = rank(exploring, own, "talent_search", "again")
    assert [entry.candidate_id for entry in first.entries] == [entry.candidate_id for entry in again.entries]
    assert first.variant == again.variant
    assert 0 < trace.exploration_loss < 1


def test_a_review_is_shuffled_whole_and_a_feed_is_not(own, exploring):
    review, _ = rank(exploring, own, "applicant_review", "review")
    assert {entry.propensity for entry in review.entries} == {1 / len(review.entries)}
    feed, trace = rank(exploring, own, "job_feed", "feed")
    assert {entry.propensity for entry in feed.entries} == {None}
    assert (feed.variant, trace.exploration_loss) == (None, None)


def test_a_paid_rank_is_kept_and_has_no_propensity(own, exploring):
    second = rank(exploring, own, "talent_search", "unpaid")[0].entries[-1].candidate_id
    slate, _ = rank(exploring, own, "talent_search", "paid", promoted=[Promoted(second, 2)])
    assert [(e.candidate_id, e.rank, e.propensity) for e in slate.entries if e.placement == "promoted"] == [
        (second, 2, None)
    ]


def test_the_entries_of_an_answer_stand_as_they_are_shown(own, exploring):
    with served(lambda: exploring) as client:
        answer = client.ranked("/v1/search/talent", own.body("talent_search", query_id="answered"))
    assert [entry["rank"] for entry in answer["slate"]] == list(range(1, len(ids(answer)) + 1))
    assert answer["slate"][3]["placement"] == "exploration"
