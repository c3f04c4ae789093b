"""The endpoint that is drilled: its replicas, its full capacity, its logs, and callers who ask by metier.client.

Importing it finds the package `harness`, which lies beside this folder.
"""

import json
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import httpx
import psutil
from harness import unshadowed  # noqa: F401

from metier.client import Client, Interaction
from metier.errors import MetierError, ServingError
from metier.settings import Settings

FULL_SECONDS = 180.0
"""A replica that is started anew loads the bundles; on a busy machine that takes its time."""
NOTICED_SECONDS = 2.0
"""From when a replica answers to when HAProxy has heard of it and asked it twice."""


@dataclass
class Endpoint:
    """A `metier serve` with `size` replicas over a home of its own."""

    url: str
    process: psutil.Process
    settings: Settings
    size: int

    def replicas(self) -> list[psutil.Process]:
        """Processes of replicas, the longest running first."""
        family = self.process.children(recursive=True)
        found = [each for each in family if each.is_running() and each.name().startswith("ray::ServeReplica")]
        return sorted(found, key=lambda each: each.create_time())

    def wait_for_full(self) -> float:
        """Seconds until as many replicas answer as should; ServingError where they do not."""
        begun = time.monotonic()
        while time.monotonic() - begun < FULL_SECONDS:
            if sum(map(_answers, self.replicas())) >= self.size:
                waited = time.monotonic() - begun
                time.sleep(NOTICED_SECONDS)
                return waited
            time.sleep(0.5)
        raise ServingError(f"fewer than {self.size} replicas answer after {FULL_SECONDS:g} s")

    def logged(self, table: str) -> Counter[str]:
        """How often each id of a table stands in the event log."""
        key = {"queries": "query_id", "interactions": "interaction_id"}[table]
        lines = (line for path in self.settings.events.glob("*.jsonl") for line in path.read_bytes().splitlines())
        rows = (json.loads(line) for line in lines if line.endswith(b"}"))
        return Counter(row["row"][key] for row in rows if row["table"] == table)

    def twice(self) -> list[str]:
        """Slates that stand in the event log more than once."""
        return sorted(name for name, count in self.logged("queries").items() if count > 1)


def _answers(replica: psutil.Process) -> bool:
    """Whether it is ready, asked at a port of its own."""
    with suppress(psutil.Error):
        ports = {each.laddr.port for each in replica.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
        for port in ports:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                    return True
    return False


@dataclass
class Callers:
    """One thread that asks by metier.client, clicks on what it is shown, and notes what failed in its eyes."""

    endpoint: Endpoint
    asked: dict[str, Any]
    every_seconds: float = 0.2
    acknowledged: list[str] = field(default_factory=list)
    slates: int = 0
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Feedback that was not acknowledged."""

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers")

    def __enter__(self) -> "Callers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with Client(self.endpoint.url) as client:
            while not self._ended.wait(self.every_seconds):
                try:
                    slate = client.job_feed(**self.asked)
                except MetierError as error:
                    self.failures.append(str(error))
                    continue
                self.slates += 1
                self._click(client, slate.query_id, slate.entries[0].candidate_id)

    def _click(self, client: Client, query_id: str, job_id: str) -> None:
        click = Interaction("click", "freelancer", self.asked["actor_id"], job_id=job_id, query_id=query_id)
        try:
            client.tell(click)
        except MetierError as error:
            self.refused.append(str(error))
        else:
            self.acknowledged.append(click.interaction_id)
