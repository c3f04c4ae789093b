"""What callers see of `metier serve` while parts of it are taken away: each drill with its counts. JSON out.

    make bench SUITE=drills                          the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=drills ARGS="--only SIGKILL"    some drills, by a part of their names

Two replicas over a home that is removed. A steady load, a third of the rate that they are measured to answer, asks once
on connections of its own, and counts every failure that the socket saw; beside it somebody asks by metier.client, which
sends again once, and clicks. Each drill lasts ten seconds. Exits with status 1 where a bound is not kept: raw failures
beyond what was in flight, a slate that failed through the client, a query_id that is recorded twice, an acknowledged
interaction that is not in the log, full capacity that does not come back.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alone import none_left, overload, scaled, step
from deploys import Deploys, deploys
from drilled import Endpoint, serving
from drills import DRILLS, run
from harness.home import home_of_its_own, keep, say, stop_at_signals, to_status

from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings

REPLICAS, MORE = 2, 3
ACTOR = "SELECT freelancer_id FROM interactions WHERE side = 'freelancer' ORDER BY ALL LIMIT 1"
SCALING = "autoscaling"

Figures = dict[str, Any]
Tasks = dict[str, Callable[[Endpoint], Figures]]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, help="requests a second (default: a third of what is answered)")
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
        results = drilled(arguments, settings, stack.enter_context(deploys(settings)))
    failed = [f"{each['drill']}: {name}" for each in results for name, kept in each["bounds"].items() if not kept]
    print("\n".join(f"NOT KEPT {line}" for line in failed) or "every bound was kept")
    keep({"cpus": os.cpu_count(), "drills": results, "failed": failed}, "drills", arguments.out)
    return 1 if failed else 0


def drilled(arguments: argparse.Namespace, settings: Settings, made: Deploys) -> list[Figures]:
    """Each drill's figures, said as they come: those of two replicas, then that of more in need."""
    with Lake(settings.lake).connect() as connection:
        (actor,) = connection.execute(ACTOR).fetchone() or ("",)
    asked = {"actor_id": actor, "k": 10, "deadline_ms": arguments.deadline}
    drills = (*DRILLS, *made.drills())
    tasks: Tasks = {drill.name: lambda endpoint, drill=drill: run(drill, endpoint, arguments.rate) for drill in drills}
    tasks |= {"step": step, "overload": overload, "no replica left": none_left}
    scaling: Tasks = {SCALING: lambda endpoint: scaled(endpoint, MORE)}
    results = []
    for most, those in ((REPLICAS, tasks), (MORE, scaling)):
        chosen = {name: task for name, task in those.items() if arguments.only in name}
        if chosen:
            with serving(settings, most, asked) as endpoint:
                for task in chosen.values():
                    results.append(task(endpoint))
                    say(json.dumps(results[-1], indent=1))
    if not results:
        names = ", ".join((*tasks, *scaling))
        raise InputError(f"no drill has {arguments.only!r} in its name; there are: {names}")
    return results


if __name__ == "__main__":
    sys.exit(main())
