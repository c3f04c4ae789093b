"""The border's guard: no request passes that its key does not allow, and browsers ask from allowed origins only.

Which key may do what is the business of `serving.access`. Knows no route's body.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from metier.errors import MetierError, RateLimitError, UnknownKeyError
from serving.access import LOGIN, SCOPES, Access
from serving.http.bodies import Refusal
from serving.http.middleware import refuse
from serving.http.problems import status_of

METHODS = ("GET", "POST", "PUT")
HEADERS = ("authorization", "content-type")
SCHEME = "key"
"""The security scheme's name in the OpenAPI document."""


class Guard:
    """Hands on what may go on; answers all else itself, before its body is read."""

    def __init__(self, app: Any, access: Callable[[], Access]) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            self._access().admit(scope["method"], scope["path"], headers)
        except MetierError as error:
            await refuse(send, _refusal(error, scope, headers))
        else:
            await self._app(scope, receive, send)


def _refusal(error: MetierError, scope: Any, headers: dict[bytes, bytes]) -> Refusal:
    """The answer to an error; a browser without a key is sent to where a person can give one."""
    more: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, RateLimitError):
        more = ((b"retry-after", str(math.ceil(error.wait_seconds)).encode()),)
    elif isinstance(error, UnknownKeyError):
        if scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b""):
            page = quote(scope["path"], safe="/")
            query = scope["query_string"].decode("latin-1")
            wanted = quote(f"{page}?{query}" if query else page, safe="")
            return Refusal(303, str(error), ((b"location", f"{LOGIN}?next={wanted}".encode()),))
        more = ((b"www-authenticate", b'Bearer realm="metier"'),)
    return Refusal(status_of(error), str(error), more)


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins ask in a browser, by a key and not by cookies; none, where there are none."""
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=METHODS, allow_headers=HEADERS)


def declare_scopes(app: FastAPI) -> None:
    """Have the OpenAPI document say which scope each route asks for."""
    plain = app.openapi

    def with_scopes() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            document.setdefault("components", {})["securitySchemes"] = {SCHEME: {"type": "http", "scheme": "bearer"}}
            for path, methods in document["paths"].items():
                for method, route in methods.items():
                    scope = SCOPES[f"{method.upper()} {path}"]
                    route["security"] = [] if scope is None else [{SCHEME: [scope]}]
        return app.openapi_schema or {}

    app.openapi = with_scopes  # type: ignore[method-assign]
