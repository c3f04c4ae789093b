"""Other bundles of a surface than the one that serves: those on this machine that have a candidate release.

Loaded when first compared with, one a surface at most. Their candidates are those of their own release; what happened
between pairs, and which clients are suspended, counts as it does in what is served; versions that changed since the
release do not. Knows no page.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.releases import Bundle
from components.releases.bundle import label
from components.releases.candidate_release import read_release
from components.releases.folder import newest_version
from components.releases.registry import registered_name
from metier.contract import Surface
from metier.errors import UnknownNameError
from serving.candidates.snapshot import ReleaseSnapshot
from serving.candidates.space import CandidateSpace
from serving.engine import Engine
from serving.stages import Stages


@dataclass(frozen=True)
class OtherBundle:
    """A bundle in `folder`, and the newest of its candidate releases."""

    name: str
    folder: Path
    release: str


class OtherBundles:
    """Of one engine. Safe to share between threads."""

    def __init__(self) -> None:
        self._loaded: dict[Surface, tuple[OtherBundle, Bundle, CandidateSpace]] = {}
        self._lock = threading.Lock()

    def of(self, engine: Engine, surface: Surface) -> tuple[str, ...]:
        """Names of the other bundles of a surface, the newest version first."""
        return tuple(other.name for other in _found(engine, surface))

    def stages(self, engine: Engine, surface: Surface, name: str) -> Stages:
        """The stages of another bundle, over pairs as they are served; UnknownNameError where it is not here."""
        found = {other.name: other for other in _found(engine, surface)}
        if name not in found:
            raise UnknownNameError(f"bundle of {surface} with candidates here", name, tuple(found))
        with self._lock:
            if surface not in self._loaded or self._loaded[surface][0] != found[name]:
                self._loaded[surface] = (found[name], *_load(engine, found[name]))
            _, bundle, candidates = self._loaded[surface]
        serving = engine.serving(surface)
        served = serving.candidates
        as_served = candidates.with_clients(served.clients).with_facts(served.facts, served.sequence)
        return serving.with_bundle(bundle, as_served)


def _found(engine: Engine, surface: Surface) -> Iterator[OtherBundle]:
    served = engine.stages[surface].bundle.version if surface in engine.stages else ""
    folders = (engine.settings.bundles / registered_name(surface)).glob("[0-9]*-*")
    for folder in sorted(folders, key=lambda folder: -int(folder.name.split("-")[0])):
        name = label(surface, folder.name.split("-")[1])
        release = newest_version(engine.settings.candidates / name)
        if name != served and release is not None:
            yield OtherBundle(name, folder, release)


def _load(engine: Engine, other: OtherBundle) -> tuple[Bundle, CandidateSpace]:
    bundle = Bundle.load(other.folder, ranker_classes=engine.settings.ranker_classes)
    release = read_release(engine.settings.candidates / other.name, other.release, bundle.encoder)
    return bundle, CandidateSpace(
        ReleaseSnapshot(release, engine.skill), (), release.retriever, release.candidates.vectors
    )
