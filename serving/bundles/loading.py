"""From a pin to what can serve: its bundle, and the newest of that bundle's candidate releases.

Knows files; no request and no other bundle.
"""

import logging
import time
from dataclasses import dataclass

from components.releases import Bundle, RegisteredBundle, Registry
from components.releases.candidate_release import read_release
from components.releases.folder import newest_version
from components.releases.unranked import Unranked
from components.retrieval.filters import Find
from metier.contract import Surface
from metier.errors import ServingError
from metier.settings import Settings
from serving.candidates.snapshot import ReleaseSnapshot
from serving.candidates.space import CandidateSpace

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A bundle, or what stands for it where nothing was promoted, with its candidates."""

    surface: Surface
    bundle: Bundle | Unranked
    snapshot: ReleaseSnapshot

    def space(self, served: CandidateSpace | None = None) -> CandidateSpace:
        """The candidates as released, with what is known of pairs and clients where another space is served."""
        release = self.snapshot.release
        space = CandidateSpace(self.snapshot, (), release.retriever, release.candidates.vectors)
        return space if served is None else space.with_clients(served.clients).with_facts(served.facts, served.sequence)


class Loader:
    """Loads by these settings; `skill` finds the skill that a word of a filter names."""

    def __init__(self, settings: Settings, skill: Find) -> None:
        self._settings = settings
        self._registry = Registry(settings.registry, settings.artifacts, settings.bundles)
        self._skill = skill

    def pinned(self, surface: Surface, pin: RegisteredBundle) -> Loaded:
        """The pinned bundle with its newest release.

        RegistryError, ArtifactError or ServingError where one of them cannot be had or is damaged.
        """
        bundle = self._registry.load(pin, self._settings.ranker_classes)
        if bundle.manifest.surface != surface:
            raise ServingError(
                f"{pin.name} {pin.version} ranks {bundle.manifest.surface}, not {surface}; deploy one of {surface}"
            )
        loaded = self._released(surface, bundle)
        _ = bundle.ensemble  # loaded lazily: a damaged one is to be found out here
        return loaded

    def unranked(self, surface: Surface) -> Loaded | None:
        """What a surface serves where nothing is pinned; None where its candidates were not released."""
        unranked = Unranked(surface)
        if newest_version(self._settings.candidates / unranked.version) is None:
            return None
        return self._released(surface, unranked)

    def newer(self, surface: Surface, bundle: Bundle | Unranked, served: str) -> Loaded | None:
        """The bundle with its newest release; None where that is the version that is `served`, or there is none."""
        newest = newest_version(self._settings.candidates / bundle.version)
        return None if newest in (None, served) else self._released(surface, bundle)

    def _released(self, surface: Surface, bundle: Bundle | Unranked) -> Loaded:
        folder = self._settings.candidates / bundle.version
        version = newest_version(folder)
        if version is None:
            raise ServingError(
                f"no candidate release for bundle {bundle.version} in {folder}; run `metier pipeline run training`, "
                "whose step build_candidate_index writes it"
            )
        begun = time.monotonic()
        snapshot = ReleaseSnapshot(read_release(folder, version, bundle.encoder), self._skill)
        LOG.info("%s: %d candidates of %s in %.1f s", surface, len(snapshot), version, time.monotonic() - begun)
        return Loaded(surface, bundle, snapshot)
