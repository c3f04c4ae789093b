"""Feast's Redis online store on a Valkey or Redis server that every node shares, in Feast's own format.

Rows are written as ValkeyRows writes them: none replaces a newer one of its key. No key expires (a view says itself
when something is over), so the server must not evict. Knows no view by name.
"""

from collections.abc import Callable
from typing import Any

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from pydantic import Field, field_validator
from redis import Redis

from feature_repo.online.sqlite_home import Row, written
from feature_repo.online.valkey_rows import connected, write_newest


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
        view: str = compute_versioned_name(table, config.registry.enable_online_feature_view_versioning)
        client = self._get_client(config.online_store)
        write_newest(client, config.project, view, written(config, data), progress)

    def _get_client(self, online_store_config: ValkeyOnlineStoreConfig) -> Redis:
        if self._client is None:
            self._client = connected(online_store_config.connection_string, online_store_config.timeout_seconds)
        return self._client
