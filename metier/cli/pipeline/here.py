"""What `metier pipeline` does on this machine, without a server."""

import json
from dataclasses import asdict
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
from metier.errors import InputError, PipelineError
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


def check(
    package: Annotated[Path, typer.Argument(help="What `metier pipeline compile` wrote.")],
    argument: Annotated[
        list[str] | None, typer.Option("--argument", help="NAME=VALUE of a run, VALUE as JSON or text (repeatable).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what a server would refuse of a package or a cluster would fail on, before it is submitted.

    Example: metier pipeline check training.yaml --argument as_of=2026-02-01T00:00:00+00:00
    """
    from pipelines.cluster import failures, needs, read_package, refusals

    spec, platform = read_package(package)
    arguments = dict(map(_argument, argument)) if argument else None
    faults = [*refusals(spec, arguments), *failures(spec, platform)]
    if as_json:
        print(json.dumps({"faults": [asdict(fault) for fault in faults], "needs": needs(spec, platform)}))
    elif not faults:
        print(f"{package}: no fault. Its runs need, with all else in their namespace:")
        for kind, names in needs(spec, platform).items():
            print("\n".join(f"  {kind} {name}" for name in names))
    for fault in () if as_json else faults:
        print(fault.render())
    if faults:
        raise PipelineError(f"{package}: {len(faults)} faults, of which each has its mend above")


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


def _argument(given: str) -> tuple[str, object]:
    """NAME=VALUE, its value read as JSON where it is some."""
    name, separator, value = given.partition("=")
    if not separator:
        raise InputError(f"--argument {given!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
