"""Candidates that neither a release nor the change log holds, read from the online store for one request.

They were materialized after the release. Knows no ranker and no order.
"""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from feature_repo.hydrate import Read, candidate_features
from feature_repo.texts import TextVectors
from metier.surfaces import surface_spec
from serving.candidates.snapshot import CandidateSnapshot


def read_online(
    base: CandidateSnapshot, candidates: Sequence[str], now: datetime, vectors: TextVectors, read: Read
) -> CandidateSnapshot | None:
    """A part of those that the online store holds; None where it holds none."""
    spec = surface_spec(base.surface)
    profile = f"{spec.profile_view}__"
    ids = pa.array(list(candidates), pa.string())
    stamps = pa.array([now] * len(candidates), pa.timestamp("us", tz="UTC"))
    features = candidate_features(base.surface, pa.table({"candidate_id": ids, "event_timestamp": stamps}), read)
    held = features[f"{profile}status"].is_valid()
    features, ids = features.filter(held), ids.filter(held.combine_chunks())
    if not len(ids):
        return None
    version = {name.removeprefix(profile): features[name] for name in features.column_names if name.startswith(profile)}
    versions = pa.table({**version, spec.key: ids, "id": ids})
    return CandidateSnapshot(base.candidates.others(versions, features, vectors), base.skill)
