"""The workflow of GitHub calls what a developer calls, and may do nothing but read."""

import re
import tomllib

import yaml

from tests.infra.rendering import CHECKOUT, K8S, OVERLAYS

WORKFLOW = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "ci.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
RUNS = [step["run"] for step in STEPS if "run" in step]
VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]


def test_it_calls_the_targets_that_every_change_must_pass():
    called = [run for run in RUNS if run.startswith("make ")]
    assert called == re.findall(r"^make \w+$", (CHECKOUT / ".ci" / "run").read_text(), re.M)
    targets = re.findall(r"^(\w+):", (CHECKOUT / "Makefile").read_text(), re.M)
    assert {run.removeprefix("make ") for run in called} <= set(targets)


def test_it_may_read_and_every_job_ends():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all(0 < job["timeout-minutes"] <= 120 for job in WORKFLOW["jobs"].values())
    assert all("permissions" not in job for job in WORKFLOW["jobs"].values())


def test_actions_and_machines_are_of_a_version():
    assert all(re.search(r"@v\d+$", step["uses"]) for step in STEPS if "uses" in step)
    assert all(job["runs-on"] != "ubuntu-latest" for job in WORKFLOW["jobs"].values())


def test_python_is_that_of_the_images():
    asked = {step["with"]["python-version"] for step in STEPS if "setup-python" in step.get("uses", "")}
    bases = {
        re.search(r"^FROM python:(3\.\d+)", path.read_text(), re.M)[1]
        for path in (CHECKOUT / "infra" / "docker").glob("*.Dockerfile")
    }
    assert asked == bases


def test_it_builds_the_images_as_the_page_says():
    readme = (CHECKOUT / "infra" / "README.md").read_text()
    (build,) = [run for run in RUNS if run.startswith("docker build")]
    images = WORKFLOW["jobs"]["images"]["strategy"]["matrix"]["image"]
    for image in images:
        here = build.replace("${{ matrix.image }}", image).replace("--build-arg REVISION=${{ github.sha }} ", "")
        assert " ".join(here.split()) in readme
    assert {f"metier-python-{image}:{VERSION}" for image in images} == set(re.findall(r"--tag (\S+)", readme))


def test_it_renders_every_overlay():
    assert WORKFLOW["jobs"]["manifests"]["strategy"]["matrix"]["overlay"] == list(OVERLAYS)
    assert {path.name for path in (K8S / "overlays").iterdir()} == set(OVERLAYS)
