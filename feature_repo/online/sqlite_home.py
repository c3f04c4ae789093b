"""SQLite files of the embedded feature store, found under METIER_HOME from whatever folder Feast is called in.

Feast resolves a relative SQLite path against the caller's folder (registry) or against the repository (online store).
Here both mean the same place as everywhere in metier. An absolute path stays as it is. In the online store, a row
never replaces a newer one of its key. Knows no view by name.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import compute_table_id, extract_text_and_num
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from pydantic import Field, StrictStr, field_validator

from feature_repo.files.home import under_home
from feature_repo.online.newest import VERSION, event_of
from feature_repo.online.sqlite_rows import write_newest
from feature_repo.online.wire import WrittenRow

Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
"""A key, its features, its event timestamp and its created timestamp."""
StoredRow = tuple[datetime | None, dict[str, Value] | None]
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

    Rows are written as SqliteRows writes them: none replaces a newer one of its key.
    """

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def online_write_batch(
        self, config: RepoConfig, table: FeatureView, data: list[Row], progress: Callable[[int], Any] | None
    ) -> None:
        """Write the rows that are not older than what their keys hold, all of them or none."""
        connection = self._get_conn(config)
        name = compute_table_id(config.project, table, config.registry.enable_online_feature_view_versioning)
        with self._writing, connection:
            write_newest(connection, name, written(config, data))
        if progress:
            progress(len(data))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[StoredRow]:
        """As Feast's own, with the event timestamp to the microsecond."""
        return [_exact(*stored) for stored in super().online_read(config, table, entity_keys, requested_features)]

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = self._conn
        if connection is None:
            connection = super()._get_conn(config)
            connection.execute(f"PRAGMA busy_timeout = {round(1e3 * config.online_store.timeout_seconds)}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection


def written(config: RepoConfig, rows: Iterable[Row]) -> Iterator[WrittenRow]:
    """Feast's rows as they are stored."""
    for entity, values, event, created in rows:
        key = serialize_entity_key(entity, config.entity_key_serialization_version)
        stored = {
            name: (value.SerializeToString(), extract_text_and_num(value, False)[0]) for name, value in values.items()
        }
        yield WrittenRow(key, stored, event, created)


def _exact(stamp: datetime | None, values: dict[str, Value] | None) -> StoredRow:
    version = values.pop(VERSION, None) if values else None
    return (stamp if version is None else event_of(version.string_val)), values
