"""Drills with a load of their own: a step, more than can be answered, no replica left, and another replica in need.

Knows counts and replicas; no file.
"""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from drilled import PATH, PATIENT_MS, Endpoint
from drills import SECONDS
from harness.load import run_round
from harness.steady import Sent, SteadyLoad, at_the_socket, counts

from serving.admission.bounds import MOST_RANKED

REFUSED_SECONDS = 0.05
TIMES, NOMINAL = 3, 0.7
"""Of what is answered: an overload, and the load that it is compared with."""
ASKED_A_SECOND = 20.0
UP_SECONDS, DOWN_SECONDS = 30.0, 120.0
LOOK_SECONDS = 0.5

Figures = dict[str, Any]


def step(endpoint: Endpoint) -> Figures:
    """As many requests at once as the declared bound of all replicas."""
    endpoint.wait_for_full()
    size, send = MOST_RANKED * endpoint.size, at_the_socket(endpoint.url, PATH)
    with ThreadPoolExecutor(size) as pool:
        answers = list(pool.map(send, [endpoint.body(deadline_ms=PATIENT_MS)] * size))
    return {
        "drill": f"a step to {size} requests at once",
        "raw": counts(answers),
        "bounds": {"no raw failure": all(sent.status == 200 for sent in answers)},
    }


def overload(endpoint: Endpoint) -> Figures:
    """Three times the rate that all replicas together are measured to answer."""
    endpoint.wait_for_full()
    capacity, loads = endpoint.capacity(), {}
    for name, rate in (("nominal", NOMINAL * capacity), ("overloaded", TIMES * capacity)):
        with SteadyLoad(at_the_socket(endpoint.url, PATH), [endpoint.body()], rate) as load:
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
            "as one line of JSON, with Retry-After": all(map(_is_ours, excess)),
            f"in under {1e3 * REFUSED_SECONDS:g} ms (p99)": _quantile(excess, 0.99) < REFUSED_SECONDS,
            "the admitted p99 stays within twice": p99["overloaded"] <= 2 * p99["nominal"],
        },
    }


def none_left(endpoint: Endpoint) -> Figures:
    """Every replica is killed: until others are there callers are refused, not held."""
    endpoint.wait_for_full()
    send = at_the_socket(endpoint.url, PATH)
    with SteadyLoad(send, [endpoint.body()], ASKED_A_SECOND) as load:
        for replica in endpoint.replicas():
            replica.kill()
        full_again = endpoint.wait_for_full()
    refused = [sent for sent in load.answers if sent.status != 200]
    return {
        "drill": "no replica left",
        "raw": counts(load.answers),
        "refused": counts(refused),
        "full_again_seconds": full_again,
        "bounds": {
            "503 as one line of JSON, with Retry-After": all(s.status == 503 and _is_ours(s) for s in refused),
            "within a second": all(sent.seconds <= 1.0 for sent in refused),
            "the load was held": load.unsent == 0,
        },
    }


def scaled(endpoint: Endpoint, most: int) -> Figures:
    """Another replica comes soon after a step in load, and goes after it."""
    endpoint.wait_for_full()
    patient = [endpoint.body(deadline_ms=PATIENT_MS)]
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(
            run_round, endpoint.url, PATH, patient * 1_000_000, MOST_RANKED * endpoint.size, seconds=UP_SECONDS
        )
        begun = time.monotonic()
        started = _until(lambda: len(endpoint.replicas()) >= most, begun, UP_SECONDS)
        answering = _until(lambda: endpoint.answering() >= most, begun, UP_SECONDS)
        answers = load.result().answers
    begun = time.monotonic()
    gone = _until(lambda: len(endpoint.replicas()) <= endpoint.size, begun, DOWN_SECONDS)
    return {
        "drill": f"from {endpoint.size} to {most} replicas and back",
        "requests": len(answers),
        "started_seconds": started,
        "answering_seconds": answering,
        "gone_seconds": gone,
        "bounds": {
            "no raw failure": all(answer.status == 200 for answer in answers),
            f"another replica answers within {UP_SECONDS:g} s": answering is not None,
            f"and is gone within {DOWN_SECONDS:g} s": gone is not None,
        },
    }


def _until(shows: Any, begun: float, longest: float) -> float | None:
    """Seconds since `begun` at which it first shows; None where it does not for so long."""
    while (passed := time.monotonic() - begun) < longest:
        if shows():
            return passed
        time.sleep(LOOK_SECONDS)
    return None


def _is_ours(sent: Sent) -> bool:
    """Whether a refusal is one line of JSON that says when to ask again."""
    try:
        told = json.loads(sent.said)
    except ValueError:
        return False
    return list(told) == ["error"] and b"\r\nretry-after: " in sent.headers


def _quantile(answers: Sequence[Sent], share: float) -> float:
    return float(np.quantile([sent.seconds for sent in answers] or [np.nan], share))
