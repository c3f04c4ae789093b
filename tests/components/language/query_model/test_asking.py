"""A query read by a model over the chat protocol: what it is told, and what it says."""

import json

import pytest

from components.language.models.budget import Budget
from components.language.models.remote import Endpoint, RemoteModel
from components.language.query_model import ModelUnderstanding
from components.language.query_model.prompts import TUNED, UNTUNED
from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import Money
from metier.errors import ModelAnswerError, ModelError
from tests.components.language.chat_server import says, serving

TAXONOMY = Taxonomy([Skill("react", "React"), Skill("php", "PHP")])


@pytest.fixture
def reader():
    opened = []

    def reader(server, *, tuned=True, seconds=10.0):
        model = RemoteModel(Endpoint(server.url, "tiny"), Budget(8_000, 100_000))
        opened.append(model)
        return ModelUnderstanding(model, TAXONOMY, seconds, tuned=tuned)

    yield reader
    for model in opened:
        model.close()


def test_the_words_that_a_model_copies_are_the_plan(reader):
    with serving(says('{"must":["react"],"not":["php"],"rate_max":"$40/h","countries":["Mars"]}')) as server:
        plan = reader(server).plan("react, no php, under $40/h", "talent_search")
    assert dict(plan.asked()) == {"must": ("react",), "not_": ("php",), "rate_max": Money(40.0)}
    (asked,) = server.asked
    assert [turn["content"] for turn in asked["messages"]] == [TUNED, "people: react, no php, under $40/h"]
    assert set(asked["response_format"]["json_schema"]["schema"]["properties"]) > {"must", "not", "rate_max"}


def test_a_model_that_was_not_trained_is_told_the_form_and_shown_two(reader):
    with serving(says("{}")) as server:
        plan = reader(server, tuned=False).plan("react", "job_feed")
    assert plan.text == "react"
    turns = server.asked[0]["messages"]
    assert turns[0]["content"] == UNTUNED
    assert [turn["role"] for turn in turns[1:]] == ["user", "assistant", "user", "assistant", "user"]
    assert all(json.loads(turn["content"]) for turn in turns if turn["role"] == "assistant")


@pytest.mark.parametrize("answer", ['{"must": "react"}', '{"sentences": []}', "", "{", "[]"])
def test_what_keeps_no_schema_is_no_plan(reader, answer):
    with serving(says(answer)) as server, pytest.raises(ModelAnswerError):
        reader(server).plan("react", "job_feed")
    assert len(server.asked) == 2  # asked once more


def test_no_time_is_no_plan(reader):
    with serving(says("{}")) as server, pytest.raises(ModelError):
        reader(server).plan("react", "job_feed", within_s=0.0)
    assert server.asked == []
