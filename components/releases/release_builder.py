"""Build candidate releases: of one bundle, or of every bundle in use, as known at a moment.

Reads the lake and the feature store. Knows no ranker and no request.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.releases.aliases import aliased_bundles, open_registry
from components.releases.candidate_release import CandidateRelease, Moments
from components.releases.candidate_rows import CandidateRows
from components.releases.deployments import Deployments
from components.releases.folder import FORMAT, MANIFEST, exclusive_writer, replacing_release, set_newest
from components.releases.registry import RegisteredBundle
from components.retrieval.candidate_index import index_candidates
from components.retrieval.from_lake import newest_versions, pair_interactions
from components.retrieval.pair_facts import PairFacts
from feature_repo.build.built import Built
from feature_repo.build.corpus import TextCorpus, distinct_texts
from feature_repo.build.feature_tables import VECTORS
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import Read, candidate_features
from feature_repo.inputs.covisits import SECONDS_A_DAY, Covisits
from feature_repo.texts import Encoder, TextVectors, TextWeights
from feature_repo.texts.text import ANALYSIS
from feature_repo.views import VIEWS
from metier.contract import Surface
from metier.errors import FeatureError
from metier.lake import Lake
from metier.settings import Settings


@dataclass(frozen=True)
class ReleaseSource:
    """What a candidate release of one bundle is made of."""

    surface: Surface
    lake: Lake
    read: Read
    """Answers as known at a moment: FeatureStoreClient.training_features."""
    encoder: Encoder
    vectors: TextVectors
    """Of every text of the lake, by the bundle's weights."""
    covisits: Covisits = field(default_factory=Covisits.none)
    """As of the last build."""
    definition: str = ""
    """Digest of what said how the stored features are built."""


def build_releases(settings: Settings, as_of: datetime) -> dict[str, str]:
    """Build the release of every bundle in use as known at `as_of`: bundle label -> release version.

    In use are those that an alias means, those that serve, and those that a rollback would bring back.
    """
    aliased = [(each.surface, each.bundle) for each in aliased_bundles(open_registry(settings))]
    return build_releases_of(settings, [*aliased, *Deployments(settings.deployed).in_use()], as_of)


def build_releases_of(
    settings: Settings, pins: Sequence[tuple[Surface, RegisteredBundle]], as_of: datetime
) -> dict[str, str]:
    """Build the release of these bundles as known at `as_of`: bundle label -> release version."""
    registry, lake = open_registry(settings), Lake(settings.lake)
    corpus = TextVectors.read(settings.features / VECTORS)
    store, views = FeatureStoreClient(settings), built_views(settings)
    definition = built_definition(settings)
    versions: dict[str, str] = {}
    for surface, pin in dict.fromkeys(pins):
        bundle = registry.load(pin)
        vectors = vectors_by(bundle.text_weights, corpus, lake, as_of)
        covisits, read = store.covisits(surface), store.training_features
        source = ReleaseSource(surface, lake, read, bundle.encoder, vectors, covisits, definition=definition)
        versions[bundle.version] = build_release(source, as_of, settings.candidates / bundle.version, views)
    return versions


def built_views(settings: Settings) -> Moments:
    """As of which moment the values of each feature view were built; empty where none were."""
    built = Built.read(settings.features)
    return {} if built is None else {view.name: built.moment for view in VIEWS}


def built_definition(settings: Settings) -> str:
    """Digest of what said how the features were built; empty where none were."""
    built = Built.read(settings.features)
    return "" if built is None else built.definition


def build_release(source: ReleaseSource, as_of: datetime, folder: Path, views: Moments | None = None) -> str:
    """Write the release of `as_of` under `folder` (one a bundle), point at it, and return its version.

    `views` says as of which moment a view's values are, where that is earlier than `as_of`.
    """
    older = {view: moment for view, moment in (views or {}).items() if moment < as_of}
    version = release_version(
        source.lake, as_of, source.encoder, source.vectors, older=older, definition=source.definition
    )
    with exclusive_writer(folder):
        if not (folder / version / MANIFEST).exists():
            with replacing_release(folder / version) as home:
                _release(source, version, as_of, older).write(home)
        set_newest(folder, version)
    return version


def vectors_by(weights: TextWeights, corpus: TextVectors, lake: Lake, as_of: datetime) -> TextVectors:
    """Vectors of every text known at `as_of` by the `weights` of a bundle; `corpus` holds their embeddings."""
    if weights.equals(corpus.weights):
        return corpus
    texts = encoded_texts(corpus, lake, as_of)
    return TextVectors.fitted(weights).extended(
        texts.keys, texts.texts, corpus.dense_at(corpus.rows(texts.keys)), texts.titles
    )


def encoded_texts(corpus: TextVectors, lake: Lake, as_of: datetime) -> TextCorpus:
    """Every text known at `as_of`; FeatureError where `corpus` has not the vector of each."""
    texts = distinct_texts(lake, as_of)
    absent = int((corpus.rows(texts.keys) < 0).sum())
    if absent:
        raise FeatureError(f"{absent:,} texts of the lake have no vector; run `metier features build` first")
    return texts


def release_version(
    lake: Lake,
    as_of: datetime,
    encoder: Encoder,
    vectors: TextVectors,
    *,
    older: Moments | None = None,
    definition: str = "",
) -> str:
    """The moment of the release and a digest of what it is made of: equal versions hold equal candidates."""
    digest = hashlib.sha256(f"{FORMAT} {ANALYSIS} {lake.digest()} {encoder.hash} {definition}".encode())
    for _, fitted in sorted(vectors.weights.arrays.items()):
        digest.update(np.ascontiguousarray(fitted).tobytes())
    for view, moment in sorted((older or {}).items()):
        digest.update(f"{view} {moment.isoformat()}".encode())
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{digest.hexdigest()[:8]}"


def _release(source: ReleaseSource, version: str, as_of: datetime, older: Moments) -> CandidateRelease:
    versions = newest_versions(source.lake, source.surface, as_of)
    moment = pa.repeat(pa.scalar(as_of, pa.timestamp("us", tz="UTC")), versions.num_rows)
    keys = pa.table({"candidate_id": versions["id"], "event_timestamp": moment})
    candidates = CandidateRows.encode(
        source.surface,
        versions.drop_columns(["text"]),
        candidate_features(source.surface, keys, source.read),
        source.vectors,
        facts=PairFacts.from_interactions(pair_interactions(source.lake, as_of), as_of),
        covisits=source.covisits.newest(int(as_of.timestamp() // SECONDS_A_DAY)),
    )
    retriever = index_candidates(versions, source.vectors, source.encoder)
    return CandidateRelease.of(version, as_of, candidates, retriever, older)
