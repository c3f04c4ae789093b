"""What `kubectl kustomize` makes of infra/k8s, in Python: as much of kustomize as these folders use, and not more.

A field or a patch of another kind fails; `test_kustomize.py` compares with kustomize itself where it is installed.
"""

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Part = dict[str, Any]
CHECKOUT = Path(__file__).resolve().parents[2]
K8S = CHECKOUT / "infra" / "k8s"
OVERLAYS = ("local", "production")
FIELDS = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
WITHOUT_NAMESPACE = {"Namespace"}


@functools.cache
def _rendered(folder: Path) -> list[Part]:
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(wanted) <= FIELDS, f"{folder}: {set(wanted) - FIELDS}"
    found: list[Part] = []
    for resource in wanted["resources"]:
        path = (folder / resource).resolve()
        found += rendered(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for patch in wanted.get("patches", []):
        (document,) = [each for each in found if _is(each, patch["target"])]
        for change in yaml.safe_load(patch["patch"]):
            _apply(document, **change)
    images = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in wanted.get("images", [])}
    for document in found:
        for container in containers_in(document):
            container["image"] = images.get(container["image"].rpartition(":")[0], container["image"])
        if document["kind"] not in WITHOUT_NAMESPACE:
            document["metadata"]["namespace"] = wanted["namespace"]
    return found


def rendered(folder: Path) -> list[Part]:
    """The documents of a kustomization, in its order; new ones with each call."""
    return copy.deepcopy(_rendered(folder.resolve()))


def containers_in(part: Any) -> Iterator[Part]:
    """Every container below a part of a document, wherever a pod's template stands in it."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("containers", "initContainers"):
                yield from value
            else:
                yield from containers_in(value)
    elif isinstance(part, list):
        for each in part:
            yield from containers_in(each)


def pods_in(part: Any) -> Iterator[Part]:
    """Every pod's template ({metadata, spec}) below a part of a document."""
    if isinstance(part, dict):
        if "containers" in part.get("spec", {}) if isinstance(part.get("spec"), dict) else False:
            yield part
        for value in part.values():
            yield from pods_in(value)
    elif isinstance(part, list):
        for each in part:
            yield from pods_in(each)


def _is(document: Part, target: Part) -> bool:
    return (document["kind"], document["metadata"]["name"]) == (target["kind"], target["name"])


def _apply(document: Part, op: str, path: str, value: Any) -> None:
    """One operation of RFC 6902."""
    *above, last = path.lstrip("/").split("/")
    place: Any = document
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    assert op in ("add", "replace"), op
    assert op == "add" or last in place, f"nothing at {path}"
    place[last] = value
