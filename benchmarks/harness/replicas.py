"""Replicas of an endpoint, processes over one METIER_HOME that are asked directly, without the proxy before them."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import numpy as np
import psutil
from harness.home import environment, say
from harness.load import START_SECONDS, endpoint

from metier.errors import ServingError
from metier.settings import Settings

LIMIT_SECONDS = 2.0
"""Within which a change must be served everywhere."""
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 60.0

Figures = dict[str, Any]


@dataclass(frozen=True)
class Replica:
    """One process of the endpoint, without a proxy before it."""

    url: str
    process: Popen | psutil.Process
    http: httpx.Client

    @classmethod
    def started(cls, settings: Settings, name: str, stack: ExitStack) -> "Replica":
        """A replica over the home, ready; it is stopped with the stack."""
        from serving.launch import THREADS
        from serving.ports import free_port

        port = str(free_port(settings.http_host))
        url = f"http://{settings.http_host}:{port}"
        say(f"starting replica {name} at {url}")
        command = (sys.executable, str(Path(__file__).parents[1] / "endpoints" / "bare.py"), port)
        variables = {**environment(settings), **dict.fromkeys(THREADS, "1")}
        log = settings.home / f"replica {name}.log"
        process = stack.enter_context(endpoint(command, variables, url, log))
        return cls(url, process, stack.enter_context(httpx.Client(base_url=url, timeout=LONGEST_SECONDS)))

    def alive(self) -> bool:
        """Whether its process runs."""
        process = psutil.Process(self.process.pid) if psutil.pid_exists(self.process.pid) else None
        return process is not None and process.status() != psutil.STATUS_ZOMBIE

    def ready(self) -> Figures:
        state: Figures = self.http.get("/readyz").json()
        return state

    def put(self, path: str, version: Figures) -> int:
        """The sequence of the version, which is durable."""
        response = self.http.put(f"/v1/{path}", json=version)
        if response.status_code != 202:
            raise ServingError(f"PUT {path} was answered {response.status_code}: {response.text}")
        return int(response.json()["sequence"])

    def slate(self, body: Figures) -> set[str]:
        """Candidates of the slate; none where one is unknown."""
        response = self.http.post("/v1/rank", json=body)
        if response.status_code == 404:
            return set()
        response.raise_for_status()
        return {entry["candidate_id"] for entry in response.json()["slate"]}


def of_ray_serve(settings: Settings, count: int, stack: ExitStack) -> list[Replica]:
    """The replicas of `metier serve`, each on the port that the proxy asks it at; stopped with the stack."""
    from serving.ports import free_port

    port = free_port(settings.http_host)
    say(f"starting {count} replicas of Ray Serve")
    program = f"import serving.app; serving.app.LEAST_REPLICAS = {count}; from metier.cli.app import main; main()"
    command = (sys.executable, "-P", "-c", program, "serve", "--port", str(port), "--as-of", "lake")
    variables = {**environment(settings), "METIER_MOST_REPLICAS": str(count)}
    url = f"http://{settings.http_host}:{port}"
    served = stack.enter_context(endpoint(command, variables, url, settings.home / "ray serve.log"))
    deadline, found = time.monotonic() + START_SECONDS, dict[int, Replica]()
    while len(found) < count and time.monotonic() < deadline:
        for process in psutil.Process(served.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                is_unknown = process.pid not in found and process.name().startswith("ray::ServeReplica")
                if is_unknown and (replica := _asked_at_its_port(process, settings.http_host, stack)) is not None:
                    found[process.pid] = replica
    if len(found) != count:
        raise ServingError(f"{len(found)} replicas of {count} answer at ports of their own")
    return list(found.values())


def _asked_at_its_port(process: psutil.Process, host: str, stack: ExitStack) -> Replica | None:
    """The replica of a process, if one of the ports that it listens on answers as such."""
    listened = {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    for port in sorted(listened):
        client = httpx.Client(base_url=f"http://{host}:{port}", timeout=LONGEST_SECONDS)
        stack.callback(client.close)
        try:
            if client.get("/readyz", timeout=START_SECONDS / 10).status_code == 200:
                return Replica(str(client.base_url), process, client)
        except httpx.HTTPError:
            continue
    return None


def until(shows: Callable[[Replica], bool], replica: Replica, begun: float) -> float:
    """Seconds from `begun` to the request whose answer first showed it."""
    while True:
        sent = time.perf_counter() - begun
        if shows(replica):
            return sent
        if sent > LONGEST_SECONDS:
            raise ServingError(f"{replica.url} does not show a change after {LONGEST_SECONDS:g} s; its log says why")
        time.sleep(LOOK_SECONDS)


def summary(seconds: Sequence[float]) -> Figures:
    p50, p95, p99 = np.percentile(seconds, (50, 95, 99)).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "slowest": float(max(seconds)), "n": len(seconds)}
