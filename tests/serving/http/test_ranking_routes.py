"""The ranking routes over a real socket: whole slates of those who may be shown, and 404 for what nobody knows."""

import pytest

from feature_repo.inputs.transforms import feature_names
from metier.contract import SURFACES
from tests.serving.world import ROUTES, ids


def may_be_shown(world, surface, body):
    """Who may be on the slate, told from the lake alone."""
    if surface == "applicant_review":
        blocked = {person for person, client in world.did_to_clients("dismiss") if client == body["actor_id"]}
        return world.waiting(body["job_id"]) - blocked
    if surface == "talent_search":
        gone = {
            person for kind in ("hire", "dismiss") for person, job in world.did(kind, "client") if job == body["job_id"]
        }
        gone |= {person for person, job in world.did("decline", "freelancer") if job == body["job_id"]}
        return {person for person, row in world.people.items() if row["status"] == "listed"} - gone
    actor = body["actor_id"]
    turned_from = {job for kind in ("apply", "dismiss") for who, job in world.did(kind, "freelancer") if who == actor}
    invited = {job for who, job in world.did("invite", "client") if who == actor}
    return {job for job in world.open_jobs if world.jobs[job]["visibility"] == "public" or job in invited} - turned_from


@pytest.mark.parametrize("surface", SURFACES)
def test_a_slate_is_whole_and_sorted_and_made_by_the_ensemble(client, world, engine, surface):
    answer = client.ranked(ROUTES[surface], world.body(surface, k=10))
    assert (answer["tier"], answer["degraded"], answer["surface"]) == ("ensemble", [], surface)
    assert answer["bundle"] == engine.stages[surface].bundle.version
    assert answer["snapshot_version"] == engine.stages[surface].snapshot.release.version
    entries = answer["slate"]
    assert len(entries) >= 3
    assert [entry["rank"] for entry in entries] == list(range(1, len(entries) + 1))
    scores = [entry["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert {entry["placement"] for entry in entries} == {"organic"}
    assert all("reasons" not in entry for entry in entries)
    assert "timings_ms" not in answer


def test_a_feed_holds_open_jobs_that_the_freelancer_did_not_turn_from(client, world):
    for actor in sorted(world.people)[:12]:
        body = {**world.body("job_feed", k=100), "actor_id": actor}
        allowed = may_be_shown(world, "job_feed", body)
        assert 0 < len(allowed) < len(world.jobs)
        assert set(ids(client.ranked("/v1/feed/jobs", body))) <= allowed


def test_a_search_holds_listed_people_and_two_of_an_agency_in_its_top_ten_at_most(client, world):
    for job in world.open_jobs[:12]:
        body = {**world.body("talent_search", k=100), "job_id": job, "actor_id": world.owner(job)}
        found = ids(client.ranked("/v1/search/talent", body))
        assert set(found) <= may_be_shown(world, "talent_search", body)
        agencies = [world.people[person]["agency_id"] for person in found[:10]]
        assert max(agencies.count(agency) for agency in {*agencies, "none"} - {None}) <= 2


def test_a_review_holds_everybody_whose_application_waits_and_nobody_else(client, world):
    for job in sorted(world.jobs)[:20]:
        body = {**world.body("applicant_review", k=100), "job_id": job, "actor_id": world.owner(job)}
        answer = client.ranked("/v1/review/applicants", body)
        assert set(ids(answer)) == may_be_shown(world, "applicant_review", body)
        assert answer["degraded"] == []


@pytest.mark.parametrize("surface", SURFACES)
def test_k_cuts_the_slate_and_exclude_moves_the_rest_up(client, world, surface):
    whole = ids(client.ranked(ROUTES[surface], world.body(surface, k=8)))
    assert ids(client.ranked(ROUTES[surface], world.body(surface, k=2))) == whole[:2]
    rest = client.ranked(ROUTES[surface], world.body(surface, k=8, exclude=[*whole[:2], "nobody"]))
    assert not set(ids(rest)) & set(whole[:2])
    if surface != "talent_search":  # there the agency cap may let others in
        assert ids(rest)[: len(whole) - 2] == whole[2:]
    assert rest["dropped"]["excluded"] == 2


def test_nothing_to_rank_is_an_empty_slate_and_no_failure(client, world):
    answer = client.ranked("/v1/feed/jobs", world.body("job_feed", exclude=world.open_jobs))
    assert (answer["slate"], answer["tier"], answer["degraded"], answer["considered"]) == ([], "ensemble", [], 0)


def test_filters_leave_those_who_pass_them(client, world):
    category = world.jobs[world.open_jobs[0]]["category"]
    answer = client.ranked("/v1/feed/jobs", world.body("job_feed", k=100, filters={"category": category.upper()}))
    assert {world.jobs[job]["category"] for job in ids(answer)} == {category}
    assert answer["dropped"]["filtered"] > 0
    told = world.body("talent_search", k=100, filters={"rate_max_usd": 40, "level": ["entry", "intermediate"]})
    found = [world.people[person] for person in ids(client.ranked("/v1/search/talent", told))]
    assert found
    assert all(row["hourly_rate_usd"] <= 40 and row["experience_level"] != "expert" for row in found)


def test_an_unknown_filter_is_named_with_the_known_ones(client, world):
    answer = client.post("/v1/feed/jobs", world.body("job_feed", filters={"colour": "red"}))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("unknown filter 'colour'; use one of: category, country")


def test_a_typed_text_asks_on_its_own_or_beside_a_job(client, world):
    typed = {"text": world.people[world.feed_actor]["title"], "k": 100}
    alone = {key: value for key, value in world.body("talent_search", **typed).items() if key != "job_id"}
    beside = client.ranked("/v1/search/talent", world.body("talent_search", **typed))
    without = client.ranked("/v1/search/talent", world.body("talent_search", k=100))
    for answer in (client.ranked("/v1/search/talent", alone), beside):
        assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
        assert len(ids(answer)) == 100
    scores = [{entry["candidate_id"]: entry["score"] for entry in answer["slate"]} for answer in (beside, without)]
    assert scores[0] != scores[1]


def test_a_promoted_placement_is_marked_and_holds_its_rank(client, world):
    organic = ids(client.ranked("/v1/feed/jobs", world.body("job_feed", k=10)))
    paid = {"candidate_id": organic[8], "rank": 2}
    entries = client.ranked("/v1/feed/jobs", world.body("job_feed", k=10, promoted=[paid]))["slate"]
    assert [(entry["candidate_id"], entry["placement"]) for entry in entries[:3]] == [
        (organic[0], "organic"), (organic[8], "promoted"), (organic[1], "organic"),
    ]  # fmt: skip
    assert [entry["placement"] for entry in entries].count("promoted") == 1
    assert len({entry["candidate_id"] for entry in entries}) == 10


def test_a_promoted_candidate_that_may_not_be_shown_is_not(client, world):
    closed = next(job for job, row in sorted(world.jobs.items()) if row["status"] == "closed")
    answer = client.ranked("/v1/feed/jobs", world.body("job_feed", promoted=[{"candidate_id": closed, "rank": 1}]))
    assert closed not in ids(answer)
    assert {entry["placement"] for entry in answer["slate"]} == {"organic"}


@pytest.mark.parametrize("surface", SURFACES)
def test_reasons_are_features_of_the_first_entries_alone(client, world, surface):
    entries = client.ranked(ROUTES[surface], world.body(surface, explain=2))["slate"]
    for entry in entries[:2]:
        assert 0 < len(entry["reasons"]) <= 3
        assert {reason["feature"] for reason in entry["reasons"]} <= set(feature_names(surface))
        assert all(reason["adds"] != 0 and reason["words"] for reason in entry["reasons"])
    assert all("reasons" not in entry for entry in entries[2:])


def test_timings_come_on_request_and_add_up(client, world):
    timings = client.ranked("/v1/feed/jobs", world.body("job_feed", timings=True))["timings_ms"]
    assert set(timings) == {"queue", "hydrate", "filter", "source", "score", "select", "log", "total"}
    assert sum(timings.values()) - timings["total"] <= timings["total"]


@pytest.mark.parametrize("surface", SURFACES)
def test_the_callers_own_candidates_are_ranked_if_they_may_be_shown(client, world, surface):
    body = world.body(surface, k=100)
    allowed = sorted(may_be_shown(world, surface, body))
    others = sorted({*(world.jobs if surface == "job_feed" else world.people)} - set(allowed))
    answer = client.ranked("/v1/rank", {**body, "surface": surface, "candidates": [*others[:3], *allowed]})
    assert (answer["tier"], answer["degraded"]) == ("ensemble", [])
    if surface == "talent_search":
        assert set(ids(answer)) <= set(allowed)
    else:
        assert set(ids(answer)) == set(allowed)
    assert ids(answer)[:8] == ids(client.ranked(ROUTES[surface], {**body, "k": 8}))
    without = client.ranked("/v1/rank", {**body, "surface": surface, "candidates": allowed, "exclude": allowed[:1]})
    assert allowed[0] not in ids(without)


@pytest.mark.parametrize(
    ("surface", "change", "fact"),
    [
        ("talent_search", {"actor_id": "nobody"}, "unknown client 'nobody'"),
        ("talent_search", {"job_id": "none"}, "unknown job 'none'"),
        ("job_feed", {"actor_id": "nobody"}, "unknown freelancer 'nobody'"),
        ("applicant_review", {"actor_id": "nobody"}, "unknown client 'nobody'"),
        ("applicant_review", {"job_id": "none"}, "unknown job 'none'"),
    ],
)
def test_what_nobody_knows_is_404(client, world, surface, change, fact):
    answer = client.post(ROUTES[surface], world.body(surface, **change))
    assert answer.status_code == 404
    assert answer.json()["error"].startswith(f"{fact}; ")


@pytest.mark.parametrize("surface", SURFACES)
def test_candidates_that_nobody_knows_are_named_and_the_others_ranked(client, world, surface):
    body = {**world.body(surface), "surface": surface}
    known = ids(client.ranked(ROUTES[surface], world.body(surface, k=3)))
    alone = client.ranked("/v1/rank", {**body, "candidates": known})
    answer = client.ranked("/v1/rank", {**body, "candidates": ["later", *known, "earlier"]})
    assert ids(answer) == ids(alone) == known
    assert (answer["unknown"], answer["dropped"]) == (["later", "earlier"], {"unknown": 2})
    assert (alone["unknown"], alone["dropped"]) == ([], {})


@pytest.mark.parametrize("surface", SURFACES)
def test_where_nobody_knows_any_candidate_the_slate_is_empty(client, world, surface):
    answer = client.ranked("/v1/rank", {**world.body(surface), "surface": surface, "candidates": ["none"]})
    assert (answer["slate"], answer["unknown"], answer["dropped"]) == ([], ["none"], {"unknown": 1})


@pytest.mark.parametrize("surface", SURFACES)
def test_a_placement_of_a_candidate_that_nobody_knows_is_named_and_the_slate_stands(client, world, surface):
    placed = world.body(surface, promoted=[{"candidate_id": "none", "rank": 1}])
    answer = client.ranked(ROUTES[surface], placed)
    assert ids(answer) == ids(client.ranked(ROUTES[surface], world.body(surface)))
    assert (answer["unknown"], answer["dropped"]["unknown"]) == (["none"], 1)


def test_dropped_counts_the_callers_candidates_alone(client, world):
    closed = [job for job, row in sorted(world.jobs.items()) if row["status"] == "closed"][:2]
    told = {**world.body("job_feed"), "surface": "job_feed", "candidates": [*closed, *world.open_jobs]}
    dropped = client.ranked("/v1/rank", told)["dropped"]
    assert dropped["not_open"] == 2


def test_a_review_of_somebody_elses_job_is_404(client, world):
    job = world.reviewed_job
    stranger = next(world.owner(other) for other in sorted(world.jobs) if world.owner(other) != world.owner(job))
    for path, more in (("/v1/review/applicants", {}), ("/v1/rank", {"surface": "applicant_review"})):
        told = {"candidates": sorted(world.waiting(job))} if more else {}
        answer = client.post(path, {**world.body("applicant_review"), "actor_id": stranger, **more, **told})
        assert answer.status_code == 404
        assert "is not a job of client" in answer.json()["error"]
