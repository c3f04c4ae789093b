"""The Dockerfiles as text: nothing is built here."""

import itertools
import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from components.step import IMAGE
from metier.settings import Settings
from pipelines.local import SINGLE_THREADED

CHECKOUT = Path(__file__).resolve().parents[2]
DOCKER = CHECKOUT / "infra" / "docker"
RAYSERVICE = CHECKOUT / "infra" / "k8s" / "base" / "rayservice.yaml"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
LOCKS = {"steps": "requirements.lock", "serving": "requirements-serving.lock"}

images = pytest.mark.parametrize("image", sorted(LOCKS))


def text(image: str) -> str:
    return (DOCKER / f"{image}.Dockerfile").read_text()


def tag(image: str) -> str:
    """The tag that the file's first lines say to build it under."""
    (found,) = re.findall(
        rf"^#\s+docker build --file infra/docker/{image}\.Dockerfile --tag (\S+) \.$", text(image), re.M
    )
    return str(found)


def stages(image: str) -> list[list[tuple[str, str]]]:
    """(instruction, the rest) of each stage, comments dropped and lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text(image), flags=re.M))
    lines = [line.partition(" ") for line in joined.splitlines() if line]
    starts = [i for i, line in enumerate(lines) if line[0] == "FROM"] + [len(lines)]
    return [[(line[0], line[2]) for line in lines[a:b]] for a, b in itertools.pairwise(starts)]


def of(image: str, instruction: str, stage: int) -> list[str]:
    return [rest for name, rest in stages(image)[stage] if name == instruction]


def copied(image: str) -> list[str]:
    return [source for copy in of(image, "COPY", 0) for source in copy.split()[:-1]]


@images
def test_both_stages_stand_on_one_pinned_base(image):
    bases = [rest.split()[0] for stage in stages(image) for name, rest in stage if name == "FROM"]
    assert bases == ["python:3.11-slim-bookworm"] * 2
    assert "latest" not in text(image)


@images
def test_the_image_runs_as_the_numeric_user_of_its_pods(image):
    assert of(image, "USER", 1) == ["10001:10001"]
    assert [name for name, _ in stages(image)[1]].index("USER") > [name for name, _ in stages(image)[1]].index("RUN")
    (service,) = yaml.safe_load_all(RAYSERVICE.read_text())
    assert (
        service["spec"]["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]["securityContext"]["runAsUser"]
        == 10001
    )


@images
def test_everything_copied_exists_and_is_let_through(image):
    ignored = (DOCKER / f"{image}.Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {f"!{source}" for source in copied(image)} == {line for line in ignored if line.startswith("!")}
    assert all((CHECKOUT / source).exists() for source in copied(image))


@images
def test_the_whole_package_is_copied(image):
    packages = {name.removesuffix("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    files = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert packages | files <= set(copied(image))


@images
def test_what_is_installed_is_locked(image):
    commands = [command for run in of(image, "RUN", 0) for command in re.split(r"\s*&&\s*", run)]
    pip = [command for command in commands if re.search(r"\bpip (install|wheel)\b", command)]
    assert len(pip) == 4
    assert all("--no-deps" in command and "--no-cache-dir" in command for command in pip)
    assert pip[0].endswith(f"--requirement {LOCKS[image]}")


@images
def test_the_final_stage_holds_no_compiler_and_installs_nothing(image):
    assert of(image, "COPY", 1) == ["--from=builder /opt/venv /opt/venv"]
    assert not re.search(r"gcc|g\+\+|make|build-essential|apt|pip|curl", " ".join(of(image, "RUN", 1)))


@images
def test_its_environment_is_that_of_a_local_step(image):
    (line,) = of(image, "ENV", 1)
    values = dict(each.split("=", 1) for each in line.split())
    assert values.items() >= SINGLE_THREADED.items()
    assert of(image, "VOLUME", 1) == [values["METIER_HOME"]]


@images
def test_its_label_carries_the_version_of_the_project(image):
    (line,) = of(image, "LABEL", 1)
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', line))
    assert of(image, "ARG", 1) == ["REVISION=unknown"]
    assert labels["revision"] == "$REVISION"
    assert labels["base.name"] == f"docker.io/library/{of(image, 'FROM', 1)[0]}"
    assert labels["version"] == PROJECT["project"]["version"]
    assert labels["licenses"] == PROJECT["project"]["license"]
    assert tag(image) == f"{labels['title']}:{labels['version']}"


def is_healthy(status: int) -> bool:
    """What the serving image's check says of an endpoint that answers /readyz with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    (told,) = of("serving", "HEALTHCHECK", 1)
    program, *arguments = json.loads(told.partition("CMD ")[2])
    assert program == "python"
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        command = [sys.executable, *(each.replace(":8000/", f":{server.server_port}/") for each in arguments)]
        return subprocess.run(command, timeout=60, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_an_endpoint_in_a_container_is_healthy_once_it_is_ready(status, healthy):
    assert is_healthy(status) is healthy


def test_a_step_has_no_health_to_ask_for():
    assert of("steps", "HEALTHCHECK", 1) == ["NONE"]


def test_the_endpoint_is_checked_at_the_port_that_it_listens_on():
    (told,) = of("serving", "HEALTHCHECK", 1)
    assert f"127.0.0.1:{Settings.model_fields['http_port'].default}/readyz" in told


def test_steps_and_ray_nodes_ask_for_the_images_that_are_built():
    assert tag("steps") == IMAGE
    assert set(re.findall(r"image: (\S+)", RAYSERVICE.read_text())) == {tag("serving")}
    readme = (CHECKOUT / "infra" / "README.md").read_text()
    assert set(re.findall(r"--tag (\S+)", readme)) == {tag(image) for image in LOCKS}


def test_ray_in_the_image_is_the_ray_that_kuberay_is_told_of():
    (service,) = yaml.safe_load_all(RAYSERVICE.read_text())
    line = f"ray=={service['spec']['rayClusterConfig']['rayVersion']}"
    assert line in (DOCKER / "requirements-serving.lock").read_text().splitlines()
