"""What a turn of a conversation asks the assistant to do next: a choice among few, whoever chooses. Knows no tool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from components.language.assistant.arguments import Searching
from components.language.assistant.conversation import Conversation
from components.language.understanding import Plan

Doing = Literal[
    "search", "change", "undo", "more", "compare", "ask", "market_rates", "draft", "explain", "account", "decline",
    "help", "unclear",
]  # fmt: skip
"""`explain` tells why somebody stands there, `account` what the last search changed: both from what is known.

`undo` goes back to the search before; `unclear` is what asks for nothing of this, and changes nothing.
"""


@dataclass(frozen=True)
class Move:
    """What to do; `positions` (from 0) are those of the shortlist that the sentence means, empty where it says none."""

    doing: Doing
    positions: tuple[int, ...] = ()
    tokens: int = 0
    """That a model used to choose it."""
    note: str = ""
    """Why it is unclear, where that is known."""


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


class Reader(Protocol):
    """What is known of the words and the ids of a sentence."""

    def read(self, text: str, surface: Searching) -> Reading | None:
        """What the text asks of a surface, as its search box reads it; None where it could not be read."""

    def surface_of(self, name: str) -> Searching | None:
        """Where the candidate of this id is found; None where there is none."""


class Planner(Protocol):
    """Chooses what to do."""

    @property
    def name(self) -> str:
        """What traces call it."""
        ...

    def move(self, said: str, conversation: Conversation, deadline_s: float) -> Move:
        """The next move; ModelError where a model gives none."""
