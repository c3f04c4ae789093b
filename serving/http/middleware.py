"""ASGI middleware at the border: HEAD is asked as GET, bodies are read before the routes, requests are observed.

Knows HTTP only.
"""

import json
import logging
import time
from typing import Any

from serving.admission.callers import while_there
from serving.http.bodies import Refusal, inflated, refused_as_json, refused_by_headers, whole_body
from serving.request.trace import ARRIVED
from serving.telemetry.answered import Answered, arrival_of
from serving.telemetry.observer import Observer

LOG = logging.getLogger(__name__)
CLIENT_LEFT = 499
"""Status under which a request counts whose sender hung up before an answer could begin."""
FAILED = Refusal(500, "an unexpected error, which the replica's log explains")
LONGEST_PROBLEM = 4_000
"""Bytes of a refusal that are looked at."""


class Heads:
    """HEAD asks what GET does; the server leaves out the body of the answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send)


class Bodies:
    """Hands on a body that is whole, inflated and readable, as long as its sender waits.

    Answers all others itself, in one line of JSON.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body = refused_by_headers(headers) or await whole_body(receive)
        if isinstance(body, bytes):
            body = inflated(body, headers)
        if isinstance(body, bytes):
            body = refused_as_json(body, headers) or body
        if isinstance(body, Refusal):
            await refuse(send, body)
        elif body is not None:
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"content-encoding"]
            await while_there(self._app, scope, body, receive, send)


class Observed:
    """Notes when a request arrives and by which id, answers with that id, and has seen what became of it.

    Unknown paths are one route.
    """

    def __init__(self, app: Any, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrival, status, said = arrival_of(scope["headers"]), CLIENT_LEFT, b""
        error: Exception | None = None
        ARRIVED.set(arrival)

        async def observed(message: Any) -> None:
            nonlocal status, said
            if message["type"] == "http.response.start":
                status = message["status"]
                message = self._observer.named(message, arrival)
            elif status >= 400 and len(said) < LONGEST_PROBLEM:
                said += message.get("body", b"")
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception as failure:
            LOG.error("unexpected error on %s", scope["path"], exc_info=True)
            error = failure
            if status != CLIENT_LEFT:  # its answer has begun
                raise
            await refuse(observed, FAILED)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            ended = time.perf_counter()
            self._observer.see(Answered(arrival, scope["method"], route, status, ended, problem_in(said), error))


def problem_in(body: bytes) -> str:
    """What a refusal says; empty where the body is none."""
    try:
        return str(json.loads(body)["error"]) if body else ""
    except (ValueError, TypeError, KeyError):
        return ""


async def refuse(send: Any, refusal: Refusal) -> None:
    """Answer with a refusal: its status, one line of JSON, its headers."""
    text = json.dumps({"error": refusal.line}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode()), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
