"""A compiled pipeline with its arguments, checked as far as that needs no server."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metier.errors import PipelineError
from metier.settings import Settings
from pipelines.cluster import Cluster, refusals
from pipelines.local import compile_package, run_arguments


@dataclass(frozen=True)
class Package:
    """A compiled pipeline (`spec` is what the server's API takes), the arguments to run it with, and as whom."""

    name: str
    spec: dict[str, Any]
    arguments: dict[str, object]
    service_account: str | None = None


def prepare(
    name: str,
    settings: Settings,
    surfaces: tuple[str, ...] = (),
    rankers: tuple[str, ...] = (),
    *,
    cluster: Cluster | None = None,
) -> Package:
    """Compile the pipeline called `name` for the cluster, compute its arguments from the lake, check both."""
    with tempfile.TemporaryDirectory() as folder:
        path = compile_package(name, Path(folder) / f"{name}.yaml", cluster)
        spec, *platforms = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    arguments = run_arguments(name, settings, surfaces, rankers)
    check(spec, arguments)
    sent = {"pipeline_spec": spec, "platform_spec": platforms[0]} if platforms else spec
    return Package(spec["pipelineInfo"]["name"], sent, arguments, cluster.service_account if cluster else None)


def check(spec: dict[str, Any], arguments: dict[str, object]) -> None:
    """PipelineError, in one line, for a package or arguments that a server would not run."""
    if faults := refusals(spec, arguments):
        raise PipelineError(" / ".join(fault.render() for fault in faults))
