"""What a replica holds: the stages of every pinned surface, the event log, the clock; refreshed while it serves.

Knows neither HTTP nor Ray. Blocking: callers run it in a thread.
"""

import gc
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from components.ranking.bundle import Bundle
from components.ranking.registry import RegisteredBundle, Registry
from components.retrieval.release import moment_of, newest_version, read_release
from feature_repo.retrieval import FeatureStoreClient, feature_service
from metier.contract import SURFACES, Surface
from metier.errors import MetierError, ServingError, UnknownNameError
from metier.settings import Settings
from serving.ask import Ask, Slate
from serving.event_log import EventLog
from serving.records import events_of
from serving.snapshot import CandidateSnapshot
from serving.stages import Stages
from serving.trail import Trail

LOG = logging.getLogger(__name__)
CLOSE_SECONDS = 10.0
STALE_AFTER = timedelta(days=2)
"""Age at which a release's features count as out of date; every request then says so."""

Pins = Mapping[Surface, RegisteredBundle]


class Engine:
    """Serves the pinned bundles; `started_at` sets the clock (None: the wall clock)."""

    def __init__(self, settings: Settings, pins: Pins, started_at: datetime | None = None) -> None:
        if not pins:
            raise ServingError("no bundle is pinned; run `metier pipeline run training`, then `metier serve`")
        self.settings = settings
        self.pins = dict(pins)
        self._offset = None if started_at is None else started_at - datetime.now(UTC)
        self._store = FeatureStoreClient(settings)
        self._refreshing = threading.Lock()
        self.stages: dict[Surface, Stages] = {}
        for surface in SURFACES:
            if surface in pins:
                self.stages[surface] = self._load(surface)
        self._warm_up()
        self.events = EventLog(settings.events)
        _settle()

    def now(self) -> datetime:
        """The clock of this endpoint."""
        wall = datetime.now(UTC)
        return wall if self._offset is None else wall + self._offset

    def rank(self, ask: Ask, trail: Trail) -> tuple[Slate, Stages]:
        """The slate, recorded in the event log, and the stages that made it."""
        stages = self.serving(ask.surface)
        now = self.now()
        age = now - stages.snapshot.release.as_of
        if age > STALE_AFTER:
            trail.without("fresh features", f"candidates are as of {stages.snapshot.release.as_of:%Y-%m-%d %H:%M}Z")
        slate = stages.answer(ask, trail, now)
        with trail.stage("log"):
            self.events.append(events_of(ask, slate, trail, stages, feature_service(ask.surface)))
        return slate, stages

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
                    fresh = self._newer(surface, stages)
                except MetierError:
                    LOG.exception("%s goes on with %s", surface, stages.snapshot.release.version)
                    continue
                if fresh is not None:
                    self.stages[surface] = fresh
                    changed.append(surface)
        if changed:
            _settle()
        return changed

    def _newer(self, surface: Surface, stages: Stages) -> Stages | None:
        version = newest_version(self.settings.candidates / stages.bundle.version)
        if version in (None, stages.snapshot.release.version):
            return None
        return self._stages(stages.bundle, surface)

    def close(self) -> None:
        """Write what the event log still holds and end its thread."""
        self.events.close(CLOSE_SECONDS)

    def _load(self, surface: Surface) -> Stages:
        pin = self.pins[surface]
        registry = Registry(self.settings.registry, self.settings.artifacts, self.settings.bundles)
        bundle = Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256)
        return self._stages(bundle, surface)

    def _stages(self, bundle: Bundle, surface: Surface) -> Stages:
        folder = self.settings.candidates / bundle.version
        version = newest_version(folder)
        if version is None:
            raise ServingError(
                f"no candidate release for bundle {bundle.version} in {folder}; run `metier pipeline run training`, "
                "whose step build_candidate_index writes it"
            )
        begun = time.monotonic()
        snapshot = CandidateSnapshot(read_release(folder, version, bundle.encoder))
        LOG.info("%s: %d candidates of %s in %.1f s", surface, len(snapshot), version, time.monotonic() - begun)
        earlier = self.stages.get(surface)
        return Stages(bundle, snapshot, self._store.serving_features, earlier.pace if earlier else None)

    def _warm_up(self) -> None:
        """Load what is loaded lazily; what fails here would fail a request."""
        for stages in self.stages.values():
            stages.warm_up(moment_of(stages.snapshot.release.version))


def _settle() -> None:
    """Keep what was loaded out of garbage collection: walking it would take longer than a deadline."""
    gc.collect()
    gc.freeze()
