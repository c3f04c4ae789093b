"""`/v1/tools` over a real socket: typed calls for one actor, of what that actor may be shown."""

import numpy as np
import pytest

from components.language.assistant.tools import TOOLS
from tests.serving.world import UNHURRIED_MS, logged


@pytest.fixture
def call(client, world):
    def called(tool, arguments, **more):
        body = {
            "actor_id": world.owner(world.open_jobs[0]),
            "arguments": arguments,
            "deadline_ms": UNHURRIED_MS,
            **more,
        }
        return client.post(f"/v1/tools/{tool}", body)

    return called


@pytest.fixture
def found(call):
    def result(tool, arguments, **more):
        answer = call(tool, arguments, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    return result


def listed(world):
    return {name: row for name, row in world.people.items() if row["status"] == "listed"}


def test_every_tool_is_listed_with_the_schemas_of_its_arguments_and_results(client):
    told = client.get("/v1/tools").json()["tools"]
    assert [tool["name"] for tool in told] == [tool.name for tool in TOOLS]
    for tool in told:
        assert tool["description"]
        assert tool["arguments"]["additionalProperties"] is False
        assert tool["result"]["properties"]


def test_people_are_searched_with_the_limits_of_the_text(found, world):
    country = max(listed(world).values(), key=lambda row: row["country"] or "")["country"]
    result = found("search_talent", {"text": f"designer, only from {country}", "k": 3})
    assert result["limits"]["country"]
    assert 1 <= len(result["candidates"]) <= 3
    assert result["fitting"] >= len(result["candidates"])
    for candidate in result["candidates"]:
        person = world.people[candidate["candidate_id"]]
        assert person["country"] in (country, None)
        assert candidate["shown"]["title"] == person["title"]
        assert "overview" not in candidate["shown"]


def test_those_who_fit_are_told_from_those_who_list_the_skill(found, world):
    skill = next(row["skills"][0] for _, row in sorted(listed(world).items()) if row["skills"])
    result = found("search_talent", {"text": f"somebody for {skill}, under $1000/h", "k": 1})
    if result["wanted"]["must"] == [skill]:
        lists = sum(skill in row["skills"] for row in listed(world).values())
        assert lists <= result["listing"] <= result["fitting"]
    assert found("search_talent", {"text": "somebody under $1000/h"})["listing"] is None


def test_a_question_that_names_others_than_the_candidates_is_refused(found, world):
    one, other = sorted(listed(world))[:2]
    asked = {"surface": "talent_search", "question": f"what skills does {other} list?"}
    refused = found("ask", {**asked, "candidate_ids": [one]})
    assert (refused["sentences"], other in refused["reason"]) == ([], True)
    told = found("ask", {**asked, "candidate_ids": [one, other]})
    assert {cited["candidate_id"] for each in told["sentences"] for cited in each["citations"]} == {other}


def test_jobs_are_searched_for_a_freelancer(found, world):
    result = found("search_jobs", {"k": 4}, actor_id=world.feed_actor)
    assert {each["candidate_id"] for each in result["candidates"]} <= set(world.open_jobs)
    assert len(result["candidates"]) == 4


def test_filters_are_applied_and_relaxed_from_where_a_search_stands(found, world):
    first = found("search_talent", {"text": "designer under $15/h", "k": 20})
    assert first["limits"] == {"rate_max_usd": 15.0}
    wider = found("change_filters", {"search": first["search"], "relax": ["rate_max_usd"]})
    assert (wider["limits"], wider["search"]["ignore"]) == ({}, ["rate_max"])
    assert wider["fitting"] > first["fitting"]
    stated = found("change_filters", {"search": wider["search"], "apply": {"rate_max_usd": 40}})
    assert stated["changed"] == ["rate_max_usd applied: 40.0"]
    rates = [world.people[each["candidate_id"]]["hourly_rate_usd"] for each in stated["candidates"]]
    assert all(rate is not None and rate <= 40 for rate in rates)
    assert stated["fitting"] == sum((row["hourly_rate_usd"] or 1e9) <= 40 for row in listed(world).values())


def test_where_few_fit_it_is_counted_who_would_without_each_limit(found):
    result = found("search_talent", {"text": "designer", "filters": {"rate_max_usd": 0.01, "country": "Poland"}})
    assert (result["fitting"], result["sure"], result["candidates"]) == (0, 0, [])
    assert result["without"].keys() == {"rate_max_usd", "country"}
    assert result["without"]["country"] == 0


def test_who_only_may_fit_is_told_from_who_does(found, world):
    result = found("search_talent", {"text": "designer under $1/h"})
    unknown = sum(row["hourly_rate_usd"] is None for row in listed(world).values())
    assert (result["sure"], result["fitting"]) == (0, unknown)
    assert result["without"] == {"rate_max_usd": len(listed(world))}


def test_candidates_are_compared_in_the_order_asked_without_those_who_may_not_be_shown(found, world):
    shown = sorted(listed(world))[:2]
    hidden = min(name for name, row in world.people.items() if row["status"] not in ("listed", "suspended"))
    result = found("compare", {"surface": "talent_search", "candidate_ids": [shown[1], hidden, shown[0], "nobody"]})
    assert [each["candidate_id"] for each in result["candidates"]] == [shown[1], shown[0]]
    assert result["not_shown"] == [hidden, "nobody"]


def test_market_rates_are_quartiles_of_what_is_known(found, world):
    known = [row["hourly_rate_usd"] for row in listed(world).values() if row["hourly_rate_usd"] is not None]
    result = found("market_rates", {"surface": "talent_search"}, actor_id=None)
    assert result["known"] == len(known)
    assert [result["low"], result["median"], result["high"]] == pytest.approx(
        np.percentile(known, (25, 50, 75)), abs=0.01
    )


def test_of_few_nothing_is_told_but_how_many_they_are(found):
    result = found("market_rates", {"surface": "talent_search", "skills": ["underwater basket weaving"]})
    assert (result["known"], result["median"]) == (0, None)


def test_a_draft_says_what_was_said_and_names_what_is_missing(found):
    text = "Draft a job post for a senior React developer, $30-40/h; mail me at ann@example.com"
    draft = found("draft_job_post", {"text": text})
    assert (draft["skills"], draft["experience_level"], draft["budget_kind"]) == (["React"], "expert", "hourly")
    assert (draft["budget_min_usd"], draft["budget_max_usd"]) == (30, 40)
    assert draft["title"] == "Senior React freelancer"
    assert "ann@example.com" not in str(draft)
    assert draft["missing"] == ["what is to be done, in a sentence or two"]


def test_no_call_is_recorded(found, engine):
    before = len(logged(engine.settings.events, "queries"))
    found("search_talent", {"text": "designer"})
    engine.events.append([]).result(30)
    assert len(logged(engine.settings.events, "queries")) == before


def test_a_question_about_some_is_answered_with_spans_of_theirs(found, world):
    shown = sorted(name for name, row in listed(world).items() if row["hourly_rate_usd"])[:3]
    arguments = {"surface": "talent_search", "question": "What do they charge?", "candidate_ids": shown}
    told = found("ask", arguments)
    assert {cited["candidate_id"] for each in told["sentences"] for cited in each["citations"]} == set(shown)


def test_what_a_candidate_meets_of_a_search_is_said_with_its_span(found, world):
    skill = next(row["skills"][0] for row in listed(world).values() if row["skills"])
    for candidate in found("search_talent", {"text": f"{skill}, under $500/h"})["candidates"]:
        for said in candidate["meets"]:
            (cited,) = said["citations"]
            assert candidate["shown"][cited["field"]][cited["start"] : cited["end"]] == cited["quote"]
            assert cited["field"] in ("skills", "hourly_rate_usd")


@pytest.mark.parametrize(
    ("tool", "arguments", "status", "line"),
    [
        ("search_everything", {}, 422, "unknown tool 'search_everything'"),
        ("search_talent", {}, 422, "arguments: give job_id, text or both"),
        ("search_talent", {"text": "x", "actor_id": "cl_000001"}, 422, "arguments.actor_id: Extra inputs"),
        ("search_talent", {"text": "x", "filters": {"shoe_size": 44}}, 422, "arguments.filters.shoe_size"),
        ("search_talent", {"text": "x", "filters": {"rate_max_usd": "cheap"}}, 422, "arguments.filters.rate_max_usd"),
        ("search_talent", {"text": "x", "ignore": ["shoes"]}, 422, "unknown part of a plan 'shoes'"),
        ("search_talent", {"job_id": "nothing"}, 404, "unknown job 'nothing'"),
        ("compare", {"surface": "talent_search", "candidate_ids": ["one"]}, 422, "candidate_ids"),
        ("change_filters", {"search": {"surface": "moon"}}, 422, "search"),
        (
            "change_filters",
            {"search": {"surface": "job_feed"}, "apply": {"hours_min": 4}},
            422,
            "job_feed has no filter hours_min",
        ),
        ("change_filters", {"search": {"surface": "job_feed"}, "relax": ["shoes"]}, 422, "'shoes' is no limit"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_one_clear_line(call, tool, arguments, status, line):
    answer = call(tool, arguments)
    assert (answer.status_code, line in answer.json()["error"]) == (status, True), answer.text
    assert "\n" not in answer.json()["error"]


def test_an_actor_of_the_other_side_is_nobody_here(call, world):
    answer = call("search_jobs", {}, actor_id=world.owner(world.open_jobs[0]))
    assert answer.status_code == 404
