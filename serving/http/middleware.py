"""ASGI middleware at the border: bodies that are too large are refused before they are read, requests are counted.

Knows HTTP only.
"""

import json
import time
from typing import Any

from serving.http.metrics import Metrics

LARGEST_BODY = 1_000_000
CLIENT_LEFT = 499
"""Status under which a request counts whose sender hung up before an answer could begin."""
JSON_HEADERS = [(b"content-type", b"application/json")]


class BodyLimit:
    """Answers 413 to bodies over LARGEST_BODY bytes, whether or not they say how long they are."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > LARGEST_BODY:
            await _refuse(send)
            return
        body, complete = b"", False
        while not complete:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            complete = not message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                await _refuse(send)
                return
        await self._app(scope, _replayed(body, receive), send)


class Counted:
    """Counts requests and times them, by route; unknown paths are one route."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), [CLIENT_LEFT]

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
            self._metrics.requests.labels(route, str(status[0])).inc()
            self._metrics.latency.labels(route).observe(time.perf_counter() - started)


def _replayed(body: bytes, receive: Any) -> Any:
    """A receive that gives the body read before, then whatever the server says next."""
    replayed = [False]

    async def replay() -> Any:
        if replayed[0]:
            return await receive()
        replayed[0] = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(send: Any) -> None:
    text = json.dumps({"error": f"the body is over {LARGEST_BODY:,} bytes; send fewer candidates or events at a time"})
    await send({"type": "http.response.start", "status": 413, "headers": JSON_HEADERS})
    await send({"type": "http.response.body", "body": text.encode()})
