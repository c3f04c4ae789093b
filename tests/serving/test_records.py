"""What a slate leaves in the event log: one query and its impressions, with all that made them."""

import base64
import json

import numpy as np
import pytest

from metier.changes.files import FileChangeLog
from metier.contract import IMPRESSIONS, QUERIES, SURFACES
from tests.serving.world import ROUTES, ids, logged, wait_until


@pytest.fixture
def written(client, world):
    """The query row and the impression rows of an answer, once they are on disk."""

    def rows(answer):
        def of(table):
            return [row for row in logged(world.settings.events, table) if row["query_id"] == answer["query_id"]]

        wait_until(lambda: len(of("impressions")) == len(answer["slate"]) and of("queries"))
        (query,) = of("queries")
        return query, of("impressions")

    return rows


@pytest.mark.parametrize("surface", SURFACES)
def test_a_slate_leaves_one_query_and_an_impression_an_entry(client, world, engine, written, surface):
    answer = client.ranked(
        ROUTES[surface], world.body(surface, session_id="s1", context={"page": 2, "device": "phone"})
    )
    query, impressions = written(answer)
    stages = engine.stages[surface]
    body = world.body(surface)
    assert query == {
        "query_id": answer["query_id"],
        "surface": surface,
        "actor_id": body["actor_id"],
        "session_id": "s1",
        "job_id": body.get("job_id"),
        "text": None,
        "filters": "{}",
        "context": '{"device": "phone", "page": 2}',
        "variant": None,
        "policy": stages.bundle.version,
        "snapshot_version": stages.snapshot.release.version,
        "tier": "ensemble",
        "degraded": [],
        "feature_service": f"{surface}_v1",
        "feature_schema_hash": stages.bundle.manifest.feature_schema_hash,
        "event_timestamp": answer["as_of"].replace("Z", "+00:00"),
        "recorded_at": answer["as_of"].replace("Z", "+00:00"),
    }
    assert set(query) <= {column.name for column in QUERIES.columns}
    for entry, row in zip(answer["slate"], impressions, strict=True):
        assert {name: row[name] for name in ("candidate_id", "rank", "score", "placement")} == {
            name: entry[name] for name in ("candidate_id", "rank", "score", "placement")
        }
        assert row["event_timestamp"] == query["event_timestamp"]
        assert set(row) - {"features_f32"} <= {column.name for column in IMPRESSIONS.columns}


@pytest.mark.parametrize("surface", SURFACES)
def test_the_features_of_an_impression_are_those_it_was_scored_by(client, world, engine, written, surface):
    answer = client.ranked(ROUTES[surface], world.body(surface))
    _, impressions = written(answer)
    ensemble = engine.stages[surface].bundle.ensemble
    rows = [np.frombuffer(base64.b64decode(row["features_f32"]), "<f4") for row in impressions]
    features = np.array(rows)
    assert features.shape == (len(impressions), len(ensemble.feature_names))
    np.testing.assert_allclose(ensemble.score(features), [row["score"] for row in impressions], atol=1e-6)


def test_what_was_asked_is_kept_as_it_was_asked(client, world, written):
    text, filters = "Köchin gesucht 🍳", {"country": ["DE", "US"], "rate_max_usd": 90}
    query, _ = written(client.ranked("/v1/search/talent", world.body("talent_search", text=text, filters=filters)))
    assert query["text"] == text
    assert json.loads(query["filters"]) == filters


def test_a_promoted_placement_is_logged_as_one(client, world, written):
    second = ids(client.ranked("/v1/feed/jobs", world.body("job_feed")))[1]
    paid = {"candidate_id": second, "rank": 1}
    _, impressions = written(client.ranked("/v1/feed/jobs", world.body("job_feed", promoted=[paid])))
    assert [(row["rank"], row["candidate_id"]) for row in impressions if row["placement"] == "promoted"] == [
        (1, second)
    ]


def test_a_degraded_slate_says_so_in_the_log_and_has_no_features(client, world, written, hurried):
    hurried("job_feed")
    answer = client.ranked("/v1/feed/jobs", world.body("job_feed"))
    query, impressions = written(answer)
    assert (query["tier"], query["degraded"]) == ("retrieval", answer["degraded"])
    assert all(row["features"] is None for row in impressions)


def test_an_empty_slate_leaves_its_query(client, world, written):
    query, impressions = written(client.ranked("/v1/feed/jobs", world.body("job_feed", exclude=world.open_jobs)))
    assert (query["tier"], impressions) == ("ensemble", [])


def test_an_acknowledged_interaction_is_on_disk(client, world, engine):
    event = {"interaction_id": "on disk", "kind": "click", "side": "client", "freelancer_id": "f", "client_id": "c"}
    before = engine.now()
    assert client.post("/v1/interactions", {"interactions": [event]}).json()["accepted"] == 1
    (row,) = [row for row in logged(world.settings.events, "interactions") if row["interaction_id"] == "on disk"]
    assert row["event_timestamp"] == row["recorded_at"] >= before.isoformat()
    assert row["job_id"] is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs", {"title": "Cook", "description": "", "skills": []}),
        ("freelancers", {"title": "Cook", "overview": "", "skills": []}),
    ],
)
def test_an_acknowledged_version_is_on_disk(replicas, own, path, body):
    answer = replicas[0].put(f"/v1/{path}/on%20disk", body)
    assert (answer.status_code, answer.json()["id"]) == (202, "on disk")
    changes = FileChangeLog(own.settings.changes).since(answer.json()["sequence"] - 1, 1)
    assert [(change.table, change.id, change.row["title"]) for change in changes] == [(path, "on disk", "Cook")]
