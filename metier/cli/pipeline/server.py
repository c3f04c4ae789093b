"""What `metier pipeline` does on a Kubeflow Pipelines server."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

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
from metier.settings import load_settings

HostOption = Annotated[str, typer.Option(help="URL of the Kubeflow Pipelines server.")]


def submit(
    name: NameArgument,
    host: HostOption,
    *,
    surface: SurfaceOption = None,
    ranker: RankerOption = None,
    as_of: AsOfOption = None,
    cluster: ClusterOption = None,
    experiment: Annotated[str, typer.Option(help="Experiment of the run; created where there is none.")] = "metier",
    namespace: Annotated[str | None, typer.Option(help="Kubernetes namespace, on a multi-user server.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run of the pipeline on a Kubeflow server.

    Example: metier pipeline submit training --host http://localhost:8080
    """
    from pipelines.cluster import load_cluster
    from pipelines.kubeflow import Server
    from pipelines.kubeflow import submit as submit_run
    from pipelines.package import prepare

    settings = load_settings(as_of)
    path = cluster or settings.cluster_file
    given = load_cluster(path) if path else None
    package = prepare(name, settings, tuple(surface or ()), tuple(ranker or ()), cluster=given)
    submitted = submit_run(Server(host, namespace), package, experiment=experiment, now=datetime.now(UTC))
    if as_json:
        print(json.dumps(asdict(submitted)))
    else:
        wait_next = f"metier pipeline wait {submitted.run_id} --host {host}"
        print(f"Run: {submitted.run_id}\nSee it: {submitted.url}\nWait for it: {wait_next}")


def wait(
    run_id: Annotated[str, typer.Argument(help="What `metier pipeline submit` printed.")],
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
