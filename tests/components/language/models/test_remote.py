"""A language model over a real socket: what it answers, and every way in which its endpoint can fail."""

import logging
from contextlib import contextmanager
from typing import Literal

import pytest
from pydantic import BaseModel, SecretStr

from components.language.models import Message, Usage
from components.language.models.budget import Budget, Prices
from components.language.models.remote import Endpoint, RemoteModel
from metier.errors import ModelAnswerError, ModelBudgetError, ModelError, RestingModelError
from tests.components.language.chat_server import fails, floods, hangs, says, sends, serving, trickles

KEY = "sk-of-the-test-alone"
HELLO = [Message("system", "Be brief."), Message("user", "My number is 555, hello?")]


class Colour(BaseModel):
    name: Literal["red", "green"]


@contextmanager
def model_at(url, budget=None):
    model = RemoteModel(Endpoint(url, "tiny", SecretStr(KEY)), budget or Budget(1_000, 10_000, prices=Prices(1.0, 4.0)))
    try:
        yield model
    finally:
        model.close()


def ask(model, deadline_s=20.0, **more):
    return model.complete(HELLO, caller="test", deadline_s=deadline_s, max_tokens=50, **more)


def test_an_answer_is_its_text_and_what_it_used_is_counted():
    with serving(says("Hi.", read=11, written=2)) as chat, model_at(chat.url) as model:
        answer = ask(model)
    assert (answer.text, answer.value, answer.usage) == ("Hi.", None, Usage(11, 2))
    (asked,) = chat.asked
    assert asked["model"] == "tiny"
    assert asked["messages"][1] == {"role": "user", "content": HELLO[1].content}
    assert asked["max_tokens"] == 50
    assert chat.headers[0]["authorization"] == f"Bearer {KEY}"
    assert model.tally.requests == {("test", "answered"): 1}
    assert (model.tally.read["test"], model.tally.written["test"]) == (11, 2)
    assert model.tally.cost_usd["test"] == pytest.approx((11 * 1.0 + 2 * 4.0) / 1e6)


def test_what_openai_reads_from_the_environment_goes_to_no_other_endpoint(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-service")
    with serving(says("Hi.")) as chat, model_at(chat.url) as model:
        ask(model)
    assert "of-another-service" not in str(chat.headers)


def test_a_schema_goes_along_and_the_answer_is_read_by_it():
    with serving(says('{"name": "red"}')) as chat, model_at(chat.url) as model:
        assert ask(model, schema=Colour).value == Colour(name="red")
    form = chat.asked[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["properties"]["name"]["enum"] == ["red", "green"]


def test_an_answer_that_breaks_the_schema_is_asked_for_once_more_with_what_is_wrong():
    with serving(says('{"name": "blue"}'), says('{"name": "green"}')) as chat, model_at(chat.url) as model:
        answer = ask(model, schema=Colour)
    assert (answer.value, answer.usage) == (Colour(name="green"), Usage(14, 6))
    assert "name: Input should be 'red' or 'green'" in chat.asked[1]["messages"][-1]["content"]


def test_a_second_answer_that_breaks_the_schema_is_an_error_without_its_words():
    with serving(says("I am blue")) as chat, model_at(chat.url) as model:
        with pytest.raises(ModelAnswerError, match="does not keep the schema") as caught:
            ask(model, schema=Colour)
        assert model.tally.requests == {("test", "invalid"): 1}
    assert len(chat.asked) == 2
    assert "blue" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_may_pass_is_tried_again_while_there_is_time(status):
    with serving(fails(status), says("Hi.")) as chat, model_at(chat.url) as model:
        assert ask(model).text == "Hi."
    assert len(chat.asked) == 2


@pytest.mark.parametrize(("status", "move"), [(401, "METIER_LLM_API_KEY"), (404, "METIER_LLM_MODEL")])
def test_a_failure_that_stays_is_one_error_with_the_next_move(status, move):
    with (
        serving(fails(status)) as chat,
        model_at(chat.url) as model,
        pytest.raises(ModelError, match=rf"status {status}; .*{move}"),
    ):
        ask(model)
    assert len(chat.asked) == 1


def test_an_endpoint_that_asks_to_wait_longer_than_there_is_time_is_not_waited_for():
    with (
        serving(fails(429, retry_after="60")) as chat,
        model_at(chat.url) as model,
        pytest.raises(ModelError, match="status 429"),
    ):
        ask(model)
    assert len(chat.asked) == 1


@pytest.mark.parametrize("answer", [hangs, trickles])
def test_no_answer_in_time_is_an_error(answer):
    with serving(answer) as chat, model_at(chat.url) as model, pytest.raises(ModelError, match="no answer in time"):
        ask(model, deadline_s=0.3)


@pytest.mark.parametrize("answer", [floods, sends(b" " * 2_000_000)])
def test_an_answer_past_all_bounds_is_an_error(answer):
    with (
        serving(answer) as chat,
        model_at(chat.url) as model,
        pytest.raises(ModelError, match="is over 1,000,000 bytes"),
    ):
        ask(model)


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b'{"choices": []}', b"[]", b'{"choices": [{"message": 7}]}', b"\xff\xfe"]
)
def test_an_answer_that_is_no_chat_completion_is_an_error(body):
    with (
        serving(sends(body)) as chat,
        model_at(chat.url) as model,
        pytest.raises(ModelError, match="no chat completion"),
    ):
        ask(model)


def test_an_endpoint_that_is_not_there_is_an_error():
    with serving(says("Hi.")) as chat:
        url = chat.url
    with model_at(url) as model, pytest.raises(ModelError, match="not reached"):
        ask(model, deadline_s=1e6)  # it is not waited for


def test_after_a_failure_it_rests_and_nobody_waits_for_it():
    with serving(fails(401)) as chat, model_at(chat.url) as model:
        with pytest.raises(ModelError):
            ask(model)
        with pytest.raises(RestingModelError, match="the language model failed"):
            ask(model)
        assert model.tally.requests == {("test", "failed"): 1, ("test", "refused"): 1}
    assert len(chat.asked) == 1


def test_past_the_deadline_it_is_not_asked_and_does_not_rest():
    with serving(says("Hi.")) as chat, model_at(chat.url) as model:
        with pytest.raises(ModelError, match="no time"):
            ask(model, deadline_s=0.0)
        assert ask(model).text == "Hi."


def test_a_budget_that_is_used_up_refuses_before_anything_is_sent():
    with serving(says("Hi.", read=60, written=30)) as chat, model_at(chat.url, Budget(200, 150)) as model:
        ask(model)
        with pytest.raises(ModelBudgetError, match="METIER_LLM_TOKENS_PER_MINUTE"):
            ask(model)
        assert model.tally.requests == {("test", "answered"): 1, ("test", "refused"): 1}
    assert len(chat.asked) == 1


def test_neither_the_key_nor_what_was_asked_is_in_errors_or_logs(caplog):
    caplog.set_level(logging.DEBUG)
    echo = fails(401, f'{{"error": {{"message": "Incorrect key {KEY} for {HELLO[1].content}"}}}}'.encode())
    with serving(echo) as chat, model_at(chat.url) as model:
        with pytest.raises(ModelError) as caught:
            ask(model)
        logging.getLogger("test").warning("it failed", exc_info=caught.value)
    told = caplog.text + repr(model.__dict__)
    assert "it failed" in told
    assert KEY not in told
    assert "555" not in told
