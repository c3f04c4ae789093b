"""Compile a pipeline to a package, or run the same object here. Knows which pipelines exist, not what they do."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metier.code import code_digest
from metier.contract import SURFACES, surface
from metier.durable import write_whole
from metier.errors import PipelineError, UnknownNameError
from metier.lake import Lake
from metier.settings import Settings
from pipelines.progress import RunLog

PIPELINES = ("features", "training", "monitoring")
SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "FEAST_USAGE": "False",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class PipelineRun:
    """A finished local run: what it returned, where its artifacts and its log are."""

    output: str
    artifacts: Path
    log: Path


def pipeline_named(name: str) -> Any:
    """The kfp pipeline object called `name`; UnknownNameError when there is none."""
    if name == "features":
        from pipelines.features import features

        return features
    if name == "training":
        from pipelines.training import training

        return training
    if name == "monitoring":
        from pipelines.monitoring import monitoring

        return monitoring
    raise UnknownNameError("pipeline", name, PIPELINES)


def compile_package(name: str, out: Path) -> Path:
    """Write the pipeline's package (KFP IR YAML) to `out`."""
    pipeline = pipeline_named(name)
    from kfp import compiler

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package.yaml"  # the compiler wants this ending
        compiler.Compiler().compile(pipeline, str(package))
        write_whole(out, package.read_bytes())
    return out


def run_arguments(name: str, settings: Settings, surfaces: tuple[str, ...]) -> dict[str, object]:
    """The pipeline's arguments: its clock, the digest of its inputs, and the surfaces to train."""
    lake = Lake(settings.lake)
    as_of: datetime = settings.as_of or lake.as_of()
    arguments: dict[str, object] = {"as_of": as_of.isoformat(), "inputs_digest": inputs_digest(lake)}
    if name == "training":
        arguments["surfaces"] = [surface(wanted) for wanted in surfaces or SURFACES]
    return arguments


def inputs_digest(lake: Lake) -> str:
    """Digest of the lake's content and of the installed code: what a cached step result depends on."""
    return hashlib.sha256(f"{lake.digest()} {code_digest()}".encode()).hexdigest()[:16]


def run_locally(
    name: str, settings: Settings, surfaces: tuple[str, ...] = (), *, show: Callable[[str], None]
) -> PipelineRun:
    """Run the pipeline in subprocesses of this machine; PipelineError names what failed and where the log is.

    `show` gets progress lines; it must not use print, which goes to the log meanwhile.
    """
    pipeline = pipeline_named(name)
    arguments = run_arguments(name, settings, surfaces)
    settings.pipelines.mkdir(parents=True, exist_ok=True)
    from kfp import local

    os.environ.update(SINGLE_THREADED, METIER_HOME=str(settings.home))
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(settings.pipelines / "runs"),
        raise_on_error=True,
        enable_caching=True,
        cache_root=str(settings.pipelines / "cache"),
    )
    log_path = settings.pipelines / f"{name}.log"
    with RunLog(log_path, show) as log, redirect_stdout(log), redirect_stderr(log):
        try:
            task = pipeline(**arguments)
        except RuntimeError as error:
            raise PipelineError(f"pipeline {name}: {log.failure() or error}; the whole log is {log_path}") from error
    (settings.pipelines / f"{name}.json").write_text(json.dumps({"arguments": arguments, "output": task.output}))
    return PipelineRun(str(task.output), settings.pipelines / "runs", log_path)
