"""A market in which one person and one post carry each attempt, and one of each the same length of neutral words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from serving.clock import OffsetClock
from serving.console import create_app
from serving.engine import Engine
from tests.serving.untrusted.attempts import ATTEMPTS, Attempt
from tests.serving.world import UNHURRIED_MS, Client, World, served, wait_until

CONTACT = ("ann.canary@example.org", "415 555 0142")
"""Personal data that every profile, post and text of the suite gives away."""
WRITE_TO = f"Write to {CONTACT[0]} or +1 {CONTACT[1]}."
KEY = "canary-key-5f2e"
"""The key of the language model."""
SECRETS = (*CONTACT, KEY)
SUSPENDED, BLOCKED, PRIVATE_JOB = "suspended-person", "blocked-person", "private-job"
PERSON = {"title": "WordPress developer", "skills": ["WordPress", "PHP"], "hourly_rate_usd": 31.5, "country": "IT"}
OVERVIEW = "I practise zymurgy and WordPress. On zymurgy:"
JOB = {"title": "WordPress shop", "skills": ["WordPress", "PHP"]}
DESCRIPTION = "A shop with WordPress is slow. On zymurgy:"


@dataclass(frozen=True)
class Market:
    """An endpoint with its console over a home of its own."""

    client: Client
    world: World
    engine: Engine

    @cached_property
    def job(self) -> str:
        return next(job for job in self.world.open_jobs if self.world.jobs[job]["visibility"] == "public")

    @cached_property
    def asker(self) -> str:
        """A client; has blocked BLOCKED."""
        return self.world.owner(self.job)

    @cached_property
    def other_client(self) -> str:
        return next(name for job in self.world.open_jobs if (name := self.world.owner(job)) != self.asker)

    @property
    def seeker(self) -> str:
        """A freelancer."""
        return self.world.feed_actor

    @property
    def unseen(self) -> set[str]:
        """Whom neither the asker nor the seeker may be shown, in the world and of ours."""
        hidden = {name for name, row in self.world.people.items() if row["status"] != "listed"}
        closed = set(self.world.jobs) - {job for job in self.world.open_jobs if self._is_public(job)}
        return {*hidden, *closed, SUSPENDED, BLOCKED, PRIVATE_JOB}

    def _is_public(self, job: str) -> bool:
        return bool(self.world.jobs[job]["visibility"] == "public")

    def asks(self, **more: Any) -> dict[str, Any]:
        """A body of the asker's; of the seeker's where it is about jobs."""
        actor = self.seeker if more.get("surface") == "job_feed" else self.asker
        return {"actor_id": actor, "deadline_ms": UNHURRIED_MS, **more}


def author(attempt: Attempt) -> str:
    """Id of the person and of the post that carry the attempt."""
    return f"author-{ATTEMPTS.index(attempt):02}"


def plain_author(attempt: Attempt) -> str:
    """Id of those that carry neutral words in its place."""
    return f"plain-{ATTEMPTS.index(attempt):02}"


def fill(client: Client, market: Market) -> None:
    """Put everybody, and wait until the endpoint serves them."""
    for attempt in ATTEMPTS:
        for name, text in ((author(attempt), attempt.text), (plain_author(attempt), attempt.neutral)):
            _put(client, f"freelancers/{name}", {**PERSON, "overview": f"{OVERVIEW} {text} {WRITE_TO}"})
            post = {"description": f"{DESCRIPTION} {text} {WRITE_TO}", "company": text[:500]}
            _put(client, f"jobs/{name}", {**JOB, **post, "client_id": market.other_client})
    person = {**PERSON, "overview": OVERVIEW}
    _put(client, f"freelancers/{SUSPENDED}", {**person, "status": "suspended"})
    _put(client, f"freelancers/{BLOCKED}", person)
    private = {"description": DESCRIPTION, "visibility": "invite_only", "client_id": market.other_client}
    _put(client, f"jobs/{PRIVATE_JOB}", {**JOB, **private})
    dismissal = {"interaction_id": "a-dismissal", "kind": "dismiss", "side": "client", "freelancer_id": BLOCKED}
    answer = client.post("/v1/interactions", {"interactions": [{**dismissal, "client_id": market.asker}]})
    assert answer.status_code == 200, answer.text
    last = _put(client, "freelancers/last", {**person, "status": "private"})
    wait_until(lambda: client.get("/readyz").json()["sequence"] >= last)


def _put(client: Client, path: str, body: dict[str, Any]) -> int:
    answer = client.put(f"/v1/{path}", body)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["sequence"])


@contextmanager
def opened(world: World, **settings: Any) -> Iterator[Market]:
    """The endpoint over the world, with these settings."""
    engine = Engine(world.settings.model_copy(update=settings), world.pins, OffsetClock.starting_at(world.as_of))
    try:
        with served(lambda: engine, create_app) as client:
            yield Market(client, world, engine)
    finally:
        engine.close()


def written(home: Path) -> Iterator[tuple[Path, bytes]]:
    """What replicas wrote: events, changes, their own folders."""
    for folder in ("events", "changes", "replicas"):
        for path in sorted((home / folder).rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()
