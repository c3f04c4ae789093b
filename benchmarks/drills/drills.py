"""Drills under a steady load: a fault for a while, and the bounds that answers have to keep meanwhile.

Knows counts; no process and no file.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from drilled import PATH, SHARE, Endpoint
from faults import (
    disk_full,
    killed,
    registries_down,
    started_without_registries,
    stopped,
    store_down,
    store_flapping,
    store_slow,
)
from harness.callers import Callers
from harness.steady import Sent, SteadyLoad, at_the_socket, counts

BEFORE_SECONDS, SECONDS, AFTER_SECONDS = 2.0, 6.0, 2.0
BEHIND_SECONDS = 0.02
"""How far a body comes behind its headers."""
SLOWEST_SECONDS, LAST_SECONDS = 2.0, 3.0
"""Of an answer while a replica ends, and from then to the last failure."""
MIDDLING, LARGE = 10_000, 900_000
"""Bytes of a body."""

Bounds = Mapping[str, bool]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Drill:
    """A fault for a while, bodies of `size` bytes under it, and what has to hold of their answers."""

    name: str
    fault: Callable[[Endpoint], AbstractContextManager[None]]
    bounds: Callable[[Sequence[Sent], float], Bounds]
    size: int = 0
    behind_seconds: float = 0.0


def none_failed(answers: Sequence[Sent], _: float) -> Bounds:
    """No caller who asks once sees anything but a slate."""
    return {"no raw failure": all(sent.status == 200 for sent in answers)}


def only_in_flight(answers: Sequence[Sent], at: float) -> Bounds:
    """Failures are at most what was under way at the moment of the fault; none is slow, and they end soon."""
    in_flight = sum(sent.at <= at < sent.at + sent.seconds for sent in answers)
    failed = [sent for sent in answers if sent.status != 200]
    return {
        f"at most {in_flight} raw failures, those in flight": len(failed) <= in_flight,
        f"none slower than {SLOWEST_SECONDS:g} s": all(sent.seconds <= SLOWEST_SECONDS for sent in answers),
        f"none after {LAST_SECONDS:g} s": all(sent.at <= at + LAST_SECONDS for sent in failed),
    }


DRILLS = (
    Drill("SIGKILL of a replica", killed, only_in_flight),
    Drill(
        "SIGKILL of a replica, bodies of 10 kB behind their headers", killed, only_in_flight, MIDDLING, BEHIND_SECONDS
    ),
    Drill("SIGKILL of a replica, bodies of 900 kB", killed, only_in_flight, LARGE, BEHIND_SECONDS),
    Drill("SIGSTOP of a replica", stopped, only_in_flight),
    Drill(
        "SIGSTOP of a replica, bodies of 10 kB behind their headers", stopped, only_in_flight, MIDDLING, BEHIND_SECONDS
    ),
    Drill("SIGSTOP of a replica, bodies of 900 kB", stopped, only_in_flight, LARGE, BEHIND_SECONDS),
    Drill("online store down", store_down, none_failed),
    Drill("online store slow", store_slow, none_failed),
    Drill("online store flapping", store_flapping, none_failed),
    Drill("registries down", registries_down, none_failed),
    Drill("registries down while a replica starts", started_without_registries, only_in_flight),
    Drill("disk full for the event log", disk_full, none_failed),
)


def run(drill: Drill, endpoint: Endpoint, rate: float | None) -> Figures:
    """The drill under a steady load at the socket and callers by metier.client; full capacity back at its end."""
    endpoint.wait_for_full()
    rate = rate or SHARE * endpoint.capacity(drill.size)
    twice = endpoint.twice()
    send = at_the_socket(endpoint.url, PATH, drill.behind_seconds)
    with (
        SteadyLoad(send, [endpoint.body(drill.size)], rate) as load,
        Callers(endpoint.url, [endpoint.asked]) as callers,
    ):
        time.sleep(BEFORE_SECONDS)
        at = time.monotonic()
        with drill.fault(endpoint):
            time.sleep(SECONDS)
        time.sleep(AFTER_SECONDS)
    full_again = endpoint.wait_for_full()
    logged = endpoint.logged("interactions")
    bounds = {
        **drill.bounds(load.answers, at),
        "no slate failed through the client": not callers.failures,
        "no query_id is recorded twice": endpoint.twice() == twice,
        "every acknowledged interaction is in the log": all(logged[name] for name in callers.acknowledged),
        "the load was held": load.unsent == 0,
    }
    if drill.fault is not disk_full:
        bounds["all feedback was acknowledged"] = not callers.refused
    return {
        "drill": drill.name,
        "rate": rate,
        "before the fault": counts([sent for sent in load.answers if sent.at + sent.seconds < at]),
        "raw": counts(load.answers),
        "through the client": {
            "slates": callers.slates,
            "failures": callers.failures[:5],
            "acknowledged": len(callers.acknowledged),
            "refused": callers.refused[:5],
        },
        "full_again_seconds": full_again,
        "bounds": bounds,
    }
