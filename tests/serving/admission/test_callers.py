"""A caller who hangs up, over real sockets: what waits for it is not begun, what is durable goes on."""

import json
import socket
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from serving.stages import Stages
from tests.serving.world import SOON, logged, served, wait_until


@pytest.fixture
def stuck(own):
    """A server whose rankings wait for an event, that event, and how many have begun to read."""
    engine, resume, begun = own.engine(), threading.Event(), []
    stages = engine.stages["job_feed"]

    def read(row, views):
        begun.append(row)
        assert resume.wait(SOON)
        return stages.reads.row(row, views)

    engine.stages["job_feed"] = Stages(stages.bundle, stages.candidates, replace(stages.reads, row=read))
    with served(lambda: engine) as client:
        yield client, resume, begun
        resume.set()


def hung_up_on(client, body):
    """The connection of a request that nobody has answered yet."""
    address, content = urlsplit(client.url), json.dumps(body).encode()
    connection = socket.create_connection((address.hostname, address.port), timeout=SOON)
    head = f"POST /v1/feed/jobs HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    connection.sendall(f"{head}\r\n\r\n".encode() + content)
    return connection


def counted(client, status):
    line = 'metier_requests_total{replica="'
    found = [text for text in client.get("/metrics").text.splitlines() if text.startswith(line) and status in text]
    return sum(float(text.split()[-1]) for text in found if "/v1/feed/jobs" in text)


def test_a_ranking_whose_caller_left_while_it_waited_is_not_begun(stuck, own):
    client, resume, begun = stuck
    body = own.body("job_feed", k=1)
    first = hung_up_on(client, body)
    wait_until(lambda: len(begun) == 1)
    waiting = [hung_up_on(client, body) for _ in range(3)]
    for connection in waiting:
        connection.close()
    wait_until(lambda: counted(client, '"499"') == 3)
    resume.set()
    assert first.recv(65_536).startswith(b"HTTP/1.1 200")
    first.close()
    assert client.ranked("/v1/feed/jobs", body)["tier"] == "ensemble"
    assert len(begun) == 2
    wait_until(lambda: len(logged(own.settings.events, "queries")) == 2)


def test_a_slate_whose_caller_left_is_not_recorded(stuck, own):
    client, resume, begun = stuck
    earlier, left = len(logged(own.settings.events, "queries")), counted(client, '"499"')
    abandoned = hung_up_on(client, own.body("job_feed", k=1))
    wait_until(lambda: len(begun) == 1)
    abandoned.close()
    wait_until(lambda: counted(client, '"499"') > left)
    resume.set()
    seen = client.ranked("/v1/feed/jobs", own.body("job_feed", k=1))["query_id"]
    wait_until(lambda: len(logged(own.settings.events, "queries")) > earlier)
    assert [row["query_id"] for row in logged(own.settings.events, "queries")][-1] == seen
    assert len(logged(own.settings.events, "queries")) == earlier + 1
