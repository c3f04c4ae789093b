"""Arguments that several commands of `metier pipeline` take."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]

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
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=DATES, help="Clock of the run, UTC; default: METIER_AS_OF, else the lake's newest event."
    ),
]
ClusterOption = Annotated[
    Path | None,
    typer.Option(
        "--cluster", help="TOML file of what steps get there, as infra/k8s/steps.toml; default: METIER_CLUSTER_FILE."
    ),
]


def shown(as_json: bool) -> Callable[[str], None]:
    """Where progress goes: nowhere for a caller that asked for JSON alone."""
    return _silent if as_json else _progress


def _progress(line: str) -> None:
    """Show a line on the terminal; not by print, which a local run redirects to its log."""
    terminal = sys.__stdout__
    if terminal is not None:
        terminal.write(f"{line}\n")
        terminal.flush()


def _silent(line: str) -> None:
    """Show nothing."""
