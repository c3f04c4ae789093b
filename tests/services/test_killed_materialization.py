"""A materialization that is killed between any two rows: no row is torn, and a repeat leaves no gap."""

import os
import signal
import subprocess
import sys

import pytest

from feature_repo.client import FeatureStoreClient
from feature_repo.definitions import RANKED_VIEWS, VIEWS
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from tests.services.test_shared_stores import END, everyone, features, job, settings, title

__all__ = ["features", "settings"]

KILLED = """
import os, signal, sys
from datetime import datetime
from feature_repo.client import FeatureStoreClient
from metier.settings import load_settings

left = [int(sys.argv[2])]

def watch(frame, event, _):
    if event == "call" and frame.f_code.co_name == "spelled":
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

client = FeatureStoreClient(load_settings())
client.store
sys.setprofile(watch)
client.materialize(datetime.fromisoformat(sys.argv[1]))
"""
"""Each row's version is spelled once, right before it is written."""
ROWS = 3 * len(VIEWS)


def killed_after(rows, settings):
    named = {
        "METIER_HOME": str(settings.home),
        "METIER_ONLINE_STORE_URL": settings.online_store_url,
        "METIER_FEATURE_REGISTRY_URI": settings.feature_registry_uri,
    }
    told = {name: value for name, value in named.items() if value}
    command = [sys.executable, "-c", KILLED, END.isoformat(), str(rows)]
    return subprocess.run(command, env={**os.environ, **told}, timeout=120, check=False).returncode


def values(client, views):
    names = [view.name for view in views]
    found = client.serving_features(everyone("a", "b", "c"), names)
    return {
        (view, row): [found[name][row].as_py() for name in found.column_names if name.startswith(f"{view}__")]
        for view in names
        for row in range(3)
    }


@pytest.mark.parametrize("rows", [1, ROWS // 2, ROWS - 1])
def test_killed_between_two_rows_no_row_is_torn_and_a_repeat_loads_all(settings, rows):
    client = FeatureStoreClient(settings)
    client.apply()
    empty = values(client, RANKED_VIEWS)
    assert killed_after(rows, settings) == -signal.SIGKILL
    torn = values(FeatureStoreClient(settings), RANKED_VIEWS)
    Pushes(OnlineRows(client.settings)).profile("jobs", job("pushed", 1))
    assert client.materialize(END) == ROWS
    full = values(client, RANKED_VIEWS)
    assert all(torn[key] in (empty[key], full[key]) for key in torn)
    assert full != empty
    assert title(client) == "pushed"
    expected = client.training_features(everyone("a", "b", "c"), [view.name for view in RANKED_VIEWS])
    assert client.serving_features(everyone("a", "b", "c"), [view.name for view in RANKED_VIEWS]).equals(expected)
