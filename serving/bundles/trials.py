"""Bundles on their way to serve: loaded, tried on recorded requests, and warm. Nothing is recorded of it.

Knows how a replica begins and what it tries a bundle on; what serves is told by whoever asks.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from components.releases import RegisteredBundle
from components.releases.deployments import Deployment
from feature_repo.hydrate import Reads
from metier.contract import Surface
from metier.errors import MetierError, ServingError, first_line
from metier.settings import Settings
from serving.bundles.checking import fault_of, warm_up
from serving.bundles.loading import Loaded, Loader
from serving.bundles.recorded import made_requests, recorded_requests
from serving.bundles.reports import Refusal, SurfaceReport
from serving.candidates.clients import ChangedClients
from serving.stages import Stages

LOG = logging.getLogger(__name__)


class Trials:
    """`reads` ask the online store in nobody's way; `now` is the clock of the endpoint."""

    def __init__(
        self, settings: Settings, loader: Loader, reads: Reads, clients: ChangedClients, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._loader = loader
        self._reads = reads
        self._clients = clients
        self._now = now
        self._recorded = recorded_requests(settings)

    def begun_with(
        self, surface: Surface, told: Deployment, given: RegisteredBundle | None
    ) -> tuple[Loaded | None, SurfaceReport]:
        """What a surface begins with, and what to say of it: the bundle that is pinned by hand, else the given one.

        A pinned bundle that must not serve gives way to what served before it: a replica that starts again takes its
        share of the requests whatever became of the files meanwhile. The last resort raises why it cannot be had.
        """
        bundles = [told.served, *reversed(told.before), given] if told.pinned else [given]
        named = list(dict.fromkeys(bundle for bundle in bundles if bundle is not None))
        refused: Refusal | None = None
        for bundle in named[:-1]:
            try:
                loaded = self._tried(self._loader.pinned(surface, bundle), None)
            except MetierError as error:
                LOG.exception("%s %d gives way to what served before", bundle.name, bundle.version)
                refused = refused or Refusal(bundle, first_line(error), datetime.now(UTC))
            else:
                return loaded, SurfaceReport(bundle, datetime.now(UTC), refused=refused)
        if not named:
            return self._loader.unranked(surface), SurfaceReport()
        loaded = self._loader.pinned(surface, named[-1])
        return loaded, SurfaceReport(named[-1], datetime.now(UTC), refused=refused)

    def fit(self, surface: Surface, bundle: RegisteredBundle, served: Stages | None) -> Loaded:
        """A bundle that may serve in place of what is served; raises why it must not."""
        self._recorded = recorded_requests(self._settings)
        return self._tried(self._loader.pinned(surface, bundle), served)

    def warm_up(self, stages: Stages) -> None:
        """Have stages answer recorded requests before anybody asks."""
        requests = [*self._recorded[stages.candidates.surface], *made_requests(stages.candidates)]
        warm_up(stages, requests, self._now())

    def _tried(self, loaded: Loaded, served: Stages | None) -> Loaded:
        """The same; ServingError where it must not serve."""
        space = loaded.space(None if served is None else served.candidates)
        stages = Stages(loaded.bundle, space, self._reads, clients=self._clients)
        requests = [*self._recorded[loaded.surface], *made_requests(space)]
        fault = fault_of(stages, served, requests, self._now())
        if fault is not None:
            raise ServingError(f"{fault}; deploy another")
        return loaded
