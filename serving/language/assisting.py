"""The search assistant over one engine: a turn of a conversation, whose state is kept when it is over.

Nothing is recorded as a slate. Knows neither HTTP nor Ray.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import get_args

from components.language.assistant.arguments import Searching
from components.language.assistant.conversation import Conversation
from components.language.assistant.events import Event
from components.language.assistant.loop import Assistant, Limits
from components.language.assistant.planning.model_planner import ModelPlanner
from components.language.assistant.planning.moves import Planner, Reading
from components.language.assistant.planning.planner import DeterministicPlanner
from serving.engine import Engine
from serving.events.versions import plain_text
from serving.language.conversations import Conversations
from serving.language.marketplace import ActorMarketplace
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace, arrival


@dataclass(frozen=True)
class Turn:
    """What a person says; `conversation_id` is None where it begins. Its deadline runs since it `arrived`."""

    actor_id: str
    text: str
    surface: Searching
    conversation_id: str | None
    deadline_ms: float
    arrived: float = field(default_factory=arrival)


def begun(turn: Turn, engine: Engine, conversations: Conversations) -> Conversation:
    """The conversation that the turn goes on with; NotFoundError for one that is not this actor's, SuspendedError."""
    engine.known.require_active(turn.surface, turn.actor_id)
    if turn.conversation_id is None:
        return conversations.begun(turn.actor_id, turn.surface, engine.now())
    return conversations.of(turn.conversation_id, turn.actor_id)


@dataclass(frozen=True)
class EngineReader:
    """Sentences and ids as one engine knows them, for one actor's request."""

    engine: Engine
    actor_id: str
    trace: RequestTrace

    def read(self, text: str, surface: Searching) -> Reading | None:
        """What the text asks of a surface; None where it could not be read."""
        request = RankingRequest(surface, self.actor_id, text=text, understand=True)
        return self.engine.understood(request, self.trace)

    def surface_of(self, name: str) -> Searching | None:
        """Where the candidate of this id is found; None where there is none."""
        for surface in get_args(Searching):
            if self.engine.serving(surface).candidates.rows([name])[0] >= 0:
                found: Searching = surface
                return found
        return None


def assisted(turn: Turn, conversation: Conversation, engine: Engine, conversations: Conversations) -> Iterator[Event]:
    """What happens, event by event; the conversation is kept before the last one."""
    trace = RequestTrace(turn.deadline_ms, turn.arrived)
    reader = EngineReader(engine, turn.actor_id, trace)

    def keep(after: Conversation) -> None:
        conversations.keep(replace(after, updated_at=engine.now()))

    planners: tuple[Planner, ...] = (DeterministicPlanner(reader),)
    if engine.model is not None:
        planners = (ModelPlanner(engine.model), *planners)
    seconds = trace.remaining_ms / 1e3
    limits = Limits(seconds=seconds, planner_seconds=min(engine.settings.llm_timeout_seconds, seconds / 2))
    market = ActorMarketplace(engine, turn.actor_id, trace)
    return Assistant(market, planners, reader, keep, limits).answer(plain_text(turn.text), conversation)
