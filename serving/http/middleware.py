"""ASGI middleware at the border: HEAD is asked as GET, bodies are read before the routes, requests are observed.

Knows HTTP only.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from serving.access.scopes import route_of
from serving.admission.callers import while_there
from serving.admission.worker import BUSY
from serving.http.bodies import Refusal, inflated, read_as_json, refused_by_headers, whole_body
from serving.request.trace import ARRIVED
from serving.telemetry.answered import Answered, arrival_of
from serving.telemetry.observer import Observer

LOG = logging.getLogger(__name__)
CLIENT_LEFT = 499
"""Status under which a request counts whose sender hung up before an answer could begin."""
FAILED = Refusal(500, "an unexpected error, which the replica's log explains")
FULL = Refusal(503, BUSY, ((b"retry-after", b"1"),))
PARSED = "metier.parsed"
"""In the scope of a request whose body is JSON: what it holds."""
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
            read = read_as_json(body, headers)
            if isinstance(read, Refusal):
                body = read
            elif read is not None:
                scope[PARSED] = read.value
        if isinstance(body, Refusal):
            await refuse(send, body)
        elif body is not None:
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"content-encoding"]
            await while_there(self._app, scope, body, receive, send)


class Room:
    """Refuses a request before its body is read where those who would work for it take no more; `is_full` of a path."""

    def __init__(self, app: Any, is_full: Callable[[str], bool]) -> None:
        self._app = app
        self._is_full = is_full

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and self._is_full(scope["path"]):
            await refuse(send, FULL)
        else:
            await self._app(scope, receive, send)


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
            route = path_of_route(scope)
            ended = time.perf_counter()
            self._observer.see(Answered(arrival, scope["method"], route, status, ended, problem_in(said), error))


def path_of_route(scope: Any) -> str:
    """The path of the route that took a request, or would have taken one that was refused before; or `unknown`."""
    if (taken := scope.get("route")) is not None:
        return str(taken.path)
    route = route_of(scope["method"], scope["path"])
    return "unknown" if route is None else route.partition(" ")[2]


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
