"""A candidate release: every candidate of a surface as known at one moment, with the index that finds them.

Text vectors are by the weights of one bundle. Its files are mapped, so that the replicas of a node share their pages.
Knows no ranker and no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from components.releases.candidate_rows import CandidateRows
from components.releases.folder import REBUILD, ReleaseManifest, moment_of, verified, write_manifest
from components.retrieval import HybridRetriever
from components.retrieval.digests import sha256_of
from components.retrieval.hybrid import MANIFEST as INDEX_MANIFEST
from feature_repo.hydrate import candidate_views
from feature_repo.texts import Encoder
from metier.contract import Surface
from metier.errors import ArtifactError

INDEX = "index"

Moments = Mapping[str, datetime]


@dataclass(frozen=True)
class CandidateRelease:
    """`retriever` finds among `candidates`, whose order of rows is its own."""

    version: str
    as_of: datetime
    views: Moments
    """Feature view -> the moment as of which its values are."""
    candidates: CandidateRows
    retriever: HybridRetriever

    @classmethod
    def of(
        cls,
        version: str,
        as_of: datetime,
        candidates: CandidateRows,
        retriever: HybridRetriever,
        older: Moments | None = None,
    ) -> Self:
        """A release in memory; views are as of `as_of` but for those in `older`."""
        views = {view: (older or {}).get(view, as_of) for view in candidate_views(candidates.surface)}
        return cls(version, as_of, views, candidates, retriever)

    @property
    def surface(self) -> Surface:
        """Whose candidates these are."""
        return self.candidates.surface

    def write(self, home: Path) -> None:
        """Write what `read_release` maps into the folder `home`."""
        self.candidates.write(home)
        self.retriever.save(home / INDEX)
        own = [path for path in home.rglob("*") if path.is_file() and INDEX not in path.relative_to(home).parts]
        files = sorted([*own, home / INDEX / INDEX_MANIFEST])  # the index's manifest binds its files
        digests = {str(path.relative_to(home)): sha256_of(path) for path in files}
        write_manifest(home, ReleaseManifest(self.surface, self.version, self.views, digests))


def read_release(folder: Path, version: str, encoder: Encoder) -> CandidateRelease:
    """The release, mapped; ArtifactError when it is damaged, of another format, version or encoder."""
    home = folder / version
    manifest = verified(home, version)
    candidates = CandidateRows.read(home, manifest.surface)
    retriever = HybridRetriever.load(home / INDEX, encoder)
    if retriever.lexical.language != candidates.vectors.language:
        raise ArtifactError(
            f"{home} indexes texts as {retriever.lexical.language} and weighs them as {candidates.vectors.language}; "
            f"{REBUILD}"
        )
    return CandidateRelease(version, moment_of(version), manifest.views, candidates, retriever)
