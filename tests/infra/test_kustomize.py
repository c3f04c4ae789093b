"""The overlays render, by kustomize itself where it is installed, and as the tests' own rendering has them."""

import shutil
import subprocess

import pytest
import yaml

from tests.infra.rendering import K8S, OVERLAYS, rendered


def by_name(documents):
    named = {(each["kind"], each["metadata"]["name"]): each for each in documents}
    assert len(named) == len(documents)
    return named


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_renders_as_kustomize_renders_it(overlay):
    kustomize = shutil.which("kubectl") or shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("neither kubectl nor kustomize is installed; the tests' own rendering stands for them")
    command = [kustomize, "kustomize" if kustomize.endswith("kubectl") else "build", str(K8S / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert by_name(list(yaml.safe_load_all(done.stdout))) == by_name(rendered(K8S / "overlays" / overlay))


def test_every_manifest_is_a_resource_of_its_folder():
    for folder in (K8S / "base", K8S / "monitoring"):
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        assert {*listed, "kustomization.yaml"} == {path.name for path in folder.iterdir()}


def test_the_local_overlay_needs_no_prometheus_and_asks_for_less():
    local, production = (by_name(rendered(K8S / "overlays" / overlay)) for overlay in OVERLAYS)
    assert production.keys() - local.keys() == {
        ("Service", "metier-figures"),
        ("ServiceMonitor", "metier"),
        ("PrometheusRule", "metier"),
    }
    assert "upgradeStrategy" not in local["RayService", "metier"]["spec"]
    upgrade = production["RayService", "metier"]["spec"]["upgradeStrategy"]
    assert upgrade["type"] == "NewClusterWithIncrementalUpgrade"
    assert str(local).count("localhost:5001/") == str(production).count("registry.example.org/")
