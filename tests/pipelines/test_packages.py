"""The compiled packages keep what a Kubeflow server accepts, and every step keeps its body thin."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from metier.errors import UnknownNameError
from metier.settings import Settings
from pipelines.local import PIPELINES, compile_package, pipeline_named
from pipelines.package import prepare
from tests.pipelines.command import assert_one_line, metier

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
    assert cached == {"validate-events", "build-training-set", "train-ranker", "blend-ensemble", "evaluate-ensemble"}
    assert tasks.keys() - cached >= {"materialize-features", "register-ensemble", "build-candidate-index"}
    assert "report-evaluation" not in cached, "it decides by what the registry says, as register-ensemble does"


def test_a_run_trains_the_rankers_it_is_given_and_ours_by_default(home):
    def rankers(*sources):
        return prepare("training", Settings(home=home), rankers=sources).arguments["rankers"]

    assert [choice["name"] for choice in rankers()] == ["xgboost", "neural"]
    assert rankers("theirs:Mine", "column:skill_jaccard") == [
        {"name": "mine", "source": "theirs:Mine", "version": ""},
        {"name": "skill_jaccard", "source": "column:skill_jaccard", "version": ""},
    ]


def test_one_step_trains_every_ranker_in_a_loop_over_the_argument(home):
    spec = prepare("training", Settings(home=home)).spec
    loops = [task for part in spec["components"].values() for task in part.get("dag", {}).get("tasks", {}).values()]
    (over_rankers,) = [loop for loop in loops if "parameterIterator" in loop]
    # In a loop, kfp 2.17 here replaces every output of a task outside by the loop's item, but no argument of a run.
    assert over_rankers["parameterIterator"]["items"] == {"inputParameter": "pipelinechannel--rankers"}
    assert over_rankers["inputs"]["parameters"]["pipelinechannel--rankers"] == {
        "componentInputParameter": "pipelinechannel--rankers"
    }


@pytest.mark.parametrize(
    ("name", "ranker", "words"),
    [
        ("training", "lightgbm", ["unknown ranker 'lightgbm'", "my_package:MyRanker"]),
        ("training", "nobody_has_this:Ranker", ["No module named 'nobody_has_this'", "PYTHONPATH"]),
        ("features", "xgboost", ["pipeline features trains no ranker"]),
    ],
)
def test_a_ranker_that_cannot_be_trained_is_refused_in_one_line(home, name, ranker, words):
    assert_one_line(metier(home, "run", name, "--ranker", ranker), 2, *words)


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
