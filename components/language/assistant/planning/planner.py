"""The deterministic planner: what a sentence asks for, by its words and by what the conversation is about. Pure."""

from dataclasses import dataclass

from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.moves import Doing, Move, Reader
from components.language.assistant.planning.phrases import (
    ACCOUNT,
    AGAIN,
    ASKED,
    BEGINS_ANEW,
    CHANGING,
    CHARGED,
    CHEAPER,
    COMPARED,
    CORRECTING,
    DEARER,
    DECLINED,
    DRAFT,
    EXPLAINED,
    GOING_RATE,
    LESS_SENIOR,
    MORE,
    MORE_SENIOR,
    MOVED,
    MULTIPLIED,
    NEW,
    PLEASANTRY,
    RELAXES,
    SHOWN_AT_ONCE,
    THEM,
    UNDONE,
    WHY,
    WORK,
    asked_for,
    has_words,
    ids_in,
    plain,
)
from components.language.assistant.planning.whom import beyond, positions_in

_OF_SHOWN = ("compare", "ask", "explain")
_AT_MOST = 5


@dataclass(frozen=True)
class DeterministicPlanner:
    """Rules; `reader` says what a sentence asks of a search, and which ids it names."""

    reader: Reader
    name: str = "deterministic"

    def move(self, said: str, conversation: Conversation, deadline_s: float) -> Move:
        """The next move; the deadline is not needed."""
        text = plain(said)
        about = self._about_id(said, text, conversation)
        if about is not None:
            return about
        positions = positions_in(text, conversation)
        doing = self._of_itself(text, conversation) or self._doing(said, text, conversation, positions)
        shown = len(conversation.shortlist)
        if doing in _OF_SHOWN and shown and beyond(text, conversation):
            return Move("unclear", note=f"Only {shown} {'is' if shown == 1 else 'are'} shown; say “show me more”.")
        if doing == "explain" and WHY.match(text):
            positions = tuple(range(min(shown, _AT_MOST)))
        return Move(doing, positions)

    def _about_id(self, said: str, text: str, conversation: Conversation) -> Move | None:
        """What a sentence asks of a candidate that it names by an id, and that is not shown yet."""
        ids = ids_in(said)
        shown = {candidate.candidate_id for candidate in conversation.shortlist}
        if not ids or shown.issuperset(ids) or DECLINED.search(text) or DRAFT.search(text) or COMPARED.search(text):
            return None
        rest = plain(_without_ids(said))
        asks = any(each.search(text) for each in (EXPLAINED, ASKED, CHARGED))
        surface = self.reader.surface_of(ids[0])
        if surface == conversation.surface:
            return Move("ask") if asks or not has_words(rest) else None
        if surface == "talent_search":
            return Move("unclear", note=f"{ids[0]} is a person, and here jobs are looked for.")
        if surface == "job_feed":
            note = f"{ids[0]} is a job, and here people are looked for: say “find people for {ids[0]}”."
            return Move("unclear", note=note) if asks else None
        return Move("unclear", note=f"I know nobody and no job called {ids[0]}.") if asks else None

    def _of_itself(self, text: str, conversation: Conversation) -> Doing | None:
        if DECLINED.search(text) and not DRAFT.search(text):
            return "decline"
        if DRAFT.search(text):
            return "draft"
        if PLEASANTRY.match(text):
            return "help"
        if conversation.search is None:
            return None
        if SHOWN_AT_ONCE.match(text):
            return "more"
        if ACCOUNT.search(text):
            return "account"
        return "explain" if WHY.match(text) or EXPLAINED.search(text) else None

    def _doing(self, said: str, text: str, conversation: Conversation, positions: tuple[int, ...]) -> Doing:
        has_shortlist, searches = bool(conversation.shortlist), conversation.search is not None
        if UNDONE.search(text) and not self._asked(said, conversation):
            return "undo"
        orders = any(each.search(text) for each in (CHEAPER, DEARER, MORE_SENIOR, LESS_SENIOR))
        if GOING_RATE.search(text):
            return "market_rates"
        if (COMPARED.search(text) or (orders and len(positions) > 1)) and (has_shortlist or len(ids_in(said)) > 1):
            return "compare"
        if searches and orders and not (positions and ASKED.search(text)):
            return "change"
        if searches and (MULTIPLIED.search(text) or MOVED.search(text)):
            return "change"
        about_them = has_shortlist and bool(positions or THEM.search(text) or beyond(text, conversation))
        if CHARGED.search(text):
            return "ask" if about_them else "market_rates"
        if about_them and ASKED.search(text):
            return "ask"
        if searches and MORE.search(text):
            return "more"
        if has_shortlist and any(self.reader.surface_of(name) == conversation.surface for name in ids_in(said)):
            return "ask" if has_words(_without_ids(said)) else "explain"
        return self._search_or_change(said, text, conversation)

    def _search_or_change(self, said: str, text: str, conversation: Conversation) -> Doing:
        reading = self.reader.read(asked_for(said), conversation.surface)
        asked = self._asked(said, conversation)
        if conversation.search is None or (conversation.surface == "job_feed" and not asked and ASKED.search(text)):
            return "search" if self._says_something(said, text, conversation) or asked else "unclear"
        names_something = bool(reading and (reading.plan.must or has_words(reading.plan.text)))
        goes_on = CHANGING.match(text) and not BEGINS_ANEW.match(text)
        if NEW.match(text) and (names_something or ids_in(said)) and not goes_on:
            return "search"
        if any(each.search(text) for each in (RELAXES, CHANGING, CORRECTING, AGAIN)):
            return "change"
        if asked - {"must", "nice"} and not names_something:
            return "change"
        return "search" if asked or WORK.search(text) or ids_in(said) else "unclear"

    def _asked(self, said: str, conversation: Conversation) -> frozenset[str]:
        """The parts of a plan that a sentence asks for."""
        reading = self.reader.read(asked_for(said), conversation.surface)
        return frozenset(part for part, _ in reading.plan.asked()) if reading is not None else frozenset()

    @staticmethod
    def _says_something(said: str, text: str, conversation: Conversation) -> bool:
        """Whether a first sentence says what to look for; a feed is looked through without."""
        needs_words = conversation.surface == "talent_search"
        return has_words(text) or bool(ids_in(said)) or (not needs_words and any(map(str.isalpha, text)))


def _without_ids(said: str) -> str:
    return " ".join(word for word in said.split() if not ids_in(word))
