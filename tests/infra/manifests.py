"""The manifests as the tests read them: documents of the base, and the parts of the RayService."""

from typing import Any

import yaml

from tests.infra.rendering import CHECKOUT, K8S, Part, containers_in, rendered

__all__ = ["CHECKOUT", "K8S", "Part"]


def documents() -> dict[tuple[str, str], Part]:
    """{(kind, name): document} of the base and of monitoring."""
    found = [each for folder in ("base", "monitoring") for each in rendered(K8S / folder)]
    named = {(each["kind"], each["metadata"]["name"]): each for each in found}
    assert len(named) == len(found), "two documents of one kind and name"
    return named


def document(kind: str, name: str = "metier") -> Part:
    return documents()[kind, name]


def cluster() -> Part:
    found: Part = document("RayService")["spec"]["rayClusterConfig"]
    return found


def pods() -> list[Part]:
    """The head's template of the RayService, then the workers'."""
    return [group["template"] for group in (cluster()["headGroupSpec"], *cluster()["workerGroupSpecs"])]


def containers() -> list[Part]:
    """The container of each template, in their order."""
    return list(containers_in(pods()))


def environment(container: Part) -> Part:
    """{variable: its value, or where it comes from}."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container.get("env", [])}


def serve_config() -> Any:
    return yaml.safe_load(document("RayService")["spec"]["serveConfigV2"])


def readiness_script() -> str:
    """What a worker's readiness probe runs in bash."""
    command: list[str] = containers()[-1]["readinessProbe"]["exec"]["command"]
    assert command[:2] == ["bash", "-c"]
    return command[2]
