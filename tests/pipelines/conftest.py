from datetime import UTC, datetime

import kfp.client
import pyarrow as pa
import pytest

from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings
from pipelines.package import prepare


@pytest.fixture(autouse=True)
def context(tmp_path, monkeypatch):
    """Where kfp looks for settings of its own: nothing is there, whatever the home directory has."""
    path = tmp_path / "config" / "context.json"
    monkeypatch.setattr(kfp.client.Client, "_LOCAL_KFP_CONTEXT", str(path))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """METIER_HOME with a lake of one client."""
    folder = tmp_path_factory.mktemp("home")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    row = {"client_id": "c", "status": "active", "event_timestamp": now, "recorded_at": now}
    Lake(str(folder / "lake")).append("clients", pa.Table.from_pylist([row], TABLES["clients"].schema))
    return folder


@pytest.fixture(scope="module")
def package(home):
    return prepare("training", Settings(home=home), ("job_feed",))
