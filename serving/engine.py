"""What a replica holds: the stages of every pinned surface, the event log, the clock; refreshed while it serves.

Knows neither HTTP nor Ray. Blocking: callers run it in a thread.
"""

import gc
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from components.language.models import ChatModel, open_model, open_query_model
from components.language.query_model import ModelUnderstanding
from components.language.taxonomy import Suggestions, Taxonomy, Used, joined, taxonomy_of
from components.language.understanding import Grammar, exchange_of
from components.releases import RegisteredBundle
from components.releases.deployments import Deployments
from components.retrieval.pair_facts import KINDS, PairFacts
from feature_repo.hydrate import Reads
from feature_repo.online.freshness import Age, ages
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from feature_repo.views import feature_service
from metier.breaker import Breaker
from metier.changes import Change, open_change_log
from metier.contract import SURFACES, Surface
from metier.errors import MetierError, ServingError, UnknownNameError
from metier.settings import Settings
from metier.surfaces import surface_spec
from serving.bundles.following import DeploymentFollower
from serving.bundles.loading import Loaded, Loader
from serving.bundles.reports import SurfaceReport
from serving.bundles.trials import Trials
from serving.candidates.follower import ChangeFollower
from serving.candidates.space import CandidateSpace
from serving.candidates.suggestions import used_by
from serving.clock import OffsetClock
from serving.events.event_log import Event, EventLog
from serving.events.versions import as_posted
from serving.exploration.explore import explorable
from serving.known import KnownIds
from serving.own_folder import own_folder
from serving.records import events_of
from serving.request.ranking import RankingRequest, Slate, Understood
from serving.request.trace import RequestTrace
from serving.request.understanding import TextPlans
from serving.stages import Stages

LOG = logging.getLogger(__name__)
CLOSE_SECONDS = 10.0
STORE_SECONDS = 1.0
"""Longest wait for one answer of the online store by who pushes or follows changes; requests wait less."""
BEHIND_SECONDS = 2.0
"""Since the change log was read to its end: from then on a request reads it first."""

Pins = Mapping[Surface, RegisteredBundle]


class Engine:
    """Serves pinned bundles, and other surfaces by retrieval, by `clock`, which the replicas of an endpoint share."""

    def __init__(self, settings: Settings, pins: Pins, clock: OffsetClock | None = None) -> None:
        self.settings = settings
        self.pins = dict(pins)
        self._clock = clock or OffsetClock()
        online, breaker = OnlineRows(settings, settings.online_timeout_seconds), Breaker()
        self._reads = Reads(breaker.guarded(online.table), breaker.guarded(online.row))
        self._refreshing = threading.Lock()
        self._deployments = Deployments(settings.deployed)
        self._beginning: Loaded | None = None
        """What the follower is handed at this moment."""
        self.stages: dict[Surface, Stages] = {}
        self.changes = open_change_log(settings)
        background = OnlineRows(settings, STORE_SECONDS)
        taxonomy = taxonomy_of(settings.taxonomy)
        self.skill = taxonomy.find
        """Finds the skill that a word of a filter names."""
        self.pushes = Pushes(background, taxonomy)
        with ExitStack() as opened:
            opened.callback(online.close)
            opened.callback(background.close)
            self.folder = opened.enter_context(own_folder(settings.replicas))
            """Of this replica alone."""
            self.follower = ChangeFollower(self.changes, background.table, self._serve, taxonomy)
            self.known = KnownIds(self.stages, self.follower.clients, self._reads.table)
            opened.callback(self.follower.close)
            self._loader = Loader(settings, self.skill)
            tried = Reads(background.table, background.row)
            self._trials = Trials(settings, self._loader, tried, self.follower.clients, self.now)
            reports = {surface: self._load(surface) for surface in SURFACES}
            if not self.stages:
                raise ServingError(
                    f"no bundle is pinned and {settings.candidates} holds no candidates; run `metier serve`, which "
                    "makes them from the lake, or `metier pipeline run training`"
                )
            used = self._used()
            self.taxonomy = joined(taxonomy, used.skills)
            self.suggestions = Suggestions.of(self.taxonomy, used)
            """Of the candidates of the releases that are served."""
            self.query_model = open_query_model(settings)
            """The language model that reads typed texts, where the settings name one."""
            if self.query_model is not None:
                opened.callback(self.query_model.close)
            self.plans = _text_plans(settings, self.taxonomy, self.query_model)
            self.follower.start()
            for stages in self.stages.values():
                self._trials.warm_up(stages)
            self.events = EventLog(settings.events)
            opened.callback(self.events.close, CLOSE_SECONDS)
            self.model = open_model(settings)
            """The language model, where the settings name one."""
            if self.model is not None:
                opened.callback(self.model.close)
            self.deployed = DeploymentFollower(self._deployments, self.folder, self._fit, self._swap, reports)
            """Which bundles serve, and what was refused."""
            self.deployed.start()
            opened.callback(self.deployed.close)
            self._opened = opened.pop_all()
        _settle()

    def now(self) -> datetime:
        """The clock of this endpoint."""
        return self._clock.now()

    def rank(self, request: RankingRequest, trace: RequestTrace) -> tuple[Slate, Stages]:
        """The slate, recorded unless nobody waits for it (BusyError), and the stages that made it."""
        slate, stages = self.slate(explorable(request, self.settings.exploration), trace)
        with trace.stage("log"):
            self.events.note(events_of(request, slate, trace, stages, feature_service(request.surface)))
        return slate, stages

    def slate(self, request: RankingRequest, trace: RequestTrace) -> tuple[Slate, Stages]:
        """The slate, of which no event is recorded, and the stages that made it."""
        stages, now = self._current(request, trace)
        return stages.answer(self._read_by(stages, request, trace, now), trace, now), stages

    def slates(self, request: RankingRequest, trace: RequestTrace) -> tuple[dict[str, Slate], Stages]:
        """The slate of every tier, the best first, of which no event is recorded, and the stages that made them."""
        stages, now = self._current(request, trace)
        return stages.by_tier(self._read_by(stages, request, trace, now), trace, now), stages

    def understood(self, request: RankingRequest, trace: RequestTrace) -> Understood | None:
        """What the text of a request asks for; None where it is not read."""
        return self.plans.read(request, trace, self.now()).understood

    def slate_of(self, stages: Stages, request: RankingRequest, trace: RequestTrace) -> Slate:
        """As `slate`, by stages that are not served here."""
        now = self.now()
        return stages.answer(self._read_by(stages, request, trace, now), trace, now)

    def put(self, table: str, row: Mapping[str, Any]) -> Change:
        """A new version, once it is durable; every replica serves it soon. A job brings a client that is not known."""
        client = row.get("client_id") if table == "jobs" else None
        if client is not None and self.known.unknown([{"client_id": client}], self.now()):
            brought = {"client_id": client, "status": "active", "event_timestamp": row["event_timestamp"]}
            self.changes.append("clients", brought, self.now())
        return self.changes.append(table, row, self.now())

    def tell(self, events: Sequence[Event]) -> list[Event]:
        """The interactions as they are to be recorded, those that eligibility reads, at least one, in the change log.

        EventLogError where that could not be: then none of them counts.
        """
        recorded = list(events)
        pairs = [number for number, event in enumerate(events) if event[1]["kind"] in KINDS]
        rows = [as_posted(events[number]) for number in pairs]
        for number, change in zip(pairs, self.changes.extend("interactions", rows, self.now()), strict=True):
            recorded[number] = (change.table, change.row, *events[number][2:])
        return recorded

    @property
    def caught_up(self) -> bool:
        """Whether the change log was read to its end just now, or cannot be read at all."""
        return self.follower.failure is not None or self.follower.behind_seconds <= BEHIND_SECONDS

    def ages(self, stages: Stages, now: datetime) -> tuple[Age, ...]:
        """How old the candidates' values are, by feature view; their profiles are as of the change log."""
        views = dict(stages.snapshot.release.views)
        profile = surface_spec(stages.snapshot.surface).profile_view
        views[profile] = max(views[profile], now - timedelta(seconds=self.follower.behind_seconds))
        return ages(views, now)

    @property
    def facts(self) -> PairFacts:
        """What people did about each other, as far as it is served."""
        return next(iter(self.stages.values())).candidates.facts

    def serving(self, surface: Surface) -> Stages:
        """The stages of a surface; UnknownNameError where no bundle of it is pinned."""
        if surface not in self.stages:
            raise UnknownNameError("surface that is served here", surface, tuple(self.stages))
        return self.stages[surface]

    def refresh(self) -> Sequence[Surface]:
        """Swap in releases that are newer than those served; the surfaces that changed.

        A release that cannot be read leaves its surface as it is, and the others go on.
        """
        changed: list[Surface] = []
        with self._refreshing:
            for surface, stages in list(self.stages.items()):
                try:
                    newer = self._loader.newer(surface, stages.bundle, stages.snapshot.release.version)
                    if newer is not None:
                        self._begin(newer)
                        changed.append(surface)
                except MetierError:
                    LOG.exception("%s goes on with %s", surface, stages.snapshot.release.version)
        if changed:
            self._settle()
        return changed

    def close(self) -> None:
        """Write what the event log still holds, end all threads, and remove this replica's files."""
        self._opened.close()

    def _current(self, request: RankingRequest, trace: RequestTrace) -> tuple[Stages, datetime]:
        """The stages of a surface with the changes so far, and the time; what is stale is named in the trace.

        SuspendedError for a suspended actor.
        """
        self._catch_up(trace)
        stages, now = self.serving(request.surface), self.now()
        self.known.require_active(request.surface, request.actor_id)
        for age in self.ages(stages, now):
            if age.stale:
                trace.degrade(f"stale {age.view}", str(age), "stale")
        return stages, now

    def _read_by(self, stages: Stages, request: RankingRequest, trace: RequestTrace, now: datetime) -> RankingRequest:
        """The request as its text is read, for the rankers of these stages."""
        return self.plans.read(request, trace, now, stages.bundle.reader)

    def _catch_up(self, trace: RequestTrace) -> None:
        """After a pause read the change log first, for half of the time there is."""
        if not self.caught_up:
            with trace.stage("changes"):
                self.follower.catch_up(trace.remaining_ms / 2e3)
        if (behind := self.follower.behind_seconds) > BEHIND_SECONDS:
            trace.degrade("live changes", self.follower.failure or f"not read for {behind:.0f} s", "stale")

    def _load(self, surface: Surface) -> SurfaceReport:
        """Serve a surface: by a bundle that is pinned, else its candidates by retrieval, if they were released."""
        given = self.pins.pop(surface, None)
        loaded, report = self._trials.begun_with(surface, self._deployments.of(surface), given)
        if report.serving is not None:
            self.pins[surface] = report.serving
        if loaded is not None:
            self._begin(loaded)
        return report

    def _fit(self, surface: Surface, bundle: RegisteredBundle) -> Loaded:
        return self._trials.fit(surface, bundle, self.stages.get(surface))

    def _swap(self, bundle: RegisteredBundle, loaded: Loaded) -> None:
        """Serve a bundle from the next request on; those under way end with the one that they began with."""
        with self._refreshing:
            self._begin(loaded)
            self.pins = {**self.pins, loaded.surface: bundle}
        self._settle()

    def _begin(self, loaded: Loaded) -> None:
        self._beginning = loaded
        try:
            self.follower.begin(loaded.surface, loaded.snapshot, loaded.bundle.encoder)
        finally:
            self._beginning = None

    def _serve(self, surface: Surface, candidates: CandidateSpace) -> None:
        """By the follower: candidates of the release that begins, or of the one that serves."""
        earlier, begins = self.stages.get(surface), self._beginning
        bundle = begins.bundle if begins and begins.snapshot is candidates.base else self.stages[surface].bundle
        pace = earlier.pace if earlier and earlier.bundle is bundle else None
        self.stages[surface] = Stages(bundle, candidates, self._reads, pace, self.follower.clients)

    def _used(self) -> Used:
        return used_by(stages.snapshot for stages in self.stages.values())

    def _settle(self) -> None:
        """After another release or bundle: suggest by it, and keep it out of garbage collection."""
        self.suggestions = Suggestions.of(self.taxonomy, self._used())
        _settle()


def _text_plans(settings: Settings, taxonomy: Taxonomy, model: ChatModel | None) -> TextPlans:
    exchange = exchange_of(settings.exchange_rates)
    seconds, tuned = settings.query_model_seconds, settings.query_model_tuned
    asked = None if model is None else ModelUnderstanding(model, taxonomy, seconds, tuned=tuned)
    return TextPlans(Grammar(taxonomy, exchange), taxonomy, exchange, settings.understand, model=asked)


def _settle() -> None:
    """Keep what was loaded out of garbage collection: walking it would take longer than a deadline.

    An earlier release needs no collector: it is part of no cycle, and goes with its last reference.
    """
    gc.collect()
    gc.freeze()
