"""Stored values of the online store on a Valkey or Redis server: the hash that Feast makes of each entity.

A row never replaces a newer one of its key, whoever writes it and when: the server compares and writes in one step.
Knows no Feast and no type of a feature.
"""

import itertools
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.retry import Retry

from feature_repo.online.newest import VERSION, event_of, spelled
from feature_repo.online.wire import PROJECT, WrittenRow, entity_key, hash_field
from feature_repo.views import View
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
        self._timeout_seconds = timeout_seconds
        self.client = connected(url, timeout_seconds)

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature, and its VERSION; empty where there is nothing. One pipeline."""
        keys = [[hash_key(view.key, name) for name in names] for view, names in view_keys]
        views_of: dict[bytes, list[View]] = {}
        for (view, _), of_view in zip(view_keys, keys, strict=True):
            for key in dict.fromkeys(of_view):
                views_of.setdefault(key, []).append(view)
        with self.client.pipeline(transaction=False) as pipe:
            for key, views in views_of.items():
                pipe.hmget(key, [field for view in views for field in _versioned(view)])
            answers = pipe.execute()
        stored: dict[tuple[str, bytes], dict[str, bytes]] = {}
        for (key, views), contents in zip(views_of.items(), answers, strict=True):
            content = iter(contents)
            for view in views:
                values = zip((VERSION, *view.features), content, strict=False)
                stored[view.name, key] = {feature: value for feature, value in values if value is not None}
        return [[stored[view.name, key] for key in of_view] for (view, _), of_view in zip(view_keys, keys, strict=True)]

    def state(self) -> None:
        """The server does not say whether it changed."""

    def stamps(self, view: View, keys: Sequence[str]) -> list[datetime | None]:
        """By key, the event timestamp of what is held; None where that is nothing."""
        with self.client.pipeline(transaction=False) as pipe:
            for name in keys:
                pipe.hget(hash_key(view.key, name), f"{VERSION}:{view.name}")
            return [None if version is None else event_of(version.decode()) for version in pipe.execute()]

    def write(self, view: View, rows: Sequence[WrittenRow]) -> None:
        """Write the rows that are not older than what their keys hold."""
        write_newest(self.client, PROJECT, view.name, rows)

    def remove(self, view: View, keys: Sequence[str]) -> None:
        """Hold nothing of these keys in this view."""
        fields = [f"_ts:{view.name}", *_versioned(view)]
        with self.client.pipeline(transaction=False) as pipe:
            for name in keys:
                pipe.hdel(hash_key(view.key, name), *fields)
            pipe.execute()

    @contextmanager
    def locked(self, names: Sequence[str]) -> Iterator[None]:
        """Hold the locks of some names; FeatureError where others held them for the store's timeout."""
        wait = self._timeout_seconds
        keys, token = [f"{PROJECT}:lock:{name}" for name in set(names)], uuid.uuid4().hex
        deadline = time.monotonic() + wait
        while not self.client.eval(TAKE_LOCKS, len(keys), *keys, token, LOCK_MS):
            if time.monotonic() > deadline:
                raise FeatureError(f"others held locks of the online store for {wait:g} s; send this again")
            time.sleep(LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            freed = self.client.eval(FREE_LOCKS, len(keys), *keys, token)
        if freed < len(keys):
            raise FeatureError(f"a lock of the online store was held for more than {LOCK_MS} ms; send this again")

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


@cache
def _versioned(view: View) -> tuple[bytes, ...]:
    """The field of a row's version, and those of its features."""
    return (f"{VERSION}:{view.name}".encode(), *(hash_field(view.name, feature) for feature in view.features))


def hash_key(key: str, name: str) -> bytes:
    """The key of the hash of an entity."""
    return entity_key(key, name) + PROJECT.encode()


def write_newest(
    client: Redis, project: str, view: str, rows: Iterable[WrittenRow], progress: Callable[[int], Any] | None = None
) -> None:
    """Write the rows of a view that are not older than what their keys hold; `progress` hears how many, in parts."""
    remaining = iter(rows)
    while batch := list(itertools.islice(remaining, ROWS_AT_ONCE)):
        with client.pipeline(transaction=False) as pipe:
            for row in batch:
                pipe.eval(WRITE_NEWEST, 1, row.key + project.encode(), *_spelled(view, row))
            pipe.execute()
        if progress:
            progress(len(batch))


def _spelled(view: str, row: WrittenRow) -> list[Any]:
    """Fields and values of a row by turns."""
    stamp = Timestamp()
    stamp.FromDatetime(row.event)
    version = spelled(row.event, row.created)
    fields: list[Any] = [f"_ts:{view}", stamp.SerializeToString(), f"{VERSION}:{view}", version]
    for name, (content, _) in row.values.items():
        fields += hash_field(view, name), content
    return fields
