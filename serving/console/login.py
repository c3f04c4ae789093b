"""Where a person gives an API key, which the browser then keeps in a cookie that no script and no other site can use.

Opening the page ends what was before. Knows keys by `serving.access` alone.
"""

from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from serving.access import COOKIE, LOGIN
from serving.console.pages import HEADERS, page
from serving.http.replica import Replica

LONGEST_FORM = 1_000


def add_login(app: FastAPI, replica: Replica) -> None:
    """The form at LOGIN, and what it is sent to."""

    async def form(request: Request) -> Response:
        """The form, without the key that was in use."""
        answer = page("login", problem="", action=_action(request))
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    async def login(request: Request) -> Response:
        """On to the page that was asked for, with the key in a cookie; the form again where nobody has this key."""
        body = await request.body()
        fields = parse_qs(body.decode("latin-1")) if len(body) <= LONGEST_FORM else {}
        key = fields.get("key", [""])[0].strip()
        if not replica.access.knows(key):
            return page("login", 401, problem="Nobody has this key.", action=_action(request))
        answer = RedirectResponse(_wanted(request), 303, HEADERS)
        encrypted = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        answer.set_cookie(COOKIE, key, path="/", httponly=True, samesite="strict", secure=encrypted)
        return answer

    app.add_api_route(LOGIN, form, methods=["GET"], include_in_schema=False)
    app.add_api_route(LOGIN, login, methods=["POST"], include_in_schema=False)


def _wanted(request: Request) -> str:
    """The page to go on to: a path of this endpoint and of no other host."""
    wanted = request.query_params.get("next", "/")
    is_own = wanted.startswith("/") and wanted[1:2] not in ("/", "\\") and wanted.isascii() and wanted.isprintable()
    return wanted if is_own else "/"


def _action(request: Request) -> str:
    return f"{LOGIN}?{request.url.query}" if request.url.query else LOGIN
