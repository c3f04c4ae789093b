"""A candidate release: every candidate of a surface as known at one moment, as replicas map it.

Holds the newest versions, their stored features, plain and encoded, text vectors by the weights of one bundle, the
index, and what is known of pairs. Its files are mapped, so that the replicas of a node share their pages. Knows no
ranker and no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import pyarrow as pa

from components.releases.folder import moment_of, verified, write_manifest
from components.retrieval import HybridRetriever
from components.retrieval.digests import sha256_of
from components.retrieval.hybrid import MANIFEST as INDEX_MANIFEST
from components.retrieval.pair_facts import PairFacts
from feature_repo.files.mapped import read_table, write_table
from feature_repo.files.names import Names
from feature_repo.hydrate import candidate_views
from feature_repo.inputs.encoded import CandidateColumns
from feature_repo.inputs.encoded_files import read_candidates, write_candidates
from feature_repo.texts import Encoder, TextVectors
from metier.contract import Surface, surface

CANDIDATES, FEATURES, APPLICATIONS = "candidates.arrow", "features.arrow", "applications.arrow"
NAMES, COLUMNS, FACTS, VECTORS, INDEX = "ids", "columns", "facts", "vectors", "index"

Moments = Mapping[str, datetime]


@dataclass(frozen=True)
class CandidateRelease:
    """`features`, `columns`, `names` and the index have one row a candidate, in the order of `candidates`."""

    surface: Surface
    version: str
    as_of: datetime
    views: Moments
    """Feature view -> the moment as of which its values are."""
    names: Names
    candidates: pa.Table
    features: pa.Table
    columns: CandidateColumns
    applications: pa.Table
    """By job_id."""
    facts: PairFacts
    vectors: TextVectors
    retriever: HybridRetriever

    @classmethod
    def from_tables(
        cls,
        surface: Surface,
        version: str,
        as_of: datetime,
        candidates: pa.Table,
        features: pa.Table,
        applications: pa.Table,
        facts: PairFacts,
        vectors: TextVectors,
        retriever: HybridRetriever,
        views: Moments | None = None,
    ) -> Self:
        """A release in memory: of the same rows, `candidates` have `id` and the contract's columns, `features` full
        names. Views that `views` does not name are as of `as_of`.
        """  # noqa: D205
        return cls(
            surface,
            version,
            as_of,
            {view: (views or {}).get(view, as_of) for view in candidate_views(surface)},
            Names.of(candidates["id"]),
            candidates,
            features,
            CandidateColumns.encode(surface, features, vectors),
            applications.sort_by([("job_id", "ascending"), ("freelancer_id", "ascending")]),
            facts,
            vectors,
            retriever,
        )

    def write(self, home: Path) -> None:
        """Write what `read_release` maps into the folder `home`."""
        self.names.write(home, NAMES)
        write_table(home / CANDIDATES, self.candidates)
        write_table(home / FEATURES, self.features)
        write_table(home / APPLICATIONS, self.applications)
        write_candidates(home / COLUMNS, self.columns)
        self.facts.write(home / FACTS)
        self.vectors.write(home / VECTORS)
        self.retriever.save(home / INDEX)
        own = [path for path in home.rglob("*") if path.is_file() and INDEX not in path.relative_to(home).parts]
        files = sorted([*own, home / INDEX / INDEX_MANIFEST])  # the index's manifest binds its files
        told = {
            "surface": self.surface,
            "version": self.version,
            "views": {view: moment.isoformat() for view, moment in self.views.items()},
        }
        write_manifest(home, told, {str(path.relative_to(home)): sha256_of(path) for path in files})


def read_release(folder: Path, version: str, encoder: Encoder) -> CandidateRelease:
    """The release, mapped; ArtifactError when it is damaged, of another format, version or encoder."""
    home = folder / version
    manifest = verified(home, version)
    name, vectors = surface(manifest["surface"]), TextVectors.read(home / VECTORS)
    return CandidateRelease(
        name,
        version,
        moment_of(version),
        {view: datetime.fromisoformat(moment) for view, moment in manifest["views"].items()},
        Names.read(home, NAMES),
        read_table(home / CANDIDATES),
        read_table(home / FEATURES),
        read_candidates(home / COLUMNS, name, vectors),
        read_table(home / APPLICATIONS),
        PairFacts.read(home / FACTS),
        vectors,
        HybridRetriever.load(home / INDEX, encoder),
    )
