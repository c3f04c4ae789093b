"""Packages fitted to a cluster: as kfp itself writes them, and every step of ours with all that it needs."""

import inspect
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from kfp import compiler, dsl, kubernetes
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

import components
from components.ranking.choice import choose
from metier.contract import SURFACES
from pipelines.cluster import Cluster, fitted, load_cluster
from pipelines.cluster.fitting import TALKING
from pipelines.local import PIPELINES, compile_package
from tests.pipelines.cluster.test_settings import SHIPPED

CLUSTER = Cluster.model_validate(
    {
        "image": "registry.example.org/steps:1",
        "image_pull_secrets": ["pull"],
        "home": {"claim": "home", "path": "/data"},
        "environment": {"METIER_LANGUAGE": "de"},
        "secrets": {"METIER_REGISTRY_URI": {"secret": "registry", "key": "uri"}},
        "resources": {"cpu": "250m", "memory": "512Mi"},
        "steps": {"train-ranker": {"cpu": "2", "memory": "4Gi"}},
        "retry": {"most": 2, "backoff_seconds": 5, "factor": 3.0, "longest_seconds": 60},
    }
)


@dsl.component(base_image="steps:1", install_kfp_package=False)
def plan_training(rows: int) -> list:
    return list(range(rows))


@dsl.component(base_image="steps:1", install_kfp_package=False)
def train_ranker(item: int) -> str:
    return str(item)


@dsl.component(base_image="registry.example.org/steps:1", install_kfp_package=False)
def plan_training_there(rows: int) -> list:
    return list(range(rows))


@dsl.component(base_image="registry.example.org/steps:1", install_kfp_package=False)
def train_ranker_there(item: int) -> str:
    return str(item)


def by_kfp(task, cpu, memory):
    """The task as kfp's own methods and kfp-kubernetes equip it."""
    task.set_env_variable("METIER_LANGUAGE", "de").set_env_variable("METIER_HOME", "/data")
    task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)
    kubernetes.mount_pvc(task, "home", "/data")
    kubernetes.use_secret_as_env(task, "registry", {"uri": "METIER_REGISTRY_URI"})
    kubernetes.set_image_pull_secrets(task, ["pull"])
    kubernetes.add_pod_label(task, "app.kubernetes.io/part-of", "metier")
    return kubernetes.set_security_context(task, run_as_user=10001, run_as_group=10001, run_as_non_root=True)


@dsl.pipeline(name="looped")
def bare(rows: int = 3):
    planned = plan_training(rows=rows)
    with dsl.ParallelFor(planned.output) as item:
        train_ranker(item=item)


@dsl.pipeline(name="looped")
def equipped(rows: int = 3):
    planned = by_kfp(plan_training_there(rows=rows), "250m", "512Mi")
    planned.set_retry(2, backoff_duration="5s", backoff_factor=3.0, backoff_max_duration="60s")
    with dsl.ParallelFor(planned.output) as item:
        by_kfp(train_ranker_there(item=item), "2", "4Gi")


def compiled(pipeline, tmp_path, name):
    path = tmp_path / f"{name}.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    text = path.read_text().replace("-there", "").replace("_there", "")
    return list(yaml.safe_load_all(text))


def without_code(spec):
    """The spec less the text of the steps, which names them."""
    for executor in spec["deploymentSpec"]["executors"].values():
        del executor["container"]["command"]
    return spec


def test_a_fitted_package_is_what_kfp_writes_of_a_pipeline_equipped_task_by_task(tmp_path):
    (plain,) = compiled(bare, tmp_path, "bare")
    spec, platform = fitted(plain, CLUSTER)
    expected_spec, expected_platform = compiled(equipped, tmp_path, "equipped")
    assert without_code(spec) == without_code(expected_spec)
    assert platform == expected_platform


def test_without_retries_no_task_has_any(tmp_path):
    (plain,) = compiled(bare, tmp_path, "bare")
    once = CLUSTER.model_copy(update={"retry": CLUSTER.retry.model_copy(update={"most": 0})})
    assert "retryPolicy" not in yaml.safe_dump(fitted(plain, once)[0])


@pytest.fixture(scope="module", params=PIPELINES)
def package(request, tmp_path_factory):
    path = compile_package(request.param, tmp_path_factory.mktemp("package") / "p.yaml", load_cluster(SHIPPED))
    return list(yaml.safe_load_all(path.read_text()))


def test_every_step_of_ours_has_a_home_its_secrets_and_its_share(package):
    cluster = load_cluster(SHIPPED)
    spec, platform = package
    executors = spec["deploymentSpec"]["executors"]
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors.keys() == pods.keys()
    for label, executor in executors.items():
        container, pod = executor["container"], pods[label]
        values = {each["name"]: each["value"] for each in container["env"]}
        assert container["image"] == cluster.image
        assert values["METIER_HOME"] == pod["pvcMount"][0]["mountPath"] == "/var/lib/metier"
        from_secrets = [pair["envVar"] for each in pod["secretAsEnv"] for pair in each["keyToEnv"]]
        assert from_secrets == list(cluster.secrets)
        asked = cluster.steps.get(label.removeprefix("exec-"), cluster.resources)
        assert container["resources"]["resourceMemoryLimit"] == asked.memory
        assert pod["securityContext"] == {"runAsUser": "10001", "runAsGroup": "10001", "runAsNonRoot": True}


def test_what_is_written_is_what_the_server_reads(package):
    spec, platform = package
    json_format.ParseDict(spec, PipelineSpec())
    for pod in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        json_format.ParseDict(pod, KubernetesExecutorConfig())


def test_every_parameter_has_a_description_and_all_but_the_clock_and_the_digest_a_default(package):
    parameters = package[0]["root"]["inputDefinitions"]["parameters"]
    assert all(each["description"] for each in parameters.values())
    assert {name for name, each in parameters.items() if "defaultValue" not in each} <= {"as_of", "inputs_digest"}


def test_training_trains_by_default_what_a_local_run_trains(tmp_path):
    (spec,) = yaml.safe_load_all(compile_package("training", tmp_path / "training.yaml").read_text())
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["surfaces"]["defaultValue"] == list(SURFACES)
    assert parameters["rankers"]["defaultValue"] == [vars(choice) for choice in choose(())]


def test_steps_that_are_tried_again_are_those_that_open_a_registry_or_a_store():
    """By their own text; evaluate-ensemble, register-ensemble and build-candidate-index open them a room below."""
    folder = Path(inspect.getfile(components)).parent
    texts = {path.stem.replace("_", "-"): path.read_text() for path in folder.glob("*.py")}
    opening = {name for name, text in texts.items() if "open_registry(" in text or "FeatureStoreClient(" in text}
    assert opening < TALKING <= texts.keys()
