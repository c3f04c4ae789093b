"""A candidate release: every candidate of a surface as known at one moment, as replicas map it.

Holds the newest versions, their stored features, plain and encoded, text vectors by the weights of one bundle, the
index, and what is known of pairs. Its files are mapped, so that the replicas of a node share their pages. Knows no
ranker and no request.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.releases.folder import FORMAT, MANIFEST, beside, only_writer, point, verified, write_manifest
from components.retrieval import HybridRetriever
from components.retrieval.digests import sha256_of
from components.retrieval.from_lake import applications, newest_versions, pair_interactions
from components.retrieval.hybrid import MANIFEST as INDEX_MANIFEST
from components.retrieval.pair_facts import PairFacts
from feature_repo.build.corpus import TextCorpus, distinct_texts
from feature_repo.files.mapped import read_table, write_table
from feature_repo.files.names import Names
from feature_repo.hydrate import Read, candidate_features, candidate_views
from feature_repo.inputs.encoded import CandidateColumns
from feature_repo.inputs.encoded_files import read_candidates, write_candidates
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.text import headline, text_key
from metier.contract import Surface, surface
from metier.errors import FeatureError
from metier.lake import Lake

CANDIDATES, FEATURES, APPLICATIONS = "candidates.arrow", "features.arrow", "applications.arrow"
NAMES, COLUMNS, FACTS, VECTORS, INDEX = "ids", "columns", "facts", "vectors", "index"

Weights = Mapping[str, npt.NDArray]
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


def build_release(
    name: Surface,
    lake: Lake,
    read: Read,
    as_of: datetime,
    encoder: Encoder,
    vectors: TextVectors,
    folder: Path,
    views: Moments | None = None,
) -> str:
    """Write the release of `as_of` under `folder` (one a bundle), point at it, and return its version.

    `read` answers as known at a moment; `vectors` are those of every text known then, by the bundle's weights; `views`
    says which views hold less than what was known then.
    """
    older = {view: moment for view, moment in (views or {}).items() if moment < as_of}
    version = release_version(lake, as_of, encoder, vectors, older)
    with only_writer(folder):
        if not (folder / version / MANIFEST).exists():
            with beside(folder / version) as home:
                _release(name, version, lake, read, as_of, encoder, vectors, older).write(home)
        point(folder, version)
    return version


def vectors_by(weights: Weights, corpus: TextVectors, lake: Lake, as_of: datetime) -> TextVectors:
    """Vectors of every text known at `as_of` by the `weights` of a bundle; `corpus` holds their embeddings."""
    if all(np.array_equal(weights[name], fitted) for name, fitted in corpus.weights.items()):
        return corpus
    known = encoded_texts(corpus, lake, as_of)
    empty = TextVectors.fitted(weights, corpus.language)
    return empty.extended(known.keys, known.texts, corpus.dense_at(corpus.rows(known.keys)), known.titles)


def encoded_texts(corpus: TextVectors, lake: Lake, as_of: datetime) -> TextCorpus:
    """Every text known at `as_of`; FeatureError where `corpus` has not the vector of each."""
    known = distinct_texts(lake, as_of)
    absent = int((corpus.rows(known.keys) < 0).sum())
    if absent:
        raise FeatureError(f"{absent:,} texts of the lake have no vector; run `metier features build` first")
    return known


def release_version(
    lake: Lake, as_of: datetime, encoder: Encoder, vectors: TextVectors, older: Moments | None = None
) -> str:
    """The moment of the release and a digest of what it is made of: equal versions hold equal candidates."""
    digest = hashlib.sha256(f"{FORMAT} {lake.digest()} {encoder.hash}".encode())
    for _, fitted in sorted(vectors.weights.items()):
        digest.update(np.ascontiguousarray(fitted).tobytes())
    for view, moment in sorted((older or {}).items()):
        digest.update(f"{view} {moment.isoformat()}".encode())
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{digest.hexdigest()[:8]}"


def moment_of(version: str) -> datetime:
    """The `as_of` that a release's version begins with."""
    return datetime.strptime(version.split("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


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


def _release(
    name: Surface,
    version: str,
    lake: Lake,
    read: Read,
    as_of: datetime,
    encoder: Encoder,
    vectors: TextVectors,
    older: Moments,
) -> CandidateRelease:
    candidates = newest_versions(lake, name, as_of)
    rows = vectors.rows([text_key(text) for text in candidates["text"].to_pylist()])
    places = zip(*(candidates[column].to_pylist() for column in ("title", "city", "region")), strict=True)
    retriever = HybridRetriever.build(
        candidates["id"].to_pylist(),
        candidates["text"].to_pylist(),
        encoder,
        embeddings=vectors.dense_at(rows),
        headlines=[headline(*card) for card in places],
        language=vectors.language,
    )
    moment = pa.repeat(pa.scalar(as_of, pa.timestamp("us", tz="UTC")), candidates.num_rows)
    asked = pa.table({"candidate_id": candidates["id"], "event_timestamp": moment})
    return CandidateRelease.from_tables(
        name,
        version,
        as_of,
        candidates.drop_columns(["text"]),
        candidate_features(name, asked, read),
        applications(lake, as_of),
        PairFacts.from_interactions(pair_interactions(lake, as_of), as_of),
        vectors,
        retriever,
        older,
    )
