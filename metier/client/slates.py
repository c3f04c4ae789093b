"""What the endpoint is told and answers, as plain values; fields as /docs describes them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from metier.contract import Kind, Side


def new_id() -> str:
    """An id that nobody else makes."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Ranked:
    """One candidate of a slate."""

    candidate_id: str
    rank: int
    score: float
    placement: str


@dataclass(frozen=True)
class Slate:
    """A slate, the tier that ranked it, and what it does without; `answer` is all that the endpoint said.

    score_is: `probability` where scores are that of a click or better were the candidate shown first, else `order`.
    """

    query_id: str
    entries: Sequence[Ranked]
    tier: str
    degraded: Sequence[str]
    score_is: str
    answer: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """The slate of an answer."""
        entries = [
            Ranked(entry["candidate_id"], entry["rank"], entry["score"], entry["placement"])
            for entry in answer["slate"]
        ]
        said = answer.get("score_is", "order")
        return cls(answer["query_id"], entries, answer["tier"], answer["degraded"], said, answer)


@dataclass(frozen=True)
class Interaction:
    """What one side did about the other; `query_id` is that of the slate it came from.

    Its id is made with it: it is told once, however often it is sent.
    """

    kind: Kind
    side: Side
    freelancer_id: str
    job_id: str | None = None
    client_id: str | None = None
    query_id: str | None = None
    value_usd: float | None = None
    rating: float | None = None
    dwell_seconds: float | None = None
    event_timestamp: datetime | None = None
    interaction_id: str = field(default_factory=new_id)

    def as_body(self) -> dict[str, Any]:
        """As `POST /v1/interactions` takes it."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if self.event_timestamp is not None:
            given["event_timestamp"] = self.event_timestamp.isoformat()
        return given


@dataclass(frozen=True)
class Version:
    """A new version is durable; a replica that reads changes up to `sequence` serves it."""

    id: str
    sequence: int
