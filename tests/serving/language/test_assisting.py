"""`POST /v1/assist` over a real socket: events in their order, conversations that outlive a replica, failing models."""

import json
import os
import time

import pytest

from components.language.answers.shown import shown_text
from serving.engine import Engine
from serving.language.conversations import ConversationFiles, open_conversations
from tests.components.language.chat_server import fails, says, serving
from tests.serving.world import HTTP, UNHURRIED_MS, OffsetClock, logged, served


def saying(text, **more):
    return {"text": text, "stream": False, "deadline_ms": UNHURRIED_MS, **more}


@pytest.fixture
def told(client):
    def answer(text, **more):
        return client.ranked("/v1/assist", saying(text, **more))

    return answer


def shown(answer):
    return [each["candidate_id"] for each in answer["shortlist"]["candidates"]]


def test_events_come_in_their_order_and_say_what_one_json_says(client, told):
    body = saying("designer under $40/h", stream=True)
    with HTTP.stream("POST", f"{client.url}/v1/assist", json=body) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        blocks = "".join(stream.iter_text()).strip().split("\n\n")
    kinds = [block.split("\n")[0].removeprefix("event: ") for block in blocks]
    assert kinds == ["plan", "tool", "shortlist", "message", "done"]
    events = {kind: json.loads(block.split("data: ", 1)[1]) for kind, block in zip(kinds, blocks, strict=True)}
    whole = told("designer under $40/h")
    assert shown(whole) == [each["candidate_id"] for each in events["shortlist"]["candidates"]]
    assert whole["message"] == events["message"]
    assert (whole["done"]["degraded"], whole["done"]["used"]["steps"]) == ([], 1)
    assert whole["tools"][0]["arguments"]["text"] == "designer under $40/h"


def test_a_conversation_goes_on_and_its_citations_are_exact(told, world):
    first = told("designer")
    name = first["done"]["conversation_id"]
    second = told("under $40/h, and only expert level", conversation_id=name)
    assert second["plan"]["doing"] == "change"
    for each in shown(second):
        assert world.people[each]["hourly_rate_usd"] <= 40
        assert world.people[each]["experience_level"] == "expert"
    for sentence in second["message"]["sentences"]:
        for cited in sentence["citations"]:
            text = shown_text(world.people[cited["candidate_id"]][cited["field"]])
            assert text[cited["start"] : cited["end"]] == cited["quote"]


def test_a_search_is_gone_back_to_and_stands_where_nothing_is_understood(told):
    first = told("designer")
    name = first["done"]["conversation_id"]
    narrower = told("under $40/h", conversation_id=name)
    unclear = told("?!", conversation_id=name)
    assert (unclear["plan"]["doing"], unclear["tools"], unclear.get("shortlist")) == ("unclear", [], None)
    assert "The search stands" in unclear["message"]["text"]
    assert shown(told("show me 7", conversation_id=name))[:5] == shown(narrower)
    assert shown(told("go back", conversation_id=name)) == shown(narrower)
    again = told("undo that", conversation_id=name)
    assert (shown(again), again["message"]["text"].startswith("Back to the search")) == (shown(first), True)
    assert "no search before" in told("undo", conversation_id=name)["message"]["text"]


def test_a_person_is_shown_by_the_id_of_either_kind(told, world):
    person = min(name for name, row in world.people.items() if row["status"] == "listed" and row["title"])
    answer = told(f"tell me about {person}")
    assert [each["tool"] for each in answer["tools"]] == ["ask"]
    assert world.people[person]["title"] in answer["message"]["text"]
    assert "is a job" in told(f"tell me about {world.open_jobs[0]}")["message"]["text"]
    assert told(f"hire {person}")["tools"] == []


def test_where_nobody_fits_a_limit_is_given_up_and_said(told):
    answer = told("designer under $0.01/h in Iceland")
    assert [each["tool"] for each in answer["tools"]][:2] == ["search_talent", "change_filters"]
    assert "gave up the highest rate" in answer["message"]["text"]
    assert shown(answer)
    again = told("what did you change?", conversation_id=answer["done"]["conversation_id"])
    assert (again["tools"], "gave up the highest rate" in again["message"]["text"]) == ([], True)


def test_what_must_not_be_is_never_given_up(told, world):
    answer = told("designer, no agencies, under $0.01/h")
    assert all(world.people[each]["agency_id"] is None for each in shown(answer))


def test_another_actor_cannot_go_on(client, told, world):
    owner = world.owner(world.open_jobs[0])
    name = told("designer", actor_id=owner)["done"]["conversation_id"]
    for other in (None, world.owner(world.open_jobs[-1]) + "x"):
        answer = client.post("/v1/assist", saying("cheaper", actor_id=other, conversation_id=name))
        assert (answer.status_code, "no such conversation" in answer.json()["error"]) == (404, True)
    assert client.post("/v1/assist", saying("cheaper", conversation_id="../../etc/passwd")).status_code == 404


def test_an_actor_of_the_other_side_is_told_so(told, world):
    answer = told("find me work", surface="job_feed", actor_id=world.owner(world.open_jobs[0]))
    assert "unknown freelancer" in answer["tools"][0]["error"]
    assert "unknown freelancer" in answer["message"]["text"]


def test_people_for_a_job_are_found_by_its_id(told, world):
    job = world.open_jobs[0]
    answer = told(f"find people for {job}", actor_id=world.owner(job))
    assert answer["tools"][0]["arguments"]["job_id"] == job
    assert shown(answer)


def test_nothing_is_recorded_and_no_personal_data_is_kept(told, engine):
    before = len(logged(engine.settings.events, "queries"))
    answer = told("designer, write to ann@example.com or +1 415 555 0100")
    engine.events.append([]).result(30)
    assert len(logged(engine.settings.events, "queries")) == before
    (kept,) = engine.settings.conversations.glob(f"{answer['done']['conversation_id']}.json")
    for text in (json.dumps(answer), kept.read_text()):
        assert "ann@example" not in text
        assert "555" not in text


@pytest.mark.parametrize("more", [{"text": " "}, {"text": "x" * 1_001}, {"surface": "moon"}, {"deadline_ms": 0}])
def test_a_body_that_cannot_be_used_is_one_clear_line(client, more):
    answer = client.post("/v1/assist", {**saying("designer"), **more})
    assert (answer.status_code, next(iter(more)) in answer.json()["error"]) == (422, True)


def test_a_conversation_outlives_its_replica(replicas_of_one_clock):
    one, other = replicas_of_one_clock
    name = one.ranked("/v1/assist", saying("designer under $40/h"))["done"]["conversation_id"]
    answer = other.ranked("/v1/assist", saying("without the rate", conversation_id=name))
    assert answer["tools"][0]["arguments"]["relax"] == ["rate_max_usd"]


def test_a_model_that_fails_changes_what_is_degraded_and_nothing_else(own, world):
    with serving(says("nonsense"), says("nonsense"), fails(400)) as chat:
        named = {"llm_url": chat.url, "llm_model": "tiny"}
        engine = Engine(own.settings.model_copy(update=named), own.pins, OffsetClock.starting_at(own.as_of))
        try:
            with served(lambda: engine) as client:
                answers = [client.ranked("/v1/assist", saying("designer under $40/h")) for _ in range(3)]
        finally:
            engine.close()
    reasons = ("does not keep the schema", "HTTP status 400", "it is asked again in")
    for answer, reason in zip(answers, reasons, strict=True):
        assert answer["plan"]["planner"] == "deterministic"
        (note,) = answer["done"]["degraded"]
        assert note.startswith("language model: ")
        assert reason in note
        assert shown(answer) == shown(answers[0])


def test_a_model_chooses_among_the_same_moves(own):
    with serving(says('{"doing": "market_rates", "positions": []}')) as chat:
        named = {"llm_url": chat.url, "llm_model": "tiny"}
        engine = Engine(own.settings.model_copy(update=named), own.pins, OffsetClock.starting_at(own.as_of))
        try:
            with served(lambda: engine) as client:
                answer = client.ranked("/v1/assist", saying("designers"))
        finally:
            engine.close()
    assert (answer["plan"]["planner"], answer["done"]["degraded"]) == ("tiny", [])
    assert [each["tool"] for each in answer["tools"]] == ["market_rates"]


def test_old_conversations_are_gone(tmp_path):
    kept = ConversationFiles(tmp_path, ttl_seconds=60)
    kept.write("a" * 32, "{}")
    assert kept.read("a" * 32) == b"{}"
    os.utime(tmp_path / f"{'a' * 32}.json", (time.time() - 61,) * 2)
    assert kept.read("a" * 32) is None
    ConversationFiles(tmp_path, ttl_seconds=60).write("b" * 32, "{}")
    assert [path.stem for path in tmp_path.glob("*.json")] == ["b" * 32]


def test_a_conversation_of_another_version_begins_anew(own):
    conversations = open_conversations(own.settings)
    own.settings.conversations.mkdir(exist_ok=True)
    (own.settings.conversations / f"{'c' * 32}.json").write_text('{"turns": 3}')
    with pytest.raises(Exception, match="no such conversation"):
        conversations.of("c" * 32, "")
