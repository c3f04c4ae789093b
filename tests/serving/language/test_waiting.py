"""A language model that takes its time keeps waiting who asked it and nobody else, by the deadline of each."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from metier.errors import ModelError
from serving.engine import Engine
from serving.language.assisting import Turn, assisted, begun
from serving.language.conversations import open_conversations
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from serving.stages import Stages
from tests.components.language.chat_server import says, serving
from tests.serving.world import UNHURRIED_MS, OffsetClock, served, wait_until


class Held:
    """Answers no JSON, and only when it is let go."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, handler, body):
        self.go.wait(60)
        says("no JSON")(handler, body)


@contextmanager
def an_engine(own, url):
    """Whose texts are read, and whose answers are put into words, by the model at `url`."""
    words = {"llm_url": url, "llm_model": "tiny", "llm_timeout_seconds": 60.0}
    reads = {"query_model_url": url, "query_model": "tiny", "query_model_seconds": 60.0}
    engine = Engine(own.settings.model_copy(update=words | reads), own.pins, OffsetClock.starting_at(own.as_of))
    try:
        yield engine
    finally:
        engine.close()


TEXT = "designer under $40/h"
WAITING = {
    "search/talent": {"text": TEXT},
    "ask": {"text": TEXT, "question": "Who speaks English?"},
    "tools/search_talent": {"arguments": {"text": TEXT}},
    "tools/ask": {"arguments": {"surface": "talent_search", "question": "Who speaks English?"}},
    "assist": {"text": TEXT, "stream": False},
}


def test_nobody_waits_for_a_model_that_others_ask(own):
    held = Held()
    ranked = {**own.body("talent_search", text=TEXT), "surface": "talent_search", "candidates": sorted(own.people)[:9]}
    with (
        serving(held) as chat,
        an_engine(own, chat.url) as engine,
        served(lambda: engine) as client,
        ThreadPoolExecutor(len(WAITING)) as clients,
    ):
        answers = []
        for number, (route, body) in enumerate(WAITING.items(), 1):
            answers.append(clients.submit(client.post, f"/v1/{route}", {**body, "deadline_ms": UNHURRIED_MS}))
            wait_until(lambda number=number: len(chat.asked) == number)
        try:
            others = [client.ranked("/v1/rank", ranked), client.ranked("/v1/feed/jobs", own.body("job_feed"))]
            assert [answer.done() for answer in answers] == [False] * len(answers)
        finally:
            held.go.set()
        assert [(answer["tier"], answer["degraded"]) for answer in others] == [("ensemble", [])] * 2
        assert [answer.result(60).status_code for answer in answers] == [200] * len(answers)


def test_who_waited_for_a_model_until_the_deadline_is_answered_by_a_lower_tier(own, monkeypatch):
    monkeypatch.setattr("serving.request.trace.LATE_MS", 60_000.0)
    held, resume, begun = Held(), threading.Event(), threading.Event()
    with serving(held) as chat, an_engine(own, chat.url) as engine:
        feed = engine.stages["job_feed"]

        def stuck(row, views):
            begun.set()
            assert resume.wait(60)
            return feed.reads.row(row, views)

        engine.stages["job_feed"] = Stages(feed.bundle, feed.candidates, replace(feed.reads, row=stuck))
        body = own.body("talent_search", text=TEXT)
        with served(lambda: engine) as client, ThreadPoolExecutor(2) as clients:
            before = clients.submit(client.post, "/v1/feed/jobs", own.body("job_feed"))
            assert begun.wait(60)
            waited = clients.submit(client.post, "/v1/search/talent", {**body, "deadline_ms": 600})
            time.sleep(0.8)
            assert not waited.done()
            resume.set()
            held.go.set()
            answer, first = waited.result(60), before.result(60)
    assert (first.status_code, answer.status_code) == (200, 200)
    assert answer.json()["tier"] == "popularity"
    assert [note.split(":")[0] for note in answer.json()["degraded"]] == [
        "query model",
        "retrieval",
        "ensemble",
        "xgboost",
    ]


def test_of_the_deadline_a_model_is_given_what_ranking_leaves(own, monkeypatch):
    asked = []

    def plan(model, text, surface, within_s):
        asked.append(within_s)
        raise ModelError("it said nothing of use")

    monkeypatch.setattr("components.language.query_model.ModelUnderstanding.plan", plan)
    with serving(says("{}")) as chat, an_engine(own, chat.url) as engine:
        for set_aside_ms in (0.0, 9_000.0):
            trace = RequestTrace(10_000.0, set_aside_ms=set_aside_ms)
            engine.plans.planned(RankingRequest("talent_search", "", text=TEXT), trace)
    assert 4.0 < asked[0] <= 5.0  # half of ten seconds
    assert 0.0 < asked[1] <= 1.0  # ten less nine


def test_a_turn_that_waited_for_its_deadline_asks_no_model(own):
    conversations = open_conversations(own.settings)
    with serving(says('{"doing": "search"}')) as chat, an_engine(own, chat.url) as engine:
        turn = Turn("", TEXT, "talent_search", None, 1_000.0, arrived=time.perf_counter() - 1.0)
        *_, done = assisted(turn, begun(turn, engine, conversations), engine, conversations)
        assert chat.asked == []
    assert any("no time is left to ask the language model" in note for note in done.degraded)
