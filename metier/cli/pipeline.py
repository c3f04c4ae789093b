"""`metier pipeline`: compile, run or submit the Kubeflow pipelines."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from metier.cli.output import JsonOption
from metier.cli.report import report
from metier.settings import load_settings

DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
app = typer.Typer(help="Compile, run or submit the Kubeflow pipelines.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="features, training, monitoring or query_model")]
SurfaceOption = Annotated[
    list[str] | None, typer.Option("--surface", help="Only this surface (repeatable); default: all that have data.")
]
RankerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ranker",
        help="xgboost, neural, a class of yours (my_package:MyRanker), column:NAME or the URL of an endpoint "
        "(repeatable); default: xgboost and neural.",
    ),
]
HostOption = Annotated[str, typer.Option(help="URL of the Kubeflow Pipelines server.")]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=DATES, help="Clock of the run, UTC; default: METIER_AS_OF, else the lake's newest event."
    ),
]


@app.command("compile")
def compile_(
    name: NameArgument, out: Annotated[Path | None, typer.Option(help="Where the package goes.")] = None
) -> None:
    """Write the pipeline's package for a Kubeflow server.

    Example: metier pipeline compile training --out training.yaml
    """
    from pipelines.local import compile_package

    print(compile_package(name, out or Path(f"{name}.yaml")))


@app.command("run")
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

    show = _silent if as_json else _progress
    finished = run_locally(name, load_settings(as_of), tuple(surface or ()), tuple(ranker or ()), show=show)
    if as_json:
        print(json.dumps({"output": finished.output, "artifacts": str(finished.artifacts), "log": str(finished.log)}))
        return
    if name == "training" and not quiet:
        report()
    print(f"Artifacts: {finished.artifacts}\nLog: {finished.log}")


@app.command("submit")
def submit(
    name: NameArgument,
    host: HostOption,
    *,
    surface: SurfaceOption = None,
    ranker: RankerOption = None,
    as_of: AsOfOption = None,
    experiment: Annotated[str, typer.Option(help="Experiment of the run; created where there is none.")] = "metier",
    namespace: Annotated[str | None, typer.Option(help="Kubernetes namespace, on a multi-user server.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run of the pipeline on a Kubeflow server.

    Example: metier pipeline submit training --host http://localhost:8080
    """
    from pipelines.kubeflow import Server
    from pipelines.kubeflow import submit as submit_run
    from pipelines.package import prepare

    package = prepare(name, load_settings(as_of), tuple(surface or ()), tuple(ranker or ()))
    submitted = submit_run(Server(host, namespace), package, experiment=experiment, now=datetime.now(UTC))
    if as_json:
        print(json.dumps(asdict(submitted)))
    else:
        wait_next = f"metier pipeline wait {submitted.run_id} --host {host}"
        print(f"Run: {submitted.run_id}\nSee it: {submitted.url}\nWait for it: {wait_next}")


@app.command("wait")
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

    show = _silent if as_json else _progress
    finished = wait_for(Server(host), run_id, minutes=timeout_minutes, show=show)
    print(json.dumps(asdict(finished)) if as_json else f"See it: {finished.url}")


def _progress(line: str) -> None:
    """Show a line on the terminal; not by print, which a local run redirects to its log."""
    terminal = sys.__stdout__
    if terminal is not None:
        terminal.write(f"{line}\n")
        terminal.flush()


def _silent(line: str) -> None:
    """Show nothing: the caller asked for JSON alone."""
