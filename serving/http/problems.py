"""Errors as HTTP answers them: a status, and one line that says what is wrong and what to do.

Knows the exception tree; no route and no stage.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from metier.errors import (
    ContradictionError,
    InputError,
    MetierError,
    NotFoundError,
    RateLimitError,
    ScopeError,
    SuspendedError,
    UnknownKeyError,
)

LONGEST_NAME = 60
"""Characters of a field's name that an error repeats."""
UNROUTED = {
    404: "no route has this path; routes are at /docs",
    405: "the route of this path takes another method; routes are at /docs",
}
"""What the router refuses, by status."""
STATUSES: Mapping[type[MetierError], int] = {
    UnknownKeyError: 401, ScopeError: 403, RateLimitError: 429,
    NotFoundError: 404, SuspendedError: 403, ContradictionError: 409, InputError: 422,
}  # fmt: skip
"""Errors that are the caller's, the first that fits; of all others another try may succeed."""
LONGEST_ERROR = 500
"""Characters; an error may quote what the caller sent."""


class Problem(BaseModel):
    """An error: what is wrong, and what to do."""

    error: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
}


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = error.errors()
        if isinstance(error.body, bytes):  # it was not read as JSON
            return _problem(415, "the body is not called JSON; send the header content-type: application/json")
        status = 400 if errors[0]["type"] == "json_invalid" else 422
        return _problem(status, one_line(list(errors)))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, UNROUTED.get(error.status_code, str(error.detail)), error.headers)

    @app.exception_handler(MetierError)
    async def expected(request: Request, error: MetierError) -> JSONResponse:
        return _problem(status_of(error), str(error))


def status_of(error: MetierError) -> int:
    """The status that says whose fault an error is."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 503)


def _problem(status: int, error: str, more: Mapping[str, str] | None = None) -> JSONResponse:
    headers = {**(more or {}), **({"Retry-After": "1"} if status == 503 else {})}
    line = error if len(error) <= LONGEST_ERROR else f"{error[:LONGEST_ERROR]} ..."
    return JSONResponse({"error": line}, status, headers)


def one_line(errors: list[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors as one line that names the field."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"the body is not JSON ({first['ctx']['error']}, character {first['loc'][-1]})"
    where = ".".join(_printable(part) for part in first["loc"] if part != "body") or "the body"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{more}"


def _printable(part: str | int) -> str:
    """A field's name as far as a line can hold it: the caller chose it."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(part)[:LONGEST_NAME])
