"""Two `feast apply` at once, by Feast's own command line in two processes, on an embedded and on a shared registry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from feature_repo.client import FeatureStoreClient, render_feature_store_yaml
from feature_repo.definitions import SERVICES, VIEWS
from metier.settings import Settings
from tests.servers import SOON, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
APPLY = """
import pathlib, sys, time
from feast.cli.cli import cli
import feature_repo.definitions, feature_repo.offline.asof_store, feature_repo.online.valkey_home, psycopg
pathlib.Path(sys.argv[2]).touch()
until = time.monotonic() + 60
while not pathlib.Path(sys.argv[3]).exists() and time.monotonic() < until:
    time.sleep(0.001)
cli.main(["-c", "feature_repo", "-f", sys.argv[1], "apply"], prog_name="feast")
"""
"""Feast takes seconds to load: both wait for each other after that."""


def apply_at_once(config, folder, number=2):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    ready, go = [folder / f"ready-{i}" for i in range(number)], folder / "go"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPLY, str(config), str(mark), str(go)],
            cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for mark in ready
    ]  # fmt: skip
    try:
        wait_until(lambda: all(mark.exists() for mark in ready), 2 * SOON)
        go.touch()
        printed = [process.communicate(timeout=2 * SOON)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [(process.returncode, text) for process, text in zip(processes, printed, strict=True)]


@pytest.mark.parametrize("kind", ["embedded", "shared"])
def test_two_applies_at_once_leave_a_whole_registry(kind, request, tmp_path):
    shared = {}
    if kind == "shared":
        url, uri = request.getfixturevalue("valkey").url, request.getfixturevalue("database")
        shared = {"online_store_url": url, "feature_registry_uri": uri}
    settings = Settings(home=tmp_path / "home", **shared)
    ended = apply_at_once(render_feature_store_yaml(settings), tmp_path)
    failed = [printed for code, printed in ended if code]
    assert len(failed) < 2, failed
    assert all("at the same moment; nothing is lost, run this again" in printed for printed in failed), failed
    held = FeatureStoreClient(settings).store.registry.to_dict("metier")
    assert {view["spec"]["name"] for view in held["featureViews"]} == {view.name for view in VIEWS}
    assert {each["spec"]["name"] for each in held["featureServices"]} == {each.name for each in SERVICES}
    assert len(held["entities"]) == 4  # three and Feast's own for views without any
