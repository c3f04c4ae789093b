"""Stored values of the online store on a Valkey or Redis server: the hash that Feast writes of each entity.

Knows no Feast and no type of a feature.
"""

from collections.abc import Sequence
from functools import cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.retry import Retry

from feature_repo.online.wire import PROJECT, entity_key, hash_field
from feature_repo.views import View


def connected(url: str, timeout_seconds: float) -> Redis:
    """A client of the server, which waits `timeout_seconds` to connect and for each answer."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 1, (NotConnectedError,)),  # of a pooled connection that a restart cut
        driver_info=None,
    )


class ValkeyRows:
    """The server at `url`, connected to with the first question."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._client = connected(url, timeout_seconds)

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature; empty where there is nothing. One pipeline."""
        keys = [[entity_key(view.key, name) + PROJECT.encode() for name in names] for view, names in view_keys]
        views_of: dict[bytes, list[View]] = {}
        for (view, _), of_view in zip(view_keys, keys, strict=True):
            for key in dict.fromkeys(of_view):
                views_of.setdefault(key, []).append(view)
        with self._client.pipeline(transaction=False) as pipe:
            for key, views in views_of.items():
                pipe.hmget(key, [field for view in views for field in _fields(view)])
            answers = pipe.execute()
        stored: dict[tuple[str, bytes], dict[str, bytes]] = {}
        for (key, views), contents in zip(views_of.items(), answers, strict=True):
            content = iter(contents)
            for view in views:
                values = zip(view.features, content, strict=False)
                stored[view.name, key] = {feature: value for feature, value in values if value is not None}
        return [[stored[view.name, key] for key in of_view] for (view, _), of_view in zip(view_keys, keys, strict=True)]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


@cache
def _fields(view: View) -> tuple[bytes, ...]:
    return tuple(hash_field(view.name, feature) for feature in view.features)
