"""`POST /v1/ask` over a real socket: every citation is what the lake holds, and no evidence is no answer."""

import json
import time

import pytest

from components.language.answers.shown import shown_text
from serving.engine import Engine
from tests.components.language.chat_server import fails, says, serving
from tests.serving.world import UNHURRIED_MS, OffsetClock, logged, served


def asking(world, **more):
    return {"actor_id": world.owner(world.open_jobs[0]), "deadline_ms": UNHURRIED_MS, **more}


def listed(world, *fields):
    """Somebody who may be shown and has these fields."""
    people = ((name, row) for name, row in sorted(world.people.items()) if row["status"] == "listed")
    return next((name, row) for name, row in people if all(row[field] for field in fields))


def require_exact(world, answer):
    rows = world.jobs if answer["surface"] == "job_feed" else world.people
    for sentence in answer["sentences"]:
        assert sentence["citations"]
        for cited in sentence["citations"]:
            text = shown_text(rows[cited["candidate_id"]][cited["field"]])
            assert text[cited["start"] : cited["end"]] == cited["quote"]
            assert cited["quote"] in sentence["text"]


def test_who_knows_something_is_answered_with_spans_of_the_lake(client, world):
    _, person = listed(world, "skills")
    skill = person["skills"][0]
    answer = client.ranked("/v1/ask", asking(world, question=f"Who knows {skill}?", k=3))
    assert answer["answered"]
    assert 1 <= len({cited["candidate_id"] for each in answer["sentences"] for cited in each["citations"]}) <= 3
    assert answer["answer"] == " ".join(each["text"] for each in answer["sentences"])
    assert (answer["degraded"], answer.get("model"), answer.get("reason")) == ([], None, None)
    require_exact(world, answer)


def test_a_value_of_a_named_candidate_is_told(client, world):
    name, person = listed(world, "hourly_rate_usd", "country")
    answer = client.ranked("/v1/ask", asking(world, question=f"What does {name} charge, and where is {name} based?"))
    assert f"{name} charges {shown_text(person['hourly_rate_usd'])} USD an hour." in answer["answer"]
    assert person["country"] in answer["answer"]
    assert answer["looked_at"] == {"candidates": 1, "missing": []}
    require_exact(world, answer)


def test_jobs_are_asked_about_on_the_feed(client, world):
    job = world.open_jobs[0]
    body = {"actor_id": world.feed_actor, "surface": "job_feed", "deadline_ms": UNHURRIED_MS}
    answer = client.ranked("/v1/ask", {**body, "question": f"Which company posted {job}?"})
    assert answer["answer"] in (f"{job} is posted by {world.jobs[job]['company']}.", "")
    require_exact(world, answer)


def test_applicants_are_asked_about_for_their_job(client, world):
    job = world.reviewed_job
    waiting = sorted(world.waiting(job))
    body = {"surface": "applicant_review", "actor_id": world.owner(job), "job_id": job, "deadline_ms": UNHURRIED_MS}
    answer = client.ranked("/v1/ask", {**body, "question": "What skills do they have?"})
    assert {cited["candidate_id"] for each in answer["sentences"] for cited in each["citations"]} <= set(waiting)
    require_exact(world, answer)


@pytest.mark.parametrize("question", ["Who knows underwater basket weaving?", "What is the capital of France?"])
def test_without_evidence_there_is_no_answer(client, world, question):
    answer = client.ranked("/v1/ask", asking(world, question=question))
    assert (answer["answered"], answer["answer"], answer["sentences"]) == (False, "", [])
    assert answer["looked_at"]["candidates"] > 10
    assert "no text of the" in answer["reason"]
    assert answer["looked_at"]["missing"]


def test_a_question_that_cannot_be_answered_is_refused_before_anybody_is_ranked(client, world):
    answer = client.ranked("/v1/ask", asking(world, question="Who does not know PHP?", timings=True))
    assert not answer["answered"]
    assert "absent" in answer["reason"]
    assert "source" not in answer["timings_ms"]


def test_whoever_may_not_be_shown_is_not_spoken_of(client, world):
    hidden = min(name for name, row in world.people.items() if row["status"] != "listed" and row["hourly_rate_usd"])
    answer = client.ranked("/v1/ask", asking(world, question=f"What does {hidden} charge?"))
    assert not answer["answered"]


def test_filters_hold(client, world):
    _, person = listed(world, "country", "skills")
    body = asking(world, question=f"Who knows {person['skills'][0]}?", filters={"country": person["country"]}, k=20)
    for each in client.ranked("/v1/ask", body)["sentences"]:
        assert world.people[each["citations"][0]["candidate_id"]]["country"] == person["country"]


def test_nothing_is_recorded_for_a_question(client, world, engine):
    before = len(logged(engine.settings.events, "queries"))
    client.ranked("/v1/ask", asking(world, question="Who knows Python?"))
    client.ranked("/v1/search/talent", {**asking(world), "text": "python"})
    deadline = time.monotonic() + 30
    while len(logged(engine.settings.events, "queries")) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(logged(engine.settings.events, "queries")) == before + 1


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "question"),
        ({"question": " "}, "question"),
        ({"question": "x" * 1_001}, "question"),
        ({"question": "Who?", "k": 0}, "k"),
        ({"question": "Who?", "surface": "applicant_review"}, "job_id"),
        ({"question": "Who knows Go?", "surface": "job_feed", "job_id": "j"}, "job_id"),
        ({"question": "Who knows Go?", "filters": {"shoe_size": 44}}, "shoe_size"),
    ],
)
def test_a_body_that_cannot_be_used_is_one_clear_line(client, world, more, line):
    answer = client.post("/v1/ask", asking(world, **more))
    assert answer.status_code == 422
    assert line in answer.json()["error"]


def test_personal_data_in_a_question_goes_nowhere(client, world):
    answer = client.ranked("/v1/ask", asking(world, question="Who knows ann@example.com or +1 415 555 0100?"))
    assert "ann@example" not in json.dumps(answer)
    assert "555" not in json.dumps(answer)


def test_a_model_that_fails_changes_what_is_degraded_and_nothing_else(world, own):
    _, person = listed(world, "skills")
    body = asking(world, question=f"Who knows {person['skills'][0]}?")
    with serving(says("nonsense"), says("nonsense"), fails(500)) as chat:
        named = {"llm_url": chat.url, "llm_model": "tiny", "llm_timeout_seconds": 0.4}
        engine = Engine(own.settings.model_copy(update=named), own.pins, OffsetClock.starting_at(own.as_of))
        try:
            with served(lambda: engine) as client:
                answers = [client.ranked("/v1/ask", body) for _ in range(3)]
                page = client.get("/metrics").text
        finally:
            engine.close()
    reasons = ("does not keep the schema", "HTTP status 500", "it is asked again in")
    for answer, reason in zip(answers, reasons, strict=True):
        assert answer["answered"]
        assert "model" not in answer
        (note,) = answer["degraded"]
        assert note.startswith("language model: ")
        assert reason in note
        require_exact(world, answer)
    counts = {"invalid": 1, "failed": 1, "refused": 1}
    for outcome, count in counts.items():
        assert (
            f'metier_llm_requests{{caller="ask",outcome="{outcome}",replica="{engine.folder.name}"}} {count}.0' in page
        )
