"""The RayService against the code that it deploys and the Ray that is installed."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from ray._private.ray_constants import DEFAULT_DASHBOARD_AGENT_LISTEN_PORT, DEFAULT_DASHBOARD_PORT
from ray.dashboard.http_server_agent import PUBLIC_EXACT_PATHS
from ray.serve._private import constants as serve_constants
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeDeploySchema

from components.releases.registry import registered_name
from metier.contract import SURFACES
from metier.errors import SettingsError
from metier.settings import Settings
from serving.access.keys import as_toml
from serving.launch import RETRIES
from tests.infra.manifests import (
    cluster,
    containers,
    document,
    environment,
    pods,
    readiness_script,
    serve_config,
)

DRAINING = ("RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S", "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S")
SEALED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def test_serve_understands_every_field_of_its_configuration():
    config = serve_config()
    assert ServeDeploySchema.model_validate(config).model_dump(mode="json", exclude_unset=True) == config


@pytest.fixture
def endpoint(monkeypatch) -> Any:
    """The deployment that the named builder makes of the arguments, with the settings of the pods."""
    monkeypatch.setenv("METIER_API_KEYS", as_toml("storefront", "0" * 64, ["read"], 100))
    monkeypatch.setenv("METIER_MOST_REPLICAS", environment(containers()[0])["METIER_MOST_REPLICAS"])
    (application,) = serve_config()["applications"]
    module, builder = application["import_path"].split(":")
    return getattr(importlib.import_module(module), builder)(application["args"])._bound_deployment


def test_the_application_does_not_start_for_strangers():
    application = serve_config()["applications"][0]
    module, builder = application["import_path"].split(":")
    with pytest.raises(SettingsError, match="no API key is set"):
        getattr(importlib.import_module(module), builder)(application["args"])


def test_replicas_are_scaled_as_the_code_deploys_them(endpoint):
    (overridden,) = serve_config()["applications"][0]["deployments"]
    assert overridden["name"] == endpoint.name
    code = endpoint._deployment_config.autoscaling_config.model_dump()
    told = AutoscalingConfig(**overridden["autoscaling_config"]).model_dump()
    assert {name for name in code if code[name] != told[name]} == set()


def test_a_request_whose_replica_died_is_repeated_as_on_one_machine():
    told = environment(containers()[0])
    assert {name: told[name] for name in RETRIES} == RETRIES


def test_a_deployment_pins_a_registered_bundle_for_each_surface():
    bundles = serve_config()["applications"][0]["args"]["bundles"]
    assert set(bundles) == set(SURFACES)
    for surface, pinned in bundles.items():
        assert set(pinned) == {"name", "version", "sha256"}
        assert pinned["name"] == registered_name(surface)
        assert isinstance(pinned["version"], int)
        assert re.fullmatch("[0-9a-f]{64}", pinned["sha256"])


def test_each_variable_is_a_setting_of_ours_or_of_ray():
    values = environment(containers()[0])
    ours = {name.removeprefix("METIER_").lower(): value for name, value in values.items() if name.startswith("METIER_")}
    assert ours.pop("registry_uri") == {"secretKeyRef": {"name": "metier-registry", "key": "uri"}}
    assert ours.pop("api_keys") == {"secretKeyRef": {"name": "metier-keys", "key": "keys.toml"}}
    for name, key in (
        ("online_store_url", "online-store"),
        ("feature_registry_uri", "feature-registry"),
        ("changes_url", "changes"),
    ):
        assert name in Settings.model_fields
        assert ours.pop(name) == {"secretKeyRef": {"name": "metier-stores", "key": key}}
    assert Settings(**ours).model_fields_set == set(ours) <= set(Settings.model_fields)
    known = Path(serve_constants.__file__).read_text()
    rays = [name for name in values if not name.startswith("METIER_")]
    assert [name for name in rays if f'"{name}"' not in known] == ["RAY_USAGE_STATS_ENABLED"]


def test_every_node_routes_by_haproxy_in_throughput_mode_and_no_request_hangs_for_ever():
    head, *workers = (environment(container) for container in containers())
    assert head["RAY_SERVE_ENABLE_HA_PROXY"] == head["RAY_SERVE_THROUGHPUT_OPTIMIZED"] == "1"
    assert 0 < serve_config()["http_options"]["request_timeout_s"] < int(head["RAY_SERVE_HAPROXY_TIMEOUT_SERVER_S"])
    assert workers == [head]


def test_as_many_replicas_fit_as_may_run_and_each_has_a_pod(endpoint):
    (group,) = cluster()["workerGroupSpecs"]
    scaling = serve_config()["applications"][0]["deployments"][0]["autoscaling_config"]
    assert int(group["rayStartParams"]["num-cpus"]) == endpoint.ray_actor_options["num_cpus"]
    assert 1 < scaling["min_replicas"] == group["minReplicas"] == group["replicas"]
    assert scaling["max_replicas"] == group["maxReplicas"]
    assert cluster()["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert cluster()["enableInTreeAutoscaling"] is True


def test_a_pod_ends_after_serve_has_drained_it(endpoint):
    values = environment(containers()[0])
    floor_s = max(int(values[name]) for name in DRAINING) + serve_constants.RAY_SERVE_DIRECT_INGRESS_SHUTDOWN_BUFFER_S
    drained_s = max(floor_s, endpoint._deployment_config.graceful_shutdown_timeout_s)
    for pod in pods():
        (container,) = pod["spec"]["containers"]
        waited_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert drained_s < waited_s < pod["spec"]["terminationGracePeriodSeconds"]


def test_ports_are_those_that_serve_and_ray_listen_on():
    port = serve_config()["http_options"]["port"]
    assert port == serve_constants.DEFAULT_HTTP_PORT == Settings.model_fields["http_port"].default
    assert re.findall(r"/dev/tcp/127\.0\.0\.1/(\d+)", readiness_script()) == [str(port)]
    assert all({"name": "serve", "containerPort": port} in container["ports"] for container in containers())
    open_ports = [rule.get("ports") for rule in document("NetworkPolicy", "metier-endpoint")["spec"]["ingress"]]
    assert open_ports == [None, [{"port": DEFAULT_DASHBOARD_PORT}], [{"port": port}]]


def test_liveness_is_what_rays_agent_tells_anyone():
    head, worker = containers()
    for probe in (head["livenessProbe"], head["readinessProbe"], worker["livenessProbe"]):
        assert probe["httpGet"]["port"] == DEFAULT_DASHBOARD_AGENT_LISTEN_PORT
        assert probe["httpGet"]["path"] in PUBLIC_EXACT_PATHS


def test_pods_run_as_nobody_on_a_sealed_disk_within_limits():
    for pod in pods():
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in (cluster()["autoscalerOptions"], *containers()):
        assert each["securityContext"] == SEALED
        assert all(set(each["resources"][kind]) == {"cpu", "memory"} for kind in ("requests", "limits"))


def test_what_is_written_goes_to_the_claimed_volume_or_to_a_bounded_one():
    for pod in pods():
        volumes: dict[str, Any] = {each["name"]: each for each in pod["spec"]["volumes"]}
        (container,) = pod["spec"]["containers"]
        mounts = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
        home = mounts.pop(environment(container)["METIER_HOME"])
        assert (
            home["persistentVolumeClaim"]["claimName"]
            == document("PersistentVolumeClaim", "metier-home")["metadata"]["name"]
        )
        assert all(volume["emptyDir"]["sizeLimit"] for volume in mounts.values())


def test_labels_that_select_are_labels_that_pods_carry():
    head, worker = (pod["metadata"]["labels"] for pod in pods())
    for spread in pods()[1]["spec"]["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"].items() <= worker.items()
    policy = document("NetworkPolicy", "metier-endpoint")["spec"]
    for selector in (policy["podSelector"], policy["ingress"][0]["from"][0]["podSelector"]):
        assert selector["matchLabels"].items() <= head.items() & worker.items()
    assert not {"app.kubernetes.io/name", "app.kubernetes.io/created-by"} & {*head, *worker}, "KubeRay selects by them"
