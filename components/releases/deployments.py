"""Which bundle the endpoint of a home serves on a surface, which ones it served before, and one that is proposed.

A small file a surface under METIER_HOME/deployed, replaced whole. Every replica reads it again and again, as it reads
which candidate release is the newest; what replicas make of it is theirs. Knows the registry for a first start alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from components.releases.aliases import AliasedBundle, bundles_to_serve
from components.releases.registry import RegisteredBundle, Registry
from metier.contract import SURFACES, Surface
from metier.durable import write_whole
from metier.errors import ArtifactError, RegistryError, ServingError
from metier.locks import exclusively
from metier.settings import Settings
from metier.stored import Moment, as_json, from_json

KEPT = 10
"""Bundles that are remembered as served before."""
PINNED, LAST = "pinned", "served last; the registry does not answer"


@dataclass(frozen=True)
class Proposal:
    """A bundle that replicas load and check, but do not serve yet; they let go of it at `until`."""

    id: str
    bundle: RegisteredBundle
    until: Moment


@dataclass(frozen=True)
class Deployment:
    """What a surface serves since when, whether it was pinned there by hand, and what served before, the last last."""

    served: RegisteredBundle | None = None
    since: Moment | None = None
    pinned: bool = False
    before: tuple[RegisteredBundle, ...] = ()
    proposal: Proposal | None = None

    def serving(self, bundle: RegisteredBundle, since: datetime, *, pinned: bool) -> Self:
        """The bundle serves from now on, and what served until now is remembered."""
        if self.served in (None, bundle):
            return replace(self, served=bundle, since=since, pinned=pinned, proposal=None)
        before = (*self.before, self.served)[-KEPT:]
        return replace(self, served=bundle, since=since, pinned=pinned, before=before, proposal=None)

    def unranked(self, since: datetime) -> Self:
        """No bundle serves from now on; what served before is still remembered."""
        return replace(self, served=None, since=since, pinned=False, proposal=None)

    def back(self, since: datetime) -> Self:
        """What served before serves again; there must be something."""
        return replace(self, served=self.before[-1], since=since, pinned=True, before=self.before[:-1], proposal=None)


class Deployments:
    """The files in `folder`, one a surface."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, surface: Surface) -> Deployment:
        """What is deployed on a surface; an empty one where nothing ever was. ArtifactError for a damaged file."""
        path = self._path(surface)
        try:
            return from_json(Deployment, path.read_bytes())
        except FileNotFoundError:
            return Deployment()
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"{path} says of no bundle that it serves; delete it, and `metier serve` begins by an alias"
            ) from error

    def write(self, surface: Surface, deployment: Deployment) -> None:
        """Replace what is deployed on a surface."""
        write_whole(self._path(surface), as_json(deployment, indent=1))

    def begun(self, bundles: Mapping[Surface, RegisteredBundle]) -> None:
        """An endpoint starts with these bundles, and other surfaces by retrieval: what served is remembered, pins stay.

        A bundle that serves no more is not what serves again where the registry does not answer.
        """
        now = datetime.now(UTC)
        for surface in SURFACES:
            told, bundle = self.of(surface), bundles.get(surface)
            if bundle is None and told.served is not None:
                self.write(surface, told.unranked(now))
            elif bundle is not None and told.served != bundle:
                self.write(surface, told.serving(bundle, now, pinned=False))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Be the one who deploys; ServingError while somebody else does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        refusal = ServingError("another `metier deploy` or `metier rollback` runs; wait until it is done")
        with exclusively(self._folder / "deploying.lock", refusal):
            yield

    def in_use(self) -> list[tuple[Surface, RegisteredBundle]]:
        """What serves, and what a rollback would bring back: these need a candidate release."""
        told = [(surface, self.of(surface)) for surface in SURFACES]
        return [(name, pin) for name, each in told for pin in (each.served, *each.before[-1:]) if pin is not None]

    def last(self) -> Surface | None:
        """The surface that was deployed last by hand and can be taken back; None where there is none."""
        told = [(each.since, name) for name in SURFACES if (each := self.of(name)).before and each.since]
        return max(told)[1] if told else None

    def _path(self, surface: Surface) -> Path:
        return self._folder / f"{surface}.json"


def chosen_bundles(settings: Settings, registry: Registry) -> dict[Surface, AliasedBundle]:
    """Per surface that has one the bundle to start with: the pinned one, else the champion.

    Where the registry does not answer, what served last; RegistryError where nothing ever did.
    """
    deployments = Deployments(settings.deployed)
    told = {surface: deployments.of(surface) for surface in SURFACES}
    last = {
        name: AliasedBundle(name, PINNED if each.pinned else LAST, each.served)
        for name, each in told.items()
        if each.served
    }
    if last:
        try:
            registry.require_reachable()
        except RegistryError:
            return last
    return bundles_to_serve(registry) | {name: each for name, each in last.items() if each.alias == PINNED}
