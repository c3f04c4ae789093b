"""`metier serve` tells before Ray starts what it cannot serve from, in one line with the next move."""

import json
import shutil

import httpx
import pytest

from components.releases.deployments import Deployments
from components.releases.folder import FORMAT, newest_version
from tests.local.walk import endpoint, metier

REBUILD = "run `metier pipeline run features`, whose step build_candidate_index writes releases"


@pytest.fixture
def other(world, tmp_path):
    """The world in a home of its own."""
    return world.copy(tmp_path / "home")


def releases(world):
    return world.settings.candidates / f"job_feed-{world.pins['job_feed'].sha256[:8]}"


def refused(world, because):
    done = metier(world.home, "serve", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"{because}; {REBUILD}")
    assert "Traceback" not in done.stderr
    assert "Ray" not in done.stdout


def test_a_stop_is_clean_and_shows_nothing_of_ray(other):
    with endpoint(other.home) as served:
        assert httpx.get(f"{served.url}/readyz", timeout=30).status_code == 200
    printed = (other.home / "serving.log").read_text()
    assert served.process.returncode == 0
    assert printed.splitlines()[-1] == "Stopping ..."
    assert not [word for word in ("raylet", "ray.kill", "\x1b", "INFO", "ERROR", "Traceback") if word in printed]


def test_a_start_that_fails_says_why_in_one_line(other):
    damaged = releases(other) / newest_version(releases(other)) / "features.arrow"
    damaged.unlink()
    done = metier(other.home, "serve", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("metier: the application did not start: ")
    assert str(damaged.parent) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr + done.stdout


def test_a_release_of_an_earlier_format_names_what_to_run(other):
    home = releases(other) / newest_version(releases(other))
    manifest = {**json.loads((home / "release.json").read_text()), "format": 2}
    (home / "release.json").unlink()
    (home / "release.json").write_text(json.dumps(manifest))
    refused(other, f"{home} has release format 2, this metier reads {FORMAT}")


def test_a_bundle_without_a_release_names_what_to_run(other):
    shutil.rmtree(releases(other))
    refused(other, f"{releases(other)} holds no candidate release")


def test_without_the_registry_it_starts_with_what_served_last(other):
    Deployments(other.settings.deployed).begun(other.pins)
    (other.home / "mlflow.db").rename(other.home / "mlflow.away")
    shutil.rmtree(releases(other))  # so that it ends before Ray starts
    done = metier(other.home, "serve", "--port", "0")
    assert "talent_search: metier_talent_search version 1 (served last; the registry does not answer)" in done.stdout
    assert f"{releases(other)} holds no candidate release" in done.stderr
