"""What a replica warms up by and a new bundle is tried on: the last requests of this home, and some made for it."""

import json

import pytest

from metier.contract import SURFACES
from serving.bundles.recorded import MOST, made_requests, recorded_requests
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.world import logged


@pytest.fixture
def empty(world, tmp_path):
    """Settings of a home in which nothing was asked yet."""
    return world.settings.model_copy(update={"home": tmp_path})


def line(number, surface="job_feed", actor="fr_1", **more):
    row = {"query_id": str(number), "surface": surface, "actor_id": actor, "filters": "{}", "context": "{}", **more}
    return json.dumps({"table": "queries", "row": row}, separators=(",", ":")) + "\n"


def test_the_newest_of_the_event_log_come_first(empty):
    empty.events.mkdir()
    (empty.events / "1.jsonl").write_text(line(0, text="first") + line(1, text="second"))
    (empty.events / "2.jsonl").write_text(line(2, text="third") + line(3, actor="anonymous:s") + '{"table":"quer')
    newest = recorded_requests(empty)["job_feed"]
    assert [(request.actor_id, request.text) for request in newest] == [
        ("", None), ("fr_1", "third"), ("fr_1", "second"), ("fr_1", "first"),
    ]  # fmt: skip


def test_so_many_are_enough(empty):
    empty.events.mkdir()
    (empty.events / "1.jsonl").write_text("".join(line(number) for number in range(3 * MOST)))
    found = recorded_requests(empty)
    assert {surface: len(requests) for surface, requests in found.items()} == {
        "talent_search": 0, "job_feed": MOST, "applicant_review": 0,
    }  # fmt: skip


def test_a_log_that_cannot_be_read_leaves_those_of_the_lake(world, empty):
    events = empty.model_copy(update={"lake_url": world.settings.lake}).events
    events.mkdir()
    (events / "1.jsonl").write_text('{"table":"queries"nothing\n')
    found = recorded_requests(empty.model_copy(update={"lake_url": world.settings.lake}))
    assert found["talent_search"]
    assert found["job_feed"]
    assert all(request.surface == surface for surface, requests in found.items() for request in requests)


def test_where_nothing_was_asked_requests_are_made(empty, engine):
    assert recorded_requests(empty) == {surface: [] for surface in SURFACES}
    for surface in SURFACES:
        candidates = engine.stages[surface].candidates
        made = made_requests(candidates)
        for request in made:
            slates = engine.stages[surface].by_tier(request, RequestTrace(60_000), engine.now())
            assert set(request.candidates) <= set(candidates.base.ids)
            assert "ensemble" in slates
        assert len({request.text for request in made}) == len(made)


def test_nothing_is_recorded_of_a_replay(own):
    first = own.engine()
    first.rank(RankingRequest("job_feed", own.feed_actor), RequestTrace(60_000))
    first.close()
    asked = logged(own.settings.events, "queries")
    assert len(asked) == 1
    engine = own.engine()
    engine.close()
    assert logged(own.settings.events, "queries") == asked


def test_a_lake_at_a_url_is_read_like_one_in_a_folder(world, empty):
    told = [recorded_requests(empty.model_copy(update={"lake_url": url})) for url in (
        world.settings.lake, f"file://{world.settings.lake}",
    )]  # fmt: skip
    assert told[0] == told[1]
    assert told[0]["job_feed"]
