"""Who is suspended: neither seen nor served, on every replica, until it is lifted."""

import dataclasses

import pyarrow as pa
import pytest

from serving.candidates.snapshot import CandidateSnapshot
from tests.serving.versions import JOB, PERSON
from tests.serving.world import UNHURRIED_MS, ids, put_everywhere


@pytest.fixture(scope="module")
def replicas(replicas_of_one_clock):
    return replicas_of_one_clock


def test_the_jobs_of_a_suspended_client_leave_every_feed_until_it_is_lifted(replicas, own):
    released = next(job for job in own.open_jobs if own.jobs[job]["visibility"] == "public")
    client = own.owner(released)
    put_everywhere(replicas, "jobs/of a client", {**JOB, "client_id": client})
    asked = {"surface": "job_feed", "candidates": [released, "of a client"], "deadline_ms": UNHURRIED_MS}
    shown = {"active": {released, "of a client"}, "suspended": set()}
    for status in ("active", "suspended", "active"):
        put_everywhere(replicas, f"clients/{client}", {"status": status})
        for replica in replicas:
            answer = replica.ranked("/v1/rank", asked)
            assert set(ids(answer)) == shown[status]
            assert answer["dropped"].get("client_suspended", 0) == 2 - len(shown[status])
            feed = replica.ranked("/v1/feed/jobs", {"text": "accordion", "k": 100, "deadline_ms": UNHURRIED_MS})
            assert ("of a client" in ids(feed)) == ("of a client" in shown[status])


def test_who_is_suspended_is_told_so_instead_of_being_served(replicas, own):
    job = own.open_jobs[1]
    client = own.owner(job)
    put_everywhere(replicas, "freelancers/someone", PERSON)
    asked = [
        ("/v1/feed/jobs", {"actor_id": "someone"}),
        ("/v1/rank", {"actor_id": "someone", "surface": "job_feed", "candidates": [job]}),
        ("/v1/search/talent", {"actor_id": client, "text": "website"}),
        ("/v1/search/talent", {"actor_id": client, "job_id": job}),
        ("/v1/review/applicants", {"actor_id": client, "job_id": job}),
    ]
    for status in ("suspended", "listed"):
        put_everywhere(replicas, "freelancers/someone", {**PERSON, "status": status})
        put_everywhere(replicas, f"clients/{client}", {"status": "active" if status == "listed" else status})
        for replica in replicas:
            for path, body in asked:
                answer = replica.post(path, {**body, "deadline_ms": UNHURRIED_MS})
                assert answer.status_code == (403 if status == "suspended" else 200), answer.text
                if status == "suspended":
                    side = "freelancer" if body["actor_id"] == "someone" else "client"
                    assert f"{side} '{body['actor_id']}' is suspended" in answer.json()["error"]


def test_a_release_knows_whose_client_was_suspended(world):
    engine = world.engine()
    try:
        rows = engine.stages["job_feed"].snapshot.candidates
    finally:
        engine.close()
    owners = rows.versions["client_id"].to_pylist()
    client = world.owner(world.open_jobs[0])
    statuses = pa.array(["suspended" if owner == client else "active" for owner in owners])
    position = rows.features.column_names.index("client_profile__status")
    features = rows.features.set_column(position, "client_profile__status", statuses)
    pool = CandidateSnapshot(dataclasses.replace(rows, features=features)).pool
    mask = pool.feed("somebody").mask
    assert mask.any()
    assert client not in {owners[row] for row in mask.nonzero()[0]}
