"""Each answer names its request, and a request that failed, was refused, late or degraded leaves one line of JSON."""

import json
import time
from dataclasses import replace

import pytest

from serving.request.trace import Arrival, RequestTrace, Took
from serving.telemetry.answered import Answered, arrival_of
from serving.telemetry.lines import KEPT_SECONDS, PER_SECOND, RequestLines
from tests.serving.world import HTTP, served, wait_until

PERSON, PHONE = "ann@example.com", "+1 415 555 0132"
FEED = "/v1/feed/jobs"


@pytest.fixture(scope="module")
def asked(own, engines):
    """Sends a request by an id, and gives the answer and the lines of that id, once there are as many as it leaves."""
    with served(lambda: engines[0]) as client:

        def lines(name):
            written = [json.loads(line) for file in own.settings.logs.glob("*.jsonl") for line in file.open()]
            return [line for line in written if line["request_id"] == name]

        def ask(path, body, name, leaves=0):
            answer = HTTP.post(client.url + path, json=body, headers={"x-request-id": name})
            wait_until(lambda: len(lines(name)) >= leaves)
            return answer, lines(name)

        yield ask


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (FEED, {"k": 3}, 200),
        (FEED, {"k": 0}, 422),
        (FEED, {"actor_id": "nobody"}, 404),
        (FEED, {"context": {"deep": "x" * 1_000_001}}, 413),
        ("/nowhere", {}, 404),
    ],
)
def test_every_answer_names_its_request(asked, path, body, status):
    answer, _ = asked(path, body, "trace-7/α".encode().hex())
    assert (answer.status_code, answer.headers["x-request-id"]) == (status, "trace-7/α".encode().hex())


@pytest.mark.parametrize("sent", [[], [(b"x-request-id", b"two words")], [(b"x-request-id", b"x" * 201)]])
def test_what_brings_no_id_or_none_that_a_header_can_hold_is_given_one(sent):
    first, other = arrival_of(sent), arrival_of(sent)
    assert len(first.request_id) == len(other.request_id) == 32
    assert first.request_id != other.request_id


def test_what_is_answered_as_it_should_be_leaves_no_line(asked, own):
    answer, _ = asked(FEED, own.body("job_feed"), "asked")
    assert answer.status_code == 200
    _, lines = asked(FEED, {"k": 0}, "asked", 1)  # its line comes behind those before
    assert [line["status"] for line in lines] == [422]


def test_a_refusal_leaves_a_line_without_what_it_quotes(asked):
    answer, (line,) = asked(FEED, {"actor_id": "fr of " + PERSON.replace("@", " at ")}, "r1", 1)
    assert "fr of ann" in answer.json()["error"]
    assert (line["status"], line["route"], line["of_note"]) == (404, FEED, ["refused"])
    assert line["said"].startswith("unknown freelancer '...'; import it")
    assert line["ms"] >= 0


def test_a_degraded_slate_leaves_a_line_with_its_stages(asked, own, engines, monkeypatch):
    def down(row, views):
        raise ConnectionError("the store is down")

    stages = engines[0].stages["job_feed"]
    monkeypatch.setattr(stages, "reads", replace(stages.reads, row=down))
    _, (line,) = asked(FEED, own.body("job_feed"), "d1", 1)
    assert (line["status"], line["of_note"], line["tier"], line["surface"]) == (
        200,
        ["degraded"],
        "popularity",
        "job_feed",
    )
    assert line["degraded"] == ["actor features: the online store failed (ConnectionError)"]
    assert {"queue", "hydrate", "score", "select", "log"} <= set(line["timings_ms"])
    assert line["candidates"] > 0


def test_an_unexpected_error_is_answered_and_leaves_its_traceback_masked(asked, own, engines, monkeypatch):
    def fail(request, trace):
        raise ValueError(f"no way to call {PHONE}")

    monkeypatch.setattr(engines[0], "rank", fail)
    answer, (line,) = asked(FEED, own.body("job_feed"), "f1", 1)
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "f1")
    assert answer.json() == {"error": "an unexpected error, which the replica's log explains"}
    assert line["of_note"] == ["failed"]
    assert "ValueError: no way to call [phone]" in line["traceback"]


def test_an_id_that_names_a_person_is_answered_with_and_not_written(asked):
    answer, lines = asked(FEED, {"k": 0}, PERSON)
    assert (answer.headers["x-request-id"], lines) == (PERSON, [])
    _, lines = asked(FEED, {"k": 0}, "[e-mail]", 2)
    assert [line["status"] for line in lines] == [422, 422]


def answered(status=200, seconds=0.0, deadline_ms=None):
    arrival = Arrival(time.perf_counter(), "one")
    arrival.trace = None if deadline_ms is None else RequestTrace(deadline_ms)
    return Answered(arrival, "POST", FEED, status, arrival.at + seconds)


@pytest.mark.parametrize(
    ("status", "seconds", "deadline_ms", "of_note"),
    [
        (200, 0.149, 150.0, []),
        (200, 0.151, 150.0, ["slow"]),
        (200, 0.999, None, []),
        (200, 1.001, None, ["slow"]),
        (303, 0.0, None, []),
        (429, 0.0, None, ["refused"]),
        (503, 0.2, 150.0, ["refused", "slow"]),
        (500, 0.0, None, ["failed"]),
    ],
)
def test_a_request_is_slow_after_its_deadline_or_after_a_second(status, seconds, deadline_ms, of_note):
    assert answered(status, seconds, deadline_ms).of_note == of_note


def test_lines_are_bounded_and_the_next_one_says_how_many_were_left_out(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("serving.telemetry.lines.time.monotonic", lambda: now[0])
    lines = RequestLines(tmp_path, str)
    for _ in range(PER_SECOND + 7):
        lines.write(answered(503), ["refused"], None)
    now[0] += 1.0
    lines.write(answered(503), ["refused"], "0af7651916cd43dd8448eb211c80319c")
    lines.close()
    (file,) = tmp_path.iterdir()
    written = [json.loads(line) for line in file.open()]
    assert len(written) == PER_SECOND + 1
    assert (written[-1]["left_out"], written[-1]["trace_id"]) == (7, "0af7651916cd43dd8448eb211c80319c")
    assert "left_out" not in written[0]


def test_old_files_of_lines_are_removed_and_no_others(tmp_path, monkeypatch):
    old, others = tmp_path / "requests-20200101T000000Z-1.jsonl.1", tmp_path / "notes.txt"
    for file in (old, others):
        file.touch()
    monkeypatch.setattr("serving.telemetry.lines.time.time", lambda: old.stat().st_mtime + KEPT_SECONDS + 1)
    RequestLines(tmp_path, str).close()
    assert list(tmp_path.iterdir()) == [others]


def test_a_stage_that_ran_twice_is_one_timing():
    trace = RequestTrace(100.0, took=[Took("score", 1.0, 1.25), Took("log", 1.25, 1.5), Took("score", 2.0, 2.25)])
    assert trace.timings_ms == {"score": 500.0, "log": 250.0}
