"""What callers see of `metier serve` while parts of it are taken away: each drill with its counts. JSON out.

    make bench SUITE=drills                          the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=drills ARGS="--only SIGKILL"    some drills, by a part of their names

Two replicas over a home that is removed. A steady load asks once, on connections of its own, and counts every failure
that the socket saw; beside it somebody asks by metier.client, which sends again once, and clicks. Each drill lasts ten
seconds. Exits with status 1 where a bound is not kept: raw failures beyond what was in flight, a slate that failed
through the client, a query_id that is recorded twice, an acknowledged interaction that is not in the log, full capacity
that does not come back.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from drilled import Endpoint
from drills import DRILLS, none_left, overload, run, step
from harness.home import METIER, environment, home_of_its_own, keep, say, stop_at_signals, to_status
from harness.load import endpoint

from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings

REPLICAS = 2
ACTOR = "SELECT freelancer_id FROM interactions WHERE side = 'freelancer' ORDER BY ALL LIMIT 1"
PATIENT_MS = 30_000
ALONE = ("step", "overload", "no replica left")

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second at the socket (default 10)")
    parser.add_argument("--deadline", type=float, default=500.0, help="deadline of the load in ms (default 500)")
    parser.add_argument("--only", default="", help="drills whose names contain this")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/drills.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Serve, drill, stop, report."""
    stop_at_signals()
    with ExitStack() as stack:
        settings = stack.enter_context(home_of_its_own("job_feed"))
        results = drilled(arguments, served(settings, stack))
    if not results:
        names = (*(drill.name for drill in DRILLS), *ALONE)
        raise InputError(f"no drill has {arguments.only!r} in its name; there are: {', '.join(names)}")
    failed = [f"{each['drill']}: {name}" for each in results for name, kept in each["bounds"].items() if not kept]
    print("\n".join(f"NOT KEPT {line}" for line in failed) or "every bound was kept")
    keep({"cpus": os.cpu_count(), "rate": arguments.rate, "drills": results, "failed": failed}, "drills", arguments.out)
    return 1 if failed else 0


def served(settings: Settings, stack: ExitStack) -> Endpoint:
    """`metier serve` at the lake's clock, with as many replicas as are drilled."""
    from serving.ports import free_port

    port = free_port(settings.http_host)
    url = f"http://{settings.http_host}:{port}"
    variables = {**environment(settings), "METIER_MOST_REPLICAS": str(REPLICAS)}
    command = (*METIER, "serve", "--as-of", "lake", "--port", str(port))
    say(f"starting {REPLICAS} replicas at {url}")
    process = stack.enter_context(endpoint(command, variables, url, settings.home / "serving.log"))
    return Endpoint(url, psutil.Process(process.pid), settings, REPLICAS)


def drilled(arguments: argparse.Namespace, endpoint: Endpoint) -> list[Figures]:
    """Each drill's figures, said as they come."""
    with Lake(endpoint.settings.lake).connect() as connection:
        (actor,) = connection.execute(ACTOR).fetchone() or ("",)
    asked = {"actor_id": actor, "k": 10, "deadline_ms": arguments.deadline}
    body, patient = (json.dumps({**asked, "deadline_ms": ms}).encode() for ms in (arguments.deadline, PATIENT_MS))
    tasks = {drill.name: lambda drill=drill: run(drill, endpoint, body, arguments.rate, asked) for drill in DRILLS}
    tasks |= {
        "step": lambda: step(endpoint, patient),
        "overload": lambda: overload(endpoint, body, patient),
        "no replica left": lambda: none_left(endpoint, body),
    }
    results = []
    for name, task in tasks.items():
        if arguments.only in name:
            results.append(task())
            say(json.dumps(results[-1], indent=1))
    return results


if __name__ == "__main__":
    sys.exit(main())
