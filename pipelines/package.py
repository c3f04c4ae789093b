"""A compiled pipeline with its arguments, checked as far as that needs no server.

Knows what a Kubeflow Pipelines server refuses, fails on later or names less clearly; nothing of how it is reached.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metier.errors import PipelineError
from metier.settings import Settings
from pipelines.cluster import Cluster
from pipelines.local import compile_package, run_arguments

SCHEMA_VERSION = "2.1.0"
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123
YAML_BOOLEANS = {"y", "n", "yes", "no", "on", "off"}
TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int, float),  # servers take 4.5 as well
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}


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
    """PipelineError for a package or arguments that a server would not run."""
    if spec.get("schemaVersion") != SCHEMA_VERSION:
        version = spec.get("schemaVersion")
        raise PipelineError(
            f"the package has schema version {version}, servers take {SCHEMA_VERSION}; compile it again"
        )
    name = str(spec.get("pipelineInfo", {}).get("name", ""))
    if not LABEL.fullmatch(name):
        raise PipelineError(f"pipeline name {name!r} is not 1 to 63 of a-z, 0-9 and inner '-'; rename the pipeline")
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for parameter in declared:
        if parameter.lower() in YAML_BOOLEANS:
            raise PipelineError(f"pipeline {name}: parameter {parameter!r} is a boolean to YAML 1.1; rename it")
    for argument, value in arguments.items():
        if argument not in declared:
            parameters = ", ".join(sorted(declared))
            raise PipelineError(f"pipeline {name} has no parameter {argument!r}; give only: {parameters}")
        _check_type(f"pipeline {name}: {argument}", declared[argument]["parameterType"], value)


def _check_type(what: str, declared: str, value: object) -> None:
    allowed = TYPES[declared]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise PipelineError(f"{what} is {value!r}, not of type {declared}; correct the argument")
