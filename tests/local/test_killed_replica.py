"""A replica that is killed under load costs no request: the other one answers, and it is started again.

The proxy passes a request on to another replica only where it holds all of it, so each is sent in one write.
"""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil
import pytest

from tests.local.walk import endpoint
from tests.serving.world import World, build_world

CLIENTS = 4
ANSWER_SECONDS = 60
START_SECONDS = 120.0


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return build_world(tmp_path_factory.mktemp("killed") / "home")


@contextmanager
def under_load(url: str, body: dict):
    """Asks all the while; how often it got which answer."""
    ended, answers = threading.Event(), Counter()
    host, port = urlsplit(url).netloc.split(":")
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/feed/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )

    def ask_on():
        while not ended.is_set():
            try:
                with socket.create_connection((host, int(port)), ANSWER_SECONDS) as connection:
                    connection.sendall(head.encode() + content)
                    response = http.client.HTTPResponse(connection, method="POST")
                    response.begin()
                    answers[response.status, json.loads(response.read())["tier"]] += 1
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                answers[type(error).__name__, ""] += 1

    threads = [threading.Thread(target=ask_on) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def replicas(served) -> list[psutil.Process]:
    return [each for each in served.family() if each.name().startswith("ray::ServeReplica")]


def wait_until(done) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def test_no_request_fails_while_one_of_two_replicas_is_killed(world):
    with endpoint(world.home) as served, under_load(served.url, world.body("job_feed")) as answers:
        wait_until(lambda: sum(answers.values()) > 50)
        victim, other = replicas(served)
        victim.kill()
        before = sum(answers.values())
        wait_until(lambda: sum(answers.values()) > before + 200)
        wait_until(
            lambda: len(replicas(served)) == 2 and victim.pid not in {replica.pid for replica in replicas(served)}
        )
        assert other.is_running()
    assert set(answers) == {(200, "ensemble")}, answers
