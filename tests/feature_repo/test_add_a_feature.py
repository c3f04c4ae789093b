"""docs/add-a-feature.md, done as it says: its changes applied to a copy of the checkout, and the features they give."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "add-a-feature.md"
TAKE = """
import json, sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.releases.candidate_release import read_release
from components.releases.release_builder import ReleaseSource, build_release
from components.simulator import SimulatorConfig, simulate
from components.training_sets.assemble import build_training_set
from feature_repo.build.feature_tables import build_all
from feature_repo.build.feature_tables import VECTORS
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder, TextVectors
from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings

settings = Settings(home=Path(sys.argv[1]))
lake, size = Lake(settings.lake), SimulatorConfig(freelancers=60, jobs=40, impressions=1_000, days=40)
simulate(size, lambda name, rows: lake.append(name, rows), settings.truth, lambda share, what: None)
person = lake.read("impressions").to_pandas().query("candidate_id.str.startswith('fr')")["candidate_id"].mode()[0]
clients = sorted(set(lake.read("jobs")["client_id"].to_pylist()))[:3]
moment = size.end - timedelta(days=20)
saves = [
    {"interaction_id": f"save {client}", "kind": "save", "side": "client", "freelancer_id": person,
     "client_id": client, "event_timestamp": moment, "recorded_at": moment}
    for client in clients
]
columns = TABLES["interactions"].columns
made = {column.name: [row.get(column.name, column.default) for row in saves] for column in columns}
lake.append("interactions", pa.table(made, schema=TABLES["interactions"].schema))

encoder = Encoder.load()
build_all(lake, settings, size.end, encoder)
store = FeatureStoreClient(settings)
store.apply()
vectors = TextVectors.read(settings.features / VECTORS)
data = build_training_set("talent_search", lake, store, vectors, size.end, heads=("click",)).dataset
source = ReleaseSource("talent_search", lake, store.training_features, encoder, vectors)
version = build_release(source, size.end, settings.candidates / "bundle")
release = read_release(settings.candidates / "bundle", version, encoder)
stored = dict(zip(
    release.candidates.names.strings.to_pylist(),
    release.candidates.features["freelancer_activity__saves_30d"].to_pylist(),
    strict=True,
))
column = data.features[:, data.feature_names.index("candidate_saves_30d")]
came = data.features[:, data.feature_names.index("came_since_last_visit")]
print(json.dumps({
    "trained on": [float(np.nanmax(column)), sorted({float(value) for value in came if value == value})],
    "served": stored[person],
}))
"""


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A copy of the checkout with the changes of the page."""
    folder = tmp_path_factory.mktemp("checkout")
    for package in ("metier", "feature_repo", "components"):
        shutil.copytree(CHECKOUT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    changes = re.findall(r"```diff\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(changes) == 3
    subprocess.run(["git", "apply", "-"], input="".join(changes), text=True, cwd=folder, check=True)
    return folder


def run(checkout, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_the_features_of_the_page_are_trained_on_and_served(changed, tmp_path):
    done = run(changed, TAKE, str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    # Three clients saved the freelancer: log(1 + 3) = 1.3863 as a model input.
    assert found["served"] == 3.0
    assert found["trained on"][0] == pytest.approx(1.3863, abs=1e-4)
    assert found["trained on"][1] == [0.0, 1.0]


def test_a_stored_feature_takes_two_files_and_a_pair_feature_one(changed):
    touched = [
        str(path.relative_to(changed))
        for path in sorted(changed.rglob("*"))
        if path.is_file() and path.read_bytes() != (CHECKOUT / path.relative_to(changed)).read_bytes()
    ]
    stored = {"feature_repo/views.py", "feature_repo/sql/freelancer_activity.sql"}
    assert set(touched) == stored | {"feature_repo/inputs/pair_features.py"}


def test_a_feature_that_is_named_in_one_of_the_two_files_is_refused_by_name(changed, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(changed, folder)
    shutil.copy(CHECKOUT / "feature_repo" / "views.py", folder / "feature_repo")
    build = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from metier.lake import Lake; "
        "from feature_repo.build.aggregates import build_feature_tables; "
        "build_feature_tables(Lake(sys.argv[1] + '/lake'), datetime(2024, 3, 1, tzinfo=UTC), Path(sys.argv[1]))"
    )
    done = run(folder, build, str(tmp_path / "home"))
    assert done.returncode == 1
    assert "views.py, which lacks ['saves_30d'] of it; name a feature in both" in done.stderr
