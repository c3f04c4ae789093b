"""The commands of docs/real-stores.md, as they stand there, against real servers."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from feature_repo.client import FeatureStoreClient
from feature_repo.definitions import VIEWS
from metier.settings import Settings
from tests.services.test_shared_stores import everyone, write_tables

CHECKOUT = Path(__file__).resolve().parents[2]
FEAST = [sys.executable, "-c", "from feast.cli.cli import cli; cli()"]


def documented():
    """Lines that the document has under the mark `run`."""
    text = (CHECKOUT / "docs" / "real-stores.md").read_text()
    return [line.strip() for block in re.findall(r"<!-- run -->\n((?:    .+\n)+)", text) for line in block.splitlines()]


def test_they_register_list_and_load(valkey, database, tmp_path):
    write_tables(tmp_path / "features")
    variables = {
        "METIER_HOME": str(tmp_path), "METIER_ONLINE_STORE_URL": valkey.url, "METIER_FEATURE_REGISTRY_URI": database,
    }  # fmt: skip
    printed = ""
    for command in documented():
        program, *arguments = shlex.split(command)
        assert program == "feast"
        done = subprocess.run(
            [*FEAST, *arguments], cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT), **variables},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout
    assert all(view.name in printed.partition("NAME")[2] for view in VIEWS)
    client = FeatureStoreClient(Settings(home=tmp_path, online_store_url=valkey.url, feature_registry_uri=database))
    assert client.serving_features(everyone("a"), ["job_profile"])["job_profile__title"].to_pylist() == ["Ünï"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feature_store.yaml", "features"]
