"""What became of a request: what lines, traces and figures of it are made from. Knows headers; no body and no stage."""

import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from serving.request.trace import Arrival, RequestTrace

REQUEST_ID, TRACEPARENT = b"x-request-id", b"traceparent"
_USABLE = re.compile(rb"[!-~]{1,200}")
SLOW_MS = 1_000.0
"""From then on a request is slow that has no deadline."""


def arrival_of(headers: Iterable[tuple[bytes, bytes]]) -> Arrival:
    """A request that arrives now; its id is the caller's, or a new one where that gave none that a header can hold."""
    sent = dict(headers)
    given, parent = sent.get(REQUEST_ID, b""), sent.get(TRACEPARENT)
    request_id = given.decode() if _USABLE.fullmatch(given) else uuid.uuid4().hex
    return Arrival(time.perf_counter(), request_id, None if parent is None else parent.decode("latin-1"))


@dataclass(frozen=True)
class Answered:
    """A request that was answered, `ended` by time.perf_counter; `said` is why, where it was refused."""

    arrival: Arrival
    method: str
    route: str
    status: int
    ended: float
    said: str = ""
    error: Exception | None = None

    @property
    def seconds(self) -> float:
        return self.ended - self.arrival.at

    @property
    def trace(self) -> RequestTrace | None:
        return self.arrival.trace

    @property
    def of_note(self) -> list[str]:
        """Why somebody may want to look at it: `failed`, `refused`, `degraded`, `slow`; nothing for most."""
        trace = self.trace
        found = []
        if self.error is not None or self.status == 500:
            found.append("failed")
        elif self.status >= 400:
            found.append("refused")
        if trace is not None and trace.degraded:
            found.append("degraded")
        if 1e3 * self.seconds > (SLOW_MS if trace is None else trace.deadline_ms):
            found.append("slow")
        return found
