"""What the border does before a body is read."""

import asyncio
import json

import pytest

from serving.http.middleware import Room, path_of_route


def answered(room, path):
    """What is sent for a request whose body must not be read."""
    sent = []

    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    asyncio.run(room({"type": "http", "method": "POST", "path": path}, receive, send))
    return sent


def test_where_there_is_no_room_nothing_is_read():
    async def behind(scope, receive, send):
        await send({"type": "reached"})

    room = Room(behind, lambda path: path == "/v1/rank")
    start, body = answered(room, "/v1/rank")
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"1")
    assert json.loads(body["body"]) == {"error": "this replica is busy; send the request again in a second"}
    assert answered(room, "/healthz") == [{"type": "reached"}]


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/v1/rank", "/v1/rank"),
        ("PUT", "/v1/jobs/j1", "/v1/jobs/{job_id}"),
        ("GET", "/v1/rank", "unknown"),
        ("GET", "/etc/passwd", "unknown"),
    ],
)
def test_what_was_refused_before_its_route_took_it_counts_as_of_that_route(method, path, route):
    assert path_of_route({"method": method, "path": path}) == route
