"""A candidate release: every candidate of a surface as known at one moment, as replicas load it.

Holds the newest versions, their stored features, text vectors by the weights of one bundle, the index, and what is
known of pairs. Written once beside its place and renamed; a pointer names the newest. Knows no ranker and no request.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from components.retrieval.candidates import applications, newest_versions, pair_interactions
from components.retrieval.encoder import Encoder
from components.retrieval.hybrid import MANIFEST as INDEX_MANIFEST
from components.retrieval.hybrid import HybridRetriever
from components.retrieval.pair_facts import PairFacts
from feature_repo.aggregates import distinct_texts
from feature_repo.hydrate import Read, candidate_features
from feature_repo.text import headline, text_key
from feature_repo.vectors import TextVectors
from metier.contract import Surface, surface
from metier.errors import ArtifactError, FeatureError
from metier.lake import Lake

FORMAT = 2
POINTER, MANIFEST = "current.json", "release.json"
CANDIDATES, FEATURES, PAIRS, APPLICATIONS = "candidates.parquet", "features.parquet", "pairs.parquet", "applied.parquet"
VECTORS, INDEX = "vectors", "index"
KEPT = 2
"""Releases kept of a bundle: the newest, and the one that replicas may still be reading."""

Weights = Mapping[str, npt.NDArray]


@dataclass(frozen=True)
class Release:
    """What `read_release` found. `features` has one row a candidate, in the order of `candidates` and of the index."""

    surface: Surface
    version: str
    as_of: datetime
    candidates: pa.Table
    features: pa.Table
    applications: pa.Table
    facts: PairFacts
    vectors: TextVectors
    retriever: HybridRetriever


def build_release(
    name: Surface,
    lake: Lake,
    read: Read,
    as_of: datetime,
    encoder: Encoder,
    vectors: TextVectors,
    folder: Path,
) -> str:
    """Write the release of `as_of` under `folder` (one a bundle), point at it, and return its version.

    `read` answers as known at a moment; `vectors` are those of every text known then, by the bundle's weights.
    """
    version = release_version(lake, as_of, encoder, vectors)
    if not (folder / version / MANIFEST).exists():
        beside = folder / f".{version}-{os.getpid()}.writing"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            _write(beside, name, version, lake, read, as_of, encoder, vectors)
            shutil.rmtree(folder / version, ignore_errors=True)
            os.rename(beside, folder / version)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    _point(folder, version)
    _prune(folder, version)
    return version


def vectors_by(weights: Weights, corpus: TextVectors, lake: Lake, as_of: datetime) -> TextVectors:
    """Vectors of every text known at `as_of` by the `weights` of a bundle; `corpus` holds their embeddings."""
    if all(np.array_equal(weights[name], fitted) for name, fitted in corpus.weights.items()):
        return corpus
    known = distinct_texts(lake, as_of)
    rows = corpus.rows(known.keys)
    if (rows < 0).any():
        raise FeatureError("a text of the lake has no vector; run `metier pipeline run features` first")
    empty = TextVectors.fitted(weights, corpus.language)
    return empty.extended(known.keys, known.texts, corpus.padded_dense[rows], known.titles)


def release_version(lake: Lake, as_of: datetime, encoder: Encoder, vectors: TextVectors) -> str:
    """The moment of the release and a digest of what it is made of: equal versions hold equal candidates."""
    digest = hashlib.sha256(f"{FORMAT} {lake.digest()} {encoder.hash}".encode())
    for _, fitted in sorted(vectors.weights.items()):
        digest.update(np.ascontiguousarray(fitted).tobytes())
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{digest.hexdigest()[:8]}"


def moment_of(version: str) -> datetime:
    """The `as_of` that a release's version begins with."""
    return datetime.strptime(version.split("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


def newest_version(folder: Path) -> str | None:
    """The version that `folder` points at, None where no release was built; ArtifactError for a damaged pointer."""
    path = folder / POINTER
    try:
        return str(json.loads(path.read_text())["version"]) if path.exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} points at no release; {_rebuild()}") from error


def read_release(folder: Path, version: str, encoder: Encoder) -> Release:
    """The release; ArtifactError when it is damaged, of another format, version or encoder."""
    home = folder / version
    manifest = _verified(home, version)
    as_of = moment_of(version)
    return Release(
        surface(manifest["surface"]),
        version,
        as_of,
        pq.read_table(home / CANDIDATES),
        pq.read_table(home / FEATURES),
        pq.read_table(home / APPLICATIONS),
        PairFacts.from_interactions(pq.read_table(home / PAIRS), as_of),
        TextVectors.read(home / VECTORS),
        HybridRetriever.load(home / INDEX, encoder),
    )


def _verified(home: Path, version: str) -> Mapping[str, Any]:
    """The manifest, which carries its own digest and that of each file; the index's own binds its files."""
    try:
        manifest: dict[str, Any] = json.loads((home / MANIFEST).read_text())
        found, stated = manifest["format"], manifest.pop("sha256", None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{home} holds no candidate release; {_rebuild()}") from error
    if found != FORMAT:
        raise ArtifactError(f"{home} has release format {found}, this metier reads {FORMAT}; {_rebuild()}")
    if stated != _digest(manifest) or manifest["version"] != version:
        raise ArtifactError(f"{home / MANIFEST} is altered or of another release; {_rebuild()}")
    for path, expected in manifest["files"].items():
        if not (home / path).is_file() or _sha256(home / path) != expected:
            raise ArtifactError(f"{home / path} is missing or altered; {_rebuild()}")
    return manifest


def _write(
    home: Path,
    name: Surface,
    version: str,
    lake: Lake,
    read: Read,
    as_of: datetime,
    encoder: Encoder,
    vectors: TextVectors,
) -> None:
    candidates = newest_versions(lake, name, as_of)
    rows = vectors.rows([text_key(text) for text in candidates["text"].to_pylist()])
    places = zip(*(candidates[column].to_pylist() for column in ("title", "city", "region")), strict=True)
    retriever = HybridRetriever.build(
        candidates["id"].to_pylist(),
        candidates["text"].to_pylist(),
        encoder,
        embeddings=vectors.padded_dense[rows],
        headlines=[headline(*card) for card in places],
        language=vectors.language,
    )
    moment = pa.repeat(pa.scalar(as_of, pa.timestamp("us", tz="UTC")), candidates.num_rows)
    asked = pa.table({"candidate_id": candidates["id"], "event_timestamp": moment})
    pq.write_table(candidates.drop_columns(["text"]), home / CANDIDATES)
    pq.write_table(candidate_features(name, asked, read), home / FEATURES)
    pq.write_table(pair_interactions(lake, as_of), home / PAIRS)
    pq.write_table(applications(lake, as_of), home / APPLICATIONS)
    vectors.write(home / VECTORS)
    retriever.save(home / INDEX)
    own = [path for path in home.rglob("*") if path.is_file() and INDEX not in path.relative_to(home).parts]
    digests = {str(path.relative_to(home)): _sha256(path) for path in sorted([*own, home / INDEX / INDEX_MANIFEST])}
    manifest = {"format": FORMAT, "surface": name, "version": version, "files": digests}
    (home / MANIFEST).write_text(json.dumps({**manifest, "sha256": _digest(manifest)}, indent=1))


def _point(folder: Path, version: str) -> None:
    beside = folder / f".{POINTER}-{os.getpid()}"
    beside.write_text(json.dumps({"version": version}))
    beside.replace(folder / POINTER)


def _prune(folder: Path, newest: str) -> None:
    """Remove all but the KEPT newest releases, by the moment in their names."""
    old = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != newest and path.name[0] != ".")
    for path in old[: max(len(old) - KEPT + 1, 0)]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _rebuild() -> str:
    return "run `metier pipeline run training`, whose step build_candidate_index writes releases"
