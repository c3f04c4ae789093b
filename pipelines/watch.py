"""Wait for a run on a Kubeflow Pipelines server, and show what changes meanwhile.

Knows what of a run changes, nothing of what a step does or why it failed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from metier.errors import NoAnswerError, PipelineError
from pipelines.kubeflow import Server
from pipelines.runs import ENDED, MARKS, error_of, failed_steps, found_run, steps

POLL_SECONDS = 5.0
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # between tries while the server does not answer


@dataclass(frozen=True)
class FinishedRun:
    """A run that succeeded, and the last state of each of its steps in order of their start."""

    run_id: str
    state: str
    url: str
    steps: list[dict[str, str]]


def wait(
    server: Server,
    run_id: str,
    *,
    minutes: float,
    show: Callable[[str], None],
    poll_seconds: float = POLL_SECONDS,
    pauses: tuple[float, ...] = PAUSES,
) -> FinishedRun:
    """Poll the run until it ends, showing what changes; PipelineError unless it succeeds within `minutes`."""
    deadline = time.monotonic() + 60 * minutes
    seen: dict[str, str] = {}
    while True:
        run = _patiently(server, run_id, show, pauses)
        _show_changes(run, seen, show)
        if run.state in ENDED:
            return _finished(server, run)
        if time.monotonic() + poll_seconds > deadline:
            raise PipelineError(
                f"run {run_id} is still {run.state} after {minutes:g} minutes and goes on; {_again(server, run_id)}"
            )
        time.sleep(poll_seconds)


def _patiently(server: Server, run_id: str, show: Callable[[str], None], pauses: tuple[float, ...]) -> Any:
    """The run, asked for again after each of the pauses while the server does not answer."""
    for pause in pauses:
        try:
            return found_run(server, run_id, patient=False)
        except NoAnswerError as error:
            show(f"{error}; next try in {pause:g} s")
            time.sleep(pause)
    try:
        return found_run(server, run_id, patient=False)
    except NoAnswerError as error:
        raise PipelineError(f"{error}; the run goes on; {_again(server, run_id)}") from error


def _again(server: Server, run_id: str) -> str:
    return f"wait again: metier pipeline wait {run_id} --host {server.host}"


def _show_changes(run: Any, seen: dict[str, str], show: Callable[[str], None]) -> None:
    """Show the run's state and those of its steps where they differ from `seen`, which is brought up to date."""
    lines = [(run.run_id, run.state, f"{run.state}")]
    lines += [(task.task_id, task.state, f"  {MARKS[task.state]} {task.display_name}") for task in steps(run)]
    for key, state, line in lines:
        if seen.get(key) != state:
            show(line)
            seen[key] = state


def _finished(server: Server, run: Any) -> FinishedRun:
    url = server.run_url(run.run_id)
    if run.state != "SUCCEEDED":
        raise PipelineError(f"run {run.run_id} ended {run.state}{_blame(run)}; the logs of its steps are at {url}")
    ended = [{"name": task.display_name, "state": task.state} for task in steps(run)]
    return FinishedRun(run.run_id, run.state, url, ended)


def _blame(run: Any) -> str:
    """` at <the steps that failed>: <what the server says about it>`, as far as it says."""
    failed = failed_steps(run)
    names = ", ".join(dict.fromkeys(task.display_name for task in failed))
    messages = "; ".join(message for item in (run, *failed) if (message := error_of(item)))
    return (f" at {names}" if names else "") + (f": {messages}" if messages else "")
