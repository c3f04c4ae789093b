"""The worker's readiness script, run in bash against real sockets, and the paths that it asks for."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NoReturn

import pytest
from ray.serve._private.haproxy import HAProxyConfig

from serving.http.routes import create_api
from tests.infra.manifests import readiness_script

Answering = Callable[[dict[str, int]], int]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Call with {path: status} to get the port of a server that answers so."""
    servers: list[ThreadingHTTPServer] = []

    def start(statuses: dict[str, int]) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(statuses[self.path])
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def is_ready(port: int) -> bool:
    script = readiness_script().replace("/8000", f"/{port}")
    ran = subprocess.run(["bash", "-c", script], timeout=30, check=False, capture_output=True)
    return ran.returncode == 0


@pytest.mark.parametrize(
    ("serve", "application", "ready"), [(200, 200, True), (503, 200, False), (200, 503, False), (200, 404, False)]
)
def test_a_node_is_ready_when_both_serve_and_the_application_say_so(answering, serve, application, ready):
    assert is_ready(answering({"/-/healthz": serve, "/readyz": application})) is ready


def test_a_node_where_nothing_listens_is_not_ready():
    assert not is_ready(1)


def test_it_asks_serve_and_then_a_route_of_the_application():
    (paths,) = re.findall(r"for path in (.+); do", readiness_script())
    serve, application = paths.split()
    assert serve == HAProxyConfig.health_check_endpoint
    routes = {route.path for route in create_api(never_loaded).routes}  # type: ignore[attr-defined]
    assert application in routes
    assert serve not in routes


def never_loaded() -> NoReturn:
    raise AssertionError("routes are known before an engine is loaded")
