"""What happened to one request on its way: the time each stage took, what was left out, what time is left.

Knows no stage by name.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from metier.errors import BusyError

ARRIVED: ContextVar[float | None] = ContextVar("arrived", default=None)
"""When the request that is being answered arrived, by time.perf_counter; None outside of a server."""

LATE_MS = 900.0
"""So long after its deadline nobody waits for an answer: just before HAProxy asks another replica."""


def arrival() -> float:
    """When the request arrived, by time.perf_counter; now outside of a server."""
    arrived = ARRIVED.get()
    return time.perf_counter() if arrived is None else arrived


@dataclass
class RequestTrace:
    """What became of a request since it arrived; `degraded` says what was left out and why, in the order it happened.

    The deadline counts from the arrival, so reading the body and waiting for a thread take their share of it.
    """

    deadline_ms: float
    started: float = field(default_factory=arrival)
    timings_ms: dict[str, float] = field(default_factory=dict)
    waited_ms: float = 0.0
    """For what is given up where the deadline leaves no time for it: no work, and no measure of it."""
    degraded: list[str] = field(default_factory=list)
    abandoned: bool = False
    """Whether the caller has gone."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what the block takes to the stage's time."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + 1e3 * (time.perf_counter() - begun)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the block among what was only waited for."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.waited_ms += 1e3 * (time.perf_counter() - begun)

    def degrade(self, what: str, why: str) -> None:
        """Note what the answer does without."""
        self.degraded.append(f"{what}: {why}")

    @property
    def elapsed_ms(self) -> float:
        return 1e3 * (time.perf_counter() - self.started)

    @property
    def remaining_ms(self) -> float:
        return self.deadline_ms - self.elapsed_ms

    def require_waiting(self) -> None:
        """BusyError where nobody waits for an answer of this replica any more."""
        if self.abandoned or self.remaining_ms < -LATE_MS:
            raise BusyError(f"nobody waits for this any more, {self.elapsed_ms:.0f} ms after it was asked; ask again")


class Pace:
    """How long a tier takes per candidate, learned from the requests before: an exponential mean of ms."""

    SHARE, EASE = 0.05, 0.01
    FIXED = 100
    """Candidates that the fixed cost of a tier amounts to: a slate of fewer takes as long."""

    def __init__(self) -> None:
        self._ms: dict[str, float] = {}

    def learn(self, tier: str, n_candidates: int, took_ms: float) -> None:
        measured = took_ms / max(n_candidates, self.FIXED)
        mean = self._ms.get(tier, measured)
        self._ms[tier] = mean + self.SHARE * (measured - mean)

    def ease(self, tier: str) -> None:
        """Expect a little less of a tier that was passed over, so that it is tried again some time."""
        self._ms[tier] = (1 - self.EASE) * self._ms.get(tier, 0.0)

    def expected_ms(self, tier: str, n_candidates: int) -> float:
        """0 before the tier was ever timed."""
        return self._ms.get(tier, 0.0) * max(n_candidates, self.FIXED)
