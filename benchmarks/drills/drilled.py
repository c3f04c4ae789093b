"""The endpoint that is drilled: its replicas, its full capacity, the rate that it answers, its logs.

Importing it finds the package `harness`, which lies beside this folder.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from harness import unshadowed  # noqa: F401, I001
import httpx
import psutil
from harness.home import METIER, environment, say
from harness.load import endpoint, run_round
from harness.processes import replicas_of

from metier.errors import ServingError
from metier.settings import Settings
from serving.ports import free_port

PATH = "/v1/feed/jobs"
FULL_SECONDS = 180.0
"""A replica that is started anew loads the bundles; on a busy machine that takes its time."""
NOTICED_SECONDS = 2.0
"""From when a replica answers to when HAProxy has heard of it and asked it twice."""
PATIENT_MS = 30_000
CALIBRATION_SECONDS = 4.0
SHARE = 1 / 3
"""Of what is answered, what a steady load asks: so much that one replica of two answers it while another starts."""

Figures = dict[str, Any]


@dataclass
class Endpoint:
    """A `metier serve` with `size` replicas over a home of its own; `asked` is what it is asked, within a deadline."""

    url: str
    process: psutil.Process
    settings: Settings
    size: int
    asked: Mapping[str, Any]
    _capacity: dict[int, float] = field(default_factory=dict)

    def body(self, size: int = 0, **fields: Any) -> bytes:
        """A request of `size` bytes or more."""
        body = json.dumps({**self.asked, **fields}).encode()
        return body[:-1] + b" " * (size - len(body)) + b"}"

    def replicas(self) -> list[psutil.Process]:
        """Processes of replicas, the longest running first."""
        return replicas_of(self.process)

    def answering(self) -> int:
        """How many replicas are ready."""
        return sum(map(_answers, self.replicas()))

    def wait_for_full(self) -> float:
        """Seconds until as many replicas answer as should; ServingError where they do not."""
        begun = time.monotonic()
        while time.monotonic() - begun < FULL_SECONDS:
            if self.answering() >= self.size:
                waited = time.monotonic() - begun
                time.sleep(NOTICED_SECONDS)
                return waited
            time.sleep(0.5)
        raise ServingError(f"fewer than {self.size} replicas answer after {FULL_SECONDS:g} s")

    def capacity(self, size: int = 0) -> float:
        """Requests of that size a second that all replicas together answer; measured once."""
        if size not in self._capacity:
            patient = [self.body(size, deadline_ms=PATIENT_MS)]
            run_round(self.url, PATH, patient * 40, n_clients=2 * self.size)
            answered = run_round(
                self.url, PATH, patient * 100_000, n_clients=4 * self.size, seconds=CALIBRATION_SECONDS
            )
            self._capacity[size] = sum(answer.status == 200 for answer in answered.answers) / answered.seconds
            say(
                f"{self._capacity[size]:.0f} requests a second are answered, of {max(size, len(patient[0]))} bytes each"
            )
        return self._capacity[size]

    def logged(self, table: str) -> Counter[str]:
        """How often each id of a table stands in the event log."""
        key = {"queries": "query_id", "interactions": "interaction_id"}[table]
        lines = (line for path in self.settings.events.glob("*.jsonl") for line in path.read_bytes().splitlines())
        rows = (json.loads(line) for line in lines if line.endswith(b"}"))
        return Counter(row["row"][key] for row in rows if row["table"] == table)

    def twice(self) -> list[str]:
        """Slates that stand in the event log more than once."""
        return sorted(name for name, count in self.logged("queries").items() if count > 1)


@contextmanager
def serving(settings: Settings, most: int, asked: Mapping[str, Any]) -> Iterator[Endpoint]:
    """`metier serve` at the lake's clock with up to `most` replicas; the size is that of two, or of one."""
    port = free_port(settings.http_host)
    url = f"http://{settings.http_host}:{port}"
    variables = {**environment(settings), "METIER_MOST_REPLICAS": str(most)}
    say(f"starting up to {most} replicas at {url}")
    command = (*METIER, "serve", "--as-of", "lake", "--port", str(port))
    with endpoint(command, variables, url, settings.home / f"serving {port}.log") as process:
        yield Endpoint(url, psutil.Process(process.pid), settings, min(most, 2), asked)


def _answers(replica: psutil.Process) -> bool:
    """Whether it is ready, asked at a port of its own."""
    with suppress(psutil.Error):
        ports = {each.laddr.port for each in replica.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
        for port in ports:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                    return True
    return False
