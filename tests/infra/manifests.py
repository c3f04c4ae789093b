"""The manifests as the tests read them: documents, and the parts of the RayService."""

from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
KUBERAY = CHECKOUT / "infra" / "kuberay"

Part = dict[str, Any]


def documents() -> dict[str, Part]:
    """{kind: document} of every manifest; kustomization.yaml is no document of the cluster."""
    paths = [path for path in (CHECKOUT / "infra").rglob("*.yaml") if path.name != "kustomization.yaml"]
    found = [document for path in paths for document in yaml.safe_load_all(path.read_text())]
    assert len({each["kind"] for each in found}) == len(found), "two documents of one kind: key them by name too"
    return {each["kind"]: each for each in found}


def cluster() -> Part:
    found: Part = documents()["RayService"]["spec"]["rayClusterConfig"]
    return found


def pods() -> list[Part]:
    """The head's template, then the workers'."""
    return [group["template"] for group in (cluster()["headGroupSpec"], *cluster()["workerGroupSpecs"])]


def containers() -> list[Part]:
    """The container of each template, in their order."""
    return [container for pod in pods() for container in pod["spec"]["containers"]]


def environment(container: Part) -> Part:
    """{variable: its value, or where it comes from}."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def serve_config() -> Part:
    found: Part = yaml.safe_load(documents()["RayService"]["spec"]["serveConfigV2"])
    return found


def readiness_script() -> str:
    """What a worker's readiness probe runs in bash."""
    command: list[str] = containers()[-1]["readinessProbe"]["exec"]["command"]
    assert command[:2] == ["bash", "-c"]
    return command[2]
