"""A language model that chooses the next move, among the same few, by JSON schema.

It is shown what the person said, how long the shortlist is and which limits hold: no text of a candidate, so none can
tell it what to do. Arguments of tools are read from the person's words whatever it chooses. Knows no endpoint.
"""

import json
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.moves import Doing, Move
from components.language.models import ChatModel, Message
from metier.errors import ModelAnswerError

CALLER = "assist"
MOST_TOKENS = 100
LAST_TURNS = 4
RULES = (
    "You choose the next step of an assistant that searches a work marketplace. Choose one of: search (a new search), "
    "change (limits or skills of the search), undo (go back to the search before), more (of the same), compare "
    "(candidates side by side), ask (a question about candidates found), market_rates, draft (a job post), explain "
    "(why somebody stands there), account (what was searched and changed), decline (what is none of these, such as "
    "hiring or paying), help, unclear (what asks for nothing of this). `positions` are the candidates that the person "
    "means, from 0; else empty. Answer in JSON."
)


class _Chosen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    doing: Doing
    positions: Annotated[list[Annotated[int, Field(ge=0, le=19)]], Field(max_length=5)] = []


class ModelPlanner:
    """Asks `model`."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    def move(self, said: str, conversation: Conversation, deadline_s: float) -> Move:
        """What the model chooses; ModelError where it gives no move, or one that cannot be made here."""
        completion = self._model.complete(
            _prompt(said, conversation), caller=CALLER, deadline_s=deadline_s, max_tokens=MOST_TOKENS, schema=_Chosen
        )
        chosen = completion.value
        if chosen is None or not _is_possible(chosen, conversation):
            raise ModelAnswerError("the language model chose a step that is not possible here")
        usage = completion.usage
        return Move(chosen.doing, tuple(dict.fromkeys(chosen.positions)), usage.read + usage.written)


def _is_possible(chosen: _Chosen, conversation: Conversation) -> bool:
    needs_search = chosen.doing in ("change", "undo", "more", "explain", "account")
    return not (needs_search and conversation.search is None) and all(
        position < len(conversation.shortlist) for position in chosen.positions
    )


def _prompt(said: str, conversation: Conversation) -> Sequence[Message]:
    state = {
        "searched": conversation.search is not None,
        "shortlist": len(conversation.shortlist),
        "limits": sorted(conversation.limits),
        "said_before": [turn.said for turn in conversation.turns[-LAST_TURNS:]],
        "said_now": said,
    }
    return [Message("system", RULES), Message("user", json.dumps(state, ensure_ascii=False))]
