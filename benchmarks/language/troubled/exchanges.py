"""What an endpoint is asked, and in what its answers differ from another's. Knows the routes; no model."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from metier.lake import Lake
from metier.settings import Settings

HERE = Path(__file__).parents[1]
OWN = frozenset({"query_id", "conversation_id", "took_ms", "used", "degraded"})
"""Fields, wherever they stand, that are each answer's own: ids, times and tokens, and what it did without."""
RANKED = 100
"""Candidates of `POST /v1/rank`."""
JOBS = (
    "SELECT DISTINCT client_id, job_id FROM jobs WHERE client_id IS NOT NULL AND status = 'open' ORDER BY ALL LIMIT $1"
)
PEOPLE = "SELECT DISTINCT freelancer_id FROM freelancers WHERE status = 'listed' ORDER BY ALL LIMIT $1"
SIDES = {"client": "talent_search", "freelancer": "job_feed"}
ROUTES = ("rank", "talent", "feed", "ask", "tools", "assist")
DEADLINES_MS = dict(zip(ROUTES, (1_000.0, 2_000.0, 2_000.0, 3_000.0, 3_000.0, 6_000.0), strict=True))

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Exchange:
    """Requests of one route, sent one after the other: the turns of a conversation, else a single one."""

    route: str
    path: str
    bodies: tuple[Body, ...]


@dataclass(frozen=True)
class Answer:
    """An answer, and the milliseconds until all of it was there. Status 0: there was none."""

    route: str
    status: int
    ms: float
    content: Any

    @property
    def degraded(self) -> list[str]:
        """What it says that it did without."""
        of = self.content.get("done", self.content) if isinstance(self.content, dict) else {}
        return of.get("degraded", [])

    @property
    def is_late(self) -> bool:
        return self.ms > DEADLINES_MS[self.route]

    @property
    def is_poor(self) -> bool:
        """Whether it came late, not at all, or without something."""
        return self.is_late or self.status != httpx.codes.OK or bool(self.degraded)


def exchanges(settings: Settings, each: int) -> list[Exchange]:
    """`each` of every route, of what the lake holds and of the searches and tasks that were written by hand."""
    searches = _lines("queries.jsonl")
    talent, feed = (
        [search for search in searches if search["surface"] == surface and search["plan"].get("must")][:each]
        for surface in ("talent_search", "job_feed")
    )
    asked = [*talent[: -(-each // 2)], *feed[: each // 2]]
    talks = [
        task for task in _lines("tasked/tasks.jsonl") if len(task["turns"]) > 1 and "{job}" not in task["turns"][0]
    ]
    with Lake(settings.lake).connect() as connection:
        jobs = connection.execute(JOBS, [each]).fetchall()
        people = [person for (person,) in connection.execute(PEOPLE, [RANKED]).fetchall()]
    ranked = {"surface": "talent_search", "candidates": people, "text": talent[0]["text"]}
    return [
        *(_exchange("rank", "rank", {**ranked, "actor_id": client, "job_id": job}) for client, job in jobs),
        *(_exchange("talent", "search/talent", {"text": search["text"]}) for search in talent),
        *(
            _exchange("feed", "feed/jobs", {"actor_id": person, "text": search["text"]})
            for person, search in zip(people, feed, strict=False)
        ),
        *(_exchange("ask", "ask", _question(search)) for search in asked),
        *(_exchange("tools", "tools/ask", {"arguments": _question(search)}) for search in asked),
        *(
            _exchange("assist", "assist", *({"text": turn, "surface": SIDES[talk["side"]]} for turn in talk["turns"]))
            for talk in talks[:each]
        ),
    ]


def _lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def _question(search: Mapping[str, Any]) -> Body:
    """Who knows the first skill that a search asks for."""
    skill = search["plan"]["must"][0]
    is_feed = search["surface"] == "job_feed"
    return {
        "surface": search["surface"],
        "question": f"Which jobs mention {skill}?" if is_feed else f"Who knows {skill}?",
    }


def _exchange(route: str, path: str, *bodies: Body) -> Exchange:
    of_all: Body = {"deadline_ms": DEADLINES_MS[route], **({"stream": False} if route == "assist" else {})}
    return Exchange(route, f"/v1/{path}", tuple({**body, **of_all} for body in bodies))


def answers(exchange: Exchange, http: httpx.Client, pause_seconds: float = 0.0) -> Iterator[Answer]:
    """Answers to an exchange; after one that did without something, the next is asked for a pause later."""
    conversation: Body = {}
    for body in exchange.bodies:
        answer = _posted(exchange, {**body, **conversation}, http)
        yield answer
        if exchange.route == "assist" and answer.status == httpx.codes.OK:
            conversation = {"conversation_id": answer.content["done"]["conversation_id"]}
        if answer.degraded:
            time.sleep(pause_seconds)


def _posted(exchange: Exchange, body: Body, http: httpx.Client) -> Answer:
    begun = time.perf_counter()
    try:
        response = http.post(exchange.path, json=body)
        status, content = response.status_code, response.json()
    except (httpx.HTTPError, ValueError) as error:
        status, content = 0, type(error).__name__
    return Answer(exchange.route, status, 1e3 * (time.perf_counter() - begun), content)


def difference(one: Any, other: Any, at: str = "") -> str | None:
    """Where the first difference of two answers stands, and what it is; None where they are equal but for OWN."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [name for name in {**one, **other} if name not in OWN]
        found = (difference(one.get(name), other.get(name), f"{at}.{name}") for name in names)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        found = (difference(*pair, f"{at}[{number}]") for number, pair in enumerate(zip(one, other, strict=True)))
    else:
        return None if one == other else f"{at.lstrip('.')}: {_short(one)} became {_short(other)}"
    return next(filter(None, found), None)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
