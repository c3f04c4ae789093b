"""A steady load on an endpoint, by the clock and not by its answers, each failure counted as the socket saw it.

Every request has a connection of its own and is sent once: what a caller without any retry would see. A body may come
some time behind its headers, as it does over a real network. Knows HTTP/1.1 and nothing of the endpoint.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

LONGEST_SECONDS = 30.0
MOST_AT_ONCE = 256
"""Requests that wait for an answer together: what comes above is counted as not sent."""


@dataclass(frozen=True)
class Sent:
    """One request: when it was sent, how long the answer took; status 0 where there was none, `said` names why."""

    at: float
    seconds: float
    status: int
    said: bytes
    headers: bytes = b""


Send = Callable[[bytes], Sent]


def at_the_socket(url: str, path: str, behind_seconds: float = 0.0) -> Send:
    """Posts a body once, on a connection of its own, `behind_seconds` after its headers."""
    host, port = urlsplit(url).netloc.split(":")

    def send(body: bytes) -> Sent:
        head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\n\r\n"
        at = time.monotonic()
        try:
            with closing(socket.create_connection((host, int(port)), timeout=LONGEST_SECONDS)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if behind_seconds:
                    connection.sendall(head.encode())
                    time.sleep(behind_seconds)
                    connection.sendall(body)
                else:
                    connection.sendall(head.encode() + body)
                got = b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError as error:
            return Sent(at, time.monotonic() - at, 0, type(error).__name__.encode())
        headers, _, content = got.partition(b"\r\n\r\n")
        status = int(headers[9:12] or 0) if headers.startswith(b"HTTP/1.1 ") else 0
        told = content if status else b"closed without an answer"
        return Sent(at, time.monotonic() - at, status, told, headers.lower())

    return send


class SteadyLoad:
    """Sends bodies in turns, `rate` a second, from when the block begins to its end."""

    def __init__(self, send: Send, bodies: Sequence[bytes], rate: float) -> None:
        self._send = send
        self._bodies = bodies
        self._rate = rate
        self._ended = threading.Event()
        self._waiting = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._answers: list[Sent] = []
        self._clock = threading.Thread(target=self._by_the_clock, name="steady load")
        self.unsent = 0

    def __enter__(self) -> "SteadyLoad":
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._clock.join()

    @property
    def answers(self) -> list[Sent]:
        """So far, in the order in which they were sent."""
        return sorted(self._answers, key=lambda sent: sent.at)

    def _by_the_clock(self) -> None:
        begun, number = time.monotonic(), 0
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            while not self._ended.wait(max(begun + number / self._rate - time.monotonic(), 0)):
                if self._waiting.acquire(blocking=False):
                    pool.submit(self._one, self._bodies[number % len(self._bodies)])
                else:
                    self.unsent += 1
                number += 1

    def _one(self, body: bytes) -> None:
        try:
            self._answers.append(self._send(body))
        finally:
            self._waiting.release()


def counts(answers: Sequence[Sent]) -> dict[str, Any]:
    """Answers by status, what the failures said, and seconds: the median, the 99th percentile and the slowest."""
    seconds = [sent.seconds for sent in answers] or [np.nan]
    failed = Counter(sent.said.decode(errors="replace")[:200] for sent in answers if sent.status != 200)
    return {
        "requests": len(answers),
        "by_status": {str(status): count for status, count in sorted(Counter(s.status for s in answers).items())},
        "said": dict(failed.most_common(5)),
        "p50_seconds": float(np.median(seconds)),
        "p99_seconds": float(np.quantile(seconds, 0.99)),
        "slowest_seconds": float(max(seconds)),
    }
