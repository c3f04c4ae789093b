"""Attempts at every other door: typed tools, what may be typed next, the console's pages."""

import json
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from tests.serving.untrusted.attempts import ATTEMPTS
from tests.serving.untrusted.market import BLOCKED, SECRETS, SUSPENDED, WRITE_TO, author
from tests.serving.world import logged

PAGES = {"/": "text", "/console/ask": "question", "/console/assist": "text", "/console/compare": "text"}
OWN = ("/", "#")
"""How every address of a page of the console begins."""


def call(market, tool, arguments, **more):
    return market.client.post(f"/v1/tools/{tool}", market.asks(arguments=arguments, **more))


def require_no_secret(answer):
    assert not [secret for secret in SECRETS if secret in answer.text]


def test_no_tool_takes_who_asks_from_its_arguments(market):
    search = {"surface": "talent_search", "text": "WordPress developer"}
    arguments = {
        "search_talent": {"text": "WordPress developer"},
        "search_jobs": {"text": "WordPress shop"},
        "change_filters": {"search": search},
        "compare": {"surface": "talent_search", "candidate_ids": [author(ATTEMPTS[0]), author(ATTEMPTS[1])]},
        "market_rates": {"surface": "talent_search"},
        "draft_job_post": {"text": "A shop is slow"},
    }
    known = {tool["name"] for tool in market.client.get("/v1/tools").json()["tools"]}
    assert arguments.keys() <= known
    for tool, given in arguments.items():
        for name in ("actor_id", "client_id", "deadline_ms", "url"):
            answer = call(market, tool, {**given, name: market.other_client})
            assert answer.status_code == 422, (tool, name)
            assert f"{name}: Extra inputs" in answer.json()["error"]
    nested = call(market, "change_filters", {"search": {**search, "actor_id": market.other_client}})
    assert nested.status_code == 422


def test_texts_in_arguments_are_data(market):
    sequence = market.client.get("/readyz").json()["sequence"]
    for attempt in ATTEMPTS:
        text = f"{attempt.text} {WRITE_TO}"
        calls = [
            ("search_talent", {"text": f"WordPress developer. {text}", "k": 20}),
            ("market_rates", {"surface": "talent_search", "skills": [attempt.text[:500]]}),
            ("draft_job_post", {"text": text}),
        ]
        for tool, arguments in calls:
            answer = call(market, tool, arguments)
            assert answer.status_code == 200, (attempt.name, tool, answer.text)
            require_no_secret(answer)
            shown = {each["candidate_id"] for each in answer.json()["result"].get("candidates", ())}
            assert not shown & market.unseen, attempt.name
        named = market.client.send("POST", f"/v1/tools/{urlencode({'': attempt.text})[1:]}", json.dumps({}))
        assert named.status_code in (404, 422), attempt.name
    assert market.client.get("/readyz").json()["sequence"] == sequence


def test_whoever_is_hidden_is_compared_with_nobody(market):
    hidden = [SUSPENDED, BLOCKED, "last", market.other_client]
    told = call(market, "compare", {"surface": "talent_search", "candidate_ids": [author(ATTEMPTS[0]), *hidden]})
    result = told.json()["result"]
    assert [each["candidate_id"] for each in result["candidates"]] == [author(ATTEMPTS[0])]
    assert result["not_shown"] == hidden


def test_what_may_be_typed_next_is_never_what_somebody_wrote_of_themselves(market):
    for attempt in ATTEMPTS:
        for begun in (attempt.text[:100], attempt.text.split()[0][:100]):
            answer = market.client.get(f"/v1/suggest?{urlencode({'q': begun})}")
            assert answer.status_code == 200, (attempt.name, answer.text)
            texts = [each["text"] for each in answer.json()["suggestions"]]
            assert attempt.text not in texts
            assert not [text for text in texts if len(text) > 100]


class Tags(HTMLParser):
    """What a browser would make of a page: elements by id, addresses, handlers."""

    def __init__(self):
        super().__init__()
        self.ids, self.addresses, self.handlers = set(), [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src", "action"):
                self.addresses.append(value)
            elif name.startswith("on"):
                self.handlers.append((tag, name))


@pytest.mark.parametrize("path", PAGES)
def test_what_was_typed_is_text_on_the_page(market, path):
    for attempt in ATTEMPTS:
        body = market.asks(surface="talent_search", asked=1, k=3, deadline_ms=10_000)
        page = market.client.get(f"{path}?{urlencode({**body, PAGES[path]: f'WordPress {attempt.text}'[:900]})}")
        assert page.status_code == 200, attempt.name
        read = Tags()
        read.feed(page.text)
        assert "attempt" not in read.ids, attempt.name
        assert not read.handlers
        assert [address for address in read.addresses if not address.startswith(OWN)] == []


def test_looking_recorded_no_interaction_and_changed_nobody(market):
    assert [row["interaction_id"] for row in logged(market.engine.settings.events, "interactions")] == ["a-dismissal"]
