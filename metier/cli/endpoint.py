"""Questions to a running endpoint, and slates as people read them: titles from the lake beside the candidates' ids."""

from collections.abc import Collection, Mapping
from typing import Any

from metier.contract import surface
from metier.errors import InputError, ServingError
from metier.lake import Lake
from metier.surfaces import surface_spec

ASK_SECONDS = 30.0
TITLE_WIDTH = 60


def ask(url: str, path: str, body: str, key: str = "") -> dict[str, Any]:
    """The endpoint's answer, by an API key where it takes one.

    InputError with its reason for a 4xx, ServingError where it cannot answer.
    """
    import httpx

    headers = {"content-type": "application/json", **bearing(key)}
    try:
        response = httpx.post(url + path, content=body.encode(), headers=headers, timeout=ASK_SECONDS)
        content: dict[str, Any] = response.json()
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise InputError(f"{url!r} is not the URL of an endpoint; give one such as http://127.0.0.1:8000") from error
    except (httpx.HTTPError, ValueError) as error:
        raise ServingError(f"no answer from {url} ({type(error).__name__}); start it with `metier serve`") from error
    if response.status_code == 401:
        raise InputError(
            f"{path} answered 401: {content.get('error', content)}; set METIER_API_KEY to one that {url} knows"
        )
    if response.status_code >= 400:
        kind = ServingError if response.status_code >= 500 else InputError
        raise kind(f"{path} answered {response.status_code}: {content.get('error', content)}")
    return content


def bearing(key: str) -> dict[str, str]:
    """The header by which an API key is sent; none without a key."""
    return {"authorization": f"Bearer {key}"} if key else {}


def titles(lake: Lake, table: str, key: str, ids: Collection[str]) -> dict[str, str]:
    """Newest title by id; ids that the lake does not know are left out."""
    with lake.connect() as connection:
        rows = connection.sql(
            f"SELECT {key}, arg_max(title, event_timestamp) FROM {table} "
            f"WHERE {key} IN (SELECT unnest($ids)) GROUP BY 1",
            params={"ids": list(ids)},
        )
        return dict(rows.fetchall())


def candidate_titles(lake: Lake, response: Mapping[str, Any]) -> dict[str, str]:
    """Titles of the candidates of an answer."""
    spec = surface_spec(surface(response["surface"]))
    return titles(lake, spec.table, spec.key, [entry["candidate_id"] for entry in response["slate"]])


def render(response: Mapping[str, Any], title_by_id: Mapping[str, str]) -> str:
    """The slate: rank, id, score, title, and reasons where they were asked for."""
    degraded = f", without {'; '.join(response['degraded'])}" if response["degraded"] else ""
    head = f"{response['surface']} by {response['bundle']} ({response['tier']}{degraded}), query {response['query_id']}"
    return "\n".join([head, *(_line(entry, title_by_id) for entry in response["slate"])])


def _line(entry: Mapping[str, Any], title_by_id: Mapping[str, str]) -> str:
    title = title_by_id.get(entry["candidate_id"], "")[:TITLE_WIDTH]
    line = f"{entry['rank']:>4}  {entry['candidate_id']:<16} {entry['score']:.4f}  {title}"
    reasons = ", ".join(f"{reason['feature']} {reason['adds']:+.2f}" for reason in entry.get("reasons") or ())
    return f"{line}  ({reasons})".rstrip() if reasons else line.rstrip()
