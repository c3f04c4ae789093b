"""A bundle reaches the replicas that run, all of them or none: it is proposed, found fit by each, then pinned.

Reads and writes files of METIER_HOME alone. Knows no bundle's content; whoever calls sees to it that the bundle and its
candidate release lie where replicas look.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from components.releases import RegisteredBundle
from components.releases.deployments import Deployments, Proposal
from metier.contract import Surface
from metier.errors import ServingError
from metier.settings import Settings
from serving.bundles.reports import ReplicaReport, SurfaceReport, reports_of_running

LOOK_SECONDS = 0.2
SWAP_SECONDS = 60.0
"""Longest wait for replicas to serve what they hold ready."""


@dataclass(frozen=True)
class RolledOut:
    """What replicas serve now, and what they served before (None: nothing that was trained)."""

    surface: Surface
    bundle: RegisteredBundle
    before: RegisteredBundle | None
    replicas: int


def served_now(settings: Settings, surface: Surface) -> RegisteredBundle | None:
    """What running replicas say they serve; where none says so, what is deployed."""
    told = [of(report, surface).serving for report in reports_of_running(settings.replicas).values()]
    return next((bundle for bundle in told if bundle is not None), Deployments(settings.deployed).of(surface).served)


def roll_out(
    settings: Settings,
    surface: Surface,
    bundle: RegisteredBundle,
    seconds: float,
    *,
    before: RegisteredBundle | None,
    back: bool = False,
) -> RolledOut:
    """Have every replica that runs serve the bundle in place of `before`; `back` where it served before that.

    ServingError, and all go on with what they serve, where one of them refuses it, ends, or takes longer than
    `seconds` to load it and try it. Where no replica runs it is pinned, and tried when one starts. To be called within
    Deployments.changing().
    """
    deployments = Deployments(settings.deployed)
    told = replace(deployments.of(surface), proposal=None)
    rollout = _Rollout(settings, surface, bundle)
    until = datetime.now(UTC) + timedelta(seconds=seconds + SWAP_SECONDS)
    proposal = Proposal(secrets.token_hex(8), bundle, until)
    deployments.write(surface, replace(told, proposal=proposal))
    try:
        rollout.wait(seconds, lambda report: report.looked_at == proposal.id)
    except BaseException:
        deployments.write(surface, told)
        raise
    now = datetime.now(UTC)
    told = replace(told, served=before)
    deployments.write(surface, told.back(now) if back else told.serving(bundle, now, pinned=True))
    try:
        replicas = rollout.wait(SWAP_SECONDS, lambda report: report.serving == bundle, may_end=True)
    except ServingError:
        deployments.write(surface, replace(told, pinned=before is not None, since=datetime.now(UTC)))
        raise
    return RolledOut(surface, bundle, before, replicas)


class _Rollout:
    """What replicas say of a bundle from now on."""

    def __init__(self, settings: Settings, surface: Surface, bundle: RegisteredBundle) -> None:
        self._replicas = settings.replicas
        self._surface: Surface = surface
        self._bundle = bundle
        self._running = reports_of_running(self._replicas)
        self._known = {name: of(report, surface).refused for name, report in self._running.items()}
        """Refusals of before."""

    def wait(self, seconds: float, done: Callable[[SurfaceReport], bool], *, may_end: bool = False) -> int:
        """How many replicas run, once all that run are done; ServingError where one refuses the bundle or is too late.

        Likewise where one ends, unless it may.
        """
        until = time.monotonic() + seconds
        while True:
            reports = reports_of_running(self._replicas)
            for name, report in reports.items():
                self._require_fit(name, report)
            ended = [] if may_end else [name for name in self._running if name not in reports]
            if ended:
                raise self._refusal(ended[0], self._running[ended[0]], "ended meanwhile", "deploy it again")
            late = [name for name, report in reports.items() if not done(of(report, self._surface))]
            if not late:
                return len(reports)
            if time.monotonic() > until:
                raise self._refusal(late[0], reports[late[0]], f"gave no answer in {seconds:g} s", "look at its log")
            self._running = reports
            time.sleep(LOOK_SECONDS)

    def _require_fit(self, name: str, report: ReplicaReport | None) -> None:
        refused = of(report, self._surface).refused
        if refused is not None and refused.bundle == self._bundle and refused != self._known.get(name):
            raise self._refusal(name, report, f"refuses it: {refused.why}", "deploy another")

    def _refusal(self, name: str, report: ReplicaReport | None, what: str, next_move: str) -> ServingError:
        replica = report.process if report is not None else f"the replica in {self._replicas / name}"
        bundle = f"{self._bundle.name} {self._bundle.version}"
        return ServingError(f"{bundle} is not served, what was served goes on: {replica} {what}; {next_move}")


def of(report: ReplicaReport | None, surface: Surface) -> SurfaceReport:
    """What a replica says of a surface; an empty report where it says nothing of it."""
    told = report.surfaces.get(surface) if report is not None else None
    return told or SurfaceReport()
