"""SQLite files of the embedded feature store, found under METIER_HOME from whatever folder Feast is called in.

Feast resolves a relative SQLite path against the caller's folder (registry) or against the repository (online store).
Here both mean the same place as everywhere in metier. An absolute path stays as it is. In the online store, a row
never replaces a newer one of its key. Knows no view by name.
"""

import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from pydantic import Field, StrictStr, field_validator

from feature_repo.files.home import under_home
from feature_repo.online.newest import VERSION, event_of, spelled
from metier.errors import FeatureError
from metier.locks import exclusively

Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
"""A key, its features, its event timestamp and its created timestamp."""
StoredRow = tuple[datetime | None, dict[str, Value] | None]
STRIPES = 64
CACHE_KIB = 65_536
"""A batch fits: readers are kept out while it is committed, not while it is written."""


class HomeSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """Feast's SQLite online store with its file under METIER_HOME."""

    path: StrictStr = Field(default="online_store.db", validate_default=True)
    timeout_seconds: float = Field(default=30.0, gt=0)
    """Longest wait for another process that holds the file."""

    @field_validator("type", mode="before")
    @classmethod
    def _as_feast_calls_it(cls, kind: str) -> str:
        """Feast plans changes, and says that there are none, for a store of this type only."""
        return "sqlite"

    @field_validator("path")
    @classmethod
    def _under_home(cls, path: str) -> str:
        return under_home(path)


class HomeSqliteOnlineStore(SqliteOnlineStore):
    """Feast's SQLite online store; Feast finds it beside its configuration.

    Each key has, beside its features, a row VERSION whose text says when they were true, to the microsecond.
    """

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def online_write_batch(
        self, config: RepoConfig, table: FeatureView, data: list[Row], progress: Callable[[int], Any] | None
    ) -> None:
        """Write the rows that are not older than what their keys hold, all of them or none."""
        connection = self._get_conn(config)
        with self._writing:
            try:
                newest = [row for row in data if _is_newest(connection, config, table, row)]
                super().online_write_batch(config, table, newest, progress)
            except BaseException:
                connection.rollback()
                raise

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[StoredRow]:
        """As Feast's own, with the event timestamp to the microsecond."""
        return [_exact(*stored) for stored in super().online_read(config, table, entity_keys, requested_features)]

    def remove(self, config: RepoConfig, table: FeatureView, keys: Sequence[EntityKey]) -> None:
        """Hold nothing of these keys in this view."""
        connection = self._get_conn(config)
        with self._writing, connection:
            name = _table_name(config, table)
            stored = [[_serialized(config, key)] for key in keys]
            connection.executemany(f'DELETE FROM "{name}" WHERE entity_key = ?', stored)

    @contextmanager
    def locked(self, config: RepoConfig, names: Sequence[str]) -> Iterator[None]:
        """Hold the locks of some names; FeatureError where others held them for the store's timeout."""
        store = config.online_store
        folder = Path(store.path).with_suffix(".locks")
        folder.mkdir(exist_ok=True)
        stripes = sorted({zlib.crc32(name.encode()) % STRIPES for name in names})
        with ExitStack() as locks:
            for stripe in stripes:
                refusal = FeatureError(f"{folder}/{stripe} was held for {store.timeout_seconds:g} s; send this again")
                locks.enter_context(exclusively(folder / str(stripe), refusal, store.timeout_seconds))
            yield

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = self._conn
        if connection is None:
            connection = super()._get_conn(config)
            connection.execute(f"PRAGMA busy_timeout = {round(1e3 * config.online_store.timeout_seconds)}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection


def _is_newest(connection: sqlite3.Connection, config: RepoConfig, table: FeatureView, row: Row) -> bool:
    """Note when the row is true, in a transaction that is left open; False where the store holds a newer one."""
    key, _, event, created = row
    name = _table_name(config, table)
    version = spelled(event, created)
    noted = connection.execute(
        f'INSERT INTO "{name}" (entity_key, feature_name, value, value_text, event_ts, created_ts) '
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (entity_key, feature_name) DO UPDATE SET value = excluded.value, "
        "value_text = excluded.value_text, event_ts = excluded.event_ts, created_ts = excluded.created_ts "
        "WHERE excluded.value_text >= value_text",
        [
            _serialized(config, key),
            *(VERSION, Value(string_val=version).SerializeToString(), version, int(event.timestamp()), None),
        ],
    )
    return noted.rowcount == 1


def _table_name(config: RepoConfig, table: FeatureView) -> str:
    name: str = compute_table_id(config.project, table, config.registry.enable_online_feature_view_versioning)
    return name


def _serialized(config: RepoConfig, key: EntityKey) -> bytes:
    serialized: bytes = serialize_entity_key(key, config.entity_key_serialization_version)
    return serialized


def _exact(stamp: datetime | None, values: dict[str, Value] | None) -> StoredRow:
    version = values.pop(VERSION, None) if values else None
    return (stamp if version is None else event_of(version.string_val)), values
