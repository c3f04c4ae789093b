"""The page on a cluster: its commands can be typed, its objects are in the manifests, and it says what is not run."""

import re

import pytest

from tests.house.test_next_moves import fault_of
from tests.infra.manifests import CHECKOUT, documents

PAGE = (CHECKOUT / "docs" / "on-a-cluster.md").read_text()
KINDS = {"deployment": "Deployment", "job": "Job", "rayservice": "RayService", "rayjob": "RayJob"}
OWN = sorted(set(re.findall(r"\bmetier ((?:pipeline|import|key|deploy|rollback|forget)[^\n`#|<;]*)", PAGE)))


@pytest.mark.parametrize("command", OWN)
def test_a_command_of_metier_can_be_typed(command):
    words = [word for word in command.split() if word.startswith("--") or word.islower()]
    assert fault_of([word.rstrip(",.)") for word in words if word != "..."]) is None


def test_there_are_commands_to_look_at():
    assert len(OWN) > 8


def test_what_kubectl_is_told_of_is_in_the_manifests():
    named = re.findall(r"kubectl -n metier [^`\n]*?(deployment|job|rayservice|rayjob)[/ ](metier[\w-]*)", PAGE)
    assert len(named) > 3
    assert {(KINDS[kind], name) for kind, name in named} <= documents().keys()
    for pod in re.findall(r"\b(metier-(?:postgres|valkey))-0\b", PAGE):
        assert ("StatefulSet", pod) in documents()


def test_it_says_that_commands_of_a_cluster_are_not_run():
    assert "Commands of kubectl and docker are\nnot run by any test" in PAGE
