"""What holds of every manifest: sealed pods, no secret and no default password, names that the code and Ray know."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from feast.cli.cli import cli as feast
from kfp.client import KF_PIPELINES_SA_TOKEN_PATH

from components.step import IMAGE
from metier.settings import Settings
from pipelines.cluster import load_cluster
from pipelines.local import PIPELINES
from tests.infra.manifests import CHECKOUT, K8S, document, documents, environment
from tests.infra.rendering import OVERLAYS, containers_in, pods_in, rendered

ALL = [
    (f"{overlay}: {each['kind']} {each['metadata']['name']}", each)
    for overlay in OVERLAYS
    for each in rendered(K8S / "overlays" / overlay)
]
PODS = {f"{name} {number}": pod for name, each in ALL for number, pod in enumerate(pods_in(each))}
CONTAINERS = {f"{name} {each['name']}": (pod, each) for name, pod in PODS.items() for each in containers_in(pod)}
PAGE = (CHECKOUT / "docs" / "on-a-cluster.md").read_text()
SEALED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
STORES = {"docker.io/library/postgres", "docker.io/valkey/valkey"}
OURS = {"metier-python-serving:0.1.0", "metier-python-steps:0.1.0"}
PUBLIC = {
    "POSTGRES_USER": "the image of Postgres",
    "POSTGRES_PASSWORD": "the image of Postgres",
    "PGDATA": "the image of Postgres",
    "VALKEY_PASSWORD": "the command of the pod itself",
}
"""Variables that neither metier nor an installed library reads, and what does."""


def text_of(module):
    return Path(find_spec(module).origin).read_text()


# Pods


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_runs_as_nobody(name):
    spec = PODS[name]["spec"]
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"]
    ours = any(each["image"].rpartition("/")[2] in OURS for each in spec["containers"])
    assert security["runAsUser"] > 10_000 if ours else security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not any("hostPath" in volume for volume in spec["volumes"])


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_does_not_show_a_token_to_what_it_runs_but_ray_s_autoscaler(name):
    shown = PODS[name]["spec"].get("automountServiceAccountToken", True)
    assert shown is (PODS[name]["metadata"]["labels"]["app.kubernetes.io/component"] == "endpoint-head")


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_is_sealed_and_asks_for_what_it_takes(name):
    _, container = CONTAINERS[name]
    assert container["securityContext"] == SEALED
    assert all(set(container["resources"][kind]) == {"cpu", "memory"} for kind in ("requests", "limits"))
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"] or (
        "postgres" in container["image"]
    )


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_an_image_is_one_of_ours_or_a_store_by_its_version(name):
    repository, _, tag = CONTAINERS[name][1]["image"].rpartition(":")
    assert tag not in ("", "latest")
    assert repository in STORES or f"{repository.rpartition('/')[2]}:{tag}" in OURS


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_what_a_container_mounts_is_a_volume_that_is_bounded_claimed_or_read(name):
    pod, container = CONTAINERS[name]
    claims = {each["metadata"]["name"] for kind, each in ALL if each["kind"] == "PersistentVolumeClaim"}
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    for mount in container["volumeMounts"]:
        volume = volumes.get(mount["name"])
        if volume is None:
            assert mount["name"] == "data", "only a StatefulSet's own claim is declared elsewhere"
        elif "emptyDir" in volume:
            assert volume["emptyDir"]["sizeLimit"]
        elif "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] in claims
        else:
            assert set(volume) - {"name"} <= {"configMap", "projected"}


# Secrets


def test_no_secret_and_no_default_password_stands_in_a_file():
    for path in K8S.rglob("*.*"):
        text = path.read_text()
        assert not re.search(r"://[^\s/@]+@|^kind: Secret|password\s*[:=]\s*[\"']?\w+[\"']?\s*$", text, re.M), path
    for name, (_, container) in CONTAINERS.items():
        for variable, value in environment(container).items():
            if re.search(r"PASSWORD|KEY|SECRET|TOKEN|_URI$|STORE_URL|CHANGES_URL", variable):
                assert "secretKeyRef" in value, f"{name}: {variable}"


def references(part):
    """(secret, key) of every reference below a part."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("secretKeyRef", "credentials") and isinstance(value, dict):
                yield value["name"], value["key"]
            else:
                yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_secret_that_is_asked_for_is_made_by_the_page_and_no_other():
    asked = {pair for _, each in ALL for pair in references(each)}
    asked |= {(each.secret, each.key) for each in load_cluster(K8S / "steps.toml").secrets.values()}
    made = set()
    for command in re.findall(r"create secret generic (.*?)(?:\n(?=\S)|\n```)", PAGE.replace("\\\n", " "), re.S):
        made |= {(command.split()[0], key) for key in re.findall(r"--from-(?:literal|file)=([\w.-]+)", command)}
    assert asked == made


# Names that the code, Ray, Feast, MLflow and Kubeflow know


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_each_variable_is_a_setting_of_ours_or_of_what_runs(name):
    fields = {str(field.validation_alias or f"METIER_{key.upper()}") for key, field in Settings.model_fields.items()}
    known = text_of("mlflow.cli") + text_of("ray.serve._private.constants")
    for variable in environment(CONTAINERS[name][1]):
        assert variable in fields or variable in PUBLIC or f'"{variable}"' in known or variable.startswith("RAY_USAGE")


def test_steps_get_the_image_and_the_volume_and_the_account_of_the_overlay():
    cluster = load_cluster(K8S / "steps.toml")
    production = {name: each for name, each in ALL if name.startswith("production")}
    images = {container["image"] for each in production.values() for container in containers_in(each)}
    assert cluster.image in images
    assert cluster.image.rpartition("/")[2] == IMAGE
    assert ("PersistentVolumeClaim", cluster.home.claim) in documents()
    assert ("ServiceAccount", cluster.service_account) in documents()
    assert cluster.user == 10001


def test_probes_ask_for_paths_and_ports_that_are_there():
    answered = {
        "metier-mlflow": text_of("mlflow.server"),
        "metier-features": text_of("feast.feature_server"),
    }
    for name, text in answered.items():
        for container in containers_in(document("Deployment", name)):
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert f'"{container[probe]["httpGet"]["path"]}"' in text
                assert container[probe]["httpGet"]["port"] in ports
            (port,) = ports.values()
            assert f"--port={port}" in container["command"]


def test_the_feature_server_is_started_by_a_command_and_a_file_that_exist():
    (container,) = containers_in(document("Deployment", "metier-features"))
    program, file, *command = container["command"]
    assert (program, command[0]) == ("feast", "serve")
    assert (CHECKOUT / "feature_repo" / file.partition("=")[2]).exists()
    told = {
        option for each in (feast, feast.commands["serve"]) for parameter in each.params for option in parameter.opts
    }
    assert {option.partition("=")[0] for option in (file, *command[1:])} <= told
    base = re.search(r"^FROM python:(3\.\d+)", (CHECKOUT / "infra/docker/serving.Dockerfile").read_text(), re.M)[1]
    assert container["workingDir"] == f"/opt/venv/lib/python{base}/site-packages/feature_repo"


def test_each_service_names_a_port_of_the_pods_that_it_selects():
    for (kind, _), service in documents().items():
        if kind != "Service":
            continue
        selected = [pod for each in documents().values() for pod in pods_in(each)
                    if service["spec"]["selector"].items() <= pod["metadata"].get("labels", {}).items()]  # fmt: skip
        assert len(selected) == 1
        names = {port["name"]: port["containerPort"] for c in selected[0]["spec"]["containers"] for port in c["ports"]}
        assert all(names[port["targetPort"]] == port["port"] for port in service["spec"]["ports"])


def test_each_policy_and_budget_selects_pods_and_lets_in_ports_that_they_have():
    pods = [pod for each in documents().values() for pod in pods_in(each)]
    operators = {"app.kubernetes.io/component": "kuberay-operator"}
    readers = {"metier/reads-features": "true"}
    for (kind, name), each in documents().items():
        if kind not in ("NetworkPolicy", "PodDisruptionBudget"):
            continue
        spec = each["spec"]
        selector = spec["podSelector" if kind == "NetworkPolicy" else "selector"]["matchLabels"]
        selected = [pod for pod in pods if selector.items() <= pod["metadata"]["labels"].items()]
        assert selected, name
        ports = {p["containerPort"] for pod in selected for c in pod["spec"]["containers"] for p in c.get("ports", [])}
        for rule in spec.get("ingress", []):
            assert {port["port"] for port in rule.get("ports", [])} <= ports, name
            for source in rule.get("from", []):
                labels = source["podSelector"]["matchLabels"]
                assert labels in (operators, readers) or any(
                    labels.items() <= pod["metadata"]["labels"].items() for pod in pods
                ), name


def test_everything_is_closed_but_what_is_let_in():
    closed = document("NetworkPolicy", "metier-closed")["spec"]
    assert "ingress" not in closed
    pods = [pod for each in documents().values() for pod in pods_in(each)]
    assert all(closed["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items() for pod in pods)


def test_no_role_has_a_wildcard_or_reads_every_secret_and_each_is_bound():
    for (kind, name), each in documents().items():
        assert kind not in ("ClusterRole", "ClusterRoleBinding"), "rights end at the namespace"
        if kind == "Role":
            for rule in each["rules"]:
                assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
                assert "secrets" not in rule["resources"] or rule["resourceNames"]
            binding = document("RoleBinding", name)
            assert binding["roleRef"]["name"] == name
            assert [subject["name"] for subject in binding["subjects"]] == [name]
            assert ("ServiceAccount", name) in documents()


def test_schedules_are_given_to_kubeflow_by_commands_with_a_token_where_kfp_reads_it():
    (container,) = containers_in(document("Job", "metier-schedules"))
    lines = container["command"][-1].strip().splitlines()
    assert {line.split()[3] for line in lines} <= set(PIPELINES)
    assert all(line.startswith("metier pipeline schedule ") and " --replace " in line for line in lines)
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert f"{mounts['token']}/token" == KF_PIPELINES_SA_TOKEN_PATH
    assert environment(container)["METIER_CLUSTER_FILE"] == f"{mounts['cluster']}/steps.toml"
    assert "--from-file=infra/k8s/steps.toml" in PAGE


def test_the_ray_job_runs_a_pipeline_on_the_ray_of_the_image():
    spec = document("RayJob", "metier-query-model")["spec"]
    command = spec["entrypoint"].split()
    assert command[:3] == ["metier", "pipeline", "run"]
    assert command[3] in PIPELINES
    assert f"ray=={spec['rayClusterSpec']['rayVersion']}" in (CHECKOUT / "requirements.lock").read_text().splitlines()
    workers = {environment(each)["METIER_QUERY_WORKERS"] for each in containers_in(spec["rayClusterSpec"])}
    assert workers == {str(group["replicas"]) for group in spec["rayClusterSpec"]["workerGroupSpecs"]}
    assert spec["suspend"] is True


# The database of each address


def test_databases_and_limits_are_those_of_the_page_on_real_stores():
    assert set(
        re.findall(r"CREATE DATABASE (\w+)", document("ConfigMap", "metier-postgres")["data"]["databases.sql"])
    ) == {
        "features",
        "mlflow",
    }
    for _, each in ALL:
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "metier-valkey":
            settings = dict(line.split(" ", 1) for line in each["data"]["valkey.conf"].splitlines())
            assert (settings["maxmemory-policy"], settings["appendonly"], settings["appendfsync"]) == (
                "noeviction",
                "yes",
                "always",
            )


def test_the_steps_file_is_toml_that_a_config_map_may_hold():
    assert tomllib.loads((K8S / "steps.toml").read_text())
    assert yaml.safe_dump({"steps.toml": (K8S / "steps.toml").read_text()})
