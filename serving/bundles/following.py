"""A replica follows which bundles are deployed: looks at what is proposed, swaps in what is pinned, says what it did.

A bundle is loaded and tried in this thread while the one that serves goes on, and only what was found fit is swapped
in. Knows neither how that is found out nor how it is swapped.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from components.releases import RegisteredBundle
from components.releases.deployments import Deployment, Deployments, Proposal
from metier.contract import SURFACES, Surface
from metier.errors import first_line
from serving.bundles.loading import Loaded
from serving.bundles.reports import Refusal, ReplicaReport, SurfaceReport, leave_report

LOG = logging.getLogger(__name__)
EVERY_SECONDS = 0.5
CLOSE_SECONDS = 10.0
"""Longest that the end of this thread is waited for: it may be loading a bundle."""

Prepare = Callable[[Surface, RegisteredBundle], Loaded]
Swap = Callable[[RegisteredBundle, Loaded], None]


@dataclass(frozen=True)
class _Held:
    """A bundle that was found fit and does not serve."""

    bundle: RegisteredBundle
    loaded: Loaded


class DeploymentFollower:
    """`prepare` loads a bundle or raises why it must not serve, `swap` has it serve; close() ends the thread.

    `reports` say what serves from the start.
    """

    def __init__(
        self,
        deployments: Deployments,
        folder: Path,
        prepare: Prepare,
        swap: Swap,
        reports: Mapping[Surface, SurfaceReport],
    ) -> None:
        self.reports = dict(reports)
        """By surface, what this replica says."""
        self._deployments = deployments
        self._folder = folder
        self._prepare = prepare
        self._swap = swap
        self._held: dict[Surface, _Held] = {}
        self._refused = {name: deployments.of(name).since for name, each in self.reports.items() if each.refused}
        """Since when what was refused is pinned; pinned again, it is looked at again."""
        self._left: Mapping[Surface, SurfaceReport] | None = None
        """What was said last."""
        self._failed: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="deployments", daemon=True)

    def start(self) -> None:
        """Say what serves, and follow from now on."""
        with self._going_on("the report on what is deployed"):
            self._leave()
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def look(self) -> None:
        """Do what is deployed asks of this replica now, and say what was done."""
        for surface in SURFACES:
            with self._going_on(f"what is deployed on {surface}"):
                self._look(surface, self._deployments.of(surface))
        with self._going_on("the report on what is deployed"):
            self._leave()

    def _follow(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.look()

    @contextmanager
    def _going_on(self, what: str) -> Iterator[None]:
        """Whatever fails in the block, what serves goes on; it is logged when it fails in another way than before."""
        try:
            yield
        except Exception as error:
            if self._failed.get(what) != str(error):
                LOG.exception("%s cannot be followed", what)
            self._failed[what] = str(error)

    def _look(self, surface: Surface, told: Deployment) -> None:
        report = self.reports.setdefault(surface, SurfaceReport())
        if told.pinned and told.served not in (None, report.serving) and self._refused.get(surface) != told.since:
            self._serve(surface, told.served, told.since)
        proposal = told.proposal
        if proposal is None or proposal.until <= datetime.now(UTC):
            self._held.pop(surface, None)
        elif proposal.id != report.looked_at:
            self._examine(surface, proposal)

    def _examine(self, surface: Surface, proposal: Proposal) -> None:
        """Hold the proposed bundle ready, or say why not."""
        self._held.pop(surface, None)
        with self._refusing(surface, proposal.bundle):
            self._held[surface] = _Held(proposal.bundle, self._prepare(surface, proposal.bundle))
        self.reports[surface] = replace(self.reports[surface], looked_at=proposal.id)

    def _serve(self, surface: Surface, bundle: RegisteredBundle, since: datetime | None) -> None:
        self._refused[surface] = since  # unless it serves below
        held = self._held.pop(surface, None)
        with self._refusing(surface, bundle):
            ready = held.loaded if held is not None and held.bundle == bundle else None
            self._swap(bundle, ready or self._prepare(surface, bundle))
            self.reports[surface] = replace(self.reports[surface], serving=bundle, since=datetime.now(UTC))
            del self._refused[surface]
            LOG.info("%s serves %s %d", surface, bundle.name, bundle.version)

    @contextmanager
    def _refusing(self, surface: Surface, bundle: RegisteredBundle) -> Iterator[None]:
        """What fails in the block is why the bundle does not serve here."""
        try:
            yield
        except Exception as error:
            LOG.warning("%s %d is refused", bundle.name, bundle.version, exc_info=True)
            refusal = Refusal(bundle, first_line(error) or type(error).__name__, datetime.now(UTC))
            self.reports[surface] = replace(self.reports[surface], refused=refusal)

    def _leave(self) -> None:
        if self.reports != self._left:
            report = ReplicaReport(f"process {os.getpid()} on {socket.gethostname()}", dict(self.reports))
            leave_report(self._folder, report)
            self._left = report.surfaces
