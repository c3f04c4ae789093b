"""How soon a PUT is served by every one of three replicas: new, changed and closed candidates, one by one. JSON out.

    make bench SUITE=fresh                          the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=fresh ARGS="--puts 300 --replicas 3"

Each replica is a process of its own over one METIER_HOME and is asked directly, again and again, until it shows the
change; the clock starts before the PUT is sent. Then one replica is paused while others are written to, and resumed;
and one is killed and started again. Exits with status 1 where a change took longer than two seconds, or where a
replica answered with less than it should. What is written goes to a home that is removed.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.home import home_of_its_own, keep, say, stop_at_signals, to_status
from harness.replicas import LIMIT_SECONDS, Replica, summary, until

from metier.contract import Surface
from metier.errors import InputError
from metier.lake import Lake
from metier.settings import Settings
from metier.surfaces import SurfaceSpec, surface_spec

PAUSE_SECONDS = 3.0
MISSED = 20
KINDS = ("new", "changed", "closed")
ACTORS: dict[Surface, str] = {
    "job_feed": "SELECT freelancer_id, NULL FROM interactions WHERE side = 'freelancer' ORDER BY ALL LIMIT 1",
    "talent_search": "SELECT client_id, job_id FROM jobs WHERE client_id IS NOT NULL ORDER BY ALL LIMIT 1",
}
"""Surface -> the actor of its requests, and the job they are for."""
GONE = {"job": "closed", "freelancer": "private"}
"""Candidate -> the status of one that no slate shows any more."""

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--puts", type=int, default=100, help="versions to PUT (default 100)")
    parser.add_argument("--replicas", type=int, default=3, help="replicas to look at (default 3)")
    parser.add_argument("--surface", choices=tuple(ACTORS), help="default: the first that is served")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/fresh.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Serve, write, look, report."""
    stop_at_signals()
    with ExitStack() as stack:
        settings = stack.enter_context(home_of_its_own(arguments.surface))
        replicas = [Replica.started(settings, str(number), stack) for number in range(arguments.replicas)]
        workload = Workload.of(settings, replicas[0], arguments.surface)
        result = {
            "surface": workload.surface,
            "replicas": arguments.replicas,
            "candidates": replicas[0].ready()["surfaces"][workload.surface]["candidates"],
            "cpus": os.cpu_count(),
            "limit_seconds": LIMIT_SECONDS,
            **seen(workload, replicas, arguments.puts),
            "paused": paused(workload, replicas),
            "killed": killed(workload, replicas, settings, stack),
        }
    print(table(result))
    keep(result, "fresh", arguments.out)
    sound = result["paused"]["sound"] and result["killed"]["sound"]
    return 0 if sound and result["seconds"]["slowest"] <= LIMIT_SECONDS else 1


@dataclass(frozen=True)
class Workload:
    """The actor of a surface's requests, and versions of its candidates."""

    surface: Surface
    actor: Figures

    @classmethod
    def of(cls, settings: Settings, replica: Replica, surface: str | None) -> "Workload":
        """For a surface that is served."""
        served: list[Surface] = [name for name in ACTORS if name in replica.ready()["surfaces"]]
        chosen = next((name for name in served if surface in (None, name)), None)
        if chosen is None:
            raise InputError(f"{surface or 'no surface with PUT candidates'} is not served here; train it first")
        with Lake(settings.lake).connect() as connection:
            row = connection.execute(ACTORS[chosen]).fetchone()
        if row is None:
            raise InputError(f"the lake at {settings.lake} holds no actor of {chosen}")
        return cls(chosen, {"actor_id": row[0], **({"job_id": row[1]} if row[1] else {})})

    @property
    def spec(self) -> SurfaceSpec:
        return surface_spec(self.surface)

    def path(self, candidate: str) -> str:
        return f"{self.spec.table}/{candidate}"

    def version(self, **more: Any) -> Figures:
        return {
            "title": "Repair of an accordion",
            self.spec.prose: "Bellows, reeds, keys",
            "skills": ["tuning"],
            **more,
        }

    def body(self, candidates: Sequence[str], **more: Any) -> Figures:
        fixed = {"surface": self.surface, "deadline_ms": 30_000, "k": 100}
        return {**self.actor, **fixed, "candidates": list(candidates), **more}

    def changes(self, count: int) -> Iterator[tuple[str, str, Figures, Callable[[Replica], bool]]]:
        """(kind, candidate, version, whether a replica shows it), each candidate new, then changed, then closed."""
        for number in range(count):
            kind, candidate = KINDS[number % 3], f"bench-{number // 3}"
            body = self.body([candidate])
            if kind == "closed":
                yield kind, candidate, self.version(status=GONE[self.spec.candidate]), lambda r, b=body: not r.slate(b)
                continue
            yield kind, candidate, self.version(category=kind), self._in_category(candidate, kind)

    def _in_category(self, candidate: str, category: str) -> Callable[[Replica], bool]:
        """Found by search, which filters by what only this version says."""
        body = {**self.actor, "deadline_ms": 30_000, "k": 100, "filters": {"category": category}, "text": "accordion"}

        def shows(replica: Replica) -> bool:
            response = replica.http.post(self.spec.route, json=body)
            response.raise_for_status()
            return candidate in {entry["candidate_id"] for entry in response.json()["slate"]}

        return shows


def seen(workload: Workload, replicas: Sequence[Replica], puts: int) -> Figures:
    """Seconds until each replica showed each change."""
    measured: list[Figures] = []
    with ThreadPoolExecutor(len(replicas)) as pool:
        for number, (kind, candidate, version, shows) in enumerate(workload.changes(puts)):
            begun = time.perf_counter()
            replicas[number % len(replicas)].put(workload.path(candidate), version)
            acknowledged = time.perf_counter() - begun
            looks = [pool.submit(until, shows, replica, begun) for replica in replicas]
            measured.append({"kind": kind, "acknowledged": acknowledged, "seconds": [look.result() for look in looks]})
            if (number + 1) % 20 == 0:
                slowest = max(max(put["seconds"]) for put in measured)
                say(f"{number + 1} of {puts}: slowest {slowest:.2f} s")
    every = [second for put in measured for second in put["seconds"]]
    return {
        "puts": puts,
        "seconds": summary(every),
        "acknowledged_seconds": summary([put["acknowledged"] for put in measured]),
        "by_kind": {
            kind: summary([second for put in measured if put["kind"] == kind for second in put["seconds"]])
            for kind in KINDS
            if any(put["kind"] == kind for put in measured)
        },
        "by_replica": [summary([put["seconds"][number] for put in measured]) for number in range(len(replicas))],
        "each": measured,
    }


def paused(workload: Workload, replicas: Sequence[Replica]) -> Figures:
    """What a replica that was stopped while others were written to says of itself, and answers first."""
    sleeper, writer = replicas[-1], replicas[0]
    sleeper.process.send_signal(signal.SIGSTOP)
    try:
        names = [f"missed-{number}" for number in range(MISSED)]
        for name in names:
            writer.put(workload.path(name), workload.version())
        time.sleep(PAUSE_SECONDS)
    finally:
        sleeper.process.send_signal(signal.SIGCONT)
    behind = sleeper.ready()["status"] != "ready"
    slate = sleeper.slate(workload.body(names))
    return {
        "missed": MISSED,
        "shown_at_once": len(slate & set(names)),
        "said_it_was_behind": behind,
        "sound": set(names) <= slate or behind,
    }


def killed(workload: Workload, replicas: Sequence[Replica], settings: Settings, stack: ExitStack) -> Figures:
    """What a replica that is started after another was killed while it was written to serves first."""
    victim, names, acknowledged = replicas[1 % len(replicas)], [f"before-{n}" for n in range(MISSED)], []
    for number, name in enumerate(names):
        acknowledged.append(victim.put(workload.path(name), workload.version()))
        if number == MISSED // 2:
            break
    victim.process.kill()
    victim.process.wait()
    restarted = Replica.started(settings, "started again", stack)
    written = names[: len(acknowledged)]
    slate = restarted.slate(workload.body(written))
    return {"acknowledged": len(written), "shown_at_once": len(slate & set(written)), "sound": set(written) <= slate}


def table(result: Figures) -> str:
    """The result for people."""
    lines = [
        f"{result['puts']} versions PUT one by one, {result['replicas']} replicas of {result['candidates']} candidates "
        f"({result['surface']}) on {result['cpus']} CPUs; seconds from the PUT to the request that shows it",
        f"{'':<22}{'p50':>8}{'p95':>8}{'p99':>8}{'slowest':>9}",
    ]
    rows = {
        "on every replica": result["seconds"],
        **{f"  {kind}": figures for kind, figures in result["by_kind"].items()},
        **{f"  replica {number}": figures for number, figures in enumerate(result["by_replica"])},
        "acknowledged": result["acknowledged_seconds"],
    }
    for name, row in rows.items():
        lines.append(f"{name:<22}{row['p50']:>8.3f}{row['p95']:>8.3f}{row['p99']:>8.3f}{row['slowest']:>9.3f}")
    lines.append(f"after a pause: {result['paused']}")
    lines.append(f"after a kill: {result['killed']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).resolve().parent)]
    sys.exit(main())
