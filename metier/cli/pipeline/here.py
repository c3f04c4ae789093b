"""What `metier pipeline` does on this machine, without a server."""

import json
from pathlib import Path
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
from metier.cli.report import report
from metier.settings import load_settings


def compile_(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option(help="Where the package goes.")] = None,
    cluster: ClusterOption = None,
) -> None:
    """Write the pipeline's package for a Kubeflow server; with a cluster's file, every step as it has to run there.

    Example: metier pipeline compile training --cluster infra/k8s/steps.toml --out training.yaml
    """
    from pipelines.cluster import load_cluster
    from pipelines.local import compile_package

    path = cluster or load_settings().cluster_file
    print(compile_package(name, out or Path(f"{name}.yaml"), load_cluster(path) if path else None))


def run(
    name: NameArgument,
    surface: SurfaceOption = None,
    ranker: RankerOption = None,
    as_of: AsOfOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the summary of the reports at the end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the pipeline on this machine, step by step, with its artifacts kept under METIER_HOME.

    Example: metier pipeline run training --surface job_feed --ranker xgboost --ranker my_package:MyRanker
             metier pipeline run features --as-of 2026-02-01
    """
    from pipelines.local import run_locally

    surfaces, rankers = tuple(surface or ()), tuple(ranker or ())
    finished = run_locally(name, load_settings(as_of), surfaces, rankers, show=shown(as_json))
    if as_json:
        print(json.dumps({"output": finished.output, "artifacts": str(finished.artifacts), "log": str(finished.log)}))
        return
    if name == "training" and not quiet:
        report()
    print(f"Artifacts: {finished.artifacts}\nLog: {finished.log}")
