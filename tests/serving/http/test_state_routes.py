"""What the endpoint tells of itself: alive, ready, what it serves, its figures, its routes."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from feature_repo.hydrate import candidate_views
from feature_repo.online.freshness import LIMITS
from metier.contract import SURFACES
from serving.admission.bounds import MOST_RANKED
from serving.clock import OffsetClock
from serving.engine import Engine
from serving.stages import Stages
from tests.serving.world import ROUTES, SOON, logged, served, wait_until

PATHS = {
    "/v1/search/talent": {"post"},
    "/v1/feed/jobs": {"post"},
    "/v1/review/applicants": {"post"},
    "/v1/rank": {"post"},
    "/v1/ask": {"post"},
    "/v1/assist": {"post"},
    "/v1/tools": {"get"},
    "/v1/tools/{name}": {"post"},
    "/v1/interactions": {"post"},
    "/v1/jobs/{job_id}": {"put"},
    "/v1/freelancers/{freelancer_id}": {"put"},
    "/v1/clients/{client_id}": {"put"},
    "/v1/bundle": {"get"},
    "/v1/suggest": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}


def figures(client):
    """Every sample by name and labels, added up over the replicas."""
    added = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            key = sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "replica")
            added[key] = added.get(key, 0) + sample.value
    return added


def test_it_is_alive_and_ready_with_its_candidates(client, world, engine):
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz").json()
    assert ready["status"] == "ready"
    for surface, held in ready["surfaces"].items():
        candidates = engine.stages[surface].candidates
        assert held["snapshot_version"] == candidates.version
        assert held["candidates"] == len(candidates) >= len(world.jobs if surface == "job_feed" else world.people)
        assert set(held["views"]) == set(candidate_views(surface))
        for view, told in held["views"].items():
            assert 0 <= told["age_seconds"] < 3_600
            assert (told["limit_seconds"], told["stale"]) == (LIMITS[view].total_seconds(), False)


@pytest.mark.parametrize("surface", SURFACES)
def test_it_tells_which_bundle_is_pinned(client, world, engine, surface):
    told, pin = client.get("/v1/bundle").json()[surface], world.pins[surface]
    assert (told["name"], told["version"], told["sha256"]) == (f"metier_{surface}", 1, pin.sha256)
    assert told["bundle"] == f"{surface}-{pin.sha256[:8]}"
    assert told["verdict"] == "hold"
    assert told["as_of"] == "2026-03-01T00:00:00Z"
    assert told["features"] == len(engine.stages[surface].bundle.manifest.feature_names)


def test_its_figures_move_with_what_it_does(client, world, hurried):
    before = figures(client)
    client.ranked("/v1/feed/jobs", world.body("job_feed"))
    hurried("job_feed")
    client.ranked("/v1/feed/jobs", world.body("job_feed"))
    client.post("/v1/feed/jobs", {"k": 0})
    client.post("/v1/nowhere", {})
    event = {"interaction_id": "m", "kind": "click", "side": "client", "freelancer_id": "f", "job_id": "j"}
    client.post("/v1/interactions", {"interactions": [event]})
    after = figures(client)

    def moved(*name):
        return after[name] - before.get(name, 0)

    # others may ask the same endpoint meanwhile, so each figure moved by what was done here at least
    assert moved("metier_requests_total", "/v1/feed/jobs", "200") >= 2
    assert moved("metier_requests_total", "/v1/feed/jobs", "422") >= 1
    assert moved("metier_requests_total", "/v1/interactions", "200") >= 1
    assert moved("metier_requests_total", "unknown", "404") >= 1
    assert moved("metier_request_seconds_count", "/v1/feed/jobs") >= 3
    assert moved("metier_request_seconds_sum", "/v1/feed/jobs") > 0
    assert moved("metier_slates_total", "job_feed", "ensemble") >= 1
    assert moved("metier_slates_total", "job_feed", "retrieval") >= 1
    assert moved("metier_degraded_total", "ensemble", "late") >= 1
    assert moved("metier_event_log_events", "written") > 0
    assert after["metier_event_log_events", "failed"] == 0
    assert 0 <= after["metier_candidates_age_seconds", "job_feed"] < 3_600
    assert 0 <= after["metier_view_age_seconds", "job_feed", "job_activity"] < 3_600
    limits = after["metier_view_limit_seconds", "job_feed", "job_activity"]
    assert limits == 48 * 3_600 * len(replicas(client, "metier_changes_sequence"))


def replicas(client, name):
    """The samples of a metric by replica, added up."""
    added = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name:
                replica = sample.labels["replica"]
                added[replica] = added.get(replica, 0) + sample.value
    return added


def test_any_replica_tells_the_figures_of_all_and_forgets_one_that_ended(world, tmp_path):
    other = world.copy(tmp_path / "home")
    engines = [other.engine(), other.engine()]
    names = [engine.folder.name for engine in engines]
    with served(lambda: engines[0]) as one:
        with served(lambda: engines[1]) as two:
            for _ in range(3):
                one.get("/healthz")
            wait_until(lambda: replicas(two, "metier_requests_total").get(names[0], 0) >= 3)
            assert set(replicas(one, "metier_changes_sequence")) == set(names)
        assert set(replicas(one, "metier_changes_sequence")) == {names[0]}


def test_its_description_lists_every_route(client):
    described = client.get("/openapi.json").json()
    assert {path: set(methods) for path, methods in described["paths"].items()} == PATHS
    for route in ROUTES.values():
        responses = described["paths"][route]["post"]["responses"]
        assert {"200", "404", "413", "422", "503"} <= set(responses)
        assert responses["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_an_event_that_cannot_be_made_durable_is_not_acknowledged(world, tmp_path):
    other = world.copy(tmp_path / "home")
    other.settings.events.write_text("in the way")
    with served(other.engine) as client:
        event = {"interaction_id": "i", "kind": "click", "side": "client", "freelancer_id": "f", "job_id": "j"}
        answer = client.post("/v1/interactions", {"interactions": [event]})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "could not be written" in answer.json()["error"]
        assert client.ranked("/v1/feed/jobs", world.body("job_feed"))["tier"] == "ensemble"
        assert figures(client)["metier_event_log_events", "failed"] > 0


def test_a_sender_that_hangs_up_is_no_failure_of_the_server(client):
    before = figures(client)
    address = urlsplit(client.url)
    with socket.create_connection((address.hostname, address.port), timeout=SOON) as connection:
        connection.sendall(b"POST /v1/feed/jobs HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{")
    left = ("metier_requests_total", "/v1/feed/jobs", "499")
    wait_until(lambda: figures(client).get(left, 0) > before.get(left, 0))
    failed = ("metier_requests_total", "/v1/feed/jobs", "500")
    assert figures(client).get(failed, 0) == before.get(failed, 0)


def test_more_requests_than_can_wait_are_told_to_come_back_and_the_rest_of_it_answers(world):
    engine, resume = world.engine(), threading.Event()
    stages = engine.stages["job_feed"]

    def stuck(row, views):
        assert resume.wait(SOON)
        return stages.reads.row(row, views)

    engine.stages["job_feed"] = Stages(stages.bundle, stages.candidates, replace(stages.reads, row=stuck))
    body = {**world.body("job_feed"), "deadline_ms": 60_000}
    with served(lambda: engine) as client, ThreadPoolExecutor(MOST_RANKED + 6) as crowd:
        waiting = [crowd.submit(client.post, "/v1/feed/jobs", body) for _ in range(MOST_RANKED + 6)]
        wait_until(lambda: sum(each.done() for each in waiting) == 6)
        assert client.get("/healthz").status_code == 200
        event = {"interaction_id": "i", "kind": "click", "side": "client", "freelancer_id": "f", "job_id": "j"}
        assert client.post("/v1/interactions", {"interactions": [event]}).status_code == 200
        resume.set()
        answers = [each.result() for each in waiting]
    assert sorted(answer.status_code for answer in answers) == [200] * MOST_RANKED + [503] * 6
    told = {(answer.headers["retry-after"], answer.json()["error"]) for answer in answers if answer.status_code == 503}
    assert told == {("1", "this replica is busy; send the request again in a second")}


def test_what_was_served_is_on_disk_once_the_server_has_ended(world, tmp_path):
    other = world.copy(tmp_path / "home")
    with served(other.engine) as client:
        answers = [client.ranked("/v1/feed/jobs", world.body("job_feed")) for _ in range(5)]
    assert [row["query_id"] for row in logged(other.settings.events, "queries")] == [
        answer["query_id"] for answer in answers
    ]
    assert len(logged(other.settings.events, "impressions")) == sum(len(answer["slate"]) for answer in answers)


def test_a_surface_that_is_not_pinned_is_named_with_those_that_are(world):
    pins = {"job_feed": world.pins["job_feed"]}
    with served(lambda: Engine(world.settings, pins, OffsetClock.starting_at(world.as_of))) as client:
        answer = client.post("/v1/search/talent", world.body("talent_search"))
        assert answer.status_code == 422
        assert answer.json()["error"] == "unknown surface that is served here 'talent_search'; use one of: job_feed"
        assert set(client.get("/v1/bundle").json()) == {"job_feed"}
