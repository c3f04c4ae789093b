"""Candidates that a release does not hold, read through Feast: newer than the release, but already materialized.

Knows no ranker and no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feature_repo.columns import strings
from feature_repo.encoded import CandidateColumns
from feature_repo.hydrate import Read, candidate_features
from metier.errors import NotFoundError
from serving.ask import Ask
from serving.snapshot import CandidateSnapshot, judged


@dataclass(frozen=True)
class Misses:
    """Their ids, encoded columns, agencies, and which of them may be shown (n,)."""

    ids: tuple[str, ...]
    columns: CandidateColumns
    agencies: tuple[str | None, ...]
    allowed: npt.NDArray[np.bool_]


def read_misses(snapshot: CandidateSnapshot, ask: Ask, candidates: Sequence[str], now: datetime, read: Read) -> Misses:
    """NotFoundError names a candidate that the online store does not hold either."""
    profile = "job_profile__" if snapshot.surface == "job_feed" else "freelancer_profile__"
    stamps = pa.array([now] * len(candidates), pa.timestamp("us", tz="UTC"))
    asked = pa.table({"candidate_id": pa.array(list(candidates), pa.string()), "event_timestamp": stamps})
    found = candidate_features(snapshot.surface, asked, read)
    for candidate, status in zip(candidates, found[f"{profile}status"].to_pylist(), strict=True):
        if status is None:
            raise NotFoundError(f"unknown candidate {candidate!r}; PUT it, then wait for the next refresh")
    told = {name.removeprefix(profile): found[name] for name in found.column_names if name.startswith(profile)}
    key = "job_id" if snapshot.surface == "job_feed" else "freelancer_id"
    pool = snapshot.pool_of(pa.table({**told, key: asked["candidate_id"]}))
    return Misses(
        tuple(candidates),
        CandidateColumns.encode(snapshot.surface, found, snapshot.release.vectors),
        tuple(strings(found, "freelancer_profile__agency_id")),
        judged(pool, ask, np.flatnonzero(np.isin(pool.ids, list(ask.exclude)))).mask,
    )
