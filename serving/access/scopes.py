"""The scope that each route asks for, in one table; a route that is not in it is not there for anybody with keys on."""

import re
from collections.abc import Mapping
from typing import Literal

Scope = Literal["read", "feedback", "write", "admin"]
COOKIE = "metier_key"
"""The key of somebody in a browser."""
LOGIN = "/console/login"
METRICS = "GET /metrics"

SCOPES: Mapping[str, Scope | None] = {
    "POST /v1/search/talent": "read",
    "POST /v1/feed/jobs": "read",
    "POST /v1/review/applicants": "read",
    "POST /v1/rank": "read",
    "POST /v1/ask": "read",
    "POST /v1/assist": "read",
    "GET /v1/tools": "read",
    "POST /v1/tools/{name}": "read",
    "GET /v1/suggest": "read",
    "POST /v1/interactions": "feedback",
    "PUT /v1/jobs/{job_id}": "write",
    "PUT /v1/freelancers/{freelancer_id}": "write",
    "PUT /v1/clients/{client_id}": "write",
    "GET /v1/bundle": "admin",
    METRICS: "admin",
    "GET /healthz": None,
    "GET /readyz": None,
    "GET /docs": "read",
    "GET /docs/oauth2-redirect": "read",
    "GET /redoc": "read",
    "GET /openapi.json": "read",
    "GET /docs-assets/{path:path}": None,
    "GET /": "read",
    "GET /console/compare": "read",
    "GET /console/candidate": "read",
    "GET /console/ask": "read",
    "GET /console/assist": "read",
    "GET /console/health": "admin",
    "GET /console/bundles": "admin",
    "GET /console/reports/{path:path}": "admin",
    f"GET {LOGIN}": None,
    f"POST {LOGIN}": None,
    "GET /console/assets/{path:path}": None,
}
"""Method and path of every route -> what a key must be allowed; None: open to everybody, no data in it."""


def route_of(method: str, path: str) -> str | None:
    """The route of a request as SCOPES names it; None where no route takes this method and path."""
    asked = f"{method} {path}"
    if asked in SCOPES:
        return asked
    return next((route for pattern, route in _PATTERNS if pattern.fullmatch(asked)), None)


def is_known(path: str) -> bool:
    """Whether some route has this path, whatever its method."""
    return _PATHS.fullmatch(path) is not None


def _pattern(route: str) -> str:
    """The expression of what a route's path stands for: `{name}` is a part of a path, `{name:path}` the rest of it."""
    parts = re.split(r"(\{\w+(?::path)?\})", route)
    return "".join(re.escape(part) if part[:1] != "{" else ".*" if ":" in part else "[^/]+" for part in parts)


_PATTERNS = [(re.compile(_pattern(route), re.DOTALL), route) for route in SCOPES if "{" in route]
_PATHS = re.compile("|".join(_pattern(route.partition(" ")[2]) for route in SCOPES), re.DOTALL)
