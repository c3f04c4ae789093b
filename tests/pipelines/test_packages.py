"""The compiled packages keep what a Kubeflow server accepts, and every step keeps its body thin."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from metier.errors import UnknownNameError
from pipelines.local import PIPELINES, compile_package, pipeline_named

STEPS = Path(__file__).resolve().parents[2] / "components"


@pytest.mark.parametrize("name", PIPELINES)
def test_a_package_names_only_executors_and_producers_that_exist(name, tmp_path):
    spec = next(iter(yaml.safe_load_all(compile_package(name, tmp_path / "package.yaml").read_text())))
    assert spec["schemaVersion"] == "2.1.0"
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", spec["pipelineInfo"]["name"])
    executors = spec["deploymentSpec"]["executors"]
    for component in spec["components"].values():
        assert "executorLabel" not in component or component["executorLabel"] in executors
    for executor in executors.values():
        assert "pip install" not in " ".join(executor["container"]["command"])


def test_services_are_written_by_steps_that_are_never_cached(tmp_path):
    spec = next(iter(yaml.safe_load_all(compile_package("training", tmp_path / "training.yaml").read_text())))
    dags = [spec["root"]["dag"], *(part["dag"] for part in spec["components"].values() if "dag" in part)]
    tasks = {name: task for dag in dags for name, task in dag["tasks"].items()}
    cached = {name for name, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")}
    assert cached == {
        "validate-events", "build-training-set", "train-ranker", "blend-ensemble",
        "evaluate-ensemble", "report-evaluation",
    }  # fmt: skip
    assert tasks.keys() - cached >= {"materialize-features", "register-ensemble", "build-candidate-index"}


def test_an_unknown_pipeline_is_refused_by_name():
    with pytest.raises(UnknownNameError, match="features, training"):
        pipeline_named("trainning")


def test_every_step_is_thin():
    steps = [path for path in STEPS.glob("*.py") if path.name not in {"__init__.py", "step.py"}]
    assert len(steps) >= 8
    for path in steps:
        (function,) = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        statements = [node for node in function.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
        length = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in statements)
        assert length <= 15, f"{path.name}: {length} lines"
