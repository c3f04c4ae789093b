"""Feast stores of metier's own views over tables of random versions, for the feature benchmarks.

No two versions of a key happened together: Feast's own stores break no such tie.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from asof_join import values
from feast import FeatureStore, FeatureView, FileSource, RepoConfig
from feast.types import from_feast_to_pyarrow_type

from feature_repo.definitions import ENTITIES, VIEWS

TIMESTAMP = pa.timestamp("us", tz="UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 180
END = START + timedelta(days=DAYS + 2)
LATE = 0.1
"""Share of versions that are recorded up to a day late."""
OFFLINE = {"asof": "feature_repo.offline.asof_store.AsofOfflineStore", "duckdb": "duckdb", "dask": "dask"}
SQLITE, VALKEY = (
    "feature_repo.online.sqlite_home.HomeSqliteOnlineStore",
    "feature_repo.online.valkey_home.ValkeyOnlineStore",
)

DECLARED = {view.name: view for view in VIEWS}
KEYS = {entity.name: entity.join_key for entity in ENTITIES}
KINDS = {
    f"{view.name}__{field.name}": from_feast_to_pyarrow_type(field.dtype) for view in VIEWS for field in view.features
}
"""Arrow type of every feature by full name."""


def key_of(name: str) -> str:
    """Join key of a view."""
    return KEYS[DECLARED[name].entities[0]]


def names_of(key: str, count: int) -> pa.Array:
    """`count` names of whoever a join key names."""
    kind = key.removesuffix("_id")
    return pa.array([f"{kind}-{number:06d}" for number in range(count)])


def write_versions(folder: Path, name: str, names: pa.Array, count: int, seed: int) -> None:
    """A view's table in order of time; every one of `names` has a version where there are enough."""
    random = np.random.default_rng(seed)
    step = DAYS * 86_400 * 10**6 // count
    happened = int(START.timestamp()) * 10**6 + np.arange(count) * step
    late = random.integers(0, 86_400, count) * 10**6 * (random.random(count) < LATE)
    owner = random.permutation(np.arange(count) % len(names))
    columns = {key_of(name): names.take(pa.array(owner)), "event_timestamp": pa.array(happened, TIMESTAMP)}
    columns["recorded_at"] = pa.array(happened + late, TIMESTAMP)
    for field in DECLARED[name].features:
        columns[field.name] = values(random, KINDS[f"{name}__{field.name}"], count)
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def write_entities(path: Path, key: str, names: pa.Array, count: int) -> None:
    """Entity rows at whole seconds, some before the first version of their key."""
    random = np.random.default_rng(1)
    moments = int(START.timestamp()) * 10**6 + random.integers(0, DAYS * 86_400, count) * 10**6
    chosen = names.take(pa.array(random.integers(0, len(names), count)))
    columns = {"row": pa.array(range(count)), key: chosen, "event_timestamp": pa.array(moments, TIMESTAMP)}
    pq.write_table(pa.table(columns), path)


def open_store(
    folder: Path, views: Sequence[str], offline: str, online: str = SQLITE, url: str | None = None
) -> FeatureStore:
    """Feast on the tables in `folder`, its registry and SQLite files named after the stores."""
    name = f"{offline}-{online.rpartition('.')[2]}"
    location = {"connection_string": url} if url else {"path": f"{folder / name}-online.db"}
    own = {"folder": str(folder)} if offline == "asof" else {}
    config = RepoConfig(
        project="bench",
        provider="local",
        registry=f"{folder / name}-registry.db",
        online_store={"type": online, **location},
        offline_store={"type": OFFLINE[offline], **own},
        entity_key_serialization_version=3,
        materialization={"pull_latest_features": True, "online_write_batch_size": 10_000},
    )
    store = FeatureStore(config=config)
    store.apply([*ENTITIES, *(_view(folder, name) for name in views)])
    return store


def references(views: Sequence[str], most: int | None = None) -> list[str]:
    """The first features of the views, as Feast asks for them."""
    return [f"{name}:{field.name}" for name in views for field in DECLARED[name].features][:most]


def as_served(table: pa.Table) -> pa.Table:
    """Features in the types of their views, timestamps as the online store holds them: whole seconds."""
    columns = {}
    for name in table.column_names:
        column = table[name].cast(KINDS[name])
        columns[name] = pc.floor_temporal(column, unit="second") if pa.types.is_timestamp(column.type) else column
    return pa.table(columns)


def _view(folder: Path, name: str) -> FeatureView:
    declared = DECLARED[name]
    (entity,) = (entity for entity in ENTITIES if entity.name == declared.entities[0])
    source = FileSource(
        name=name,
        path=str(folder / f"{name}.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="recorded_at",
    )
    return FeatureView(name=name, entities=[entity], ttl=declared.ttl, schema=declared.schema, source=source)
