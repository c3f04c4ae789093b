import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast.repo_operations import get_repo_files
from feast.types import from_feast_to_pyarrow_type
from sqlalchemy import create_engine

from feature_repo.client import FeatureStoreClient, render_feature_store_yaml
from feature_repo.definitions import ENTITIES, VIEWS
from feature_repo.files import home
from feature_repo.offline.asof_store import AsofOfflineStoreConfig
from feature_repo.online.sqlite_home import HomeSqliteOnlineStoreConfig
from metier.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
JOIN_KEYS = {entity.name: entity.join_key for entity in ENTITIES}
DATA_ENDS = datetime(2015, 3, 1, tzinfo=UTC)
FEAST = """
import os, sys
from feast.cli.cli import cli
folder = os.getcwd()
for command in sys.argv[1:]:
    os.chdir(folder)
    cli.main(command.split(), standalone_mode=False)
"""


def feast(*commands, folder, checkout=CHECKOUT, home=None):
    """Output of Feast's command line, called in `folder`; one process, since its imports take seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "METIER_HOME"}
    environment |= {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    if home is not None:
        environment["METIER_HOME"] = str(home)
    done = subprocess.run(
        [sys.executable, "-c", FEAST, *commands], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def write_tables(features):
    features.mkdir(parents=True)
    for view in VIEWS:
        kinds = {field.name: from_feast_to_pyarrow_type(field.dtype) for field in view.features}
        clock = pa.array([DATA_ENDS], pa.timestamp("us", tz="UTC"))
        columns = {JOIN_KEYS[view.entities[0]]: ["a"], "event_timestamp": clock, "recorded_at": clock}
        columns |= {name: pa.nulls(1, kind) for name, kind in kinds.items()}
        columns |= {name: [name] for name, kind in kinds.items() if kind == pa.string()}
        columns |= {name: pa.array([1.0], kind) for name, kind in kinds.items() if pa.types.is_floating(kind)}
        (features / view.name).mkdir()
        pq.write_table(pa.table(columns), features / view.name / f"{DATA_ENDS:%Y-%m-%d}.parquet")


def online_values(home):
    rows = pa.table({key: ["a"] for key in JOIN_KEYS.values()})
    views = ["freelancer_profile", "job_activity", "client_history"]
    (values,) = FeatureStoreClient(Settings(home=home)).serving_features(rows, views).to_pylist()
    return [
        values["freelancer_profile__title"],
        values["job_activity__clicks_7d"],
        values["client_history__interaction_count"],
    ]


@pytest.fixture
def clone(tmp_path):
    """A fresh clone, as far as Feast sees one."""
    folder = tmp_path / "clone"
    for package in ("metier", "feature_repo"):
        shutil.copytree(CHECKOUT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


def test_a_clone_called_from_another_folder_with_metier_home_unset(clone, tmp_path):
    repository = f"-c {clone / 'feature_repo'}"
    home = clone / ".metier"
    write_tables(home / "features")
    before = set(clone.rglob("*"))
    printed = feast(
        f"{repository} apply",
        f"{repository} feature-views list",
        f"{repository} materialize-incremental {DATA_ENDS:%Y-%m-%dT%H:%M:%S}",
        f"{repository} materialize-incremental 2026-03-01T00:00:00",
        folder=tmp_path,
        checkout=clone,
    )
    assert all(view.name in printed.partition("NAME")[2] for view in VIEWS)
    assert set(clone.rglob("*")) - before == {home / "online_store.db", home / "registry.db"}
    assert sorted(tmp_path.iterdir()) == [clone]
    assert online_values(home) == ["title", 1.0, 1.0]


def test_metier_home_set_keeps_everything_under_it(tmp_path):
    home = tmp_path / "home"
    write_tables(home / "features")
    printed = feast(
        "-c feature_repo apply",
        "-c feature_repo apply",
        "-c feature_repo feature-services list",
        "-c feature_repo materialize 1970-01-01T00:00:00 2015-03-01T00:00:00",
        folder=CHECKOUT,
        home=home,
    )
    assert printed.count("Created feature view") == len(VIEWS)
    assert printed.count("No changes to registry") == printed.count("No changes to infrastructure") == 1
    assert all(name in printed for name in ("talent_search_v1", "job_feed_v1", "applicant_review_v1"))
    assert online_values(home) == ["title", 1.0, 1.0]
    again = feast(
        "-c feature_repo apply",
        "-c feature_repo materialize-incremental 2015-03-01T00:00:00",
        folder=CHECKOUT,
        home=home,
    )
    assert again.count("No changes to registry") == again.count("No changes to infrastructure") == 1
    assert "Updated" not in again
    assert again.count("is empty") == 1
    assert "feast -c feature_repo materialize 1970-01-01T00:00:00 2015-03-01T00:00:00" in again
    names = sorted(path.name for path in home.iterdir())
    assert names == ["feature_store.yaml", "features", "online_store.db", "registry.db"]


def test_the_rendered_configuration_registers_features_before_any_table_is_built(tmp_path):
    home = tmp_path / "home"
    config = f"-c {CHECKOUT / 'feature_repo'} -f {render_feature_store_yaml(Settings(home=home))}"
    printed = feast(f"{config} apply", f"{config} feature-views list", folder=tmp_path)
    assert all(view.name in printed.partition("NAME")[2] for view in VIEWS)
    assert sorted(path.name for path in home.iterdir()) == ["feature_store.yaml", "online_store.db", "registry.db"]
    assert sorted(tmp_path.iterdir()) == [home]


def test_feast_imports_the_definitions_alone():
    assert get_repo_files(CHECKOUT / "feature_repo") == [CHECKOUT / "feature_repo" / "definitions.py"]


def test_relative_paths_lie_under_metier_home_and_absolute_ones_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    home.home.cache_clear()
    relative = create_engine("sqlite:///registry.db", plugins=["metier_home"])
    assert relative.url.database == f"{tmp_path}/home/registry.db"
    assert (tmp_path / "home").is_dir()
    absolute = create_engine(f"sqlite:///{tmp_path}/other/registry.db", plugins=["metier_home"])
    assert absolute.url.database == f"{tmp_path}/other/registry.db"
    kind = "feature_repo.online.home.HomeSqliteOnlineStore"
    assert HomeSqliteOnlineStoreConfig(type=kind).path == f"{tmp_path}/home/online_store.db"
    assert HomeSqliteOnlineStoreConfig(type=kind, path="/x/online.db").path == "/x/online.db"
    assert AsofOfflineStoreConfig().folder == f"{tmp_path}/home/features"
    assert AsofOfflineStoreConfig(folder="/x").folder == "/x"
    home.home.cache_clear()
