"""What `metier pipeline` does on a Kubeflow Pipelines server."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from metier.cli.output import JsonOption
from metier.cli.pipeline.options import (
    AsOfOption,
    ClusterOption,
    NameArgument,
    RankerOption,
    SurfaceOption,
    shown,
)
from metier.errors import InputError
from metier.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.package import Package

HostOption = Annotated[str, typer.Option(help="URL of the Kubeflow Pipelines server.")]
NamespaceOption = Annotated[str | None, typer.Option(help="Kubernetes namespace, on a multi-user server.")]
ExperimentOption = Annotated[str, typer.Option(help="Experiment of the runs; created where there is none.")]
RunArgument = Annotated[str, typer.Argument(help="What `metier pipeline submit` printed.")]


def submit(
    name: NameArgument,
    host: HostOption,
    *,
    surface: SurfaceOption = None,
    ranker: RankerOption = None,
    as_of: AsOfOption = None,
    cluster: ClusterOption = None,
    experiment: ExperimentOption = "metier",
    namespace: NamespaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run of the pipeline on a Kubeflow server.

    Example: metier pipeline submit training --cluster infra/k8s/steps.toml --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.kubeflow import submit as submit_run

    package = _package(name, load_settings(as_of), surface, ranker, cluster)
    submitted = submit_run(Server(host, namespace), package, experiment=experiment, now=datetime.now(UTC))
    if as_json:
        print(json.dumps(asdict(submitted)))
    else:
        wait_next = f"metier pipeline wait {submitted.run_id} --host {host}"
        print(f"Run: {submitted.run_id}\nSee it: {submitted.url}\nWait for it: {wait_next}")


def schedule(
    name: NameArgument,
    host: HostOption,
    cron: Annotated[str, typer.Option(help="When, in UTC: second, minute, hour, day, month, day of the week.")],
    *,
    surface: SurfaceOption = None,
    ranker: RankerOption = None,
    cluster: ClusterOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="End the schedule of this pipeline that is there.")
    ] = False,
    experiment: ExperimentOption = "metier",
    namespace: NamespaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a Kubeflow server run the pipeline by the clock, each time as of the moment that it is due.

    Example: metier pipeline schedule training --cron "0 0 3 * * *" --cluster infra/k8s/steps.toml --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.schedules import schedule as create

    package = _package(name, load_settings(), surface, ranker, cluster)
    server = Server(host, namespace)
    made = create(server, package, name=package.name, cron=cron, experiment=experiment, replace=replace)
    print(json.dumps(asdict(made)) if as_json else f"Schedule: {made.schedule_id} ({made.name}, {made.cron})")


def list_(
    host: HostOption,
    *,
    schedules: Annotated[bool, typer.Option("--schedules", help="Schedules instead of runs.")] = False,
    most: Annotated[int, typer.Option(min=1, max=200, help="So many runs, the newest first.")] = 20,
    experiment: Annotated[str, typer.Option(help="Experiment of the runs.")] = "metier",
    namespace: NamespaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest runs of an experiment, or its schedules.

    Example: metier pipeline list --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.runs import list_runs
    from pipelines.schedules import list_schedules

    server = Server(host, namespace)
    listed = (
        list_schedules(server, experiment=experiment)
        if schedules
        else list_runs(server, experiment=experiment, most=most)
    )
    rows = [asdict(each) for each in listed]
    print(json.dumps(rows) if as_json else "\n".join("  ".join(row.values()) for row in rows) or "none")


def wait(
    run_id: RunArgument,
    host: HostOption,
    timeout_minutes: Annotated[float, typer.Option(min=0, help="Give up after this; the run goes on.")] = 120,
    as_json: JsonOption = False,
) -> None:
    """Wait until a run on a Kubeflow server ends, and show its steps meanwhile.

    Example: metier pipeline wait RUN_ID --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.watch import wait as wait_for

    finished = wait_for(Server(host), run_id, minutes=timeout_minutes, show=shown(as_json))
    print(json.dumps(asdict(finished)) if as_json else f"See it: {finished.url}")


def logs(run_id: RunArgument, host: HostOption, namespace: NamespaceOption = None, as_json: JsonOption = False) -> None:
    """Show why a run failed, as far as the server says, and the command that prints what its steps said.

    Example: metier pipeline logs RUN_ID --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.runs import logs as logs_of

    told = logs_of(Server(host, namespace), run_id)
    if as_json:
        print(json.dumps(asdict(told)))
        return
    print(f"{told.run_id} {told.state}")
    for task in told.failed:
        pods = ", ".join(task.pods) or "none that the server names"
        print(f"  ✗ {task.name}: {task.error or 'the server tells no reason'}\n      pods: {pods}")
    print(f"What the steps said: {told.kubectl}\nSee it: {told.url}")


def cancel(
    run_id: Annotated[str, typer.Argument(help="What `metier pipeline list` shows first.")],
    host: HostOption,
    *,
    schedule: Annotated[bool, typer.Option("--schedule", help="It is a schedule: no more runs are started.")] = False,
) -> None:
    """End a run with its steps, or a schedule.

    Example: metier pipeline cancel RUN_ID --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.runs import cancel as cancel_run
    from pipelines.schedules import unschedule

    (unschedule if schedule else cancel_run)(Server(host), run_id)
    print(f"{'Schedule' if schedule else 'Run'} {run_id} is cancelled")


def _package(
    name: str, settings: Settings, surface: list[str] | None, ranker: list[str] | None, cluster: Path | None
) -> "Package":
    """The pipeline, fitted to the cluster and checked; InputError where nothing says what steps get there."""
    from pipelines.cluster import load_cluster
    from pipelines.local import pipeline_named
    from pipelines.package import prepare

    pipeline_named(name)
    path = cluster or settings.cluster_file
    if path is None:
        raise InputError("nothing says what steps get on the cluster; give --cluster or set METIER_CLUSTER_FILE")
    return prepare(name, settings, tuple(surface or ()), tuple(ranker or ()), cluster=load_cluster(path))
