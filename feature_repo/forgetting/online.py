"""Take entities out of the online store, embedded or shared; histories of others lose the entries that name them.

The only place that opens the stores' own tables and keys: Feast has no removal by key. Knows ids, not why they go.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress

from feast import FeatureView, RepoConfig
from feast.infra.key_encoding_utils import deserialize_entity_key, serialize_entity_key
from feast.infra.online_stores.helpers import _mmh3, _redis_key_prefix
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from feature_repo.client import FeatureStoreClient
from feature_repo.definitions import VIEWS
from feature_repo.forgetting.offline import IDS, LISTS, RemovedIds
from feature_repo.online.newest import VERSION
from feature_repo.online.valkey_home import ValkeyOnlineStore
from metier.errors import FeatureError
from metier.settings import Settings

LOCK_SECONDS = 30.0
KEYS_AT_ONCE = 500


def forget_online(settings: Settings, removed: RemovedIds) -> int:
    """Stored values removed, and lists of others shortened; FeatureError where the store cannot be changed now.

    A file is rewritten, so that no freed page holds what was removed; a server is asked to rewrite its own.
    """
    if not settings.online_store_url and not (settings.home / "online_store.db").exists():
        return 0
    store = FeatureStoreClient(settings).store
    online = store.provider.online_store
    try:
        if isinstance(online, ValkeyOnlineStore):
            return _forget_on_server(online, store.config, removed)
        return _forget_in_file(store.config, removed)
    except (sqlite3.OperationalError, RedisError) as error:
        where = settings.online_store_url.rpartition("@")[2] or store.config.online_store.path
        raise FeatureError(f"{where} cannot be changed ({error}); stop what uses it, then repeat this") from error


def _forget_in_file(config: RepoConfig, removed: RemovedIds) -> int:
    with closing(sqlite3.connect(config.online_store.path, LOCK_SECONDS, isolation_level=None)) as connection:
        changed = sum(_forget_stored(connection, config, view.name, removed) for view in VIEWS)
        connection.execute("VACUUM")
    return changed


def _forget_stored(connection: sqlite3.Connection, config: RepoConfig, view: str, removed: RemovedIds) -> int:
    """Values of one table that were removed or shortened."""
    table = f"{config.project}_{view}"
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchall():
        return 0
    key, unwanted = removed.of(view)
    changed = 0
    connection.execute("BEGIN IMMEDIATE")
    for name in sorted(unwanted):
        stored = [_serialized(config, key, name)]
        connection.execute(f"DELETE FROM \"{table}\" WHERE entity_key = ? AND feature_name = '{VERSION}'", stored)
        changed += connection.execute(f'DELETE FROM "{table}" WHERE entity_key = ?', stored).rowcount
    if listed := removed.listed(view):
        ids = connection.execute(f'SELECT entity_key, value FROM "{table}" WHERE feature_name = ?', [IDS]).fetchall()
        for stored_key, content in ids:
            if positions := _positions(content, listed):
                changed += _shorten_stored(connection, table, stored_key, positions)
    connection.execute("COMMIT")
    return changed


def _shorten_stored(connection: sqlite3.Connection, table: str, stored: bytes, positions: Sequence[int]) -> int:
    query = f'SELECT feature_name, value FROM "{table}" WHERE entity_key = ?'
    lists = [row for row in connection.execute(query, [stored]).fetchall() if row[0].startswith(LISTS)]
    for name, content in lists:
        connection.execute(
            f'UPDATE "{table}" SET value = ? WHERE entity_key = ? AND feature_name = ?',
            [_shortened(content, positions), stored, name],
        )
    return len(lists)


def _forget_on_server(online: ValkeyOnlineStore, config: RepoConfig, removed: RemovedIds) -> int:
    client = online.client(config)
    project = config.project.encode()
    changed = 0
    for key, unwanted in removed.ids.items():
        for name in sorted(unwanted):
            stored = _serialized(config, key, name) + project
            fields = client.hkeys(stored)
            client.delete(stored)
            changed += sum(not field.startswith((b"_ts:", f"{VERSION}:".encode())) for field in fields)
    for view in VIEWS:
        if removed.listed(view.name):
            changed += _shorten_on_server(online, config, view, removed.listed(view.name))
    with suppress(ResponseError):  # one is under way, or this server keeps no such file
        client.bgrewriteaof()
    return changed


def _shorten_on_server(
    online: ValkeyOnlineStore, config: RepoConfig, view: FeatureView, unwanted: frozenset[str]
) -> int:
    """Lists of a history view that were shortened, each actor's under its lock."""
    client, project = online.client(config), config.project.encode()
    fields = [_mmh3(f"{view.name}:{field.name}") for field in view.features if field.name.startswith(LISTS)]
    keys = client.scan_iter(_redis_key_prefix(view.join_keys) + b"*" + project, KEYS_AT_ONCE)
    changed = 0
    for key in keys:
        if not _positions(client.hget(key, _mmh3(f"{view.name}:{IDS}")), unwanted):
            continue
        actor = deserialize_entity_key(key[: -len(project)], config.entity_key_serialization_version)
        with online.locked(config, [f"{view.name}:{actor.entity_values[0].string_val}"]):
            changed += _shorten_key(client, key, fields, _mmh3(f"{view.name}:{IDS}"), unwanted)
    return changed


def _shorten_key(client: Redis, key: bytes, fields: Sequence[bytes], ids: bytes, unwanted: frozenset[str]) -> int:
    contents = dict(zip(fields, client.hmget(key, fields), strict=True))
    positions = _positions(contents[ids], unwanted)
    lists = {field: _shortened(content, positions) for field, content in contents.items() if content}
    if positions:
        client.hset(key, mapping=lists)
    return len(lists) if positions else 0


def _serialized(config: RepoConfig, key: str, name: str) -> bytes:
    entity = EntityKey(join_keys=[key], entity_values=[Value(string_val=name)])
    stored: bytes = serialize_entity_key(entity, config.entity_key_serialization_version)
    return stored


def _positions(content: bytes | None, unwanted: frozenset[str]) -> list[int]:
    """Positions of unwanted ids in a stored list."""
    ids = Value.FromString(content or b"").string_list_val.val
    return [position for position, name in enumerate(ids) if name in unwanted]


def _shortened(content: bytes, positions: Sequence[int]) -> bytes:
    """A stored list without the entries at these positions."""
    value = Value.FromString(content)
    if kind := value.WhichOneof("val"):
        entries = getattr(value, kind).val
        for position in sorted(positions, reverse=True):
            del entries[position]
    changed: bytes = value.SerializeToString()
    return changed
