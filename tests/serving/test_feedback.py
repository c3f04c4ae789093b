"""What people do about each other counts on every replica, exactly as a batch rebuild of the same moment has it."""

import random
import shutil
from datetime import timedelta
from itertools import count

import numpy as np
import pytest

from components.importers.logs.endpoint import import_logs
from components.releases.release_builder import build_releases
from components.retrieval.from_lake import pair_interactions
from components.retrieval.pair_facts import PairFacts
from metier.changes.files import FileChangeLog
from metier.contract import KINDS, SIDES
from serving.request.ranking import RankingRequest
from tests.serving.versions import JOB, PERSON
from tests.serving.world import all_serve, ids, logged, served, wait_until

NUMBERS = count()
RANDOM_ACTS = 80


def act(kind, side, freelancer, job=None, client=None, **more):
    names = {"interaction_id": f"act {next(NUMBERS)}", "kind": kind, "side": side, "freelancer_id": freelancer}
    return {**names, "job_id": job, "client_id": client, **more}


def tell(own, replicas, *acts):
    """Post to the first replica, and wait until all serve it."""
    answer = replicas[0].post("/v1/interactions", {"interactions": list(acts)})
    assert answer.status_code == 200, answer.text
    all_serve(replicas, FileChangeLog(own.settings.changes).last())


def feed(replica, own, person, *jobs):
    body = {"surface": "job_feed", "actor_id": person, "candidates": list(jobs), "deadline_ms": 60_000}
    answer = replica.ranked("/v1/rank", body)
    return set(ids(answer)), answer.get("dropped", {})


@pytest.mark.parametrize(
    ("kind", "side", "named", "reason"),
    [
        ("apply", "freelancer", "job", "applied"),
        ("dismiss", "freelancer", "job", "dismissed"),
        ("decline", "freelancer", "job", "declined"),
        ("dismiss", "freelancer", "client", "blocked"),
        ("dismiss", "client", "client", "blocked"),
        ("hire", "client", "job", "filled"),
        ("hire", "client", "job", "hired"),
        ("accept", "freelancer", "job", "accepted"),
        ("accept", "client", "job", "accepted"),
    ],
)
def test_a_job_leaves_the_feed_of_every_replica(own, replicas, kind, side, named, reason):
    job, client, person = f"of {kind} {side} {named} {reason}", f"client {kind} {side}", own.feed_actor
    posted = {**JOB, "client_id": client, "openings": 1 if reason == "filled" else 2}
    assert replicas[0].put(f"/v1/jobs/{job}", posted).status_code == 202
    tell(own, replicas, act("click", "freelancer", person, job))
    assert all(feed(replica, own, person, job)[0] == {job} for replica in replicas)
    before = [feed(replica, own, person, job)[1].get(reason, 0) for replica in replicas]
    tell(own, replicas, act(kind, side, person, **{named: job if named == "job" else client}))
    after = [feed(replica, own, person, job) for replica in replicas]
    assert [slate for slate, _ in after] == [set(), set()]
    assert [dropped[reason] for _, dropped in after] == [n + 1 for n in before]


def test_an_acceptance_undoes_a_decline_and_an_invitation_opens_a_closed_door(own, replicas):
    person, job = own.feed_actor, "by invitation"
    tell(own, replicas, act("invite", "client", person, job))  # the job comes after what was done about it
    assert replicas[1].put(f"/v1/jobs/{job}", {**JOB, "visibility": "invite_only"}).status_code == 202
    tell(own, replicas, act("invite", "client", "somebody else", job))
    for replica in replicas:
        assert feed(replica, own, person, job)[0] == {job}
    tell(own, replicas, act("decline", "freelancer", person, job))
    assert all(feed(replica, own, person, job) == (set(), {"declined": 1}) for replica in replicas)
    tell(own, replicas, act("accept", "freelancer", person, job))
    assert all(feed(replica, own, person, job) == (set(), {"accepted": 1}) for replica in replicas)


def test_a_new_applicant_is_reviewed_with_the_age_of_the_application_until_answered(own, engines, replicas):
    job, person = own.open_jobs[2], "an applicant"
    client = own.owner(job)
    happened = engines[0].now() - timedelta(hours=3)
    assert replicas[0].put(f"/v1/freelancers/{person}", PERSON).status_code == 202
    tell(own, replicas, act("apply", "freelancer", person, job, event_timestamp=happened.isoformat()))
    for replica, engine in zip(replicas, engines, strict=True):
        answer = replica.ranked("/v1/review/applicants", {"actor_id": client, "job_id": job, "deadline_ms": 60_000})
        assert (person in ids(answer), answer["tier"]) == (True, "ensemble")
        space, now = engine.stages["applicant_review"].candidates, engine.now()
        columns = space.parts[-1].with_applications(space.facts.people_of_job(job), now)
        (row,) = space.parts[-1].rows([person])
        assert columns.application_age_hours[row] == pytest.approx((now - happened) / timedelta(hours=1))
    tell(own, replicas, act("decline", "client", person, job))
    for replica in replicas:
        answer = replica.ranked("/v1/review/applicants", {"actor_id": client, "job_id": job, "deadline_ms": 60_000})
        assert person not in ids(answer)


def test_whom_a_client_hired_declined_or_set_aside_leaves_the_search_for_that_job(own, replicas):
    job = own.open_jobs[3]
    asked = {"surface": "talent_search", "actor_id": own.owner(job), "job_id": job, "deadline_ms": 60_000}
    for name, kind in (("to be hired", "hire"), ("to be set aside", "dismiss"), ("to be declined", "decline")):
        assert replicas[0].put(f"/v1/freelancers/{name}", PERSON).status_code == 202
        tell(own, replicas, act("apply", "freelancer", name, job), act(kind, "client", name, job))
        for replica in replicas:
            assert ids(replica.ranked("/v1/rank", {**asked, "candidates": [name]})) == []


def post(replica, *acts):
    return replica.post("/v1/interactions", {"interactions": list(acts)})


def test_an_id_that_comes_again_is_idempotent_or_refused_by_name(own, replicas):
    job = own.open_jobs[4]
    applied = act("apply", "freelancer", own.feed_actor, job)
    other = {**applied, "kind": "hire", "side": "client", "freelancer_id": "somebody"}
    clicked = act("click", "freelancer", own.feed_actor, job, event_timestamp=own.as_of.isoformat())
    assert post(replicas[0], applied, clicked, applied).json() == {"accepted": 3}
    tell(own, replicas, applied)
    for replica, told in ((replicas[0], other), (replicas[1], other), (replicas[0], {**clicked, "dwell_seconds": 2.0})):
        fresh = act("click", "freelancer", own.feed_actor, job)
        answer = post(replica, fresh, told)
        assert answer.status_code == 409
        assert f"interaction '{told['interaction_id']}' was told before with other content" in answer.json()["error"]
        assert fresh["interaction_id"] not in {
            row["interaction_id"] for row in logged(own.settings.events, "interactions")
        }
    for again in (applied, clicked):
        assert all(post(replica, again).json()["accepted"] == 1 for replica in replicas)
    twice = act("apply", "freelancer", own.feed_actor, job)
    answer = post(replicas[0], twice, {**twice, "kind": "save"})
    assert answer.status_code == 422
    assert f"'{twice['interaction_id']}' is given twice" in answer.json()["error"]


def random_acts(own, number):
    """Of all kinds, among few people and jobs, so that many are about each other; some of the past, some sent twice."""
    chosen, sent = random.Random(7), []
    for _ in range(number):
        job = chosen.choice(own.open_jobs[:6])
        client = chosen.choice([own.owner(job), own.owner(own.open_jobs[0])])
        names = {"job": job, "client": chosen.choice([None, client])} if chosen.random() < 0.75 else {"client": client}
        person = chosen.choice(sorted(own.people)[:6])
        row = act(chosen.choice(KINDS), chosen.choice(SIDES), person, **names)
        if chosen.random() < 0.3:
            row["event_timestamp"] = (own.as_of - timedelta(hours=chosen.randint(0, 2_000))).isoformat()
        sent.append(row)
        if chosen.random() < 0.1:
            sent.append(chosen.choice(sent))
    return sent


def requests(own):
    people, jobs = sorted(own.people)[:6], own.open_jobs[:6]
    yield from (RankingRequest("job_feed", person) for person in people)
    for job in jobs:
        yield RankingRequest("talent_search", own.owner(job), text="anything")
        yield RankingRequest("talent_search", own.owner(job), job_id=job)
        yield RankingRequest("applicant_review", own.owner(job), job_id=job)


def differences(own, engine, facts, now):
    """Requests that an engine answers otherwise than its candidates with other facts."""
    wrong = []
    for request in requests(own):
        space = engine.stages[request.surface].candidates
        batch = space.with_facts(facts, 0)
        told, expected = space.eligibility(request), batch.eligibility(request)
        same = np.array_equal(told.mask, expected.mask) and told.dropped == expected.dropped
        if request.surface == "applicant_review":
            for part in space.parts:
                ages = [
                    part.with_applications(each.facts.people_of_job(request.job_id), now).application_age_hours
                    for each in (space, batch)
                ]
                same &= np.array_equal(*ages, equal_nan=True)
        wrong += [] if same else [request]
    return wrong


def test_random_acts_count_as_a_batch_rebuild_has_it_before_and_after_a_new_release(own, engines, replicas):
    acts = random_acts(own, RANDOM_ACTS)
    for at in range(0, len(acts), 4):
        tell(own, replicas[at // 4 % 2 :] + replicas[: at // 4 % 2], *acts[at : at + 4])
    clock = engines[0].now() + timedelta(seconds=1)
    report = import_logs(own.lake, own.settings, clock)
    assert report.tables["interactions"].quarantined == 0
    assert import_logs(own.lake, own.settings, clock).tables == {}
    stored = own.lake.read("interactions")["interaction_id"].to_pylist()
    assert len(stored) == len(set(stored))
    assert {row["interaction_id"] for row in acts} <= set(stored)
    rebuilt = PairFacts.from_interactions(pair_interactions(own.lake, clock), clock)
    assert [differences(own, engine, rebuilt, clock) for engine in engines] == [[], []]
    assert differences(own, engines[0], engines[0].stages["job_feed"].snapshot.candidates.facts, clock) != []
    before = [engine.stages["job_feed"].snapshot.release.version for engine in engines]
    build_releases(own.settings, clock - timedelta(hours=1))  # what came within the hour is in the log alone
    for engine, version in zip(engines, before, strict=True):
        wait_until(lambda engine=engine, version=version: _refreshed(engine, version))
        assert differences(own, engine, rebuilt, clock) == []


def _refreshed(engine, version):
    engine.refresh()
    return engine.stages["job_feed"].snapshot.release.version != version


def test_while_the_change_log_is_down_only_what_eligibility_does_not_read_is_taken(own, tmp_path):
    other = own.copy(tmp_path / "home")
    engine = other.engine()
    shutil.rmtree(other.settings.changes, ignore_errors=True)
    other.settings.changes.write_text("in the way")
    click, hire = act("click", "freelancer", "f", "j"), act("hire", "client", "f", "j")
    with served(lambda: engine) as client:
        answer = client.post("/v1/interactions", {"interactions": [click, hire]})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "could not be written" in answer.json()["error"]
        assert logged(other.settings.events, "interactions") == []
        assert client.post("/v1/interactions", {"interactions": [click]}).status_code == 200
        other.settings.changes.unlink()
        assert client.post("/v1/interactions", {"interactions": [click, hire]}).status_code == 200
        assert {row["kind"] for row in logged(other.settings.events, "interactions")} == {"click", "hire"}
