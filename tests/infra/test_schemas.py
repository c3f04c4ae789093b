"""Every rendered document against the schema of its version; a kind without one fails."""

import functools
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.infra.manifests import CHECKOUT, K8S, Part, document
from tests.infra.rendering import OVERLAYS, rendered

SCHEMAS = CHECKOUT.parent / "shared" / "k8s" / "crds"
RENDERED = {
    f"{overlay}: {each['kind']} {each['metadata']['name']}": each
    for overlay in OVERLAYS
    for each in rendered(K8S / "overlays" / overlay)
}


def closed(schema: Any) -> Any:
    """The schema with undeclared fields refused, as the API server does when it is asked to be strict."""
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) if key in ("items", "additionalProperties") else value for key, value in schema.items()}
    if "properties" in schema:
        shut["properties"] = {name: closed(each) for name, each in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            shut.setdefault("additionalProperties", False)
    return shut


@functools.cache
def custom_schemas() -> dict[tuple[str, str], Any]:
    """{(apiVersion, kind): schema} of the custom resources."""
    if not SCHEMAS.parents[1].is_dir():
        pytest.skip(f"no folder {SCHEMAS.parents[1]} with the schemas of custom resources")
    definitions = [yaml.load(path.read_text(), yaml.CSafeLoader)["spec"] for path in SCHEMAS.glob("*.yaml")]
    return {
        (f"{each['group']}/{version['name']}", each["names"]["kind"]): closed(version["schema"]["openAPIV3Schema"])
        for each in definitions
        for version in each["versions"]
    }


def validate(document: Part) -> None:
    schema = custom_schemas().get((document["apiVersion"], document["kind"]))
    if schema is not None:
        jsonschema.Draft202012Validator(schema).validate(document)
    else:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("name", sorted(RENDERED))
def test_a_manifest_keeps_the_schema_of_its_version(name):
    validate(RENDERED[name])


def test_a_misspelt_field_is_refused_by_either_kind_of_schema():
    service, policy = document("RayService"), document("NetworkPolicy", "metier-endpoint")
    service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["maxReplica"] = 4
    policy["spec"]["podselector"] = {}
    with pytest.raises(jsonschema.ValidationError, match="maxReplica"):
        validate(service)
    with pytest.raises(kubernetes_validate.ValidationError, match="podselector"):
        validate(policy)


def test_a_kind_without_a_schema_is_refused():
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        validate({"apiVersion": "example.org/v1", "kind": "Unheard", "metadata": {"name": "of"}})
