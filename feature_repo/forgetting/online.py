"""Take entities out of the online store, embedded or shared; histories of others lose the entries that name them.

Feast has no removal by key, so the stores' own tables and keys are opened. Knows ids, not why they go.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from feast.protos.feast.types.Value_pb2 import Value
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from feature_repo.forgetting.offline import IDS, LISTS, RemovedIds
from feature_repo.online.newest import VERSION
from feature_repo.online.valkey_rows import ValkeyRows, hash_key
from feature_repo.online.wire import PROJECT, entity_key, entity_of, hash_field, key_prefix
from feature_repo.views import VIEWS, View
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
    path = settings.home / "online_store.db"
    try:
        if settings.online_store_url:
            with closing(ValkeyRows(settings.online_store_url, LOCK_SECONDS)) as online:
                return _forget_on_server(online, removed)
        return _forget_in_file(path, removed)
    except (sqlite3.OperationalError, RedisError) as error:
        where = settings.online_store_url.rpartition("@")[2] or path
        raise FeatureError(f"{where} cannot be changed ({error}); stop what uses it, then repeat this") from error


def _forget_in_file(path: Path, removed: RemovedIds) -> int:
    with closing(sqlite3.connect(path, LOCK_SECONDS, isolation_level=None)) as connection:
        changed = sum(_forget_stored(connection, view.name, removed) for view in VIEWS)
        connection.execute("VACUUM")
    return changed


def _forget_stored(connection: sqlite3.Connection, view: str, removed: RemovedIds) -> int:
    """Values of one table that were removed or shortened."""
    table = f"{PROJECT}_{view}"
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchall():
        return 0
    key, unwanted = removed.of(view)
    changed = 0
    connection.execute("BEGIN IMMEDIATE")
    for name in sorted(unwanted):
        stored = [entity_key(key, name)]
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


def _forget_on_server(online: ValkeyRows, removed: RemovedIds) -> int:
    client, changed = online.client, 0
    for key, unwanted in removed.ids.items():
        for name in sorted(unwanted):
            stored = hash_key(key, name)
            fields = client.hkeys(stored)
            client.delete(stored)
            changed += sum(not field.startswith((b"_ts:", f"{VERSION}:".encode())) for field in fields)
    for view in VIEWS:
        if removed.listed(view.name):
            changed += _shorten_on_server(online, view, removed.listed(view.name))
    with suppress(ResponseError):  # one is under way, or this server keeps no such file
        client.bgrewriteaof()
    return changed


def _shorten_on_server(online: ValkeyRows, view: View, unwanted: frozenset[str]) -> int:
    """Lists of a history view that were shortened, each actor's under its lock."""
    client, ids, changed = online.client, hash_field(view.name, IDS), 0
    fields = [hash_field(view.name, feature) for feature in view.features if feature.startswith(LISTS)]
    keys = client.scan_iter(key_prefix(view.key) + b"*" + PROJECT.encode(), KEYS_AT_ONCE)
    for key in keys:
        if not _positions(client.hget(key, ids), unwanted):
            continue
        with online.locked([f"{view.name}:{entity_of(key.removesuffix(PROJECT.encode()))}"]):
            changed += _shorten_key(client, key, fields, ids, unwanted)
    return changed


def _shorten_key(client: Redis, key: bytes, fields: Sequence[bytes], ids: bytes, unwanted: frozenset[str]) -> int:
    contents = dict(zip(fields, client.hmget(key, fields), strict=True))
    positions = _positions(contents[ids], unwanted)
    lists = {field: _shortened(content, positions) for field, content in contents.items() if content}
    if positions:
        client.hset(key, mapping=lists)
    return len(lists) if positions else 0


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
