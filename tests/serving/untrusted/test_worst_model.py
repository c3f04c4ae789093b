"""The worst model behind the seam: it does what it reads, calls what nobody offered, chooses every step there is."""

import json
from typing import get_args

import pytest
from pydantic import SecretStr

from components.language.answers.shown import shown_text
from components.language.answers.support import is_supported
from components.language.answers.told import Citation, Statement
from components.language.assistant.planning.moves import Doing
from feature_repo.texts.text import analyze
from tests.components.language.chat_server import completion, says, serving
from tests.serving.untrusted.attempts import ATTEMPTS
from tests.serving.untrusted.market import KEY, OVERVIEW, SECRETS, WRITE_TO, author, opened
from tests.serving.world import logged

TOOL_CALL = {
    "id": "1",
    "type": "function",
    "function": {"name": "put_freelancer", "arguments": '{"freelancer_id": "fr_000001", "status": "suspended"}'},
}


@pytest.fixture(scope="module")
def served(market):
    """Another replica over the market's home, and the model that it asks."""
    with serving(says("nonsense")) as chat:
        named = {"llm_url": chat.url, "llm_model": "worst", "llm_api_key": SecretStr(KEY)}
        unlimited = {"llm_tokens_per_request": 10**6, "llm_tokens_per_minute": 10**9}
        with opened(market.world, **named, **unlimited) as other:
            yield other, chat


def asked(market, attempt):
    """A question whose evidence is the sentence that carries the attempt."""
    body = market.asks(question=f"What does {author(attempt)} say about zymurgy?")
    return market.client.ranked("/v1/ask", body)


def versions(market):
    """What each author says of themselves, as it is kept."""
    space = market.engine.stages["talent_search"].candidates
    names = [author(attempt) for attempt in ATTEMPTS]
    rows = space.versions(space.rows(names), ["overview", "title", "skills"])
    return dict(zip(names, rows, strict=True))


def test_what_is_said_in_its_words_stands_in_the_cited_spans(served):
    market, chat = served
    kept, said = versions(market), 0
    for attempt in ATTEMPTS:
        name = author(attempt)
        written = [f"{name} {attempt.obeyed}", f"{name} says: {attempt.obeyed}", attempt.text, f"{name} {attempt.text}"]
        written += [f"{name} says: I practise zymurgy and WordPress.", f"{name} says: {OVERVIEW} {attempt.text}"]
        sentences = [{"text": text[:600], "statements": [1]} for text in written]
        chat.answers[:] = [says(json.dumps({"sentences": sentences}))]
        answer = asked(market, attempt)
        assert answer["answered"], attempt.name
        for sentence in answer["sentences"]:
            cited = tuple(Citation(**each) for each in sentence["citations"])
            assert {each.candidate_id for each in cited} == {name}
            for each in cited:
                assert shown_text(kept[name][each.field])[each.start : each.end] == each.quote
            says_who = Statement(f"{name} says: “{' '.join(each.quote for each in cited)}”", cited)
            assert sentence["text"] == says_who.text or is_supported(sentence["text"], [says_who], analyze)
        said += answer.get("model") is not None
    assert said > len(ATTEMPTS) // 2


def test_whatever_step_it_chooses_is_one_that_reads_what_the_person_may_see(served):
    market, chat = served
    before = market.client.get("/readyz").json()["sequence"], len(logged(market.engine.settings.events, "queries"))
    for doing in get_args(Doing):
        for attempt in ATTEMPTS[::20]:
            chat.answers[:] = [says('{"doing": "search"}')]
            begun = market.client.ranked("/v1/assist", market.asks(text="WordPress developer", stream=False))
            chat.answers[:] = [says(json.dumps({"doing": doing, "positions": [0, 1]}))]
            said = {"text": attempt.text[:900], "conversation_id": begun["done"]["conversation_id"], "stream": False}
            turn = market.client.ranked("/v1/assist", market.asks(**said))
            told = json.dumps(turn)
            assert (turn["plan"]["doing"], turn["plan"]["planner"]) == (doing, "worst")
            assert not [name for name in market.unseen if name in told and name not in attempt.text], doing
            assert not [secret for secret in SECRETS if secret in told]
    after = market.client.get("/readyz").json()["sequence"], len(logged(market.engine.settings.events, "queries"))
    assert after == before


def test_no_text_closes_the_marks_that_it_stands_between_or_adds_a_turn(served):
    market, chat = served
    chat.answers[:] = [says("nonsense")]
    for attempt in (each for each in ATTEMPTS if each.kind in ("citation", "turn") or "<" in each.text):
        chat.asked.clear()
        others = [author(other) for other in ATTEMPTS if other != attempt]
        question = f"What does {author(attempt)} say about zymurgy? {WRITE_TO}"
        market.client.ranked("/v1/ask", market.asks(question=question))
        for body in chat.asked:  # the second time it is told what its answer lacks
            roles = [message["role"] for message in body["messages"]]
            assert roles[:4] == ["system", "user", "assistant", "user"]
            prompt = body["messages"][3]["content"]
            assert (prompt.count("<statements>"), prompt.count("</statements>"), prompt.count("<")) == (1, 1, 2)
            assert not {"tools", "tool_choice", "functions"} & body.keys()
            assert not [secret for secret in SECRETS if secret in json.dumps(body)]
            assert not [name for name in others if name in prompt]


def test_a_call_that_nobody_offered_is_no_answer_and_does_nothing(served):
    market, chat = served
    message = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
    chat.answers[:] = [says("", message=message, finish_reason="tool_calls")]
    before = market.client.get("/readyz").json()["sequence"]
    answer = asked(market, ATTEMPTS[0])
    turn = market.client.ranked("/v1/assist", market.asks(text="WordPress developer", stream=False))
    assert answer["answered"]
    assert answer.get("model") is None
    assert all(each["degraded"][0].startswith("language model: ") for each in (answer, turn["done"]))
    assert turn["shortlist"]["candidates"]
    assert market.client.get("/readyz").json()["sequence"] == before


def test_a_service_that_repeats_the_key_has_it_repeated_nowhere(served, caplog):
    market, chat = served
    refusal = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    chat.answers[:] = [lambda handler, _: handler.send(401, refusal)]
    answer = asked(market, ATTEMPTS[0])
    chat.answers[:] = [lambda handler, _: handler.send(200, completion(f"not JSON: {KEY}"))]
    again = asked(market, ATTEMPTS[0])
    for text in (json.dumps(answer), json.dumps(again), caplog.text, market.client.get("/metrics").text):
        assert KEY not in text
    assert answer["degraded"]
