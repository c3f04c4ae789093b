"""Conversations on the server of the online store, where machines share one. Knows no conversation."""

from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError

from metier.errors import ServingError

KEY = "metier:conversation:"
TIMEOUT_SECONDS = 2.0


class ConversationServer:
    """Keys of Valkey or Redis that expire by themselves."""

    def __init__(self, url: str, ttl_seconds: float) -> None:
        self._server = Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)
        self._ttl = max(1, int(ttl_seconds))

    def read(self, name: str) -> bytes | None:
        """None where there is none, or it is too old."""
        try:
            value = self._server.get(KEY + name)
        except RedisError as error:
            raise _unreachable(error) from error
        return value if isinstance(value, bytes) else None

    def write(self, name: str, text: str) -> None:
        """Keep it, to expire."""
        try:
            self._server.set(KEY + name, text, ex=self._ttl)
        except RedisError as error:
            raise _unreachable(error) from error

    def take_out(self, unwanted: Callable[[bytes], bool]) -> int:
        """Remove those whose text is unwanted; how many they were."""
        removed = 0
        try:
            for key in self._server.scan_iter(f"{KEY}*"):
                text = self._server.get(key)
                if isinstance(text, bytes) and unwanted(text):
                    removed += int(bool(self._server.delete(key)))
        except RedisError as error:
            raise _unreachable(error) from error
        return removed


def _unreachable(error: RedisError) -> ServingError:
    return ServingError(f"conversations cannot be reached ({type(error).__name__}); see METIER_ONLINE_STORE_URL")
