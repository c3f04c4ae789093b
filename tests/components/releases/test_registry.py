"""The registry on a real SQLite file and a real Postgres server; bundles are small, with an encoder of four words."""

import fcntl
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import numpy as np
import pytest
import tokenizers
from onnx import TensorProto, helper, numpy_helper

from components.ranking import Ensemble, ExternalRanker
from components.releases import Bundle, RegisteredBundle, Registry, registry_database
from components.releases.bundle import Origin
from components.releases.registry import registered_name
from components.training_sets import RankingDataset
from feature_repo.texts import Encoder, TextWeights
from feature_repo.texts.weighing import WEIGHT_SHAPES
from metier.errors import ArtifactError, RegistryError

FEED, SEARCH = registered_name("job_feed"), registered_name("talent_search")
NOWHERE = "postgresql://127.0.0.1:1/nothing"


def four_words(folder):
    """An encoder that averages one unit vector a word."""
    table = numpy_helper.from_array(np.eye(4, 384, dtype=np.float32), "table")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=1),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", 384])
    graph = helper.make_graph(nodes, "four_words", [ids], [embedding], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    words = tokenizers.models.WordLevel({"cook": 0, "nurse": 1, "java": 2, "?": 3}, unk_token="?")  # noqa: S106
    files = {
        "model.onnx": model.SerializeToString(),
        "tokenizer.json": tokenizers.Tokenizer(words).to_str().encode(),
        "probe.json": json.dumps({"input_ids": [[0]], "embedding": [[1.0] + 383 * [0.0]]}).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = {
        "dimension": 384, "max_tokens": 8, "card_tokens": 6, "query_tokens": 4, "precision": "fp32",
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }  # fmt: skip
    (folder / "encoder.json").write_text(json.dumps(manifest))
    return Encoder.load(folder)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return four_words(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def write(encoder, tmp_path_factory):
    """Write a bundle of a surface; another `lake` makes another bundle."""
    rows = np.arange(40, dtype=np.float32).reshape(20, 2)
    dataset = RankingDataset(rows, np.arange(20) % 2, np.repeat(np.arange(2), 10), ("price", "level_code"))
    ensemble = Ensemble.fit([ExternalRanker(score_column="price").fit(dataset)], dataset)

    def written(surface="job_feed", lake="1"):
        origin = Origin(
            surface, f"{surface}_v1", True, datetime(2026, 1, 31, tzinfo=UTC), lake, "inputs", "code", {"study": "feed"}
        )
        return Bundle.write(
            tmp_path_factory.mktemp("written") / "bundle",
            origin=origin,
            ensemble=ensemble,
            encoder=encoder,
            text_weights=TextWeights(*(np.zeros(shape, np.float32) for shape in WEIGHT_SHAPES.values())),
            evaluation={"ndcg_at_10": 0.4},
            decision={"verdict": "promote", "estimand": "logged"},
        )

    return written


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A folder with a migrated database that holds nothing."""
    home = tmp_path_factory.mktemp("empty")
    assert at(home).by_alias(FEED, "champion") is None
    return home


@pytest.fixture
def home(empty, tmp_path):
    return shutil.copytree(empty, tmp_path / "home")


@pytest.fixture
def registry(home):
    return at(home)


def at(home, uri=None):
    return Registry(uri or f"sqlite:///{home / 'mlflow.db'}", home / "artifacts", home / "bundles")


def mlflow_client(home):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{home / 'mlflow.db'}", f"sqlite:///{home / 'mlflow.db'}")


def one_line(raised):
    return "\n" not in str(raised.value)


def test_a_bundle_is_registered_under_its_surface_with_its_digest(registry, write):
    bundle = write()
    assert registry.register(bundle.folder, {"ndcg_at_10": 0.4}) == RegisteredBundle(FEED, 1, bundle.sha256)
    assert registry.newest(FEED) == RegisteredBundle(FEED, 1, bundle.sha256)


def test_the_run_holds_lineage_verdict_figures_and_files(home, registry, write):
    bundle = write()
    registry.register(bundle.folder, {"ndcg_at_10": 0.4, "undefined": float("nan")}, {"trees": 500})
    client = mlflow_client(home)
    version = client.get_model_version(FEED, "1")
    run = client.get_run(version.run_id)
    tags = {"surface": "job_feed", "sha256": bundle.sha256, "verdict": "promote", "estimand": "logged"}
    assert version.tags == tags
    assert run.data.tags.items() >= tags.items()
    manifest = bundle.manifest
    assert run.data.params == {
        "surface": "job_feed",
        "as_of": "2026-01-31T00:00:00+00:00",
        "feature_service": "job_feed_v1",
        "feature_schema_hash": manifest.feature_schema_hash,
        "candidate_counts": "true",
        "encoder_hash": manifest.encoder_hash,
        "lake_digest": "1",
        "inputs_digest": "inputs",
        "code_digest": "code",
        "metier_version": manifest.metier_version,
        "code_version": f"{manifest.metier_version}+code",
        "dtype": "float32",
        "language": "en",
        "lineage.study": "feed",
        "trees": "500",
    }
    assert run.data.metrics["ndcg_at_10"] == 0.4
    assert run.info.status == "FINISHED"
    assert [str(path) for path in (home / "artifacts").rglob("decision.json")]


def test_the_same_bundle_from_another_folder_keeps_its_version(home, registry, write):
    first, second = write(), write()
    assert first.folder != second.folder
    assert registry.register(first.folder, {}) == at(home).register(second.folder, {})
    assert len(mlflow_client(home).search_model_versions(f"name='{FEED}'")) == 1


def test_surfaces_and_contents_have_versions_of_their_own(registry, write):
    registered = [
        registry.register(write(*of).folder, {}) for of in (("job_feed",), ("job_feed", "2"), ("talent_search",))
    ]
    assert [(each.name, each.version) for each in registered] == [(FEED, 1), (FEED, 2), (SEARCH, 1)]
    assert registry.newest(FEED) == registered[1]


def test_a_metric_that_mlflow_refuses_registers_nothing(home, registry, write):
    with pytest.raises(RegistryError, match=r'cannot register job_feed-.*Invalid value "NDCG@10"') as raised:
        registry.register(write().folder, {"NDCG@10": 0.4})
    assert one_line(raised)
    runs = mlflow_client(home).search_runs([mlflow_client(home).get_experiment_by_name("metier").experiment_id])
    assert [run.info.status for run in runs] == ["FAILED"]
    with pytest.raises(RegistryError, match=f"nothing is registered as '{FEED}'.*metier pipeline run training"):
        registry.newest(FEED)


def test_a_damaged_bundle_is_not_registered(registry, write):
    folder = write().folder
    (folder / "decision.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"decision\.json differs"):
        registry.register(folder, {})


def test_an_alias_means_one_version_until_it_is_set_again(registry, write):
    first, second = (registry.register(write(lake=lake).folder, {}) for lake in ("1", "2"))
    assert registry.by_alias(FEED, "challenger") is None
    registry.set_alias(FEED, "challenger", 1)
    assert registry.by_alias(FEED, "challenger") == first
    registry.set_alias(FEED, "challenger", 2)
    assert registry.by_alias(FEED, "challenger") == second
    assert registry.by_alias(FEED, "champion") is None
    assert registry.by_alias("metier_unheard_of", "champion") is None


def test_a_promotion_notes_who_decided_why_and_what_it_replaces(registry, write):
    for lake in ("1", "2"):
        registry.register(write(lake=lake).folder, {})

    assert registry.promotion(FEED, 1) is None
    assert registry.promote(FEED, 1, "ann", "nothing else is there").replaced is None
    second = registry.promote(FEED, 2, "the gate", "it gains")
    assert (second.by, second.reason, second.replaced) == ("the gate", "it gains", 1)
    assert registry.by_alias(FEED, "champion").version == 2
    assert registry.promote(FEED, 2, "bob", "again") == second == registry.promotion(FEED, 2)
    back = registry.promote(FEED, 1, "bob", "the new one is slow")
    assert (back.by, back.replaced, registry.by_alias(FEED, "champion").version) == ("bob", 2, 1)


def test_names_and_versions_that_do_not_exist_are_told_with_those_that_do(registry, write, tmp_path):
    registry.register(write().folder, {})
    for ask in (
        lambda: registry.set_alias(FEED, "champion", 7),
        lambda: registry.promote(FEED, 7, "ann", "why not"),
        lambda: registry.fetch(FEED, 7, "0" * 64),
    ):
        with pytest.raises(
            RegistryError, match=f"no version 7 of '{FEED}' at sqlite:.*; use one of: {FEED} 1"
        ) as raised:
            ask()
        assert one_line(raised)
    with pytest.raises(RegistryError, match="no version 1 of 'other'"):
        registry.fetch("other", 1, "0" * 64)


def test_a_fetched_bundle_is_the_registered_one_and_stays_on_this_machine(home, registry, write):
    bundle = write()
    registry.register(bundle.folder, {})
    folder = registry.fetch(FEED, 1, bundle.sha256)
    assert folder == home / "bundles" / FEED / f"1-{bundle.sha256[:12]}"
    assert Bundle.load(folder).sha256 == bundle.sha256
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    shutil.rmtree(home / "artifacts")
    assert at(home, NOWHERE).fetch(FEED, 1, bundle.sha256) == folder


def test_what_is_on_this_machine_is_fetched_without_mlflow(home, registry, write):
    bundle = write()
    registry.register(bundle.folder, {})
    registry.fetch(FEED, 1, bundle.sha256)
    program = (
        "import sys\nfrom pathlib import Path\nfrom components.releases.registry import Registry\n"
        "home = Path(sys.argv[1])\n"
        "Registry('sqlite:///nowhere.db', home, home / 'bundles').fetch(sys.argv[2], 1, sys.argv[3])\n"
        "print(sorted({'mlflow', 'sqlalchemy', 'torch'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program, str(home), FEED, bundle.sha256]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "[]\n"


def test_a_damaged_copy_is_told_and_fetched_anew_once_deleted(registry, write):
    bundle = write()
    registry.register(bundle.folder, {})
    folder = registry.fetch(FEED, 1, bundle.sha256)
    (folder / "evaluation.json").write_text("{}")
    with pytest.raises(ArtifactError, match=rf"evaluation\.json differs .*; delete {folder} and fetch {FEED} 1 again"):
        registry.fetch(FEED, 1, bundle.sha256)
    shutil.rmtree(folder)
    assert Bundle.load(registry.fetch(FEED, 1, bundle.sha256)).sha256 == bundle.sha256


def test_a_whole_other_bundle_in_place_of_the_copy_is_refused(registry, write):
    bundle, other = write(), write(lake="2")
    registry.register(bundle.folder, {})
    folder = registry.fetch(FEED, 1, bundle.sha256)
    shutil.rmtree(folder)
    shutil.copytree(other.folder, folder)
    with pytest.raises(ArtifactError, match=f"not the pinned {bundle.sha256[:12]}; delete {folder}"):
        registry.fetch(FEED, 1, bundle.sha256)


def test_a_pin_of_another_digest_is_refused(registry, write):
    bundle = write()
    registry.register(bundle.folder, {})
    with pytest.raises(RegistryError, match=f"{FEED} 1 at .* is {bundle.sha256[:12]}, not the pinned 000000000000"):
        registry.fetch(FEED, 1, "0" * 64)


def test_files_damaged_or_lost_in_the_registry_never_become_a_copy(home, registry, write):
    bundle = write()
    registry.register(bundle.folder, {})
    next(iter((home / "artifacts").rglob("decision.json"))).write_text("{}")
    with pytest.raises(ArtifactError, match=r"artifacts/bundle/decision\.json differs .*; restore it from a backup"):
        registry.fetch(FEED, 1, bundle.sha256)
    shutil.rmtree(home / "artifacts")
    with pytest.raises(RegistryError, match=f"cannot fetch {FEED} 1 at sqlite") as raised:
        registry.fetch(FEED, 1, bundle.sha256)
    assert one_line(raised)
    assert list((home / "bundles" / FEED).iterdir()) == []


FIRST_USE = """
import sys, time
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from components.releases import Registry
home, bundle = Path(sys.argv[1]), Path(sys.argv[2])
Path(sys.argv[3]).touch()
until = time.monotonic() + 60
while not (home / "go").exists() and time.monotonic() < until:
    time.sleep(0.001)
print(Registry(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts", home / "bundles").register(bundle, {}).version)
"""


def test_two_processes_open_a_new_registry_at_once_and_register_one_bundle_once(write, tmp_path):
    folder = write().folder
    ready = [tmp_path / f"ready-{i}" for i in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_USE, str(tmp_path), str(folder), str(mark)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for mark in ready
    ]  # fmt: skip
    try:
        while not all(mark.exists() for mark in ready) and all(process.poll() is None for process in processes):
            time.sleep(0.01)
        (tmp_path / "go").touch()
        answers = [process.communicate(timeout=120) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [answer for answer, _ in answers] == ["1\n", "1\n"], answers
    assert len(mlflow_client(tmp_path).search_model_versions(f"name='{FEED}'")) == 1


def test_a_lock_that_is_never_given_back_is_told(home, registry, monkeypatch):
    monkeypatch.setattr(registry_database, "LOCK_SECONDS", 0.1)
    with (home / "mlflow.db.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RegistryError, match=r"mlflow\.db\.lock was held for 0\.1 s; end the process that holds it"):
            registry.newest(FEED)


@pytest.mark.parametrize(
    "uri", ["/some/folder", "file:///some/folder", "http://127.0.0.1:5000", "sqlite://", "mysql://root@127.0.0.1/x", ""]
)
def test_a_uri_of_another_kind_is_refused(tmp_path, uri):
    with pytest.raises(RegistryError, match="set METIER_REGISTRY_URI to sqlite:///PATH or postgresql://") as raised:
        at(tmp_path, uri or "nothing").newest(FEED)
    assert one_line(raised)


def test_a_file_that_is_no_database_and_a_place_that_cannot_be_made_are_told(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database " * 100)
    with pytest.raises(RegistryError, match=r"cannot open the registry at sqlite.*file is not a database") as raised:
        at(tmp_path).newest(FEED)
    assert one_line(raised)
    with pytest.raises(RegistryError, match="cannot open the registry at sqlite"):
        at(tmp_path, f"sqlite:///{tmp_path}/mlflow.db/inside.db").newest(FEED)


def test_no_pickle_is_read_and_nothing_is_sent_home(registry):
    assert registry.by_alias(FEED, "champion") is None
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION, MLFLOW_DISABLE_TELEMETRY

    assert MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get() is False
    assert MLFLOW_DISABLE_TELEMETRY.get() is True


def test_a_missing_driver_is_told_with_the_command_and_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    registry = at(tmp_path, "postgresql+psycopg://metier:secret@127.0.0.1:1/metier")
    with pytest.raises(RegistryError, match=r"metier:\*\*\*@.* needs the driver psycopg.*pip install") as raised:
        registry.newest(FEED)
    assert "secret" not in str(raised.value) + repr(registry)


def test_postgres_holds_versions_aliases_and_copies_alike(database, write, tmp_path):
    first, second = write(), write(lake="2")
    registry = at(tmp_path, database)
    assert [registry.register(each.folder, {"ndcg": 0.4}).version for each in (first, second, first)] == [1, 2, 1]
    for version in (1, 2):
        registry.promote(FEED, version, "ann", "to see")
    assert at(tmp_path, database).by_alias(FEED, "champion") == RegisteredBundle(FEED, 2, second.sha256)
    assert Bundle.load(registry.fetch(FEED, 2, second.sha256)).sha256 == second.sha256
    with pytest.raises(RegistryError, match=f"no version 7 of '{FEED}' at postgresql"):
        registry.fetch(FEED, 7, "0" * 64)


def test_a_postgres_that_refuses_or_never_answers_is_told(tmp_path):
    pytest.importorskip("psycopg", reason="the Postgres driver psycopg is not installed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        never = f"postgresql://metier:secret@127.0.0.1:{silent.getsockname()[1]}/metier?connect_timeout=2"
        for uri in (NOWHERE, never):
            with pytest.raises(RegistryError, match="cannot open the registry at postgresql") as raised:
                at(tmp_path, uri).newest(FEED)
            assert one_line(raised)
            assert "secret" not in str(raised.value)
