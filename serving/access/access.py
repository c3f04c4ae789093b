"""What a request may do: the key it brings, the scope of its route, the rate of that key. Knows headers and no body."""

import hmac
import time
from collections.abc import Callable, Mapping

from starlette.requests import cookie_parser

from metier.errors import NotFoundError, RateLimitError, ScopeError, UnknownKeyError
from metier.settings import Settings
from serving.access.keys import SHORTEST, Key, hash_of, read_keys
from serving.access.limits import Bucket
from serving.access.scopes import COOKIE, METRICS, SCOPES, is_known, route_of

Headers = Mapping[bytes, bytes]
HOW_TO_SEND = "send one as `Authorization: Bearer KEY`"


class Access:
    """Keys of one replica; without any, everybody may do everything."""

    def __init__(
        self, keys: Mapping[str, Key], metrics_open: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._metrics_open = metrics_open
        self._now = now
        self._buckets = {name: Bucket(key.per_second) for name, key in keys.items()}

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """As the settings say; SettingsError for keys that cannot be used."""
        return cls(read_keys(settings), settings.metrics_open)

    def admit(self, method: str, path: str, headers: Headers) -> None:
        """Nothing, for a request that may go on.

        UnknownKeyError, ScopeError or RateLimitError for one that may not, NotFoundError where no route has its path.
        What takes another method goes on: the router says which.
        """
        if not self._keys:
            return
        route = route_of(method, path)
        if route is not None and self._is_open(route):
            return
        name = self._holder(method, headers)
        if wait := self._buckets[name].take(self._now()):
            raise RateLimitError(
                f"key {name} asks more than {self._keys[name].per_second:g} times a second; wait for Retry-After", wait
            )
        if route is not None:
            self._require_scope(name, route)
        elif not is_known(path):
            raise NotFoundError("no route has this path; routes are at /docs")

    def _is_open(self, route: str) -> bool:
        return SCOPES[route] is None or (self._metrics_open and route == METRICS)

    def _require_scope(self, name: str, route: str) -> None:
        scope = SCOPES[route]
        if scope not in self._keys[name].scopes:
            raise ScopeError(f"key {name} is not allowed to {scope}; ask with a key that has this scope")

    def knows(self, key: str) -> bool:
        """Whether this is a key, which a person may then keep in a cookie."""
        return self._name_of(key) is not None

    def _holder(self, method: str, headers: Headers) -> str:
        """The name of the key that a request brings; UnknownKeyError where it brings none that is set."""
        sent = headers.get(b"authorization")
        key = _key_of_header(sent) if sent is not None else _key_of_cookie(method, headers)
        if not key:
            raise UnknownKeyError(f"this endpoint asks for an API key; {HOW_TO_SEND}")
        name = self._name_of(key)
        if name is None:
            raise UnknownKeyError(f"nobody has this API key; {HOW_TO_SEND}")
        return name

    def _name_of(self, key: str) -> str | None:
        """Compares with every key there is, each in constant time."""
        digest = hash_of(key)
        found = [name for name, known in self._keys.items() if hmac.compare_digest(known.sha256, digest)]
        return found[0] if found and len(key) >= SHORTEST else None


def _key_of_header(sent: bytes) -> str:
    scheme, _, key = sent.decode("latin-1").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _key_of_cookie(method: str, headers: Headers) -> str:
    """The key of the console's cookie; for what may change something only where the page that sends it is ours."""
    if method != "GET":
        origin = headers.get(b"origin", b"").partition(b"://")[2]
        if not origin or origin != headers.get(b"host"):
            return ""
    return cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE, "")
