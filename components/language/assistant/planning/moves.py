"""What a turn of a conversation asks the assistant to do next: a choice among few, whoever chooses. Knows no tool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from components.language.assistant.arguments import Searching
from components.language.assistant.conversation import Conversation
from components.language.understanding import Plan

Doing = Literal[
    "search", "change", "more", "compare", "ask", "market_rates", "draft", "explain", "account", "decline", "help"
]
"""`explain` tells why somebody stands there, `account` what the last search changed: both from what is known."""


@dataclass(frozen=True)
class Move:
    """What to do; `positions` (from 0) are those of the shortlist that the sentence means, empty where it says none."""

    doing: Doing
    positions: tuple[int, ...] = ()
    tokens: int = 0
    """That a model used to choose it."""


class Reading(Protocol):
    """What a text was understood to ask (`components.language.understanding`)."""

    @property
    def plan(self) -> Plan:
        """Its parts."""
        ...

    @property
    def filters(self) -> Mapping[str, Any]:
        """The limits that it means."""
        ...

    @property
    def skills(self) -> Sequence[tuple[str, str, str]]:
        """(id, label, `must`, `nice` or `not`)."""
        ...


class Reads(Protocol):
    """Reads a text as the search box of a surface does."""

    def __call__(self, text: str, surface: Searching) -> Reading | None:
        """None where it could not be read."""


class Planner(Protocol):
    """Chooses what to do."""

    @property
    def name(self) -> str:
        """What traces call it."""
        ...

    def move(self, said: str, conversation: Conversation, deadline_s: float) -> Move:
        """The next move; ModelError where a model gives none."""
