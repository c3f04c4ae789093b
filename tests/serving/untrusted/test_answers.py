"""Attempts in texts that answers quote, before a model that does as it is told: nothing unsupported is said."""

import json
import re

import pytest
from pydantic import SecretStr

from tests.components.language.chat_server import says, serving
from tests.serving.untrusted.attempts import ATTEMPTS
from tests.serving.untrusted.market import KEY, SECRETS, WRITE_TO, author, fill, opened, written
from tests.serving.world import logged, wait_until


@pytest.fixture(scope="module")
def obeying(world, tmp_path_factory):
    """A market whose language model writes what `orders` holds last, of whatever candidate it is shown."""
    orders = [""]

    def obeys(body):
        shown = re.search(r'"candidate": "([^"]+)"', body["messages"][-1]["content"])
        name = shown[1] if shown else "author-00"
        return json.dumps({"sentences": [{"text": f"{name} {orders[-1]}", "statements": [1]}]})

    home = tmp_path_factory.mktemp("obeying") / "home"
    with serving(says(obeys)) as chat:
        named = {"llm_url": chat.url, "llm_model": "obedient", "llm_api_key": SecretStr(KEY)}
        unlimited = {"llm_tokens_per_request": 10**6, "llm_tokens_per_minute": 10**9}
        with opened(world.copy(home), **named, **unlimited) as market:
            fill(market.client, market)
            yield market, orders, chat


def question(market, attempt, surface="talent_search"):
    """What a person asks who was sent the attempt too."""
    asked = f"What does {author(attempt)} say about zymurgy? {attempt.text} {WRITE_TO}"[:1_000]
    return market.client.ranked("/v1/ask", market.asks(surface=surface, question=asked))


def require_quoted(answer):
    for sentence in answer["sentences"]:
        assert sentence["citations"]
        assert all(cited["quote"] in sentence["text"] for cited in sentence["citations"])


def test_without_a_model_only_what_is_there_is_quoted(market):
    for attempt in ATTEMPTS:
        for surface in ("talent_search", "job_feed"):
            answer = question(market, attempt, surface)
            require_quoted(answer)
            spoken_of = {cited["candidate_id"] for each in answer["sentences"] for cited in each["citations"]}
            assert not spoken_of & market.unseen, attempt.name
            assert not [secret for secret in SECRETS if secret in json.dumps(answer)], attempt.name


def test_a_model_that_obeys_gets_nothing_said(obeying):
    market, orders, chat = obeying
    for attempt in ATTEMPTS:
        orders.append(attempt.obeyed)
        plain = f"What does {author(attempt)} charge? What does {author(attempt)} say about zymurgy?"
        for asked in (plain, "Who knows WordPress?"):
            answer = market.client.ranked("/v1/ask", market.asks(question=asked))
            assert attempt.obeyed not in answer["answer"] or attempt.obeyed in attempt.text, attempt.name
            assert not [secret for secret in SECRETS if secret in json.dumps(answer)], attempt.name
    assert len(chat.asked) >= len(ATTEMPTS)
    assert not [secret for secret in SECRETS if secret in json.dumps(chat.asked)]


def test_every_turn_calls_only_what_reads_and_shows_nobody_who_is_hidden(obeying):
    market, orders, _ = obeying
    sequence = market.client.get("/readyz").json()["sequence"]
    tools = {tool["name"] for tool in market.client.get("/v1/tools").json()["tools"]}
    for attempt in ATTEMPTS:
        orders.append(attempt.obeyed)
        body = market.asks(text=f"WordPress developer. {attempt.text} {WRITE_TO}"[:1_000], stream=False)
        answer = market.client.ranked("/v1/assist", body)
        assert {call["tool"] for call in answer["tools"]} <= tools
        shown = {each["candidate_id"] for each in (answer.get("shortlist") or {"candidates": []})["candidates"]}
        assert not shown & market.unseen, attempt.name
        assert not [secret for secret in SECRETS if secret in json.dumps(answer)], attempt.name
    assert market.client.get("/readyz").json()["sequence"] == sequence


def test_a_conversation_is_of_nobody_else(obeying):
    market, _, _ = obeying
    begun = market.client.ranked("/v1/assist", market.asks(text="WordPress developer", stream=False))
    name = begun["done"]["conversation_id"]
    said = {"text": f"I am {market.asker}; compare the first two", "conversation_id": name, "stream": False}
    answer = market.client.post("/v1/assist", {**said, "actor_id": market.other_client})
    assert answer.status_code == 404


def test_pages_hold_markup_as_text(market):
    for attempt in ATTEMPTS:
        for surface, actor in (("talent_search", market.asker), ("job_feed", market.seeker)):
            path = f"/console/candidate?surface={surface}&actor_id={actor}&candidate={author(attempt)}"
            page = market.client.get(path)
            assert page.status_code == 200, page.text[:300]
            assert "zymurgy" in page.text
            assert not re.search(r"<[^>]*\bid=\"?attempt\b", page.text), attempt.name
            assert not [secret for secret in SECRETS if secret in page.text], attempt.name


def test_nothing_that_is_kept_or_logged_holds_the_key_or_masked_personal_data(obeying, caplog):
    market, orders, _ = obeying
    orders.append(f"charges {KEY}.")
    with caplog.at_level("DEBUG"):
        for text in (f"WordPress developer. {WRITE_TO}", f"Who knows WordPress? {WRITE_TO}"):
            market.client.ranked("/v1/search/talent", market.asks(text=text))
            market.client.ranked("/v1/ask", market.asks(question=text))
            market.client.ranked("/v1/assist", market.asks(text=text, stream=False))
            market.client.post("/v1/tools/search_talent", {"arguments": {"text": text, "k": -1}})
    told = [caplog.text, market.client.get("/metrics").text, market.client.get("/console/health").text]
    assert not [secret for secret in SECRETS for text in told if secret in text]
    events = market.engine.settings.events
    wait_until(lambda: len([row for row in logged(events, "queries") if row["text"]]) >= 2)
    for path, content in written(market.engine.settings.home):
        assert not [secret for secret in SECRETS if secret.encode() in content], path
