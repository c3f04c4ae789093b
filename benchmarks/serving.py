"""POST /v1/rank behind Ray Serve, beside the build before, a bare uvicorn, a deployment a stage, and Feast. JSON out.

    make bench SUITE=serving                        the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=serving ARGS="--repetitions 1 --seconds 2 --only ray"

Endpoints run at the lake's clock, each with one replica, all on one core; who asks them is on another. They are asked
in turns, so that a noisy machine hits all alike, and while one is asked the others are stopped: by 1 and by 16
connections that wait for each answer, by 16 within the default deadline, and by the clock at half of the rate that the
16 had. The build before is that of the tag serving-before, run from a worktree that goes at the end, with rankers that
it trained itself over the same lake (once: they are kept in METIER_HOME); where there is no such tag it is left out.
Exits with status 1 where an answer was not whole. Events go to folders that are removed: no slate of a benchmark
reaches the lake. `usd_per_1000` is what the processor time of 1,000 requests costs by METIER_USD_PER_CORE_HOUR.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from endpoints import before
from endpoints.acceptance import (
    BARE,
    BEFORE,
    FEAST,
    MANY,
    MANY_IN_TIME,
    ONE,
    OPEN,
    OURS,
    PER_STAGE,
    acceptance,
    medians_of,
    table,
)
from endpoints.workload import PATIENT_MS, Workload, workload_of
from harness import unshadowed  # noqa: F401
from harness.home import METIER, environment, home_of_its_own, keep, linked, say, stop_at_signals, to_status
from harness.load import CLIENT, Answer, Round, endpoint, run_round
from harness.processes import cpu_seconds, on_core, pss_mib, replicas_of, stopped

from metier.errors import InputError, ServingError
from metier.settings import Settings, load_settings
from serving.launch import THREADS
from serving.ports import free_port
from serving.telemetry.cost import usd_per_1000_requests

PATH = "/v1/rank"
HERE = Path(__file__).parent / "endpoints"
SERVE = (*METIER, "serve", "--as-of", "lake", "--port")
COMMANDS = {
    BEFORE: SERVE,
    BARE: (sys.executable, str(HERE / "bare.py")),
    OURS: SERVE,
    PER_STAGE: (sys.executable, str(HERE / "per_stage.py")),
    FEAST: (sys.executable, str(HERE / "bare.py")),
}
"""What the port is appended to; the last one is also told to use Feast."""
CONNECTIONS = {ONE: 1, MANY: 16, MANY_IN_TIME: 16, OPEN: 32}
WARM, TIMED, COMPARED = 100, 100, 20
"""Requests before the first round, of which stages are timed, and whose slates are compared."""
IDLE_SECONDS = 3.0
WOKEN = 20
"""Requests, not measured, before a round of an endpoint that was stopped."""
REFUSED = "refused"

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round (default 5)")
    parser.add_argument("--repetitions", type=int, default=3, help="rounds of each kind, in turns (default 3)")
    parser.add_argument("--candidates", type=int, default=200, help="candidates a request (default 200)")
    parser.add_argument("--surface", default="job_feed", help="default: job_feed")
    parser.add_argument("--only", default="", help="endpoints whose names contain this")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/serving.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


@dataclass(frozen=True)
class Served:
    """An endpoint that runs over a home, and the bundles that it serves."""

    name: str
    url: str
    process: psutil.Process
    settings: Settings
    bundles: Figures

    def fault(self, workload: Workload, status: int, answer: Any) -> str | None:
        """What is wrong with an answer of it."""
        return workload.fault(self.bundles[workload.surface]["bundle"], status, answer)


def measure(arguments: argparse.Namespace) -> int:
    """Serve all, measure in turns, stop, report."""
    stop_at_signals()
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        homes = homes_of(arguments, stack)
        with ExitStack() as lasting, ExitStack() as passing:
            served = []
            with on_core(cores[0]):
                for name, (settings, tree) in homes.items():
                    running = passing if name == FEAST else lasting
                    served.append(running.enter_context(started(name, settings, tree)))
            with on_core(cores[-1]):
                result = compared(arguments, served)
                passing.close()  # Feast brings torch, of which the build before would count half a copy
                result["pss_mib"] = {each.name: in_replicas(each) for each in served if each.name != FEAST}
    result["cores"] = {"servers": cores[0], "client": cores[-1], "cpus": os.cpu_count()}
    result["acceptance"] = acceptance(result["medians"], result["pss_mib"])
    print(table(result))
    keep(result, "serving", arguments.out)
    return 1 if result["failures"] else 0


def homes_of(arguments: argparse.Namespace, stack: ExitStack) -> dict[str, tuple[Settings, Path | None]]:
    """Settings of each endpoint that is measured, and where its code is, if not here."""
    settings = stack.enter_context(home_of_its_own(arguments.surface))
    chosen = [name for name in COMMANDS if arguments.only in name]
    homes: dict[str, tuple[Settings, Path | None]] = {name: (settings, None) for name in chosen}
    if BEFORE in homes:
        del homes[BEFORE]
        tree = None if settings.lake_url else stack.enter_context(before.checkout())
        if tree is None:
            say(f"{BEFORE} is left out: no tag {before.TAG} is here, or the lake is no folder")
        else:
            own = stack.enter_context(linked(before.home_of(tree, settings, arguments.surface)))
            homes[BEFORE] = (own, tree)
    if not homes:
        raise InputError(f"no endpoint has {arguments.only!r} in its name; there are: {', '.join(COMMANDS)}")
    return homes


@contextmanager
def started(name: str, settings: Settings, tree: Path | None) -> Iterator[Served]:
    """The endpoint with one replica, ready; it is stopped at the end."""
    port = str(free_port(settings.http_host))
    url = f"http://{settings.http_host}:{port}"
    say(f"starting {name} at {url}")
    variables = {**environment(settings, tree), "METIER_MOST_REPLICAS": "1", **dict.fromkeys(THREADS, "1")}
    command = (*COMMANDS[name], port, *(["--feast"] if name == FEAST else []))
    with endpoint(command, variables, url, settings.home / f"{name}.log", tree) as process:
        bundles = httpx.get(f"{url}/v1/bundle", timeout=30).json()
        yield Served(name, url, psutil.Process(process.pid), settings, bundles)


def in_replicas(served: Served) -> float:
    """MiB of its replicas; of its process where that is the replica."""
    return pss_mib(replicas_of(served.process) or [served.process])


def compared(arguments: argparse.Namespace, served: list[Served]) -> Figures:
    """Every round's figures, their medians, and the time of each stage."""
    first = served[0]
    workload = workload_of(first.settings, first.bundles, arguments.surface, arguments.candidates)
    patient = partial(workload.bodies, deadline_ms=PATIENT_MS)
    for each in served:
        run_round(each.url, PATH, islice(patient(0), WARM), n_clients=4)
    failures = unlike([each for each in served if each.name != BEFORE], patient(1))
    idle = idle_shares(served)
    timed: dict[str, Round] = {}
    for each in served:
        with alone(each, served):
            timed[each.name] = run_round(each.url, PATH, islice(patient(2, timings=True), TIMED), 1)
    rounds = in_turns(arguments, workload, served)
    for row in rounds:
        failures.update({f"{row['endpoint']}, {row['load']}: {what}": n for what, n in row["failures"].items()})
    return {
        **first.bundles[workload.surface],
        "surface": workload.surface,
        "candidates": workload.size,
        "candidates_in_release": len(workload.candidates),
        "seconds_a_round": arguments.seconds,
        "repetitions": arguments.repetitions,
        "client": CLIENT,
        "client_cpu_share": max(row["client_cpu_share"] for row in rounds),
        "idle_cpu_share": idle,
        "failures": dict(failures),
        "medians": medians_of(rounds),
        "stages_ms": {name: stages for name, result in timed.items() if (stages := stages_ms(result))},
        "each_round": rounds,
    }


def alone(each: Served, served: list[Served]) -> AbstractContextManager[None]:
    """While the block runs, all others are stopped."""
    return stopped([other.process for other in served if other is not each])


def unlike(served: list[Served], bodies: Iterator[bytes]) -> Counter[str]:
    """How often an endpoint orders the candidates of a request otherwise than the first one does."""
    asked = list(islice(bodies, COMPARED))
    orders = {each.name: list(map(order, run_round(each.url, PATH, asked, 1).answers)) for each in served}
    expected = next(iter(orders.values()), [])
    counts = {name: sum(a != b for a, b in zip(of, expected, strict=True)) for name, of in orders.items()}
    return Counter({f"{name}: another order": count for name, count in counts.items() if count})


def order(answer: Answer) -> list[str]:
    """Candidates of a slate by rank; none where there is no slate."""
    content = answer.content()
    return [entry["candidate_id"] for entry in content["slate"]] if answer.status == 200 else []


def idle_shares(served: list[Served]) -> dict[str, float]:
    """Of a core, what each takes while nobody asks it."""
    earlier = {each.name: cpu_seconds(each.process) for each in served}
    time.sleep(IDLE_SECONDS)
    return {each.name: (cpu_seconds(each.process) - earlier[each.name]) / IDLE_SECONDS for each in served}


def in_turns(arguments: argparse.Namespace, workload: Workload, served: list[Served]) -> list[Figures]:
    """Rounds of each load, another endpoint first in each repetition."""
    rounds: list[Figures] = []
    for number in range(arguments.repetitions):
        turned = served[number % len(served) :] + served[: number % len(served)]
        rates: dict[str, float] = {}
        for kind, load in enumerate(CONNECTIONS):
            for each in turned:
                rate = rates[each.name] / 2 if load == OPEN else None
                with alone(each, served):
                    row = one_round(workload, each, load, arguments.seconds, rate, 10 * number + kind)
                if load == MANY:
                    rates[each.name] = row["requests_per_second"]
                rounds.append({"repetition": number, "load": load, "endpoint": each.name, **row})
            told = (
                f"{row['endpoint']} {row['p50_ms']:.1f} ms, {row['cpu_ms']:.1f} CPU" for row in rounds[-len(served) :]
            )
            say(f"{number + 1} of {arguments.repetitions}, {load}: {'; '.join(told)}")
    return rounds


def one_round(workload: Workload, served: Served, load: str, seconds: float, rate: float | None, seed: int) -> Figures:
    """A round's figures; ServingError where not one answer was whole.

    Within the default deadline a refusal, or a slate of a lower tier, is no failure; `full_tier` is the share of slates
    that are whole.
    """
    in_time = load in (MANY_IN_TIME, OPEN)
    bodies = workload.bodies(seed, **({} if in_time else {"deadline_ms": PATIENT_MS}))
    run_round(served.url, PATH, islice(workload.bodies(seed, deadline_ms=PATIENT_MS), WOKEN), 1)
    used = cpu_seconds(served.process)
    answered = run_round(served.url, PATH, bodies, CONNECTIONS[load], seconds=seconds, rate=rate)
    used = cpu_seconds(served.process) - used
    strict = partial(served.fault, workload)
    figures = answered.figures(slate if in_time else strict)
    if np.isnan(figures["p50_ms"]):
        raise ServingError(f"no answer of {served.name} was whole: {figures['failures']}")
    slates = [answer for answer in answered.answers if answer.status == 200]
    return {
        **figures,
        "refused": figures["failures"].pop(REFUSED, 0),
        "cpu_ms": 1e3 * used / len(answered.answers),
        "usd_per_1000": usd_per_1000_requests(used, len(answered.answers), load_settings().usd_per_core_hour),
        "full_tier": sum(strict(200, answer.content()) is None for answer in slates) / max(len(slates), 1),
        "requests": len(answered.answers),
    }


def slate(status: int, answer: Any) -> str | None:
    """What is wrong with an answer within a deadline, where any slate will do."""
    return {200: None, 503: REFUSED}.get(status, f"status {status}: {answer}")


def stages_ms(result: Round) -> dict[str, float]:
    """Median of each stage, and of what lies outside of all, HTTP and what is before it; empty where none is told."""
    timed = [(a.content().get("timings_ms"), a.latency_ms) for a in result.answers if a.status == 200]
    timed = [(timings, latency) for timings, latency in timed if timings]
    if not timed:
        return {}
    stages = {stage: float(np.median([timings[stage] for timings, _ in timed])) for stage in timed[0][0]}
    return {**stages, "outside": float(np.median([latency - timings["total"] for timings, latency in timed]))}


if __name__ == "__main__":
    sys.exit(main())
