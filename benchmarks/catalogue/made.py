"""Large catalogues out of a small one: the release of a trained bundle, multiplied with variations.

A candidate of the large one has the features of one of the small one, the prose and places of another, and skills of
both, so that texts, headlines and vectors differ. Its vector is the mean of theirs, moved at random: encoding a million
texts would take an hour. The first candidates are those of the small one. Knows releases, no endpoint.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.releases.candidate_release import CandidateRelease, read_release
from components.releases.candidate_rows import CandidateRows
from components.releases.folder import exclusive_writer, newest_version, replacing_release, set_newest
from components.retrieval.candidate_index import index_candidates
from feature_repo.texts import Encoder
from feature_repo.texts.text import card_text, text_key
from feature_repo.texts.weighing import on_grid
from metier.surfaces import surface_spec

MOVED = 0.3
"""Length of the random part of a vector beside the mean of two unit vectors."""
PLACES = ("city", "region")
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class _Mixed:
    """Of each candidate (n,): whose features it has, and whose prose."""

    own: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]


def make_catalogue(source: Path, target: Path, encoder: Encoder, size: int) -> str:
    """Write a release of `size` candidates under `target` out of the newest one under `source`; its version."""
    version = newest_version(source)
    if version is None:
        raise FileNotFoundError(source)
    small = read_release(source, version, encoder)
    made = f"{version}x{size}"
    with exclusive_writer(target), replacing_release(target / made) as home:
        candidates, texts = _multiplied(small.candidates, size)
        indexed = candidates.versions.append_column("text", pa.array(texts, pa.string()))
        retriever = index_candidates(indexed, candidates.vectors, encoder)
        CandidateRelease(made, small.as_of, small.views, candidates, retriever).write(home)
    set_newest(target, made)
    return made


def _multiplied(small: CandidateRows, size: int) -> tuple[CandidateRows, list[str]]:
    random, n = np.random.default_rng(0), len(small)
    own, other = np.arange(size) % n, random.integers(0, n, size)
    other[:n] = own[:n]
    mixed, spec = _Mixed(own, other), surface_spec(small.surface)
    versions = _with_places(small.versions, mixed, "")
    features = _with_places(small.features, mixed, f"{spec.profile_view}__")
    ids = [name if row < n else f"{name}~{row // n}" for row, name in enumerate(versions["id"].to_pylist())]
    prose = "description" if spec.shows_jobs else "overview"
    texts, skills = _texts(small.versions, mixed, prose)
    versions = _replaced(versions, {"id": ids, spec.key: ids, "skills": skills})
    keys = [text_key(text) for text in texts]
    features = _replaced(features, {f"{spec.profile_view}__text_key": keys, spec.key: ids, "candidate_id": ids})
    dense = _moved(small.vectors.dense_at(small.columns.text_row), mixed, random)
    vectors = small.vectors.extended(keys, texts, dense, versions["title"].to_pylist())
    candidates = CandidateRows.encode(
        small.surface, versions, features, vectors, facts=small.facts, covisits=small.columns.covisits
    )
    return candidates, texts


def _with_places(table: pa.Table, mixed: _Mixed, prefix: str) -> pa.Table:
    taken = table.take(pa.array(mixed.own)).combine_chunks()
    places = {f"{prefix}{name}": table[f"{prefix}{name}"] for name in PLACES if f"{prefix}{name}" in table.column_names}
    return _replaced(taken, {name: column.take(pa.array(mixed.other)) for name, column in places.items()})


def _replaced(table: pa.Table, columns: dict[str, Any]) -> pa.Table:
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        if at >= 0:
            column = values if isinstance(values, pa.ChunkedArray) else pa.array(values, table.schema.field(at).type)
            table = table.set_column(at, table.schema.field(at), column)
    return table


def _texts(versions: pa.Table, mixed: _Mixed, prose: str) -> tuple[list[str], list[list[str]]]:
    """(text, skills) of each candidate: half of the skills are its own, half of whom the prose is."""
    titles, proses, listed = (versions[name].to_pylist() for name in ("title", prose, "skills"))
    texts, skills = [], []
    for own, other in zip(mixed.own.tolist(), mixed.other.tolist(), strict=True):
        mine, theirs = listed[own] or [], listed[other] or []
        both = mine if own == other else list(dict.fromkeys([*mine[::2], *theirs[1::2]]))
        skills.append(both)
        texts.append(card_text(titles[own] or "", proses[other] or "", both))
    return texts, skills


def _moved(dense: npt.NDArray[np.float32], mixed: _Mixed, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Vectors of the mixtures; those of the small catalogue's own candidates are its own."""
    vectors = np.empty((len(mixed.own), dense.shape[1]), np.float32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        mean = (dense[mixed.own[part]] + dense[mixed.other[part]]) / 2
        noise = random.standard_normal(mean.shape, np.float32) * np.float32(MOVED / np.sqrt(dense.shape[1]))
        moved = mean + np.where(np.arange(len(mean))[:, None] + start < len(dense), np.float32(0), noise)
        vectors[part] = on_grid(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), np.float32(1e-6)))
    return vectors
