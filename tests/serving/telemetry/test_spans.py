"""A request is a trace of its stages, sent to a receiver that may be slow or gone without anybody waiting for it."""

import json
import subprocess
import sys
import time

import pytest

from serving.engine import Engine
from serving.request.trace import Arrival, RequestTrace, Took
from serving.telemetry.answered import Answered
from serving.telemetry.spans import MOST_AT_ONCE, MOST_WAITING, Spans
from tests.serving.telemetry.otlp_receiver import receiving
from tests.serving.world import HTTP, OffsetClock, served, wait_until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
RANK = "/v1/rank"


def answered(traceparent=None, route=RANK, status=200, stages=("queue", "score")):
    """A request that took 9 ms, and a millisecond each stage."""
    arrival = Arrival(time.perf_counter(), "r1", traceparent)
    took = [Took(stage, arrival.at + n / 1e3, arrival.at + (n + 1) / 1e3) for n, stage in enumerate(stages)]
    arrival.trace = RequestTrace(150.0, surface="job_feed", tier="xgboost", candidates=200, took=took)
    arrival.trace.degrade("ensemble", "3 ms left of 150", "late")
    return Answered(arrival, "POST", route, status, arrival.at + 9e-3)


def sent(receiver, share, *requests):
    """What a receiver gets of some requests."""
    spans = Spans(receiver.url, share)
    ids = [spans.add(request) for request in requests]
    spans.close()
    return ids, {span.name: span for span in receiver.spans}


def told(span):
    return {each.key: each.value for each in span.attributes}


def milliseconds(span):
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


def test_a_request_is_a_span_in_its_callers_trace_and_holds_its_stages():
    with receiving() as receiver:
        ids, spans = sent(receiver, 0.0, answered(f"00-{TRACE}-{PARENT}-01"))
    assert ids == [TRACE]
    assert set(spans) == {f"POST {RANK}", "queue", "score"}
    root = spans[f"POST {RANK}"]
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert root.parent_span_id.hex() == PARENT
    assert spans["queue"].parent_span_id == spans["score"].parent_span_id == root.span_id
    assert milliseconds(root) == pytest.approx(9.0, abs=0.01)
    assert milliseconds(spans["score"]) == pytest.approx(1.0, abs=0.01)
    assert root.start_time_unix_nano <= spans["queue"].start_time_unix_nano < spans["score"].start_time_unix_nano
    attributes = told(root)
    assert (attributes["metier.tier"].string_value, attributes["metier.surface"].string_value) == (
        "xgboost",
        "job_feed",
    )
    assert attributes["metier.candidates"].int_value == 200
    assert [each.string_value for each in attributes["metier.degraded"].array_value.values] == ["ensemble: late"]
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["metier.request_id"].string_value == "r1"


@pytest.mark.parametrize(
    ("share", "traceparent", "is_sent"),
    [
        (1.0, None, True),
        (0.0, None, False),
        (1.0, f"00-{TRACE}-{PARENT}-00", False),  # its caller does not sample it
        (0.0, f"00-{TRACE}-{PARENT}-01", True),
        (0.0, "00-no-trace-01", False),
        (1.0, "00-no-trace-01", True),
    ],
)
def test_a_callers_sampling_is_followed_and_a_share_of_the_others_is_sent(share, traceparent, is_sent):
    with receiving() as receiver:
        (trace_id,), spans = sent(receiver, share, answered(traceparent))
    assert (trace_id is not None, bool(spans)) == (is_sent, is_sent)


def test_probes_and_pages_are_not_traced_and_a_failure_is_marked():
    with receiving() as receiver:
        _, spans = sent(receiver, 1.0, answered(route="/healthz"), answered(route="/"), answered(status=503))
    assert [span.status.code for span in spans.values() if span.kind == 2] == [2]


def test_a_receiver_that_does_not_answer_holds_nobody_and_the_queue_is_bounded(monkeypatch):
    monkeypatch.setattr("serving.telemetry.spans.TIMEOUT_SECONDS", 60.0)
    with receiving() as receiver:
        receiver.open.clear()
        spans = Spans(receiver.url, 1.0)
        for _ in range(MOST_AT_ONCE):
            spans.add(answered(stages=()))
        wait_until(lambda: receiver.asked == 1)
        for _ in range(3 * MOST_WAITING):
            spans.add(answered(stages=()))
        receiver.open.set()
        spans.close()
        assert len(receiver.spans) == MOST_AT_ONCE + MOST_WAITING


def test_a_receiver_that_is_not_there_costs_the_traces_alone(monkeypatch):
    monkeypatch.setattr("serving.telemetry.spans.TIMEOUT_SECONDS", 0.2)
    spans = Spans("http://127.0.0.1:9/v1/traces", 1.0)
    assert spans.add(answered()) is not None
    spans.close()  # ends, though there is nobody to send to


def test_an_endpoint_sends_the_stages_of_what_it_answers(own):
    with receiving() as receiver:
        settings = own.settings.model_copy(update={"traces_url": receiver.url, "traces_share": 0.0})
        with served(lambda: Engine(settings, own.pins, OffsetClock.starting_at(own.as_of))) as client:
            for path, flag in (("/v1/feed/jobs", "01"), ("/v1/feed/jobs", "00"), ("/v1/nowhere", "01")):
                headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flag}"}
                HTTP.post(client.url + path, json=own.body("job_feed"), headers=headers)
    roots = [span for span in receiver.spans if span.kind == 2]
    assert [span.name for span in roots] == ["POST /v1/feed/jobs"]
    stages = {span.name for span in receiver.spans if span.parent_span_id == roots[0].span_id}
    assert {"queue", "hydrate", "filter", "source", "score", "select", "log"} <= stages
    assert told(roots[0])["metier.tier"].string_value == "ensemble"


def test_without_a_receiver_nothing_that_traces_is_loaded(tmp_path):
    script = """
import json, sys
from pathlib import Path
from metier.settings import Settings
from serving.http.routes import create_api
from serving.telemetry.observer import Observer
observer = Observer()
observer.open(Settings(home=Path(sys.argv[1])))
observer.close()
tracing = ("opentelemetry.exporter", "serving.telemetry.spans")
print(json.dumps([name for name in sys.modules if name.startswith(tracing)]))
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout) == [], done.stderr
