"""ASGI middleware at the border: HEAD is asked as GET, bodies are read before the routes, requests are counted.

Knows HTTP only.
"""

import json
import time
from typing import Any

from serving.admission.callers import while_there
from serving.http.bodies import Refusal, inflated, refused_as_json, refused_by_headers, whole_body
from serving.http.metrics import Metrics
from serving.request.trace import ARRIVED

CLIENT_LEFT = 499
"""Status under which a request counts whose sender hung up before an answer could begin."""


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


class Counted:
    """Counts requests and times them, by route, and notes when they arrived; unknown paths are one route."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), [CLIENT_LEFT]
        ARRIVED.set(started)

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            status[0] = 500
            raise
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.counters["requests"].labels(route, str(status[0])).inc()
            self._metrics.latency.labels(route).observe(time.perf_counter() - started)


async def refuse(send: Any, refusal: Refusal) -> None:
    """Answer with a refusal: its status, one line of JSON, its headers."""
    text = json.dumps({"error": refusal.line}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode()), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
