"""Wait for a run on a Kubeflow Pipelines server, and show what changes meanwhile.

Knows the server's words for states and tells steps from the server's own drivers, executors and groups; nothing of
what a step does or why it failed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from metier.errors import AbsentError, InputError, NoAnswerError, PipelineError
from pipelines.kubeflow import Server

POLL_SECONDS = 5.0
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # between tries while the server does not answer
ENDED = {"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"}
MARKS = {"RUNNING": "▸", "SUCCEEDED": "✓", "SKIPPED": "-", "FAILED": "✗", "CANCELED": "✗"}


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
            return _run(server, run_id)
        except NoAnswerError as error:
            show(f"{error}; next try in {pause:g} s")
            time.sleep(pause)
    try:
        return _run(server, run_id)
    except NoAnswerError as error:
        raise PipelineError(f"{error}; the run goes on; {_again(server, run_id)}") from error


def _run(server: Server, run_id: str) -> Any:
    try:
        run = server.ask(server.runs.run_service_get_run, run_id=run_id)
    except AbsentError as error:
        raise InputError(f"no run {run_id!r} at {server.host}; its runs are listed at {server.host}/#/runs") from error
    if not run.run_id:
        raise server.not_kubeflow()
    return run


def _again(server: Server, run_id: str) -> str:
    return f"wait again: metier pipeline wait {run_id} --host {server.host}"


def _tasks(run: Any) -> list[Any]:
    """Details of the run's tasks that have begun, in order of their start."""
    details = run.run_details.task_details if run.run_details else None
    begun = (task for task in details or [] if task.display_name and task.state in MARKS)
    return sorted(begun, key=lambda task: str(task.start_time))


def _steps(run: Any) -> list[Any]:
    """The tasks that are steps of the pipeline; in a loop, one name may come several times."""
    spec = run.pipeline_spec or {}
    spec = spec.get("pipeline_spec", spec)
    components = spec.get("components", {})
    groups = [part.get("dag", {}).get("tasks", {}) for part in (spec.get("root", {}), *components.values())]
    names = {
        name
        for tasks in groups
        for name, task in tasks.items()
        if "executorLabel" in components.get(task.get("componentRef", {}).get("name"), {})
    }
    return [task for task in _tasks(run) if task.display_name in names]


def _show_changes(run: Any, seen: dict[str, str], show: Callable[[str], None]) -> None:
    """Show the run's state and those of its steps where they differ from `seen`, which is brought up to date."""
    lines = [(run.run_id, run.state, f"{run.state}")]
    lines += [(task.task_id, task.state, f"  {MARKS[task.state]} {task.display_name}") for task in _steps(run)]
    for key, state, line in lines:
        if seen.get(key) != state:
            show(line)
            seen[key] = state


def _finished(server: Server, run: Any) -> FinishedRun:
    url = server.run_url(run.run_id)
    if run.state != "SUCCEEDED":
        raise PipelineError(f"run {run.run_id} ended {run.state}{_blame(run)}; the logs of its steps are at {url}")
    steps = [{"name": task.display_name, "state": task.state} for task in _steps(run)]
    return FinishedRun(run.run_id, run.state, url, steps)


def _blame(run: Any) -> str:
    """` at <the steps that failed>: <what the server says about it>`, as far as it says."""
    failed = [task for task in _steps(run) if task.state == "FAILED"]
    if not failed:  # a step that never began: its driver did not get it off the ground
        failed = [task for task in _tasks(run) if task.state == "FAILED" and task.display_name.endswith("-driver")]
    names = ", ".join(dict.fromkeys(task.display_name for task in failed))
    messages = "; ".join(item.error.message for item in (run, *failed) if item.error and item.error.message)
    return (f" at {names}" if names else "") + (f": {' '.join(messages.split())}" if messages else "")
