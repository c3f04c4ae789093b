"""The online store on a Valkey or Redis server that every node shares, in Feast's own format of keys and fields.

A row never replaces a newer one of its key, whoever writes it and when: the server compares and writes in one step.
No key expires (a view says itself when something is over), so the server must not evict. Knows no view by name.
"""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import _mmh3, _redis_key, compute_versioned_name
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.utils import make_tzaware
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import Field, field_validator
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.retry import Retry

from feature_repo.online.newest import VERSION, spelled
from feature_repo.online.sqlite_home import Row
from metier.errors import FeatureError

ROWS_AT_ONCE = 500
"""Rows sent before an answer is awaited, so that a timeout stands for little work."""
LOCK_MS = 10_000
"""When a lock frees itself, because its holder is gone."""
LOOK_AGAIN_SECONDS = 0.005

WRITE_NEWEST = """
local stored = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[3])
if stored[1] and stored[2] and stored[2] > ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""
"""Fields and values of a row, Feast's timestamp first, then the version; a key without the former was deleted."""


TAKE_LOCKS = """
for _, key in ipairs(KEYS) do if redis.call('EXISTS', key) == 1 then return 0 end end
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
return 1
"""
"""All of them or none, in one step: a batch of many actors would otherwise wait for an answer a lock."""
FREE_LOCKS = """
local freed = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) freed = freed + 1 end
end
return freed
"""


class ValkeyOnlineStoreConfig(RedisOnlineStoreConfig):
    """Where the server is: `connection_string` is a redis:// or rediss:// URL."""

    connection_string: str = "redis://127.0.0.1:6379/0"
    timeout_seconds: float = Field(default=30.0, gt=0)
    """Longest wait to connect, for each answer and for a lock."""

    @field_validator("type", mode="before")
    @classmethod
    def _as_feast_calls_it(cls, kind: str) -> str:
        return "redis"


class ValkeyOnlineStore(RedisOnlineStore):
    """Feast's Redis online store; Feast finds it beside its configuration."""

    _client: Redis | None = None

    def online_write_batch(
        self, config: RepoConfig, table: FeatureView, data: list[Row], progress: Callable[[int], Any] | None
    ) -> None:
        """Write the rows that are not older than what their keys hold."""
        client, rows = self.client(config), iter(data)
        while batch := list(itertools.islice(rows, ROWS_AT_ONCE)):
            with client.pipeline(transaction=False) as pipe:
                for row in batch:
                    key, fields = _stored(config, table, row)
                    pipe.eval(WRITE_NEWEST, 1, key, *fields)
                pipe.execute()
            if progress:
                progress(len(batch))

    def remove(self, config: RepoConfig, table: FeatureView, keys: Sequence[EntityKey]) -> None:
        """Hold nothing of these keys in this view."""
        view = _view_name(config, table)
        fields = [f"_ts:{view}", f"{VERSION}:{view}", *(_mmh3(f"{view}:{field.name}") for field in table.features)]
        with self.client(config).pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hdel(_redis_key(config.project, key, config.entity_key_serialization_version), *fields)
            pipe.execute()

    def client(self, config: RepoConfig) -> Redis:
        """The server itself, for what Feast has no word for."""
        return self._get_client(config.online_store)

    @contextmanager
    def locked(self, config: RepoConfig, names: Sequence[str]) -> Iterator[None]:
        """Hold the locks of some names; FeatureError where others held them for the store's timeout."""
        client, wait = self.client(config), config.online_store.timeout_seconds
        keys, token = [f"{config.project}:lock:{name}" for name in set(names)], uuid.uuid4().hex
        deadline = time.monotonic() + wait
        while not client.eval(TAKE_LOCKS, len(keys), *keys, token, LOCK_MS):
            if time.monotonic() > deadline:
                raise FeatureError(f"others held locks of the online store for {wait:g} s; send this again")
            time.sleep(LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            freed = client.eval(FREE_LOCKS, len(keys), *keys, token)
        if freed < len(keys):
            raise FeatureError(f"a lock of the online store was held for more than {LOCK_MS} ms; send this again")

    def _get_client(self, online_store_config: ValkeyOnlineStoreConfig) -> Redis:
        if self._client is None:
            wait = online_store_config.timeout_seconds
            self._client = Redis.from_url(
                online_store_config.connection_string,
                socket_timeout=wait,
                socket_connect_timeout=wait,
                retry=Retry(NoBackoff(), 1, (NotConnectedError,)),  # of a pooled connection that a restart cut
                driver_info=None,
            )
        return self._client


def _stored(config: RepoConfig, table: FeatureView, row: Row) -> tuple[bytes, list[Any]]:
    """The key of a row, and its fields and values by turns."""
    entity, values, event, created = row
    view = _view_name(config, table)
    stamp = Timestamp()
    stamp.FromDatetime(make_tzaware(event))
    fields: list[Any] = [f"_ts:{view}", stamp.SerializeToString(), f"{VERSION}:{view}", spelled(event, created)]
    for name, value in values.items():
        fields += _mmh3(f"{view}:{name}"), value.SerializeToString()
    return _redis_key(config.project, entity, config.entity_key_serialization_version), fields


def _view_name(config: RepoConfig, table: FeatureView) -> str:
    name: str = compute_versioned_name(table, config.registry.enable_online_feature_view_versioning)
    return name
