"""Take entities out of what is built from the lake: offline tables, text vectors, the online store.

The rows of an entity go; histories of others lose the entries that name it. Counts of others stay until the features
are built again. The only place that opens the online store's tables itself: Feast has no removal by key. Knows ids,
not why they go.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from feature_repo.aggregates import HISTORY_VIEWS
from feature_repo.definitions import ENTITIES, VIEWS
from feature_repo.retrieval import FeatureStoreClient
from feature_repo.vectors import FILES, TextVectors
from metier.errors import FeatureError
from metier.settings import Settings

IDS, LISTS = "recent_ids", "recent_"
ROWS_A_BATCH = 65_536
LOCK_SECONDS = 30.0

_JOIN_KEYS = {entity.name: entity.join_key for entity in ENTITIES}
_LISTED = {"freelancer_history": "job_id", "client_history": "freelancer_id"}
"""What the ids in a history are ids of."""


@dataclass(frozen=True)
class Gone:
    """Ids to take out, by join key."""

    ids: Mapping[str, frozenset[str]]

    def of(self, view: str) -> tuple[str, frozenset[str]]:
        """(join key of the view, the ids of it that go)."""
        (entity,) = next(each.entities for each in VIEWS if each.name == view)
        key = _JOIN_KEYS[entity]
        return key, self.ids.get(key, frozenset())

    def listed(self, view: str) -> frozenset[str]:
        """The ids that go from the lists of a history view; none for other views."""
        return self.ids.get(_LISTED[view], frozenset()) if view in HISTORY_VIEWS else frozenset()


def forget_offline(features: Path, gone: Gone) -> dict[str, int]:
    """Rows removed or shortened by view; each file is replaced whole."""
    paths = {view.name: features / f"{view.name}.parquet" for view in VIEWS}
    return {view: _forget_table(path, view, gone) for view, path in paths.items() if path.exists()}


def forget_texts(folder: Path, keys: Iterable[str]) -> int:
    """Remove the vectors of these text keys; what was fitted stays. How many there were."""
    ready = folder.with_name(f".{folder.name}-forgetting")
    _finish(ready, folder)
    if not folder.exists():
        return 0
    vectors, unwanted = TextVectors.read(folder), frozenset(keys)
    kept = np.array([row for row, key in enumerate(vectors.keys) if key not in unwanted], np.int64)
    if len(kept) == len(vectors.keys):
        return 0
    rows = np.append(kept, len(vectors.keys))
    beside = ready.with_suffix(".writing")
    shutil.rmtree(beside, ignore_errors=True)
    replace(
        vectors,
        keys=tuple(vectors.keys[row] for row in kept),
        titles=tuple(vectors.titles[row] for row in kept),
        padded_dense=np.asarray(vectors.padded_dense[rows]),
        padded_lexical=vectors.padded_lexical[rows],
    ).write(beside)
    os.rename(beside, ready)
    _finish(ready, folder)
    return len(vectors.keys) - len(kept)


def forget_online(settings: Settings, gone: Gone) -> int:
    """Remove the keys from the online store and from the histories of others; stored values removed or shortened.

    The file is rewritten, so that no freed page holds what was removed. FeatureError while another process holds it.
    """
    if not (settings.home / "online_store.db").exists():
        return 0
    config = FeatureStoreClient(settings).store.config
    path, version = config.online_store.path, config.entity_key_serialization_version
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
            changed = sum(
                _forget_stored(connection, f"{config.project}_{view.name}", view.name, gone, version) for view in VIEWS
            )
            connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        raise FeatureError(f"{path} cannot be changed ({error}); stop what uses it, then repeat this") from error
    return changed


def _forget_table(path: Path, view: str, gone: Gone) -> int:
    (key, unwanted), listed = gone.of(view), pa.array(gone.listed(view), pa.string())
    dropped, changed = pa.array(unwanted, pa.string()), 0

    def batches(source: pq.ParquetFile) -> Iterator[pa.Table]:
        nonlocal changed
        for batch in source.iter_batches(ROWS_A_BATCH):
            rows = pa.Table.from_batches([batch])
            kept = rows.filter(pc.invert(pc.is_in(rows[key], value_set=dropped)))
            changed += rows.num_rows - kept.num_rows
            shortened, number = _shortened(kept, listed) if len(listed) else (kept, 0)
            changed += number
            yield shortened

    beside = path.with_name(f".{path.name}.writing")
    with pq.ParquetFile(path) as source, pq.ParquetWriter(beside, source.schema_arrow, compression="zstd") as writer:
        for rows in batches(source):
            writer.write_table(rows.cast(source.schema_arrow))
    if changed:
        beside.replace(path)
    else:
        beside.unlink()
    return changed


def _shortened(rows: pa.Table, unwanted: pa.Array) -> tuple[pa.Table, int]:
    """The rows with the entries of unwanted ids left out of their parallel lists, and how many rows had some."""
    ids = rows[IDS].combine_chunks()
    kept = pc.invert(pc.is_in(ids.flatten(), value_set=unwanted))
    row = pc.list_parent_indices(ids).to_numpy()
    mask = kept.to_numpy(zero_copy_only=False)
    if mask.all():
        return rows, 0
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row[mask], minlength=rows.num_rows))]).astype(np.int32)
    for place, field in enumerate(rows.schema):
        if field.name.startswith(LISTS):
            values = rows[field.name].combine_chunks().flatten().filter(kept)
            rows = rows.set_column(place, field, pa.ListArray.from_arrays(pa.array(offsets), values, type=field.type))
    return rows, len(np.unique(row[~mask]))


def _forget_stored(connection: sqlite3.Connection, table: str, view: str, gone: Gone, version: int) -> int:
    """Values of one table that were removed or shortened."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchall():
        return 0
    key, unwanted = gone.of(view)
    changed = 0
    connection.execute("BEGIN IMMEDIATE")
    for each in sorted(unwanted):
        entity = EntityKey(join_keys=[key], entity_values=[Value(string_val=each)])
        stored = serialize_entity_key(entity, entity_key_serialization_version=version)
        changed += connection.execute(f'DELETE FROM "{table}" WHERE entity_key = ?', [stored]).rowcount
    for stored, places in _naming(connection, table, gone.listed(view)):
        changed += _shorten_stored(connection, table, stored, places)
    connection.execute("COMMIT")
    return changed


def _naming(connection: sqlite3.Connection, table: str, unwanted: frozenset[str]) -> list[tuple[bytes, list[int]]]:
    """(entity key, places in its lists) of the histories that name an unwanted id."""
    if not unwanted:
        return []
    found = []
    for stored, content in connection.execute(f'SELECT entity_key, value FROM "{table}" WHERE feature_name = ?', [IDS]):
        ids = Value.FromString(content).string_list_val.val
        if places := [place for place, each in enumerate(ids) if each in unwanted]:
            found.append((stored, places))
    return found


def _shorten_stored(connection: sqlite3.Connection, table: str, stored: bytes, places: list[int]) -> int:
    query = f'SELECT feature_name, value FROM "{table}" WHERE entity_key = ?'
    lists = [(name, Value.FromString(content)) for name, content in connection.execute(query, [stored]).fetchall()]
    for name, value in lists:
        if name.startswith(LISTS):
            entries = getattr(value, value.WhichOneof("val")).val
            for place in reversed(places):
                del entries[place]
            connection.execute(
                f'UPDATE "{table}" SET value = ? WHERE entity_key = ? AND feature_name = ?',
                [value.SerializeToString(), stored, name],
            )
    return sum(name.startswith(LISTS) for name, _ in lists)


def _finish(ready: Path, folder: Path) -> None:
    """Move the files of a whole new set over the old ones, also where a killed one began to."""
    if not ready.exists():
        return
    for file in FILES:
        if (ready / file).exists():
            os.replace(ready / file, folder / file)
    ready.rmdir()
