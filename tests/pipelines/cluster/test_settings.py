"""The file of what steps get on a cluster: what it says, and the one line for what it may not say."""

import pytest

from components.step import IMAGE
from metier.errors import SettingsError
from pipelines.cluster import load_cluster
from pipelines.cluster.settings import step_names
from tests.infra.manifests import CHECKOUT

SHIPPED = CHECKOUT / "infra" / "k8s" / "steps.toml"
LEAST = 'image = "registry.example.org/steps:1"\nhome = { claim = "home", path = "/data" }\n'


def read(tmp_path, text):
    path = tmp_path / "steps.toml"
    path.write_text(text)
    return load_cluster(path)


def test_the_shipped_file_asks_for_the_image_that_is_built_under_a_registry():
    cluster = load_cluster(SHIPPED)
    assert cluster.image.endswith(f"/{IMAGE}")
    assert cluster.steps.keys() <= step_names()


def test_the_least_is_an_image_and_a_home(tmp_path):
    cluster = read(tmp_path, LEAST)
    assert (cluster.image, cluster.home.claim, cluster.user) == ("registry.example.org/steps:1", "home", 10001)
    assert cluster.resources.memory == "1Gi"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAST.replace(":1", ":latest"), "image: the tag latest names another image"),
        (LEAST.replace(":1", ""), "is not registry/name:tag"),
        (LEAST.replace("registry.example.org/", ""), "'steps:1' is not registry/name:tag"),
        ('image = "registry.example.org/steps:1"', "home: Field required"),
        (LEAST + "user = 0", "user: "),
        (LEAST + "replicas = 3", "replicas: Extra inputs are not permitted"),
        (LEAST + '[environment]\nMETIER_LAKE = "s3://b/lake"', "METIER_LAKE is no setting of metier"),
        (LEAST + '[environment]\nMETIER_HOME = "/data"', "METIER_HOME is the path of .home."),
        (LEAST + '[environment]\nMETIER_LLM_API_KEY = "k"', "METIER_LLM_API_KEY in .environment. is a secret"),
        (LEAST + '[environment]\nAWS_SECRET_ACCESS_KEY = "k"', "AWS_SECRET_ACCESS_KEY in .environment. is a secret"),
        (LEAST + '[environment]\nMETIER_REGISTRY_URI = "postgresql://m:pw@db/m"', "is a secret; name its secret"),
        (LEAST + '[environment]\nA = "1"\n[secrets]\nA = { secret = "s", key = "k" }', "A stands in .environment. and"),
        (LEAST + '[environment]\n"A B" = "1"', "'A B' is no name of a variable"),
        (LEAST + '[secrets]\nA = { secret = "Upper", key = "k" }', "secrets.A.secret: "),
        (LEAST + '[resources]\nmemory = "2 GB"', "resources.memory: "),
        (LEAST + '[steps.train-rankers]\ncpu = "1"', "'train-rankers' is no step; the steps are blend-ensemble, "),
        ("image = ", "is no TOML"),
    ],
)
def test_what_no_cluster_takes_is_one_line_with_the_place(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said) as refused:
        read(tmp_path, text)
    assert len(str(refused.value).splitlines()) == 1
    assert "pw@" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"steps\.toml: No such file or directory; write one as"):
        load_cluster(tmp_path / "steps.toml")
