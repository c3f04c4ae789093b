"""Compile a pipeline to a package, or run the same object here. Knows which pipelines exist, not what they do."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from components.language.taxonomy import taxonomy_of
from components.training_sets.budget import needs
from metier.code import code_digest
from metier.contract import SURFACES, surface
from metier.durable import write_whole
from metier.errors import InputError, PipelineError, UnknownNameError
from metier.lake import Lake
from metier.settings import Settings
from pipelines.progress import RunLog, output_restored

if TYPE_CHECKING:
    from components.ranking.choice import RankerChoice
    from pipelines.cluster import Cluster

CLOCK = "%Y-%m-%dT%H:%M:%S"
"""How moments are printed, as --as-of reads them."""
PIPELINES = ("features", "training", "monitoring", "query_model")
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
    if name == "query_model":
        from pipelines.query_model import query_model

        return query_model
    raise UnknownNameError("pipeline", name, PIPELINES)


def compile_package(name: str, out: Path, cluster: "Cluster | None" = None) -> Path:
    """Write the pipeline's package (KFP IR YAML) to `out`, fitted to the cluster where one is given."""
    pipeline = pipeline_named(name)
    from kfp import compiler

    from pipelines.cluster import fitted

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package.yaml"  # the compiler wants this ending
        compiler.Compiler().compile(pipeline, str(package))
        content = package.read_bytes()
    if cluster is not None:
        content = yaml.safe_dump_all(fitted(yaml.safe_load(content), cluster), sort_keys=True).encode()
    write_whole(out, content)
    return out


def run_arguments(
    name: str, settings: Settings, surfaces: tuple[str, ...], rankers: tuple[str, ...] = ()
) -> dict[str, object]:
    """The pipeline's arguments: its clock, the digest of its inputs, and what to train.

    InputError for a ranker that is spelled like none or that another pipeline than training was given, and for a clock
    that the lake knows nothing at.
    """
    if name == "query_model":
        if surfaces or rankers:
            raise InputError("pipeline query_model trains one language model for all; leave out --surface and --ranker")
        return _query_model_arguments(settings)
    lake = Lake(settings.lake)
    as_of = run_clock(name, settings, lake)
    arguments: dict[str, object] = {"as_of": as_of.isoformat(), "inputs_digest": inputs_digest(lake, settings)}
    if name == "training":
        arguments["surfaces"] = [surface(name) for name in surfaces or SURFACES]
        arguments["rankers"] = [asdict(choice) for choice in _choices(rankers, surfaces)]
    elif rankers:
        raise InputError(f"pipeline {name} trains no ranker; leave out --ranker or run training")
    return arguments


def _require_at_hand(name: str, settings: Settings, surfaces: tuple[str, ...], rankers: tuple[str, ...]) -> None:
    """InputError where a ranker, or the base of the query model, is not to be had on this machine."""
    for choice in _choices(rankers, surfaces) if rankers else ():
        choice.require_class()
    base = settings.query_base
    if name == "query_model" and base is not None and not base.exists():
        raise InputError(f"METIER_QUERY_BASE is {base}, which is not there; set it to a model's folder")


def _query_model_arguments(settings: Settings) -> dict[str, object]:
    """The pipeline reads no lake: its inputs are the taxonomy and the code."""
    skills = taxonomy_of(settings.taxonomy).digest
    digest = hashlib.sha256(f"{skills} {code_digest()}".encode()).hexdigest()[:16]
    return {"inputs_digest": digest, "base": str(settings.query_base or ""), "workers": settings.query_workers}


def run_clock(name: str, settings: Settings, lake: Lake) -> datetime:
    """The clock of a run. InputError where nothing was recorded by then, and for the future.

    Monitoring may look from after the wall clock's moment: how old everything will be by then.
    """
    first, last = lake.span()
    as_of = settings.as_of or last
    if as_of < first.replace(microsecond=0) or (name != "monitoring" and as_of > max(last, datetime.now(UTC))):
        fault = "before anything was recorded" if as_of < first else "in the future"
        raise InputError(
            f"the clock {as_of:{CLOCK}} (--as-of or METIER_AS_OF) lies {fault}: "
            f"the lake spans {first:{CLOCK}} to {last:{CLOCK}}; give --as-of between"
        )
    return as_of


def _choices(rankers: Sequence[str], surfaces: Sequence[str]) -> "list[RankerChoice]":
    """The rankers to train. InputError for a column that one of `surfaces` has not; without any, that none has."""
    from components.ranking.choice import choose  # brings XGBoost and onnxruntime
    from feature_repo.inputs.transforms import FEATURE_NAMES, feature_names

    choices = choose(rankers)
    anywhere = tuple(dict.fromkeys(name for names in FEATURE_NAMES.values() for name in names))
    for names in [feature_names(name) for name in surfaces] or [anywhere]:
        for choice in choices:
            choice.require_column(names)
    return choices


def inputs_digest(lake: Lake, settings: Settings) -> str:
    """What a cached step result depends on: the lake's content and language, the taxonomy and the installed code."""
    skills = taxonomy_of(settings.taxonomy).digest
    return hashlib.sha256(f"{lake.digest()} {settings.language} {skills} {code_digest()}".encode()).hexdigest()[:16]


def cache_folder(settings: Settings) -> Path:
    """Where results of steps are kept. They name files by absolute paths: a copied home has a cache of its own."""
    own = hashlib.sha256(str(settings.home).encode()).hexdigest()[:16]
    return settings.pipelines / own / "cache"


def run_locally(
    name: str,
    settings: Settings,
    surfaces: tuple[str, ...] = (),
    rankers: tuple[str, ...] = (),
    *,
    show: Callable[[str], None],
) -> PipelineRun:
    """Run the pipeline in subprocesses of this machine, which end with this one.

    PipelineError names what failed and where the log is, InputError a ranker or a base that is not to be had here.

    `show` gets progress lines; it must not use print, which goes to the log meanwhile.
    """
    pipeline = pipeline_named(name)
    arguments = run_arguments(name, settings, surfaces, rankers)
    _require_at_hand(name, settings, surfaces, rankers)
    needed = needs(Lake(settings.lake).counts(), settings.memory_bytes)
    if name == "training":
        show(f"needs at most {needed.render()}")
    settings.pipelines.mkdir(parents=True, exist_ok=True)
    from kfp import local

    from pipelines.processes import ending_with_this_run

    os.environ.update(SINGLE_THREADED, METIER_HOME=str(settings.home))
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(settings.pipelines / "runs"),
        raise_on_error=True,
        enable_caching=True,
        cache_root=str(cache_folder(settings)),
    )
    log_path = settings.pipelines / f"{name}.log"
    with (
        output_restored(),
        RunLog(log_path, show) as log,
        redirect_stdout(log),
        redirect_stderr(log),
        ending_with_this_run(needed.steps_at_once),
    ):
        try:
            task = pipeline(**arguments)
        except RuntimeError as error:
            raise PipelineError(f"pipeline {name}: {log.failure() or error}; the whole log is {log_path}") from error
        except (KeyboardInterrupt, SystemExit):
            show(f"stopped, and its steps with it; what had finished is not done again. The whole log is {log_path}")
            raise
    (settings.pipelines / f"{name}.json").write_text(json.dumps({"arguments": arguments, "output": task.output}))
    return PipelineRun(str(task.output), settings.pipelines / "runs", log_path)
