"""`POST /v1/assist`: a turn of a conversation with the search assistant, as server-sent events or as one JSON.

Knows no stage and no tool.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, FiniteFloat, StringConstraints

from components.language.assistant.arguments import Searching
from components.language.assistant.events import Called, Done, Event, Planned, Shortlist, Spoken
from metier.texts.fields import Id, Model
from serving.http.replica import Replica
from serving.language.assisting import Turn

UNCACHED = {"cache-control": "no-store"}


class Assist(Model):
    """What a person says to the assistant; `conversation_id` goes on with a conversation of the same actor."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
    actor_id: Annotated[Id | None, Field(description="who asks; null or absent for a visitor without an account")] = (
        None
    )
    surface: Annotated[Searching, Field(description="talent_search: a client looks for people; job_feed")] = (
        "talent_search"
    )
    conversation_id: Id | None = None
    stream: Annotated[bool, Field(description="server-sent events; false: one JSON at the end")] = True
    deadline_ms: Annotated[FiniteFloat, Field(ge=1, le=60_000)] = 10_000.0

    def to_turn(self) -> Turn:
        """The turn as the assistant takes it."""
        return Turn(self.actor_id or "", self.text, self.surface, self.conversation_id, self.deadline_ms)


class AssistResponse(BaseModel):
    """All that the events say; `tools` are the calls in their order."""

    plan: Planned
    tools: list[Called]
    shortlist: Shortlist | None = None
    message: Spoken
    done: Done

    @classmethod
    def of(cls, events: Iterable[Event]) -> "AssistResponse":
        by_kind: dict[str, list[Any]] = {"plan": [], "tool": [], "shortlist": [None], "message": [], "done": []}
        for event in events:
            by_kind[event.kind].append(event)
        last = {name: by_kind[name][-1] for name in ("plan", "shortlist", "message", "done")}
        return cls(tools=by_kind["tool"], **last)


def add_assist_route(app: FastAPI, replica: Replica) -> None:
    @app.post("/v1/assist", response_model=AssistResponse, responses={200: {"content": {"text/event-stream": {}}}})
    async def assist(request: Assist) -> Response:
        """One turn: what the assistant plans, each call of a tool, the shortlist, the answer with its sources."""
        events = await replica.assist(request.to_turn())
        if request.stream:
            return StreamingResponse(_sent(events), media_type="text/event-stream", headers=UNCACHED)
        answer = AssistResponse.of([event async for event in events])
        return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")


async def _sent(events: AsyncIterator[Event]) -> AsyncIterator[str]:
    async for event in events:
        yield f"event: {event.kind}\ndata: {event.model_dump_json(exclude_none=True)}\n\n"
