"""The client: what it sends again, what it does not, and what its caller is told."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from metier.client import Client, Interaction
from metier.errors import BusyError, InputError, ServingError

SLATE = {
    "slate": [{"candidate_id": "c", "rank": 1, "score": 0.5, "placement": "organic"}],
    "tier": "ensemble",
    "degraded": [],
}


class Server:
    """Gives its answers in turns; an error is one of the connection. Keeps what was sent."""

    def __init__(self, *answers):
        self._answers, self.sent = list(answers), []

    def __call__(self, request):
        body = json.loads(request.content)
        self.sent.append((request.method, request.url.raw_path.decode(), body))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, told = answer
        told = {**told, "query_id": body.get("query_id")} if told is SLATE else told
        return httpx.Response(status, json=told, headers={"retry-after": "0"} if status == 503 else {})

    def client(self):
        return Client("http://endpoint", transport=httpx.MockTransport(self))


@pytest.mark.parametrize(("told", "said"), [({"score_is": "probability"}, "probability"), ({}, "order")])
def test_a_slate_says_what_its_scores_are_and_an_endpoint_that_does_not_say_so_only_orders(told, said):
    assert Server((200, {**SLATE, "query_id": "q", **told})).client().job_feed(actor_id="f").score_is == said


FAILURES = [httpx.ReadError("reset"), httpx.ReadTimeout("late"), (502, {}), (503, {"error": "busy"}), (504, {})]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_what_got_no_answer_is_sent_again_as_it_was(failure):
    server = Server(failure, (200, SLATE))
    slate = server.client().job_feed(actor_id="f", k=1)
    first, again = server.sent
    assert first == again
    assert first[:2] == ("POST", "/v1/feed/jobs")
    assert slate.query_id == first[2]["query_id"]
    assert [entry.candidate_id for entry in slate.entries] == ["c"]


@pytest.mark.parametrize(
    ("failure", "kind"), [(httpx.ConnectError("refused"), ServingError), ((503, {"error": "busy"}), BusyError)]
)
def test_it_gives_up_after_the_second_try(failure, kind):
    server = Server(failure, failure)
    with pytest.raises(kind):
        server.client().job_feed(actor_id="f")
    assert len(server.sent) == 2


def test_the_callers_fault_is_not_sent_again():
    server = Server((422, {"error": "k: too many"}))
    with pytest.raises(InputError, match="/v1/feed/jobs answered 422: k: too many"):
        server.client().job_feed(actor_id="f", k=1_000)
    assert len(server.sent) == 1


def test_each_slate_and_each_interaction_has_an_id_of_its_own():
    server = Server((200, SLATE), (200, SLATE), httpx.ReadError("reset"), (200, {"accepted": 2}))
    client = server.client()
    slates = [client.rank("job_feed", ["c"], actor_id="f") for _ in range(2)]
    told = [
        Interaction("click", "freelancer", "f", job_id="j", query_id=slates[0].query_id),
        Interaction("apply", "freelancer", "f", job_id="j", event_timestamp=datetime(2026, 1, 2, tzinfo=UTC)),
    ]
    assert client.tell(*told) == 2
    assert slates[0].query_id != slates[1].query_id
    *_, first, again = server.sent
    assert first == again
    click, apply = first[2]["interactions"]
    assert click["interaction_id"] != apply["interaction_id"]
    assert click["query_id"] == slates[0].query_id
    assert apply["event_timestamp"] == "2026-01-02T00:00:00+00:00"


def test_a_version_is_put_at_its_path():
    server = Server((202, {"id": "a b/c", "sequence": 7}))
    version = server.client().put_client("a b/c", status="active")
    assert (version.id, version.sequence) == ("a b/c", 7)
    assert server.sent == [("PUT", "/v1/clients/a%20b%2Fc", {"status": "active"})]


@pytest.mark.parametrize("told", [[1], "text"])
def test_an_answer_that_is_no_object_is_an_error_of_ours(told):
    with pytest.raises(ServingError):
        Server((500, told)).client().job_feed(actor_id="f")
