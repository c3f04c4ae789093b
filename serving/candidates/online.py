"""Candidates that neither a release nor the change log holds, read through Feast for one request.

They were materialized after the release. Knows no ranker and no order.
"""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from feature_repo.hydrate import Read, candidate_features
from feature_repo.texts import TextVectors
from metier.errors import NotFoundError
from serving.candidates.snapshot import CandidateSnapshot


def read_online(
    base: CandidateSnapshot, candidates: Sequence[str], now: datetime, vectors: TextVectors, read: Read
) -> CandidateSnapshot:
    """A part of them; NotFoundError names a candidate that the online store does not hold either."""
    profile = "job_profile__" if base.surface == "job_feed" else "freelancer_profile__"
    stamps = pa.array([now] * len(candidates), pa.timestamp("us", tz="UTC"))
    asked = pa.table({"candidate_id": pa.array(list(candidates), pa.string()), "event_timestamp": stamps})
    found = candidate_features(base.surface, asked, read)
    for candidate, status in zip(candidates, found[f"{profile}status"].to_pylist(), strict=True):
        if status is None:
            raise NotFoundError(f"unknown candidate {candidate!r}; PUT it first")
    told = {name.removeprefix(profile): found[name] for name in found.column_names if name.startswith(profile)}
    key = "job_id" if base.surface == "job_feed" else "freelancer_id"
    versions = pa.table({**told, key: asked["candidate_id"], "id": asked["candidate_id"]})
    return CandidateSnapshot(base.candidates.others(versions, found, vectors))
