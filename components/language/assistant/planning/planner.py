"""The deterministic planner: what a sentence asks for, by its words and by what the conversation is about. Pure."""

from dataclasses import dataclass

from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.moves import Doing, Move, Reads
from components.language.assistant.planning.phrases import (
    ACCOUNT,
    ASKED,
    CHANGING,
    CHARGED,
    CHEAPER,
    COMPARED,
    DEARER,
    DECLINED,
    DRAFT,
    EXPLAINED,
    GOING_RATE,
    LESS_SENIOR,
    MORE,
    MORE_SENIOR,
    NEW,
    PLEASANTRY,
    RELAXES,
    THEM,
    has_words,
    ids_in,
    plain,
    positions_in,
)


@dataclass(frozen=True)
class DeterministicPlanner:
    """Rules; `reads` says what a sentence asks of a search."""

    reads: Reads
    name: str = "deterministic"

    def move(self, said: str, conversation: Conversation, deadline_s: float) -> Move:
        """The next move; the deadline is not needed."""
        text = plain(said)
        positions = positions_in(text, conversation)
        return Move(self._of_itself(text, conversation) or self._doing(said, text, conversation, positions), positions)

    def _of_itself(self, text: str, conversation: Conversation) -> Doing | None:
        if DECLINED.search(text) and not DRAFT.search(text):
            return "decline"
        if DRAFT.search(text):
            return "draft"
        if PLEASANTRY.match(text):
            return "help"
        if conversation.search is None:
            return None
        if ACCOUNT.search(text):
            return "account"
        return "explain" if EXPLAINED.search(text) else None

    def _doing(self, said: str, text: str, conversation: Conversation, positions: tuple[int, ...]) -> Doing:
        has_shortlist, searches = bool(conversation.shortlist), conversation.search is not None
        if GOING_RATE.search(text):
            return "market_rates"
        if COMPARED.search(text) and (has_shortlist or len(ids_in(said)) > 1):
            return "compare"
        if searches and any(each.search(text) for each in (CHEAPER, DEARER, MORE_SENIOR, LESS_SENIOR)):
            return "change"
        about_them = has_shortlist and bool(positions or THEM.search(text))
        if CHARGED.search(text):
            return "ask" if about_them else "market_rates"
        if about_them and ASKED.search(text):
            return "ask"
        if searches and MORE.search(text):
            return "more"
        return self._search_or_change(said, text, conversation)

    def _search_or_change(self, said: str, text: str, conversation: Conversation) -> Doing:
        if conversation.search is None:
            return "search"
        reading = self.reads(said, conversation.surface)
        names_something = bool(reading and (reading.plan.must or has_words(reading.plan.text)))
        if NEW.match(text) and names_something and not CHANGING.match(text):
            return "search"
        if RELAXES.search(text) or CHANGING.search(text):
            return "change"
        limits = reading is not None and any(part not in ("must", "nice") for part, _ in reading.plan.asked())
        return "change" if limits and not names_something else "search"
