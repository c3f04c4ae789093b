"""One turn of a conversation: plan, call tools, judge what they found, relax where nothing fits, tell.

Every call is an event with its arguments, what it found and how long it took. Knows no HTTP and no file.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from components.language.assistant import telling
from components.language.assistant.arguments import ChangeFilters
from components.language.assistant.conversation import Conversation
from components.language.assistant.events import Called, Done, Event, Planned, Shortlist, Spoken, Used
from components.language.assistant.planning.calls import Call, calls_of
from components.language.assistant.planning.moves import Move, Planner, Reader
from components.language.assistant.results import Comparison, JobPost, Rates, Said, SearchResult, Told
from components.language.assistant.tools import Marketplace, tool_named
from metier.errors import MetierError, ModelError

Keep = Callable[[Conversation], None]
LOG = logging.getLogger(__name__)
EASY = (
    "posted_since", "available", "hours_min", "rate_max_usd", "rate_min_usd", "budget_max_usd", "budget_min_usd",
    "budget_kind", "level", "language", "skills_all", "skills", "category", "country",
)  # fmt: skip
"""Limits that may be given up, the easiest first. What must not be is kept: nobody of an agency, no such country."""
UNREADABLE = Said(text="I could not make a search of that; say in other words what you look for.")


@dataclass(frozen=True)
class Limits:
    """Of one turn; tokens and dollars of a model are limited where it is opened."""

    steps: int = 6
    seconds: float = 10.0
    planner_seconds: float = 3.0


@dataclass
class _Turn:
    """What one turn has come to so far."""

    conversation: Conversation
    begun: float = field(default_factory=time.monotonic)
    steps: int = 0
    stopped: Literal["steps", "time"] | None = None
    said: list[Said] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun


class Assistant:
    """For one actor's marketplace. `planners`: the first that gives a move counts; the last one always does.

    `keep` keeps the conversation; where it cannot, that is named in what was done without.
    """

    def __init__(
        self, market: Marketplace, planners: tuple[Planner, ...], reader: Reader, keep: Keep, limits: Limits
    ) -> None:
        self._market = market
        self._planners = planners
        self._reader = reader
        self._keep = keep
        self._limits = limits

    def answer(self, said: str, conversation: Conversation) -> Iterator[Event]:
        """What happens for one turn; the conversation after it is kept before the last event."""
        turn = _Turn(conversation)
        move, planner = self._move(said, turn)
        yield Planned(doing=move.doing, planner=planner)
        try:
            call = calls_of(move, said, conversation, self._reader)
        except ValidationError:
            LOG.warning("a move gave no arguments", exc_info=True)
            call, move = None, Move("help")
            turn.said.append(UNREADABLE)
        if call is None:
            turn.said += _known(move, conversation)
        else:
            yield from self._carried_out(call, move, turn)
        text = " ".join(each.text for each in turn.said)
        yield Spoken(text=text, sentences=turn.said)
        try:
            self._keep(turn.conversation.with_turn(said, text))
        except MetierError as error:
            turn.degraded.append(f"conversation: not kept, {error}")
        used = Used(steps=turn.steps, ms=1e3 * turn.seconds, tokens=move.tokens)
        degraded = list(dict.fromkeys([*turn.degraded, *self._market.degraded]))
        yield Done(conversation_id=conversation.id, degraded=degraded, stopped=turn.stopped, used=used)

    def _move(self, said: str, turn: _Turn) -> tuple[Move, str]:
        """The move, and who chose it; a planner that fails is named in what was done without."""
        *preferred, last = self._planners
        for planner in preferred:
            try:
                return planner.move(said, turn.conversation, self._limits.planner_seconds), planner.name
            except ModelError as error:
                LOG.warning("a turn was planned without the language model: %s", error)
                turn.degraded.append(f"language model: {error}")
        return last.move(said, turn.conversation, self._limits.planner_seconds), last.name

    def _carried_out(self, call: Call, move: Move, turn: _Turn) -> Iterator[Event]:
        called = self._called(call, turn)
        yield called
        match called.result:
            case None:
                turn.said.append(Said(text=f"I could not do that: {called.error}."))
            case SearchResult():
                turn.said += telling.led_in(move.doing, turn.conversation, called.result)
                if move.doing == "undo":
                    turn.conversation = turn.conversation.went_back()
                yield from self._judged(called.result, turn)
            case _:
                turn.said += _told(called.result)

    def _judged(self, result: SearchResult, turn: _Turn) -> Iterator[Event]:
        """Give up limits, the easiest first, until somebody is known to keep all others; then the shortlist."""
        given_up: list[str] = []
        while not result.sure and (limit := _to_give_up(result)) and self._may_go_on(turn):
            called = self._called(Call("change_filters", ChangeFilters(search=result.search, relax=(limit,))), turn)
            yield called
            if not isinstance(called.result, SearchResult):
                break
            result = called.result
            given_up.append(telling.CALLED.get(limit, limit))
        done = [f"I gave up {name}, since nobody is known to keep all limits" for name in given_up]
        turn.conversation = turn.conversation.with_result(
            result, (*result.changed, *done) if not given_up else tuple(done)
        )
        turn.said += telling.found(result, given_up)
        yield Shortlist(
            candidates=result.candidates, search=result.search, fitting=result.fitting, limits=dict(result.limits)
        )

    def _may_go_on(self, turn: _Turn) -> bool:
        if turn.steps >= self._limits.steps:
            turn.stopped = "steps"
        elif turn.seconds >= self._limits.seconds:
            turn.stopped = "time"
        return turn.stopped is None

    def _called(self, call: Call, turn: _Turn) -> Called:
        turn.steps += 1
        begun, result, error = time.perf_counter(), None, None
        try:
            result = tool_named(call.tool).call(self._market, call.arguments)
        except MetierError as failure:
            error = str(failure)
        except Exception as failure:  # a tool that fails costs its answer, never the conversation
            LOG.exception("tool %s failed", call.tool)
            error = f"the tool failed ({type(failure).__name__}), which the replica's log explains"
        return Called(
            tool=call.tool,
            arguments=_plain(call.arguments),
            found="" if result is None else _summary(result),
            error=error,
            took_ms=1e3 * (time.perf_counter() - begun),
            result=result,
        )


def _to_give_up(result: SearchResult) -> str | None:
    """The easiest limit without which somebody fits, else the easiest; None where only what must not be holds."""
    easy = [name for name in EASY if name in result.limits]
    return next((name for name in easy if result.without.get(name, 0)), next(iter(easy), None))


def _known(move: Move, conversation: Conversation) -> Iterable[Said]:
    """What is answered without a tool."""
    shortlist = conversation.shortlist
    match move.doing:
        case "explain":
            return telling.explained([shortlist[position] for position in move.positions] or shortlist[:1])
        case "account":
            return telling.account(conversation)
        case "decline":
            return [Said(text=telling.DECLINED)]
        case "help":
            return [Said(text=telling.HELP)]
        case "change":
            return [Said(text=telling.UNCHANGED)]
        case "undo":
            return [Said(text=telling.NOTHING_BEFORE)]
        case "unclear":
            return telling.unclear(move.note, conversation)
    return [Said(text="There is nothing here to do that with: search first, or search wider.")]


def _told(result: BaseModel) -> Iterable[Said]:
    match result:
        case Comparison():
            return telling.compared(result)
        case Told():
            return telling.answered(result)
        case Rates():
            return telling.rates(result)
        case JobPost():
            return telling.draft(result)
    return ()


def _summary(result: BaseModel) -> str:
    """What a tool found, in a few words."""
    match result:
        case SearchResult():
            return f"{len(result.candidates)} of {result.fitting} that fit"
        case Comparison():
            return f"{len(result.candidates)} side by side"
        case Told():
            return f"{len(result.sentences)} sentences from {result.looked_at} looked at"
        case Rates():
            return f"rates of {result.known}"
    return "a draft"


def _plain(arguments: BaseModel) -> dict[str, Any]:
    """The arguments that say something, as JSON."""
    plain = arguments.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in plain.items() if value not in ([], {}, ())}
