"""What a conversation is about: the search as it stands, whom it found, what was said. JSON by `metier.stored`.

Bounded: old turns go, texts are cut. Knows no file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from components.language.assistant.arguments import Search, Searching
from components.language.assistant.results import Candidate, SearchResult
from metier.stored import Moment

MOST_TURNS = 20
MOST_BEFORE = 8
LONGEST_TURN = 2_000


@dataclass(frozen=True)
class Turn:
    """What a person said, and what was answered."""

    said: str
    answered: str


@dataclass(frozen=True)
class Conversation:
    """One actor's; `actor_id` is empty for a visitor's."""

    id: str
    actor_id: str
    surface: Searching
    updated_at: Moment
    turns: tuple[Turn, ...] = ()
    search: Search | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    """The filters that held in the last search, stated and understood."""
    shortlist: tuple[Candidate, ...] = ()
    done: tuple[str, ...] = ()
    """What the last search changed, and what it gave up by itself, in words."""
    before: tuple[Search, ...] = ()
    """Searches that stood before, the last one last."""

    def with_turn(self, said: str, answered: str) -> "Conversation":
        """Also this turn; the oldest go where there are too many."""
        turn = Turn(said[:LONGEST_TURN], answered[:LONGEST_TURN])
        return replace(self, turns=(*self.turns, turn)[-MOST_TURNS:])

    def with_result(self, found: SearchResult, done: tuple[str, ...]) -> "Conversation":
        """The search as it stands now; the one before is kept to go back to."""
        replaced = self.search is not None and self.search != found.search
        before = (*self.before, self.search)[-MOST_BEFORE:] if replaced and self.search else self.before
        shortlist = tuple(found.candidates)
        return replace(
            self, search=found.search, limits=dict(found.limits), shortlist=shortlist, done=done, before=before
        )

    def went_back(self) -> "Conversation":
        """As if the last search had not been: the one before it is to be made again. Needs one."""
        return replace(self, search=self.before[-1], before=self.before[:-1])
