"""Both sides can be new: a client that was PUT, or that its first job brought, and a visitor without an account ask."""

from datetime import UTC, datetime, timedelta

import pytest

from components.importers.logs.endpoint import import_logs
from components.monitoring.replay import replay
from feature_repo.build.feature_tables import build_all
from feature_repo.texts import Encoder
from serving.candidates.clients import ChangedClients
from tests.serving.versions import JOB, MemoryLog
from tests.serving.world import UNHURRIED_MS, ids, logged, put_everywhere, wait_until


@pytest.fixture(scope="module")
def replicas(replicas_of_one_clock):
    return replicas_of_one_clock


def search(replica, **told):
    return replica.ranked("/v1/search/talent", {"deadline_ms": UNHURRIED_MS, "k": 5, **told})


def test_a_client_that_was_put_asks_every_replica(replicas):
    put_everywhere(replicas, "clients/fresh", {"country": "DE", "payment_verified": True})
    for replica in replicas:
        answer = search(replica, actor_id="fresh", text="website")
        assert (answer["tier"], answer["degraded"], len(answer["slate"])) == ("ensemble", [], 5)


def test_a_job_brings_the_client_that_nobody_knew(replicas, own):
    put_everywhere(replicas, "jobs/first", {**JOB, "client_id": "brought"})
    for replica in replicas:
        for told in ({"job_id": "first"}, {"text": "accordion"}):
            assert len(search(replica, actor_id="brought", **told)["slate"]) == 5
        assert replica.ranked("/v1/review/applicants", {"actor_id": "brought", "job_id": "first"})["slate"] == []


def test_a_job_of_a_known_client_brings_nobody(replicas, own):
    put_everywhere(replicas, "clients/known", {"country": "PT"})
    for job, client in (("j1", "known"), ("j2", own.owner(own.open_jobs[0])), ("j3", None)):
        put_everywhere(replicas, f"jobs/{job}", {**JOB, "client_id": client})
    assert [row["client_id"] for row in changes_of(own, "clients")] == ["fresh", "brought", "known"]


def changes_of(own, table):
    return logged(own.settings.changes, table)


def actors_of(own):
    """Who asked, by query."""
    return {row["query_id"]: row["actor_id"] for row in logged(own.settings.events, "queries")}


def test_a_visitor_asks_without_an_account(replicas, own):
    for nobody in ({}, {"actor_id": None}):
        people = search(replicas[0], text="website", session_id="s1", **nobody)
        jobs = replicas[0].ranked("/v1/feed/jobs", {"text": "website", "deadline_ms": UNHURRIED_MS, **nobody})
        shown = [job for job in own.open_jobs if own.jobs[job]["visibility"] == "public"][:3]
        asked = {"surface": "job_feed", "candidates": shown, "deadline_ms": UNHURRIED_MS, **nobody}
        for answer in (people, jobs, replicas[0].ranked("/v1/rank", asked)):
            assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
            assert answer["slate"]
        wait_until(lambda query=jobs["query_id"]: query in actors_of(own))
        actors = actors_of(own)
        assert actors[people["query_id"]] == "anonymous:s1"
        assert actors[jobs["query_id"]] == f"anonymous:{jobs['query_id']}"


def test_a_visitor_is_shown_what_nobodys_past_forbids(replicas, own):
    public = {job for job in own.open_jobs if own.jobs[job]["visibility"] == "public"}
    answer = replicas[0].ranked("/v1/feed/jobs", {"k": 100, "deadline_ms": UNHURRIED_MS})
    assert set(ids(answer)) <= public | {"j1", "j2", "j3", "first"}
    assert not {"applied", "dismissed", "declined", "blocked"} & answer["dropped"].keys()


def test_served_values_of_new_sides_come_back_and_their_clients_are_in_the_lake(replicas, own, tmp_path):
    for told in ({"actor_id": "fresh", "job_id": "first"}, {"actor_id": "fresh"}, {}):
        search(replicas[1], text="website", **told)
    served_slates = len(logged(own.settings.events, "queries"))
    import_logs(own.lake, own.settings, datetime.now(UTC) + timedelta(days=365))
    rows = {row["client_id"]: row for row in own.lake.read("clients").to_pylist()}
    assert (rows["fresh"]["country"], rows["fresh"]["payment_verified"]) == ("DE", True)
    assert (rows["brought"]["country"], rows["brought"]["status"]) == (None, "active")
    build_all(own.lake, own.settings, own.lake.as_of(), Encoder.load())
    report = replay(own.settings, 10_000)
    assert served_slates > 5
    assert (report.mismatches, report.examples) == (0, ())


def test_feedback_about_ids_that_nobody_knows_is_accepted_and_counted(replicas, own, tmp_path):
    known = {"freelancer_id": own.feed_actor, "job_id": own.open_jobs[0], "client_id": "fresh"}
    about = [known, {"freelancer_id": "no-one", "job_id": "none"}, {"freelancer_id": "no-one", "client_id": "nobody"}]
    events = [
        {"interaction_id": f"u{number}", "kind": "click", "side": "client", **ids} for number, ids in enumerate(about)
    ]
    unknown = {"freelancers": 1, "jobs": 1, "clients": 1}
    assert replicas[0].post("/v1/interactions", {"interactions": events}).json() == {"accepted": 3, "unknown": unknown}
    assert replicas[0].post("/v1/interactions", {"interactions": events[:1]}).json() == {"accepted": 1}
    report = import_logs(own.lake, own.settings, datetime.now(UTC) + timedelta(days=365))
    told = "unknown: interactions name 1 freelancers, 1 clients, 1 jobs that the lake does not hold"
    assert report.render().splitlines()[-1] == told
    assert report.unknown["jobs"] == ("none",)


def profile(read, clients):
    return [read({"client_id": client}, ["client_profile"])["client_profile__country"] for client in clients]


def stored(query, views):
    return {**query, "client_profile__country": "ES"}


def test_the_newest_version_of_a_client_counts_and_others_are_as_stored(world):
    log, clients = MemoryLog(), ChangedClients()
    for country in ("DE", "FR"):
        log.append("clients", {"client_id": "c", "country": country, "status": "active"}, world.as_of)
    late = {"client_id": "c", "country": "AT", "status": "active", "event_timestamp": world.as_of.replace(year=2020)}
    log.append("clients", late, world.as_of)
    log.append("jobs", {**JOB, "job_id": "j"}, world.as_of)
    clients.take(log.changes)
    assert profile(clients.over(stored), ["c", "other", None]) == ["FR", "ES", "ES"]
    clients.forget()
    assert profile(clients.over(stored), ["c"]) == ["ES"]
