"""Kubeflow Pipelines servers for tests: real HTTP on 127.0.0.1, answering by a script or by a recording.

A recording lies beside the checkout, on machines that have one. It answers a call that is like a recorded one in
method, path, query and shape of body, and speaks of the run, pipeline and experiment that the caller named. A call
that nothing answers gets 501 and fails the test.
"""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from metier.errors import PipelineError
from pipelines.kubeflow import Server
from pipelines.watch import FinishedRun, wait

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "kfp"
API = "/apis/v2beta1"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Answer = tuple[int, object]  # status, then JSON or text; status 0 drops the connection
HEALTH = (200, {"tag_name": "2.17.0", "multi_user": False})
RUN = "11111111-2222-3333-4444-555555555555"
SPEC = {
    "pipelineInfo": {"name": "metier-training"},
    "schemaVersion": "2.1.0",
    "deploymentSpec": {"executors": {"exec-train": {}}},
    "components": {
        "comp-train": {"executorLabel": "exec-train"},
        "comp-loop": {"dag": {"tasks": {"train": {"componentRef": {"name": "comp-train"}}}}},
    },
    "root": {
        "dag": {"tasks": {"loop": {"componentRef": {"name": "comp-loop"}}}},
        "inputDefinitions": {
            "parameters": {
                "rows": {"parameterType": "NUMBER_INTEGER"},
                "as_of": {"parameterType": "STRING"},
                "surfaces": {"parameterType": "LIST"},
            }
        },
    },
}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class Kubeflow:
    """A server that listens: its URL, every call it got, and those it had no answer to."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    def bodies(self, path: str) -> list[Any]:
        return [call.body for call in self.calls if call.method == "POST" and call.path == API + path]


@contextmanager
def serving(answer: Callable[[Call], Answer | None], tls: ssl.SSLContext | None = None) -> Iterator[Kubeflow]:
    """A server on a free port that answers by `answer`; a call that got None fails the test at the end."""
    known = Kubeflow()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        timeout = 10

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            call = Call(self.command, url.path, query, json.loads(body) if body else None, dict(self.headers))
            known.calls.append(call)
            found = answer(call)
            if found is None:
                known.unmatched.append(f"{call.method} {self.path} {_shape(call.body)}")
            self._send(*(found or (501, "nothing recorded for this call")))

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names http.server calls

        def _send(self, status: int, content: object) -> None:
            if status == 0:
                self.close_connection = True
                return
            text = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    known.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert known.unmatched == []


def script(answers: dict[str, list[Answer]]) -> Callable[[Call], Answer | None]:
    """Answers by `METHOD /path below the API`, in order; the last one stays."""

    def answer(call: Call) -> Answer | None:
        left = answers.get(f"{call.method} {call.path.removeprefix(API)}")
        if left is None:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def run(state: str, error: str = "", **tasks: str) -> Answer:
    """(200, run) with tasks as name=state, started in their order; `__` in a name stands for `-`."""
    details = [
        {
            "task_id": name,
            "display_name": name.replace("__", "-"),
            "state": task,
            "start_time": f"2026-03-01T12:00:{second:02}Z",
        }
        for second, (name, task) in enumerate(tasks.items())
    ]
    answer: dict[str, Any] = {
        "run_id": RUN,
        "state": state,
        "pipeline_spec": SPEC,
        "run_details": {"task_details": details},
    }
    return 200, answer | ({"error": {"code": 9, "message": error}} if error else {})


def a_run(*answers: Answer) -> AbstractContextManager[Kubeflow]:
    """A server that answers so, one after the other, when it is asked for the run."""
    return serving(script({"GET /healthz": [HEALTH], f"GET /runs/{RUN}": list(answers)}))


def watched(server: Server, run_id: str = RUN, minutes: float = 1.0) -> tuple[FinishedRun | PipelineError, list[str]]:
    """How waiting ends, and the lines it showed."""
    shown: list[str] = []
    try:
        return wait(server, run_id, minutes=minutes, show=shown.append, poll_seconds=0.01, pauses=(0.01, 0.01)), shown
    except PipelineError as error:
        return error, shown


def recorded(file: str, after: str = "") -> list[dict[str, Any]]:
    """Exchanges of a recording; with `after`, its health check and what follows the note that starts so."""
    path = RECORDINGS / file
    if not path.exists():
        pytest.skip(f"no recording {path}")
    exchanges = json.loads(path.read_text())
    if not after:
        return exchanges
    notes = [position for position, exchange in enumerate(exchanges) if "note" in exchange] + [len(exchanges)]
    start = next(position for position in notes if exchanges[position]["note"].startswith(after))
    return [exchanges[0], *exchanges[start + 1 : notes[notes.index(start) + 1]]]


class Recording:
    """Answers of recorded exchanges, each once and in order, the last one like it again and again."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self._exchanges = exchanges
        self._used: set[int] = set()
        self._experiment = self._run = self._schedule = ""
        self._pipeline = ("", "")

    def __call__(self, call: Call) -> Answer | None:
        wanted = _likeness(call.method, call.path, call.query, call.body)
        like = [
            position
            for position, each in enumerate(self._exchanges)
            if _likeness(each["method"], each["url"], dict(each["query"]), each["body"]) == wanted
        ]
        if not like:
            return None
        position = next((each for each in like if each not in self._used), like[-1])
        self._used.add(position)
        exchange = self._exchanges[position]
        self._learn(call, exchange["body"])
        return exchange["status"], self._carried(exchange["response"])

    def _learn(self, call: Call, recorded_body: Any) -> None:
        if call.body and "trigger" in call.body:
            self._schedule = call.body["display_name"]
        elif call.body and "pipeline_spec" in call.body:
            self._run = call.body["display_name"]
            names = [body["pipeline_spec"]["pipelineInfo"]["name"] for body in (recorded_body, call.body)]
            self._pipeline = (names[0], names[1])
        elif "filter" in call.query:
            self._experiment = json.loads(call.query["filter"])["predicates"][0]["stringValue"]

    def _carried(self, response: Any) -> Any:
        """The recorded response, with the caller's names."""
        if isinstance(response, str):
            return response
        if self._pipeline[0]:
            response = json.loads(json.dumps(response).replace(*self._pipeline))
        if "run_id" in response:
            response["display_name"] = self._run or response["display_name"]
        if "recurring_run_id" in response and self._schedule:
            response["display_name"] = self._schedule
        for experiment in response.get("experiments", [response] if "last_run_created_at" in response else []):
            experiment["display_name"] = self._experiment
        return response


def _likeness(method: str, path: str, query: dict[str, str], body: Any) -> tuple[str, ...]:
    asked = {key: json.loads(value) if key == "filter" else str(value) for key, value in query.items()}
    return method, UUID.sub("{id}", path), str(_shape(asked)), str(_shape(body))


def _shape(body: Any) -> Any:
    """Keys and types; of a pipeline only its top keys, of parameters only that they are there."""
    if isinstance(body, dict):
        return {key: _content(key, body[key]) for key in sorted(body)}
    if isinstance(body, list):
        return [_shape(each) for each in body]
    return type(body).__name__


def _content(key: str, value: Any) -> Any:
    if key == "pipeline_spec":
        return sorted(value)
    return type(value).__name__ if key == "parameters" else _shape(value)
