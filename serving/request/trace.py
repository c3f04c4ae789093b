"""What happened to one request on its way: when it came, what each stage took, what was left out and why.

Knows no stage by name.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from metier.errors import BusyError

LATE_MS = 900.0
"""So long after its deadline nobody waits for an answer: just before HAProxy asks another replica."""
Cause = Literal["failed", "late", "stale"]
"""Why an answer does without something: it failed, the deadline left no time for it, it is older than it may be."""


class Took(NamedTuple):
    """A stage and when it was begun and ended, by time.perf_counter."""

    stage: str
    begun: float
    ended: float


@dataclass
class Arrival:
    """A request as a server took it in, `at` by time.perf_counter; its trace once its body was read."""

    at: float
    request_id: str
    traceparent: str | None = None
    """W3C Trace Context of the caller, as it was sent."""
    trace: "RequestTrace | None" = None


ARRIVED: ContextVar[Arrival | None] = ContextVar("arrived", default=None)
"""The request that is being answered; None outside of a server."""


def arrival() -> float:
    """When the request arrived, by time.perf_counter; now outside of a server."""
    arrived = ARRIVED.get()
    return time.perf_counter() if arrived is None else arrived.at


@dataclass
class RequestTrace:
    """What became of a request since it arrived; `degraded` says what was left out and why, in the order it happened.

    The deadline counts from the arrival, so reading the body and waiting for a thread take their share of it.
    """

    deadline_ms: float
    started: float = field(default_factory=arrival)
    surface: str = ""
    tier: str = ""
    """That scored; empty before."""
    candidates: int = 0
    """That were scored."""
    took: list[Took] = field(default_factory=list)
    waited_ms: float = 0.0
    """For what is given up where the deadline leaves no time for it: no work, and no measure of it."""
    set_aside_ms: float = 0.0
    """Of the deadline, for what follows the wait for a model."""
    cpu_ms: float = 0.0
    """Of processor time, in the threads that worked for it."""
    degraded: list[str] = field(default_factory=list)
    causes: list[tuple[str, Cause]] = field(default_factory=list)
    """(what, cause) of each of `degraded`."""
    exploration_loss: float | None = None
    """Share of the slate's discounted score that exploration cost; None where it does not explore."""
    abandoned: bool = False
    """Whether the caller has gone."""

    def __post_init__(self) -> None:
        arrived = ARRIVED.get()
        if arrived is not None:
            arrived.trace = self

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note when the block was begun and ended; BusyError, and it is not begun, where nobody waits any more."""
        self.require_waiting()
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.took.append(Took(name, begun, time.perf_counter()))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the block among what was only waited for."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.waited_ms += 1e3 * (time.perf_counter() - begun)

    def degrade(self, what: str, why: str, cause: Cause = "failed") -> None:
        """Note what the answer does without."""
        self.degraded.append(f"{what}: {why}")
        self.causes.append((what, cause))

    def degrade_late(self, what: str) -> None:
        """Note what the answer does without since the deadline leaves no time for it."""
        self.degrade(what, f"{max(self.remaining_ms, 0.0):.0f} ms left of {self.deadline_ms:g}", "late")

    @property
    def timings_ms(self) -> dict[str, float]:
        """What each stage took, all its times together."""
        added: dict[str, float] = {}
        for stage, begun, ended in self.took:
            added[stage] = added.get(stage, 0.0) + 1e3 * (ended - begun)
        return added

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
