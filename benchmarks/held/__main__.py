"""`metier serve` under a load that is held, written to and refreshed: memory, time, errors; then a replay. JSON out.

    make bench SUITE=held                        half an hour on a copy of METIER_HOME, or of a small world
    make bench SUITE=held ARGS="--minutes 2"     a short look

A third of the rate that it is measured to answer is asked for job feeds by the clock, each request once on a connection
of its own, within the default deadline. Beside it somebody asks by metier.client, clicks, and puts versions of jobs;
after a third and after two thirds of the time what was served is imported, and features and candidates are built anew.
At the end 10,000 of the served impressions are rebuilt from the lake. Exits with status 1 where a request failed, a
value was not rebuilt bit for bit, or an acknowledged interaction is not in the lake.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.append(str(Path(__file__).parents[1]))

from harness import unshadowed  # noqa: F401
from harness.callers import Callers
from harness.copied import copied, metier_told, replayed
from harness.home import METIER, environment, is_served, keep, say, small_world, stop_at_signals, to_status
from harness.load import endpoint, run_round
from harness.processes import pss_mib, replicas_of
from harness.steady import Send, Sent, SteadyLoad, at_the_socket, counts
from scipy import stats

from metier.lake import Lake
from metier.settings import Settings, load_settings
from serving.ports import free_port

PATH = "/v1/feed/jobs"
SLATE = 10
ACTORS = "SELECT DISTINCT freelancer_id FROM interactions WHERE side = 'freelancer' ORDER BY ALL LIMIT 500"
JOBS = "SELECT * FROM jobs QUALIFY row_number() OVER (PARTITION BY job_id ORDER BY event_timestamp DESC) = 1 LIMIT 200"
TOLD = "SELECT interaction_id FROM interactions"
SHARE = 1 / 3
REFRESHES = (1 / 3, 2 / 3)
"""When what was served comes back as features and candidates, of the whole time."""
NICE = ("nice", "-n", "10")
SETTLED = timedelta(seconds=30)
"""By then what was recorded lies in the log: replicas write theirs one after the other, and it is read so."""
LOOK_SECONDS, CALIBRATION_SECONDS = 10.0, 5.0
PATIENT_MS = 30_000

Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="of held load (default 30)")
    parser.add_argument("--rate", type=float, help="requests a second (default: a third of what is answered)")
    parser.add_argument("--impressions", type=int, default=10_000, help="that are rebuilt (default 10,000)")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/held.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Serve a copy, hold the load, stop, rebuild, report."""
    stop_at_signals()
    settings = load_settings()
    with copied(settings if is_served(settings) else small_world(settings, "job_feed")) as own:
        held, told = hold(arguments, own)
        say("importing what was served, and rebuilding it")
        refresh(own, timedelta())
        with Lake(own.lake).connect() as connection:
            known = {name for (name,) in connection.execute(TOLD).fetchall()}
        result: Figures = {
            **held,
            "cpus": os.cpu_count(),
            "acknowledged_and_lost": len(set(told) - known),
            "replay": replayed(own, arguments.impressions),
        }
    print(table(result))
    keep(result, "held", arguments.out)
    sound = not result["errors"] and not result["replay"]["mismatches"] and not result["acknowledged_and_lost"]
    return 0 if sound else 1


def hold(arguments: argparse.Namespace, settings: Settings) -> tuple[Figures, list[str]]:
    """Figures of the held load, and the interactions that were acknowledged meanwhile."""
    port = free_port(settings.http_host)
    url = f"http://{settings.http_host}:{port}"
    command = (*METIER, "serve", "--as-of", "lake", "--port", str(port))
    asked, jobs = questions(settings)
    bodies = [json.dumps(each).encode() for each in asked]
    seconds = 60 * arguments.minutes
    with ExitStack() as stack:
        say(f"starting the endpoint at {url}")
        process = psutil.Process(
            stack.enter_context(endpoint(command, environment(settings), url, settings.home / "held.log")).pid
        )
        rate = arguments.rate or SHARE * capacity(url, asked)
        say(f"{rate:.1f} requests a second for {arguments.minutes:g} minutes")
        load = stack.enter_context(SteadyLoad(noted(at_the_socket(url, PATH)), bodies, rate))
        callers = stack.enter_context(Callers(url, asked, 1.0, jobs))
        memory, refreshes = watched(settings, process, seconds)
    begun = load.answers[0].at
    return {
        "minutes": arguments.minutes,
        "rate": rate,
        "unsent": load.unsent,
        "raw": counts(load.answers),
        "errors": sum(sent.status != 200 for sent in load.answers) + len(callers.failures) + len(callers.refused),
        "through_the_client": {
            "slates": callers.slates,
            "versions": callers.put,
            "interactions": len(callers.acknowledged),
            "failures": callers.failures[:5],
            "refused": callers.refused[:5],
        },
        "refreshes": [{**each, "at_seconds": each["at"] - begun} for each in refreshes],
        "by_minute": by_minute(load.answers),
        "memory": slope([(at - begun, mib) for at, mib in memory]),
    }, callers.acknowledged


def questions(settings: Settings) -> tuple[list[Figures], dict[str, Figures]]:
    """Requests for job feeds, and versions of jobs that may be put."""
    with Lake(settings.lake).connect() as connection:
        actors = connection.execute(ACTORS).fetchall()
        jobs = connection.sql(JOBS).to_arrow_table().to_pylist()
    columns = {job["job_id"]: {name: value for name, value in job.items() if _is_put(name, value)} for job in jobs}
    return [{"actor_id": actor, "k": SLATE} for (actor,) in actors], columns


def _is_put(name: str, value: Any) -> bool:
    """Whether a column is given with a version: a text, a number or a list that is there."""
    return name != "job_id" and isinstance(value, str | int | float | list)


def capacity(url: str, asked: Sequence[Figures]) -> float:
    """Requests a second that are answered where each client waits for its answer."""
    bodies = [json.dumps({**each, "deadline_ms": PATIENT_MS}).encode() for each in asked]
    run_round(url, PATH, bodies[:50], n_clients=4)
    answered = run_round(url, PATH, bodies * 100, n_clients=8, seconds=CALIBRATION_SECONDS)
    return sum(answer.status == 200 for answer in answered.answers) / answered.seconds


def noted(send: Send) -> Send:
    """`send`, of whose slates only the tier is kept."""

    def sent(body: bytes) -> Sent:
        answer = send(body)
        return answer if answer.status != 200 else replace(answer, said=json.loads(answer.said)["tier"].encode())

    return sent


def watched(settings: Settings, process: psutil.Process, seconds: float) -> tuple[list[tuple[float, float]], list]:
    """(moment, MiB of a replica) while the load is held, and what was refreshed meanwhile."""
    begun, memory, refreshes = time.monotonic(), [], []
    due = [begun + share * seconds for share in REFRESHES]
    with ThreadPoolExecutor(1) as pool:
        while (now := time.monotonic()) < begun + seconds:
            if due and now >= due[0]:
                due.pop(0)
                refreshes.append(pool.submit(timed_refresh, settings))
            replicas = replicas_of(process)
            memory.append((now, pss_mib(replicas) / max(len(replicas), 1)))
            time.sleep(LOOK_SECONDS)
        return memory, [each.result() for each in refreshes]


def timed_refresh(settings: Settings) -> Figures:
    """When a refresh began, and how long it took."""
    begun = time.monotonic()
    refresh(settings, SETTLED)
    return {"at": begun, "seconds": time.monotonic() - begun}


def refresh(settings: Settings, before: timedelta) -> None:
    """What was served becomes features and candidates, at a low priority.

    As of a moment `before` the newest row: of what was recorded later some still lies in a log that was read before.
    """
    metier_told(settings, ["import", "events"], before=NICE)
    as_of = Lake(settings.lake).as_of() - before
    metier_told(settings, ["pipeline", "run", "features"], before=NICE, as_of=as_of)


def by_minute(answers: Sequence[Sent]) -> list[Figures]:
    """Counts of each minute, its 99th percentile, and tiers of its slates."""
    begun = answers[0].at
    minutes: dict[int, list[Sent]] = {}
    for sent in answers:
        minutes.setdefault(int((sent.at - begun) // 60), []).append(sent)
    return [
        {
            "minute": minute,
            "requests": len(those),
            "failed": sum(sent.status != 200 for sent in those),
            "p50_ms": 1e3 * float(np.median([sent.seconds for sent in those])),
            "p99_ms": 1e3 * float(np.quantile([sent.seconds for sent in those], 0.99)),
            "tiers": dict(Counter(sent.said.decode() for sent in those if sent.status == 200)),
        }
        for minute, those in sorted(minutes.items())
    ]


def slope(memory: Sequence[tuple[float, float]]) -> Figures:
    """MiB an hour of a replica by least squares, with its interval of 95%, as if looks of 10 s were independent."""
    hours, mib = np.array(memory).T / [[3600.0], [1.0]]
    fit = stats.linregress(hours, mib)
    half = fit.stderr * stats.t.ppf(0.975, max(len(hours) - 2, 1))
    return {
        "mib_an_hour": float(fit.slope),
        "interval": [float(fit.slope - half), float(fit.slope + half)],
        "first_mib": float(mib[0]),
        "last_mib": float(mib[-1]),
        "most_mib": float(mib.max()),
        "looks": len(hours),
    }


def table(result: Figures) -> str:
    """The result for people."""
    memory, low, high = result["memory"], *result["memory"]["interval"]
    lines = [
        f"{result['raw']['requests']} requests at {result['rate']:.1f} a second, {result['unsent']} not sent; "
        f"{result['errors']} errors; {result['through_the_client']}",
        f"a replica: {memory['first_mib']:.0f} MiB at first, {memory['last_mib']:.0f} at last; "
        f"{memory['mib_an_hour']:+.1f} MiB an hour [{low:+.1f}, {high:+.1f}]",
        *(f"refreshed at {each['at_seconds']:.0f} s in {each['seconds']:.0f} s" for each in result["refreshes"]),
        f"{'minute':>6}{'requests':>10}{'failed':>8}{'p50 ms':>8}{'p99 ms':>8}  tiers",
    ]
    for row in result["by_minute"]:
        figures = f"{row['requests']:>10}{row['failed']:>8}{row['p50_ms']:>8.1f}{row['p99_ms']:>8.1f}"
        lines.append(f"{row['minute']:>6}{figures}  {row['tiers']}")
    lines.append(f"acknowledged and lost: {result['acknowledged_and_lost']}; replay: {result['replay']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
