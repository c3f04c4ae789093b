"""Each drill: what is done to the endpoint under a steady load, and the bounds that its answers have to keep.

Knows processes, files and counts; no route but the one that it asks.
"""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from drilled import Callers, Endpoint
from harness.load import run_round
from harness.steady import Sent, SteadyLoad, at_the_socket, counts

from serving.admission.bounds import MOST_RANKED

PATH = "/v1/feed/jobs"
BEFORE_SECONDS, SECONDS, AFTER_SECONDS = 2.0, 6.0, 2.0
BEHIND_SECONDS = 0.02
"""How far a body comes behind its headers."""
SLOWEST_SECONDS, LAST_SECONDS = 2.0, 3.0
"""Of an answer while a replica ends, and from then to the last failure."""
REFUSED_SECONDS = 0.05
TIMES = 3
FLAPS = 6

Bounds = Mapping[str, bool]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Drill:
    """A fault for a while, bodies of `size` bytes under it, and what has to hold of their answers."""

    name: str
    fault: Callable[[Endpoint], Any]
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


@contextmanager
def killed(endpoint: Endpoint) -> Iterator[None]:
    """One replica ends without a word."""
    endpoint.replicas()[0].kill()
    yield


@contextmanager
def stopped(endpoint: Endpoint) -> Iterator[None]:
    """One replica stands still, and goes on where it is not replaced meanwhile."""
    replica = endpoint.replicas()[0]
    replica.suspend()
    yield
    with suppress(psutil.NoSuchProcess):
        replica.send_signal(signal.SIGCONT)


@contextmanager
def store_down(endpoint: Endpoint) -> Iterator[None]:
    """The online store answers nobody: its file is held."""
    with closing(sqlite3.connect(endpoint.settings.home / "online_store.db", 10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.rollback()


@contextmanager
def store_flapping(endpoint: Endpoint) -> Iterator[None]:
    """The online store goes and comes back."""
    for _ in range(FLAPS):
        with store_down(endpoint):
            time.sleep(SECONDS / FLAPS / 2)
        time.sleep(SECONDS / FLAPS / 2)
    yield


@contextmanager
def disk_full(endpoint: Endpoint) -> Iterator[None]:
    """Replicas may write no more byte to any file."""
    replicas = endpoint.replicas()
    limits = [replica.rlimit(psutil.RLIMIT_FSIZE) for replica in replicas]
    for replica, (_, hard) in zip(replicas, limits, strict=True):
        replica.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    yield
    for replica, limit in zip(replicas, limits, strict=True):
        replica.rlimit(psutil.RLIMIT_FSIZE, limit)


@contextmanager
def registry_down(endpoint: Endpoint) -> Iterator[None]:
    """The registry of bundles is not there."""
    path = endpoint.settings.home / "mlflow.db"
    away = path.with_suffix(".away")
    path.rename(away)
    yield
    away.rename(path)


LARGE = 900_000
DRILLS = (
    Drill("SIGKILL of a replica", killed, only_in_flight),
    Drill("SIGKILL of a replica, bodies behind their headers", killed, only_in_flight, 10_000, BEHIND_SECONDS),
    Drill("SIGKILL of a replica, bodies of 900 kB", killed, only_in_flight, LARGE, BEHIND_SECONDS),
    Drill("SIGSTOP of a replica", stopped, only_in_flight),
    Drill("SIGSTOP of a replica, bodies of 900 kB", stopped, only_in_flight, LARGE, BEHIND_SECONDS),
    Drill("online store down", store_down, none_failed),
    Drill("online store flapping", store_flapping, none_failed),
    Drill("registry down", registry_down, none_failed),
    Drill("disk full for the event log", disk_full, none_failed),
)


def run(drill: Drill, endpoint: Endpoint, body: bytes, rate: float, asked: Figures) -> Figures:
    """The drill under a steady load at the socket and callers by metier.client; full capacity back at its end."""
    endpoint.wait_for_full()
    twice = endpoint.twice()
    whole = body[:-1] + b" " * max(drill.size - len(body), 0) + b"}"
    send = at_the_socket(endpoint.url, PATH, drill.behind_seconds)
    with SteadyLoad(send, [whole], rate) as load, Callers(endpoint, asked) as callers:
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
    }
    if drill.fault is not disk_full:
        bounds["all feedback was acknowledged"] = not callers.refused
    return {
        "drill": drill.name,
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


def step(endpoint: Endpoint, body: bytes) -> Figures:
    """As many requests at once as the declared bound of all replicas."""
    endpoint.wait_for_full()
    size, send = MOST_RANKED * endpoint.size, at_the_socket(endpoint.url, PATH)
    with ThreadPoolExecutor(size) as pool:
        answers = list(pool.map(send, [body] * size))
    return {
        "drill": f"a step to {size} requests at once",
        "raw": counts(answers),
        "bounds": {"no raw failure": all(sent.status == 200 for sent in answers)},
    }


def overload(endpoint: Endpoint, body: bytes, patient: bytes) -> Figures:
    """Three times the rate that all replicas together are measured to answer."""
    endpoint.wait_for_full()
    measured = run_round(endpoint.url, PATH, [patient] * 200, n_clients=4 * endpoint.size)
    capacity = sum(answer.status == 200 for answer in measured.answers) / measured.seconds
    loads = {}
    for name, rate in (("nominal", 0.7 * capacity), ("overloaded", TIMES * capacity)):
        with SteadyLoad(at_the_socket(endpoint.url, PATH), [body], rate) as load:
            time.sleep(SECONDS)
        loads[name] = load.answers
    admitted = {name: [sent for sent in answers if sent.status == 200] for name, answers in loads.items()}
    p99 = {name: _quantile(answers, 0.99) for name, answers in admitted.items()}
    excess = [sent for sent in loads["overloaded"] if sent.status != 200]
    return {
        "drill": f"{TIMES} x overload",
        "capacity_a_second": capacity,
        "raw": {name: counts(answers) for name, answers in loads.items()},
        "admitted_p99_seconds": p99,
        "excess_p99_seconds": _quantile(excess, 0.99),
        "bounds": {
            "the excess gets 503": bool(excess) and all(sent.status == 503 for sent in excess),
            f"in under {1e3 * REFUSED_SECONDS:g} ms (p99)": _quantile(excess, 0.99) < REFUSED_SECONDS,
            "the admitted p99 stays within twice": p99["overloaded"] <= 2 * p99["nominal"],
        },
    }


def none_left(endpoint: Endpoint, body: bytes) -> Figures:
    """Every replica is killed: callers are refused, not held."""
    endpoint.wait_for_full()
    for replica in endpoint.replicas():
        replica.kill()
    time.sleep(BEHIND_SECONDS)
    send = at_the_socket(endpoint.url, PATH)
    answers = [send(body) for _ in range(10)]
    return {
        "drill": "no replica left",
        "raw": counts(answers),
        "full_again_seconds": endpoint.wait_for_full(),
        "bounds": {
            "503, or a slate of a new replica": all(sent.status in (200, 503) for sent in answers),
            "within a second": all(sent.seconds <= 1.0 for sent in answers),
        },
    }


def _quantile(answers: Sequence[Sent], share: float) -> float:
    return float(np.quantile([sent.seconds for sent in answers] or [np.nan], share))
