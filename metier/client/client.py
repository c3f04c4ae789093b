"""The client. Each request has one deadline for connection and answer, and is sent again once where that may help.

It may be sent again because nothing counts twice: a slate by its query_id, interactions by their ids, a version by its
content. Sent again is what got no answer, and what a server answered 502, 503 or 504, after the pause of `Retry-After`.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx

from metier.client.slates import Interaction, Slate, Version, new_id
from metier.contract import Surface
from metier.errors import BusyError, InputError, ServingError

ATTEMPTS = 2
AGAIN = (502, 503, 504)
"""Statuses after which another try may succeed."""
MOST_PAUSE_SECONDS = 2.0
"""Longest wait before a request is sent again, whatever the server asks for."""

LONGEST_QUOTE = 200
"""Characters of an answer that is no JSON."""


class Client:
    """Asks the endpoint at `url`; for several threads, until it is closed.

    An attempt that takes more than `timeout_seconds` failed. `key` is an API key, where the endpoint asks for one.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_seconds: float = 5.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_seconds, transport=transport)

    def search_talent(self, **asked: Any) -> Slate:
        """People for a client's job, text or both: fields of `POST /v1/search/talent`."""
        return self._slate("/v1/search/talent", asked)

    def job_feed(self, **asked: Any) -> Slate:
        """Jobs for a freelancer: fields of `POST /v1/feed/jobs`."""
        return self._slate("/v1/feed/jobs", asked)

    def review_applicants(self, **asked: Any) -> Slate:
        """The open applicants of a job, ordered: fields of `POST /v1/review/applicants`."""
        return self._slate("/v1/review/applicants", asked)

    def rank(self, surface: Surface, candidates: Sequence[str], **asked: Any) -> Slate:
        """The caller's own candidates, ordered: fields of `POST /v1/rank`."""
        return self._slate("/v1/rank", {**asked, "surface": surface, "candidates": list(candidates)})

    def tell(self, *interactions: Interaction) -> int:
        """Once they are on disk, how many were taken."""
        body = {"interactions": [interaction.as_body() for interaction in interactions]}
        return int(self._answer("POST", "/v1/interactions", body)["accepted"])

    def put_job(self, job_id: str, **columns: Any) -> Version:
        """A new version of a job, once it is durable."""
        return self._version("jobs", job_id, columns)

    def put_freelancer(self, freelancer_id: str, **columns: Any) -> Version:
        """A new version of a freelancer, once it is durable."""
        return self._version("freelancers", freelancer_id, columns)

    def put_client(self, client_id: str, **columns: Any) -> Version:
        """A new version of a client, once it is durable."""
        return self._version("clients", client_id, columns)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _slate(self, path: str, asked: Mapping[str, Any]) -> Slate:
        return Slate.of(self._answer("POST", path, {"query_id": new_id(), **asked}))

    def _version(self, table: str, name: str, columns: Mapping[str, Any]) -> Version:
        answer = self._answer("PUT", f"/v1/{table}/{quote(name, safe='')}", columns)
        return Version(answer["id"], answer["sequence"])

    def _answer(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """InputError for what is the caller's fault, BusyError and ServingError where the second try failed too."""
        for attempt in range(ATTEMPTS):
            try:
                response = self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                if attempt + 1 == ATTEMPTS:
                    fact = f"no answer from {self._http.base_url}{path.removeprefix('/')} ({type(error).__name__})"
                    raise ServingError(f"{fact}; look whether it is served there") from error
                continue
            if response.status_code not in AGAIN or attempt + 1 == ATTEMPTS:
                return _told(response, path)
            time.sleep(_pause(response))
        raise AssertionError("the last attempt answers or raises")


def _told(response: httpx.Response, path: str) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        content = response.text[:LONGEST_QUOTE]
    if response.is_success and isinstance(content, dict):
        return content
    said = content.get("error", content) if isinstance(content, dict) else content
    kind = InputError if response.is_client_error else BusyError if response.status_code == 503 else ServingError
    raise kind(f"{path} answered {response.status_code}: {said}")


def _pause(response: httpx.Response) -> float:
    """Seconds that the server asks to wait for."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), MOST_PAUSE_SECONDS) if asked.isdigit() else 0.0
