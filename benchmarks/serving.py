"""POST /v1/rank behind Ray Serve with its HAProxy ingress and behind a bare uvicorn, side by side. JSON out.

    make bench SUITE=serving                        the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=serving ARGS="--candidates 500 --rounds 9"

Both serve the same bundles at the lake's clock, each in one process (METIER_MOST_REPLICAS=2 allows Ray Serve another),
and get the same requests in turns, so that a noisy machine hits both alike. Every answer is checked; exits with status
1 where one was not whole. Events go to a folder that is removed: no slate of a benchmark reaches the lake.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from harness.home import METIER, environment, home_of_its_own, keep, say, stop_at_signals, to_status
from harness.load import CLIENT, Round, endpoint, run_round

from components.releases.candidate_rows import VERSIONS
from feature_repo.files.mapped import read_table
from metier.errors import InputError, ServingError
from metier.lake import Lake
from metier.settings import Settings, load_settings

PATH = "/v1/rank"
RAY_SERVE, UVICORN, RATIO = "ray serve", "uvicorn", "ratio"
CLIENTS = (1, 8)
FIGURES = {"p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms", "requests_per_second": "requests/s"}
WARM = 50
DEADLINE_MS = 30_000
"""Far off: a request that runs late takes its time and gives up no tier."""
JOBS = "SELECT DISTINCT client_id, job_id FROM jobs WHERE client_id IS NOT NULL ORDER BY ALL"
ACTORS = {
    "job_feed": "SELECT freelancer_id, NULL FROM interactions WHERE side = 'freelancer' ORDER BY interaction_id",
    "talent_search": JOBS,
    "applicant_review": JOBS,
}
"""(actor, job): freelancers as often as they acted, clients once a job."""

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="requests a round (default 200)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each, in turns (default 9)")
    parser.add_argument("--candidates", type=int, default=200, help="candidates a request (default 200)")
    parser.add_argument("--surface", help="default: the first that is served")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/serving.json)")
    parser.add_argument("--uvicorn", type=int, metavar="PORT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).resolve().parent)]  # else we are `serving`
    return to_status(lambda: serve_bare(arguments.uvicorn) if arguments.uvicorn else measure(arguments))


def serve_bare(port: int) -> int:
    """The measured uvicorn process: what Ray Serve's replica serves, without Ray."""
    import uvicorn

    from components.releases import open_registry
    from components.releases.aliases import bundles_to_serve
    from serving.clock import OffsetClock
    from serving.engine import Engine
    from serving.http.routes import create_api

    settings = load_settings()
    pins = {surface: served.bundle for surface, served in bundles_to_serve(open_registry(settings)).items()}
    clock = OffsetClock.starting_at(Lake(settings.lake).as_of())
    app = create_api(lambda: Engine(settings, pins, clock))
    uvicorn.run(app, host=settings.http_host, port=port, loop="uvloop", access_log=False, log_level="warning")
    return 0


def measure(arguments: argparse.Namespace) -> int:
    """Serve twice, measure, stop, report."""
    stop_at_signals()
    with ExitStack() as stack:
        settings = stack.enter_context(home_of_its_own(arguments.surface))
        urls = stack.enter_context(both(settings))
        result = compare(arguments, settings, urls)
    print(table(result))
    keep(result, "serving", arguments.out)
    return 1 if result["failures"] else 0


@contextmanager
def both(settings: Settings) -> Iterator[dict[str, str]]:
    """URLs of the two endpoints, the plainer started first; both are stopped at the end."""
    from serving.launch import THREADS
    from serving.ports import free_port

    variables = {"METIER_MOST_REPLICAS": "1", **environment(settings), **dict.fromkeys(THREADS, "1")}
    commands = {
        UVICORN: (sys.executable, __file__, "--uvicorn"),
        RAY_SERVE: (*METIER, "serve", "--as-of", "lake", "--port"),
    }
    urls: dict[str, str] = {}
    with ExitStack() as stack:
        for name, command in commands.items():
            port = str(free_port(settings.http_host))
            urls[name] = f"http://{settings.http_host}:{port}"
            say(f"starting {name} at {urls[name]}")
            stack.enter_context(endpoint((*command, port), variables, urls[name], settings.home / f"{name}.log"))
        yield {name: urls[name] for name in (RAY_SERVE, UVICORN)}


@dataclass(frozen=True)
class Workload:
    """Seeded requests, and what a whole answer to one is."""

    surface: str
    bundle: str
    actors: list[tuple[str, str | None]]
    candidates: list[str]
    size: int

    def bodies(self, count: int, seed: int, timings: bool = False) -> list[bytes]:
        """Requests of an actor drawn anew each time for candidates drawn anew each time."""
        random = np.random.default_rng(seed)
        drawn = [self.actors[index] for index in random.integers(len(self.actors), size=count)]
        shared = {"surface": self.surface, "deadline_ms": DEADLINE_MS, "timings": timings}
        bodies = []
        for actor, job in drawn:
            chosen = random.choice(self.candidates, self.size, replace=False).tolist()
            body = {**shared, "actor_id": actor, "candidates": chosen, **({"job_id": job} if job else {})}
            bodies.append(json.dumps(body).encode())
        return bodies

    def fault(self, status: int, response: Any) -> str | None:
        """What is wrong with an answer, in words that repeat."""
        if status != 200:
            return f"status {status}: {response.get('error', response) if isinstance(response, dict) else response}"
        if response["bundle"] != self.bundle:
            return f"answered by {response['bundle']}"
        if response["degraded"]:
            return "without " + ", ".join(note.split(":")[0] for note in response["degraded"])
        if response["tier"] != "ensemble":
            return f"tier {response['tier']}"
        return None if response["considered"] == self.size else f"considered {response['considered']} of {self.size}"


def workload_of(arguments: argparse.Namespace, settings: Settings, served: Figures) -> Workload:
    """Actors of the lake and candidates of the release that is served."""
    surface = arguments.surface or next(iter(served))
    if surface not in served:
        raise InputError(f"{surface!r} is not served here; use one of: {', '.join(served)}")
    release = settings.candidates / served[surface]["bundle"] / served[surface]["snapshot_version"].split("+")[0]
    candidates = read_table(release / VERSIONS)["id"].to_pylist()
    if len(candidates) < arguments.candidates:
        raise InputError(f"the release holds {len(candidates)} candidates; ask for no more with --candidates")
    with Lake(settings.lake).connect() as connection:
        actors = connection.execute(ACTORS[surface]).fetchall()
    if not actors:
        raise InputError(f"the lake at {settings.lake} holds no actor of {surface}; import interactions")
    return Workload(surface, served[surface]["bundle"], actors, candidates, arguments.candidates)


def compare(arguments: argparse.Namespace, settings: Settings, urls: dict[str, str]) -> Figures:
    """Every round's figures, their medians and ratios, and the time of each stage."""
    served = {name: httpx.get(f"{url}/v1/bundle", timeout=30).json() for name, url in urls.items()}
    if served[RAY_SERVE] != served[UVICORN]:
        raise ServingError(f"the two do not serve the same: {served}; start again while nothing else is served here")
    workload = workload_of(arguments, settings, served[UVICORN])
    for url in urls.values():
        run_round(url, PATH, workload.bodies(WARM, seed=0), n_clients=2)
    rounds = measured(arguments, workload, urls)
    bodies = workload.bodies(2 * WARM, seed=1, timings=True)
    timed = {name: run_round(url, PATH, bodies, n_clients=1) for name, url in urls.items()}
    failures: Counter[str] = Counter()
    for figures in (*rounds, *({"behind": name, **result.figures(workload.fault)} for name, result in timed.items())):
        failures.update({f"{figures['behind']}: {fault}": count for fault, count in figures["failures"].items()})
    return {
        **served[UVICORN][workload.surface],
        "surface": workload.surface,
        "candidates": workload.size,
        "candidates_in_release": len(workload.candidates),
        "requests_a_round": arguments.requests,
        "rounds": arguments.rounds,
        "cpus": os.cpu_count(),
        "most_replicas": int(os.environ.get("METIER_MOST_REPLICAS", "1")),
        "client": CLIENT,
        "client_cpu_share": max(figures["client_cpu_share"] for figures in rounds),
        "failures": dict(failures),
        "clients": {
            clients: summary([figures for figures in rounds if figures["clients"] == clients]) for clients in CLIENTS
        },
        "stages_ms": {name: stages_ms(result) for name, result in timed.items()},
        "each_round": rounds,
    }


def measured(arguments: argparse.Namespace, workload: Workload, urls: dict[str, str]) -> list[Figures]:
    """Rounds in turns; ServingError where not one answer of a round was whole."""
    rounds: list[Figures] = []
    for number in range(1, arguments.rounds + 1):
        for clients in CLIENTS:
            bodies = workload.bodies(arguments.requests, seed=100 * number + clients)
            for name, url in urls.items():
                figures = run_round(url, PATH, bodies, clients).figures(workload.fault)
                if np.isnan(figures["p50_ms"]):
                    raise ServingError(f"no answer of {name} was whole: {figures['failures']}")
                rounds.append({"round": number, "clients": clients, "behind": name, **figures})
        latest = [f"{latest_round['behind']} {latest_round['p50_ms']:.1f} ms" for latest_round in rounds[-len(urls) :]]
        say(f"round {number} of {arguments.rounds}: {', '.join(latest)} (p50, {CLIENTS[-1]} clients)")
    return rounds


def summary(rounds: list[Figures]) -> Figures:
    """Medians over rounds of each endpoint; of the ratio in each round the median, lowest and highest."""
    medians: Figures = {}
    values = {
        name: {figure: np.array([row[figure] for row in rounds if row["behind"] == name]) for figure in FIGURES}
        for name in (RAY_SERVE, UVICORN)
    }
    for name, figures in values.items():
        medians[name] = {figure: float(np.median(by_round)) for figure, by_round in figures.items()}
    ratio = {figure: values[RAY_SERVE][figure] / values[UVICORN][figure] for figure in FIGURES}
    medians[RATIO] = {figure: [float(np.median(r)), float(r.min()), float(r.max())] for figure, r in ratio.items()}
    return medians


def stages_ms(result: Round) -> dict[str, float]:
    """Median of each stage, and of what lies outside of all: HTTP and what stands before it."""
    timed = [(answer.content()["timings_ms"], answer.latency_ms) for answer in result.answers if answer.status == 200]
    stages = {stage: float(np.median([timings[stage] for timings, _ in timed])) for stage in timed[0][0]}
    return {**stages, "outside": float(np.median([latency - timings["total"] for timings, latency in timed]))}


def table(result: Figures) -> str:
    """The result for people."""
    replicas = "one process each" if result["most_replicas"] == 1 else f"up to {result['most_replicas']} replicas"
    lines = [
        f"{result['candidates']} of {result['candidates_in_release']} candidates by {result['bundle']}; "
        f"{result['rounds']} rounds of {result['requests_a_round']} requests in turns, medians; {replicas}",
        f"{'clients':<9}{'behind':<11}" + "".join(f"{name:>20}" for name in FIGURES.values()),
    ]
    for clients, endpoints in result["clients"].items():
        for name, figures in endpoints.items():
            cells = (figures[figure] for figure in FIGURES)
            texts = ("{:.2f} [{:.2f}, {:.2f}]".format(*c) if name == RATIO else f"{c:.2f}" for c in cells)
            lines.append(f"{clients:<9}{name:<11}" + "".join(f"{text:>20}" for text in texts))
    stages = list(result["stages_ms"][UVICORN])
    lines.append(f"{'stage, ms (one client)':<24}" + "".join(f"{stage:>9}" for stage in stages))
    for name, timings in result["stages_ms"].items():
        lines.append(f"{name:<24}" + "".join(f"{timings[stage]:>9.2f}" for stage in stages))
    lines.append(
        f"load: {result['client']}; at most {100 * result['client_cpu_share']:.0f} % of one of {result['cpus']} CPUs"
    )
    lines += [f"FAILED {count} x {fault}" for fault, count in result["failures"].items()] or ["failures: none"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
