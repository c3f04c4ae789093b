"""The engine of a replica and the threads that work for it: to rank, to write, to look, while the event loop answers.

Knows no route, no stage and no ranker.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from fastapi import FastAPI, Response

from components.language.assistant.events import Done, Event
from components.language.models.tally import Tally
from components.retrieval.pair_facts import KINDS
from metier.contract import Surface
from serving.access import Access
from serving.admission.bounds import MOST_ASKED, MOST_ASSISTED, MOST_LOOKED_AT, MOST_RANKED, MOST_READ, MOST_WRITTEN
from serving.admission.repeats import Repeats
from serving.admission.worker import Gate, Worker
from serving.engine import Engine
from serving.events.told import Told
from serving.events.versions import interaction_event, version_row
from serving.http.events import Version
from serving.http.language.questions import Ask, AskResponse
from serving.http.language.questions import response as answer_to
from serving.http.ranking import RankingBody, RankingResponse, response
from serving.language.asking import answered, look
from serving.language.assisting import Turn, assisted, begun
from serving.language.conversations import Conversations, open_conversations
from serving.request.ranking import RankingRequest, Slate
from serving.request.trace import RequestTrace
from serving.stages import Stages
from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import Observer
from serving.telemetry.pages import EVERY_SECONDS, leave, leave_last, page_of

Answer = TypeVar("Answer")
Rank = Callable[[RankingRequest, RequestTrace], tuple[Slate, Stages]]
LOG = logging.getLogger(__name__)
PUSHED = ("jobs", "freelancers")
"""Tables whose versions go to the online store; replicas know clients from the change log."""
SWITCH_SECONDS = 0.0005
"""Until a thread lets another one go on: by Python's default, ten times as long, the event loop, and the thread that
ranks whenever it waited for the store, stand behind one that loads or counts."""
READING = 4
"""Threads that wait for a language model that reads texts, where there is one."""
ASKING = 4
"""Threads that answer questions and call tools: they wait for a language model where there is one."""
ASSISTING = 2
"""Threads in which the assistant works; with a model it waits for it."""


class Replica:
    """One process of the endpoint; `engine` is there once the application has started."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._load = load
        self._ranking = Worker("rank", MOST_RANKED)
        self._reading = Worker("read", MOST_READ, READING)
        self._asking = Worker("ask", MOST_ASKED, ASKING)
        self._assisting = Worker("assist", MOST_ASSISTED, ASSISTING)
        self._looking = Worker("look", MOST_LOOKED_AT)
        self._changing = Worker("change log", MOST_WRITTEN)
        self._writing = Worker("write", MOST_WRITTEN)
        self._workers = (
            *(self._ranking, self._reading, self._asking, self._assisting),
            *(self._looking, self._changing, self._writing),
        )
        self._recording = Gate(MOST_WRITTEN)
        self._repeats = Repeats()
        self.engine: Engine
        self.access: Access
        self.conversations: Conversations
        self.observer = Observer()
        self.metrics = self.observer.metrics
        self.told = Told()

    async def load(self) -> None:
        """Make the engine, in the thread that ranks; raises what the engine raises."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self.engine = await self._ranking.do(self._load)
        self.access = Access.of(self.engine.settings)
        self.conversations = open_conversations(self.engine.settings)
        self.observer.open(self.engine.settings)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Load the engine unless it is there, refresh it while the application runs, close it at the end."""
        if not hasattr(self, "engine"):
            await self.load()
        tasks = [asyncio.create_task(self._refresh()), asyncio.create_task(self._leave_figures())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            with suppress(OSError):  # the pages of the others do without its last figures
                leave_last(self.engine.folder.parent, self.engine.folder.name, self._figures())
            await asyncio.get_running_loop().run_in_executor(None, self.observer.close)
            await asyncio.get_running_loop().run_in_executor(None, self.engine.close)
            for worker in self._workers:
                worker.close()

    async def rank(self, surface: Surface, body: RankingBody) -> Response:
        """The slate of a ranking request as JSON; the same again, recorded once, where its query_id is sent again."""
        rank = partial(self._ranked, surface, body)
        if body.query_id is None:
            told = await rank()
        else:
            told = await self._repeats.once(body.query_id, f"{surface} {body.model_dump_json()}", rank)
        return Response(told, media_type="application/json")

    async def _ranked(self, surface: Surface, body: RankingBody) -> str:
        answer, trace = await self._answer(surface, body, self.engine.rank, self._ranking)
        self.metrics.count_slate(trace)
        return answer.model_dump_json(exclude_none=True)

    @property
    def is_full(self) -> bool:
        """Whether a ranking is refused whatever it asks."""
        return self._ranking.is_full

    async def ask(self, body: Ask) -> Response:
        """The answer to a question as JSON."""
        reads = body.text is not None and self.engine.query_model is not None
        told, trace = await self._told(body, self._reading if reads else self._ranking)
        outcome = "none" if not told.answered else "model" if told.model else "evidence"
        self.metrics.counters["answers"].labels(body.surface, outcome).inc()
        self.metrics.count_degraded(trace.causes)
        return Response(told.model_dump_json(exclude_none=True), media_type="application/json")

    async def look_into(self, body: Ask) -> AskResponse:
        """What `ask` would answer now; not counted, and in nobody's way."""
        told, _ = await self._told(body, self._looking)
        return told

    async def look(self, surface: Surface, body: RankingBody) -> RankingResponse:
        """What `rank` would answer now; neither recorded nor counted, and in nobody's way."""
        answer, _ = await self._answer(surface, body, self.engine.slate, self._looking)
        return answer

    async def assist(self, turn: Turn) -> AsyncIterator[Event]:
        """The events of a turn as they come; errors of who asks are raised before the first."""
        engine, conversations, trace = self.engine, self.conversations, RequestTrace(turn.deadline_ms, turn.arrived)
        conversation = await self._assisting.do(lambda: begun(turn, engine, conversations), trace)
        return self._counted(self._assisting.each(lambda: assisted(turn, conversation, engine, conversations)))

    async def _counted(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            if isinstance(event, Done):
                self.metrics.count_degraded((note.split(":")[0], "told") for note in event.degraded)
            yield event

    async def find(self, task: Callable[[], Answer], trace: RequestTrace) -> Answer:
        """What `task` ranks, and may ask a language model where there is one; what it did without is counted."""
        thread = self._ranking if self.engine.model is self.engine.query_model is None else self._asking
        answer: Answer = await thread.do(task, trace)
        self.metrics.count_degraded(trace.causes)
        return answer

    async def read(self, task: Callable[[], Answer]) -> Answer:
        """What `task` reads of the engine, in the thread of those who look."""
        answer: Answer = await self._looking.do(task)
        return answer

    async def _answer(
        self, surface: Surface, body: RankingBody, rank: Rank, thread: Worker
    ) -> tuple[RankingResponse, RequestTrace]:
        trace, request = RequestTrace(body.deadline_ms), body.to_request(surface)
        spare = 0
        if self.engine.plans.asks_a_model(request):
            thread.require_place(trace)
            trace.set_aside_ms, spare = thread.expected_ms, MOST_READ
            request = await self._reading.do(partial(self.engine.plans.planned, request, trace), trace)
        slate, stages = await thread.do(lambda: rank(request, trace), trace, spare)
        versions = {"bundle": stages.bundle.version, "snapshot_version": stages.candidates.version}
        return response(body, slate, trace, surface=surface, **versions), trace

    async def _told(self, body: Ask, thread: Worker) -> tuple[AskResponse, RequestTrace]:
        trace, question, engine = RequestTrace(body.deadline_ms), body.to_question(), self.engine
        self._asking.require_place(trace)
        looked = await thread.do(lambda: look(question, engine, trace), trace)
        answer = await self._asking.do(lambda: answered(looked, engine, trace), trace, MOST_RANKED)
        model = engine.model.name if engine.model is not None and answer.by_model else None
        return answer_to(body, looked, answer, model, trace), trace

    async def record(self, posts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Once the interactions are durable, and their actors' histories in the online store as far as it answers.

        How many of their ids nobody knows, by table. ContradictionError for an id that is known with other content.
        Once begun it is done, whether or not the caller waits.
        """
        return await self._recording.complete(self._record(posts))

    async def _record(self, posts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        self.told.require_consistent(posts, self.engine.facts)
        now = self.engine.now()
        recorded = events = [interaction_event(post, now) for post in posts]
        if any(event[1]["kind"] in KINDS for event in events):
            recorded = await self._changing.do(lambda: self.engine.tell(events))
        await asyncio.wrap_future(self.engine.events.append(recorded))
        self.told.remember(posts)
        rows = [event[1] for event in recorded]
        await self._push(lambda: self.engine.pushes.interactions(rows))
        unknown: dict[str, int] = await self._writing.do(lambda: self.engine.known.unknown(rows, self.engine.now()))
        for table, count in unknown.items():
            self.metrics.counters["unknown"].labels(table).inc(count)
        return unknown

    async def put(self, table: str, values: Mapping[str, Any]) -> Version:
        """A new version, durable and in the online store as far as it answers; once begun it is done, as `record`."""
        return await self._recording.complete(self._put(table, values))

    async def _put(self, table: str, values: Mapping[str, Any]) -> Version:
        row = version_row(table, values, self.engine.now())
        change = await self._changing.do(lambda: self.engine.put(table, row))
        if table in PUSHED:
            await self._push(lambda: self.engine.pushes.profile(change.table, change.row))
        return Version(id=change.id, sequence=change.sequence)

    async def _push(self, task: Callable[[], None]) -> None:
        """A push that fails costs freshness until the next build, and never what was made durable before."""
        try:
            await self._writing.do(task)
        except Exception:
            LOG.warning("a push to the online store failed", exc_info=True)
            self.metrics.counters["pushes"].labels("failed").inc()
        else:
            self.metrics.counters["pushes"].labels("done").inc()

    def page(self) -> bytes:
        """The figures of all replicas of this home."""
        folder = self.engine.folder
        return page_of(folder.parent, folder.name, self._figures())

    def _figures(self) -> str:
        _set_gauges(self.metrics, self.engine, self._workers)
        return self.metrics.text()

    def _leave(self) -> None:
        leave(self.engine.folder.parent, self.engine.folder.name, self._figures())

    async def _leave_figures(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._leave)
            except Exception:  # the other replicas' pages do without it
                LOG.exception("the figures of this replica could not be left for the others")
            await asyncio.sleep(EVERY_SECONDS)

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(self.engine.settings.refresh_seconds)
            try:
                for surface in await asyncio.get_running_loop().run_in_executor(None, self.engine.refresh):
                    LOG.info("%s serves %s", surface, self.engine.stages[surface].candidates.version)
            except Exception:  # whatever is wrong with the new release, the earlier one serves on
                LOG.exception("the candidates could not be refreshed; serving the earlier ones")


def _set_gauges(metrics: Metrics, engine: Engine, workers: Sequence[Worker]) -> None:
    """Set what is measured only when it is read."""
    now = engine.now()
    for worker in workers:
        metrics.gauges["queue"].labels(worker.name).set(worker.pending)
        metrics.gauges["queue_bound"].labels(worker.name).set(worker.most)
        metrics.gauges["queue_wait"].labels(worker.name).set(worker.expected_ms / 1e3)
    metrics.gauges["sequence"].set(engine.follower.sequence)
    metrics.gauges["behind"].set(engine.follower.behind_seconds)
    for state in ("written", "failed", "dropped"):
        metrics.gauges["events"].labels(state).set(getattr(engine.events, state))
    for model in (engine.model, engine.query_model):
        if model is not None:
            _set_model_gauges(metrics, model.tally)
    for surface, stages in engine.stages.items():
        metrics.set_served(surface, stages.bundle.version, stages.snapshot.release.version)
        metrics.gauges["changed"].labels(surface).set(sum(map(len, stages.candidates.parts[1:])))
        metrics.gauges["age"].labels(surface).set((now - stages.snapshot.release.as_of).total_seconds())
        for age in engine.ages(stages, now):
            metrics.gauges["view_age"].labels(surface, age.view).set(age.age.total_seconds())
            metrics.gauges["view_limit"].labels(surface, age.view).set(age.limit.total_seconds())


def _set_model_gauges(metrics: Metrics, tally: Tally) -> None:
    for (caller, outcome), count in tally.requests.items():
        metrics.gauges["model_requests"].labels(caller, outcome).set(count)
    for direction, tokens in (("read", tally.read), ("written", tally.written)):
        for caller, count in tokens.items():
            metrics.gauges["model_tokens"].labels(caller, direction).set(count)
    for caller, cost_usd in tally.cost_usd.items():
        metrics.gauges["model_cost"].labels(caller).set(cost_usd)
