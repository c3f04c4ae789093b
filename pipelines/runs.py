"""Runs on a Kubeflow Pipelines server: which there are, ending one, and why one failed.

Knows the server's words for runs and their tasks, nothing of what a step does.
"""

from dataclasses import dataclass
from typing import Any

from metier.errors import AbsentError, InputError
from pipelines.kubeflow import Server, experiment_named

ENDED = {"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"}
MARKS = {"RUNNING": "▸", "SUCCEEDED": "✓", "SKIPPED": "-", "FAILED": "✗", "CANCELED": "✗"}


@dataclass(frozen=True)
class ListedRun:
    """A run in a list, the newest first; `created` is ISO 8601."""

    run_id: str
    name: str
    state: str
    created: str


@dataclass(frozen=True)
class FailedTask:
    """A step that failed: what the server says of it, and the pods that it names."""

    name: str
    error: str
    pods: list[str]


@dataclass(frozen=True)
class RunLogs:
    """Where the words of a run's steps are; pods that ended long ago may be gone."""

    run_id: str
    state: str
    failed: list[FailedTask]
    kubectl: str
    url: str


def list_runs(server: Server, *, experiment: str, most: int) -> list[ListedRun]:
    """The newest runs of the experiment; InputError where there is no such experiment."""
    listed = server.read(
        server.runs.run_service_list_runs,
        experiment_id=experiment_named(server, experiment),
        page_token="",
        page_size=most,
        sort_by="created_at desc",
    )
    return [
        ListedRun(run.run_id, run.display_name, run.state or "PENDING", f"{run.created_at:%Y-%m-%dT%H:%M:%SZ}")
        for run in listed.runs or []
    ]


def cancel(server: Server, run_id: str) -> None:
    """End the run with its steps; InputError where there is none or it has ended."""
    state = found_run(server, run_id).state
    if state in ENDED:
        raise InputError(f"run {run_id} has ended {state}; there is nothing to cancel")
    server.read(server.runs.run_service_terminate_run, run_id=run_id)  # twice does no harm


def logs(server: Server, run_id: str) -> RunLogs:
    """What the server knows of the run's failures, and the command that prints what its steps said."""
    run = found_run(server, run_id)
    attempts = [task for task in begun(run) if task.state == "FAILED" and task.display_name.startswith("executor")]
    failed = [
        FailedTask(step.display_name, error_of(step) or error_of(run), _pods(step, *attempts))
        for step in failed_steps(run)
    ]
    # Pods carry the run's id; the server tells of each only the number that its name ends with.
    command = (
        f"kubectl --namespace {server.namespace or 'kubeflow'} logs --selector pipeline/runid={run_id} "
        "--container main --prefix --tail=-1"
    )
    return RunLogs(run_id, run.state, failed, command, server.run_url(run_id))


def found_run(server: Server, run_id: str, *, patient: bool = True) -> Any:
    """The run as the server has it, asked for again where it does not answer if `patient`; InputError for none."""
    try:
        run = (server.read if patient else server.ask)(server.runs.run_service_get_run, run_id=run_id)
    except AbsentError as error:
        raise InputError(f"no run {run_id!r} at {server.host}; its runs are listed at {server.host}/#/runs") from error
    if not run.run_id:
        raise server.not_kubeflow()
    return run


def begun(run: Any) -> list[Any]:
    """Details of the run's tasks that have begun, in order of their start."""
    details = run.run_details.task_details if run.run_details else None
    tasks = (task for task in details or [] if task.display_name and task.state in MARKS)
    return sorted(tasks, key=lambda task: str(task.start_time))


def steps(run: Any) -> list[Any]:
    """The tasks that are steps of the pipeline, not groups or drivers; in a loop, one name may come several times."""
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
    return [task for task in begun(run) if task.display_name in names]


def failed_steps(run: Any) -> list[Any]:
    """Steps that failed; where none began, the drivers that did not get theirs off the ground."""
    failed = [task for task in steps(run) if task.state == "FAILED"]
    return failed or [task for task in begun(run) if task.state == "FAILED" and task.display_name.endswith("-driver")]


def error_of(told: Any) -> str:
    """What the server says of a run or a task that failed, on one line; empty where it says nothing."""
    return " ".join(told.error.message.split()) if told.error and told.error.message else ""


def _pods(*tasks: Any) -> list[str]:
    """Pods of the tasks as far as the server names them."""
    own = [task.pod_name for task in tasks]
    below = [child.pod_name for task in tasks for child in task.child_tasks or []]
    return list(dict.fromkeys(name for name in (*own, *below) if name))
