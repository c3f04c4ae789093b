"""The text of a request as a plan: what eligibility obeys of it, what overrides it, and what its failure costs."""

import json

import pytest

from components.language.models import Completion, Usage
from components.language.names.countries import country_code
from components.language.query_model import ModelUnderstanding
from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import PARTS, Exchange, Grammar
from feature_repo.inputs.reading import TextReader
from metier.errors import ModelError
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from serving.request.understanding import TextPlans
from tests.serving.world import ROUTES, UNHURRIED_MS, logged, wait_until

TAXONOMY = Taxonomy([Skill("python", "Python"), Skill("php", "PHP"), Skill("docker", "Docker", ("Dockerfile",))])
EXCHANGE = Exchange("2026-01-31", {"EUR": 1.25, "GBP": 1.5})
TEXT = "senior python dev, India, max 40€/h, no php, docker is a plus, about whales"


class Broken:
    def plan(self, text, surface):
        raise ValueError("nonsense")


def read(now, understanding=None, **values):
    trace = RequestTrace(150.0)
    plans = TextPlans(understanding or Grammar(TAXONOMY), TAXONOMY, EXCHANGE)
    return plans.read(RankingRequest("talent_search", "cl_1", **values), trace, now), trace


@pytest.fixture
def now(world):
    return world.as_of


def test_a_text_is_a_plan_with_its_filters(now):
    request, trace = read(now, text=TEXT)
    understood = request.understood
    assert understood.filters == {"country": ["IN"], "rate_max_usd": 50.0, "not_skills": ["PHP"]}
    assert understood.skills == [("python", "Python", "must"), ("docker", "Docker", "nice"), ("php", "PHP", "not")]
    assert understood.exchange == Exchange("2026-01-31", {"EUR": 1.25})
    assert trace.degraded == []


def test_a_stated_filter_overrides_its_part_and_ignored_parts_are_left_out(now):
    request, _ = read(now, text=TEXT, filters={"rate_max_usd": 90, "language": None}, ignore=["not_", "agencies"])
    assert request.understood.filters == {"country": ["IN"]}
    assert request.understood.left_out == ["not_", "rate_max"]
    assert request.filters == {"rate_max_usd": 90, "language": None}


UNREAD = ({"text": TEXT, "understand": False}, {"text": "  "}, {"text": TEXT, "candidates": ["fr_1"]})


@pytest.mark.parametrize("values", UNREAD)
def test_some_requests_are_not_read(now, values):
    request, _ = read(now, **values)
    assert request.understood is None


def test_what_fails_costs_the_plan_alone(now):
    request, trace = read(now, Broken(), text=TEXT)
    assert request.understood is None
    assert trace.degraded == ["understanding: failed (ValueError)"]


def test_rankers_read_no_part_that_is_left_out_or_stated_and_none_of_a_text_that_is_not_read(now):
    assert read(now, text=TEXT, ignore=["not_"], filters={"country": ["DE"]})[0].unread == ("not_", "countries")
    assert read(now, text=TEXT, understand=False)[0].unread == PARTS
    assert read(now, text=TEXT, candidates=["fr_1"], ignore=["must"])[0].unread == ("must",)
    assert read(now, Broken(), text=TEXT, ignore=["must"])[0].unread == ("must",)
    assert read(now, text=TEXT)[0].unread == ()


@pytest.mark.parametrize("exchange", [EXCHANGE, Exchange("2026-01-31", {"EUR": 2.0})])
def test_a_text_is_read_once_where_the_bundle_reads_as_the_home_does(now, exchange):
    reader = TextReader("talent_search", Grammar(TAXONOMY, exchange), TAXONOMY, EXCHANGE)
    plans = TextPlans(Grammar(TAXONOMY, EXCHANGE), TAXONOMY, EXCHANGE)
    request = plans.read(RankingRequest("talent_search", "cl_1", text=TEXT), RequestTrace(150.0), now, reader)
    reader(TEXT)
    assert reader.plan.cache_info().hits == (1 if exchange is EXCHANGE else 0)
    assert request.understood.plan == reader.plan(TEXT)


@pytest.fixture
def search(client, world):
    body = world.body("talent_search")

    def search(**values):
        return client.ranked(
            ROUTES["talent_search"], {"actor_id": body["actor_id"], "k": 100, "deadline_ms": UNHURRIED_MS, **values}
        )

    return search


def people(engine, answer):
    versions = engine.stages["talent_search"].snapshot.candidates.versions.to_pylist()
    shown = {entry["candidate_id"] for entry in answer["slate"]}
    return [row for row in versions if row["id"] in shown]


def test_eligibility_obeys_the_text_and_says_whom_it_left_out(engine, search):
    answer = search(text="python or design, India or Ukraine, under $30/h")
    assert answer["plan"]["parts"]["countries"] == ["IN", "UA"]
    assert answer["plan"]["filters"] == {"country": ["IN", "UA"], "rate_max_usd": 30.0}
    shown = people(engine, answer)
    assert shown
    assert {country_code(row["country"]) for row in shown if row["country"]} <= {"IN", "UA"}
    assert all(row["hourly_rate_usd"] is None or row["hourly_rate_usd"] <= 30 for row in shown)
    assert answer["dropped"]["understood country"] > 0


def test_ignored_parts_and_texts_that_are_not_read_limit_nothing(engine, search):
    without = search(text="python, India", ignore=["countries"])
    assert without["plan"]["left_out"] == ["countries"]
    assert "understood country" not in without["dropped"]
    plain = search(text="python, India", understand=False)
    assert "plan" not in plain
    assert {row["country"] for row in people(engine, plain)} - {"India", None}


def test_too_few_are_shown_where_too_few_are_left_and_the_unknown_stay(engine, search):
    answer = search(text="python, Vanuatu only, under $1/h")
    assert all(row["country"] is None and row["hourly_rate_usd"] is None for row in people(engine, answer))
    assert answer["dropped"]["understood country"] > 0
    assert search(text="python", filters={"country": "Vanuatu"})["slate"] == []


def test_a_part_that_no_plan_has_is_the_callers_mistake(client, world):
    body = {"actor_id": world.body("talent_search")["actor_id"], "text": "python", "ignore": ["colour"]}
    answer = client.post(ROUTES["talent_search"], body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("unknown part of a plan 'colour'; use one of: must")


def test_the_event_log_says_what_was_understood(search, world):
    answer = search(text="python, India, under $30/h", ignore=["rate_max"], context={"page": 1})

    def queries():
        return [row for row in logged(world.settings.events, "queries") if row["query_id"] == answer["query_id"]]

    wait_until(queries)
    (query,) = queries()
    understood = {"filters": {"country": ["IN"]}, "left_out": ["rate_max"]}
    assert json.loads(query["context"]) == {"page": 1, "understood": understood}
    assert query["filters"] == "{}"


class Model:
    """Reads texts, or fails as models do."""

    name = "tiny"

    def __init__(self, answer):
        self.answer = answer

    def complete(self, messages, *, deadline_s, schema, **_):
        assert deadline_s <= 0.15 / 2
        if isinstance(self.answer, Exception):
            raise self.answer
        return Completion("", schema.model_validate(self.answer), Usage())


def plans_by_model(answer, understanding=None):
    model = ModelUnderstanding(Model(answer), TAXONOMY, 1.0, tuned=True)
    return TextPlans(understanding or Grammar(TAXONOMY), TAXONOMY, EXCHANGE, model=model)


def read_by_model(now, answer):
    trace, plans = RequestTrace(150.0), plans_by_model(answer)
    return plans.read(RankingRequest("talent_search", "cl_1", text=TEXT), trace, now).understood, trace


def test_a_model_reads_first(now):
    understood, trace = read_by_model(now, {"must": ["docker"], "rate_max": "40€/h"})
    assert understood.filters == {"rate_max_usd": 50.0}
    assert understood.skills == [("docker", "Docker", "must")]
    assert trace.degraded == []


def test_where_the_model_fails_the_grammar_reads(now):
    understood, trace = read_by_model(now, ModelError("the language model failed; see its log"))
    assert understood == read(now, text=TEXT)[0].understood
    assert trace.degraded == ["query model: the language model failed; see its log"]


def test_a_plan_that_was_waited_for_is_what_the_text_says(now):
    trace, plans = RequestTrace(150.0), plans_by_model({"must": ["docker"]})
    planned = plans.planned(RankingRequest("talent_search", "cl_1", text=TEXT), trace)
    asks_no_more = TextPlans(Broken(), TAXONOMY, EXCHANGE)
    assert asks_no_more.read(planned, trace, now).understood.skills == [("docker", "Docker", "must")]
    assert trace.degraded == []


def test_a_plan_that_nothing_gives_costs_itself_alone(now):
    trace, plans = RequestTrace(150.0), plans_by_model(ModelError("it failed"), Broken())
    request = plans.read(plans.planned(RankingRequest("talent_search", "cl_1", text=TEXT), trace), trace, now)
    assert (request.understood.filters, request.understood.plan.text) == ({}, TEXT)
    assert trace.degraded == ["query model: it failed", "understanding: failed (ValueError)"]


@pytest.mark.parametrize("values", UNREAD)
def test_a_model_is_waited_for_where_a_text_is_read(values):
    plans = plans_by_model({})
    assert plans.asks_a_model(RankingRequest("talent_search", "cl_1", text=TEXT))
    assert not plans.asks_a_model(RankingRequest("talent_search", "cl_1", **values))
