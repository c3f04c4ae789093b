"""Processes that stay and are asked in turns, so that a noisy machine hits all alike; the CPU and wall time of each.

The asked process measures itself, the children it waited for and its own server. Knows nothing of what is measured.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Figures = dict[str, Any]
Task = Callable[..., Figures]

STOP_SECONDS = 30


@contextmanager
def worker(command: Sequence[str]) -> Iterator[Callable[..., Figures]]:
    """A process that runs `answer_tasks`; what is yielded asks it for a task by name and waits for its figures."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(task: str, **arguments: Any) -> Figures:
        print(json.dumps({"task": task, "arguments": arguments}), file=process.stdin, flush=True)
        line = process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise BrokenPipeError
        return dict(json.loads(line))

    try:
        yield ask
    except BrokenPipeError:
        raise SystemExit(f"error: {' '.join(command[2:])} ended with status {process.wait(STOP_SECONDS)}") from None
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answer_tasks(tasks: Mapping[str, Task]) -> None:
    """Be such a process until there is nothing more to read; whatever else is printed goes to standard error."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            request = json.loads(line)
            answers.write(json.dumps(tasks[request["task"]](**request["arguments"])) + "\n")
            answers.flush()
    os._exit(0)  # nothing is left to do, and DuckDB would list at length what Feast still refers to


def measured(
    call: Callable[[], Any], times: int = 1, of_server: Callable[[], float] = lambda: 0.0
) -> tuple[Any, Figures]:
    """The last answer of `times` calls; CPU and wall milliseconds of one, and the process's peak memory so far.

    `of_server` gives the CPU seconds of a server that has no other client.
    """
    cpu, wall = cpu_seconds() + of_server(), time.perf_counter()
    for _ in range(times):
        result = call()
    wall = time.perf_counter() - wall
    elapsed = {"cpu_ms": cpu_seconds() + of_server() - cpu, "wall_ms": wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return result, {**{name: seconds * 1e3 / times for name, seconds in elapsed.items()}, "peak_gib": peak}


def cpu_seconds() -> float:
    """CPU time of this process and of the children it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def in_turns(
    calls: Mapping[str, Callable[[int], Figures]], rounds: int, report: Callable[[str], None]
) -> dict[str, list[Figures]]:
    """Figures of every round by name; each is asked once a round, in another order every time."""
    results: dict[str, list[Figures]] = {name: [] for name in calls}
    for number in range(rounds):
        names = list(calls)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            results[name].append(calls[name](number))
        report(
            f"round {number + 1}: " + ", ".join(f"{name} {results[name][-1]['cpu_ms']:,.2f} ms CPU" for name in names)
        )
    return results


def summary(rounds: Mapping[str, list[Figures]], baseline: str) -> Figures:
    """Medians of each name; how many times the baseline's each other takes: median, lowest and highest."""
    values = {
        name: {figure: np.array([row[figure] for row in figures]) for figure in figures[0]}
        for name, figures in rounds.items()
    }
    times_ours = {
        name: {figure: values[name][figure] / values[baseline][figure] for figure in ("cpu_ms", "wall_ms")}
        for name in rounds
        if name != baseline
    }
    return {
        "medians": {n: {figure: float(np.median(v)) for figure, v in figures.items()} for n, figures in values.items()},
        "times_ours": {
            name: {figure: [float(f(r)) for f in (np.median, np.min, np.max)] for figure, r in ratios.items()}
            for name, ratios in times_ours.items()
        },
        "rounds": dict(rounds),
    }
