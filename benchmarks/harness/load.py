"""Load on an endpoint: its process, clients in threads with one keep-alive connection each, and what they saw.

A client sends its next request when the one before is answered (closed loop), or when it is due by the clock (open
loop), and then its time counts from there. It is http.client, not httpx: 0.3 ms of CPU a request against 1.0 ms, which
would be taken from the endpoint on the same machine. Knows processes and HTTP; what a good answer is, the caller says.
"""

import json
import math
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil

from metier.errors import ServingError

CLIENT = "threads with http.client, one keep-alive connection each, on the same machine"
HEADERS = {"content-type": "application/json"}
ANSWER_SECONDS = 60.0
START_SECONDS, STOP_SECONDS, LINGER_SECONDS = 300.0, 60.0, 10.0

Fault = Callable[[int, Any], str | None]
"""(HTTP status, answer) -> what is wrong with it."""


@dataclass(frozen=True)
class Answer:
    """Status 0: there was none, and `body` names the error."""

    latency_ms: float
    status: int
    body: bytes

    def content(self) -> Any:
        """The body as JSON, or as text where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode(errors="replace")


@dataclass(frozen=True)
class Round:
    """Every answer of some clients, and what it took on the wall and of the CPU of this process."""

    answers: list[Answer]
    seconds: float
    cpu_seconds: float

    def figures(self, fault: Fault) -> dict[str, Any]:
        """Latency and rate of the good answers (NaN where there is none), and how often each fault occurred."""
        faults = [fault(answer.status, answer.content()) for answer in self.answers]
        good = [answer.latency_ms for answer, wrong in zip(self.answers, faults, strict=True) if wrong is None]
        p50, p95, p99 = np.percentile(good or [np.nan], (50, 95, 99)).tolist()
        return {
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "requests_per_second": len(good) / self.seconds,
            "client_cpu_share": self.cpu_seconds / self.seconds,
            "failures": dict(Counter(wrong for wrong in faults if wrong is not None)),
        }


class _Turns:
    """Bodies in their order, each for whoever asks next; those of a `rate` a second when they are due.

    None are given `seconds` after the start, nor after `end`. Safe to share between threads.
    """

    def __init__(self, bodies: Iterable[bytes], seconds: float, rate: float | None) -> None:
        self._bodies = iter(bodies)
        self._seconds = seconds
        self._rate = rate
        self._taking = threading.Lock()
        self._taken = 0
        self.begun = 0.0

    def start(self) -> None:
        """The clock starts."""
        self.begun = time.perf_counter()

    def end(self) -> None:
        """No more turns."""
        self._bodies = iter(())

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        """(when it is due, by time.perf_counter; now where there is no rate, body)."""
        return self

    def __next__(self) -> tuple[float, bytes]:
        with self._taking:
            due = time.perf_counter() if self._rate is None else self.begun + self._taken / self._rate
            if due > self.begun + self._seconds:
                raise StopIteration
            self._taken += 1
            return due, next(self._bodies)


def run_round(
    url: str,
    path: str,
    bodies: Iterable[bytes],
    n_clients: int,
    *,
    seconds: float = math.inf,
    rate: float | None = None,
) -> Round:
    """Have `n_clients` post `bodies` between them for at most `seconds`, at `rate` a second where one is given.

    Their connections are open when the clock starts.
    """
    address, turns = urlsplit(url).netloc, _Turns(bodies, seconds, rate)
    together = threading.Barrier(n_clients + 1, action=turns.start)
    with ThreadPoolExecutor(n_clients) as pool:
        parts = [pool.submit(_client, address, path, turns, together) for _ in range(n_clients)]
        try:
            together.wait(ANSWER_SECONDS)
            cpu = time.process_time()
            answers = [answer for part in parts for answer in part.result()]
            return Round(answers, time.perf_counter() - turns.begun, time.process_time() - cpu)
        finally:
            turns.end()


def _client(address: str, path: str, turns: _Turns, together: threading.Barrier) -> list[Answer]:
    answers = []
    with closing(HTTPConnection(address, timeout=ANSWER_SECONDS)) as connection:
        with suppress(OSError):  # the first request meets the error again, and it is counted there
            connection.connect()
        together.wait(ANSWER_SECONDS)
        for due, body in turns:
            time.sleep(max(due - time.perf_counter(), 0.0))
            answers.append(_post(connection, path, body, due))
    return answers


def _post(connection: HTTPConnection, path: str, body: bytes, due: float) -> Answer:
    try:
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        status, content = response.status, response.read()
    except (OSError, HTTPException) as error:
        connection.close()
        status, content = 0, type(error).__name__.encode()
    return Answer(1e3 * (time.perf_counter() - due), status, content)


@contextmanager
def endpoint(
    command: Sequence[str], environment: Mapping[str, str], url: str, log: Path, folder: Path | None = None
) -> Iterator[subprocess.Popen]:
    """The process of the endpoint that `command` starts at `url`, in `folder` or here, ready.

    It and all that it started are gone after the block.
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True, cwd=folder
        )
    try:
        _wait_ready(process, url, log)
        yield process
    finally:
        _stop(process)


def run_to_end(command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> int:
    """The status of the command, run in `folder` or here.

    Where this process is interrupted, so is the command and all that it started.
    """
    process = subprocess.Popen(command, env=environment, cwd=folder)
    try:
        return process.wait()
    finally:
        _stop(process)


def _wait_ready(process: subprocess.Popen, url: str, log: Path) -> None:
    """ServingError with the end of its log where it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        time.sleep(0.2)
    raise ServingError(f"{log.stem} does not start; its log ends with\n{log.read_text()[-2_000:].strip()}")


def _stop(process: subprocess.Popen) -> None:
    """Interrupt the process and wait for it and all that it started; what stays is killed, by pid.

    From here on another Ctrl-C is not heard.
    """
    if process.poll() is not None:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    started = []
    with suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"killing {process.pid}, which did not end in {STOP_SECONDS:.0f} s", file=sys.stderr, flush=True)
        process.kill()
        process.wait()
    for child in psutil.wait_procs(started, LINGER_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                print(f"killing {child.name()} ({child.pid}), which was left behind", file=sys.stderr, flush=True)
                child.kill()
