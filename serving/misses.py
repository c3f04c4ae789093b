"""Candidates that a release does not hold, read through Feast: newer than the release, but already materialized.

Knows no ranker and no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feature_repo.encoded import CandidateColumns
from feature_repo.hydrate import Read, candidate_features
from metier.errors import NotFoundError
from serving.snapshot import CandidateSnapshot

OPEN = {"job": "open", "freelancer": "listed"}


@dataclass(frozen=True)
class Misses:
    """Their ids, encoded columns, and which of them may be shown at all (n,)."""

    ids: tuple[str, ...]
    columns: CandidateColumns
    allowed: npt.NDArray[np.bool_]


def read_misses(snapshot: CandidateSnapshot, candidates: Sequence[str], now: datetime, read: Read) -> Misses:
    """NotFoundError names a candidate that the online store does not hold either."""
    view = "job" if snapshot.surface == "job_feed" else "freelancer"
    stamps = pa.array([now] * len(candidates), pa.timestamp("us", tz="UTC"))
    asked = pa.table({"candidate_id": pa.array(list(candidates), pa.string()), "event_timestamp": stamps})
    found = candidate_features(snapshot.surface, asked, read)
    status = found[f"{view}_profile__status"].to_pylist()
    for candidate, known in zip(candidates, status, strict=True):
        if known is None:
            raise NotFoundError(f"unknown candidate {candidate!r}; PUT it, then wait for the next refresh")
    columns = CandidateColumns.encode(snapshot.surface, found, snapshot.release.vectors)
    return Misses(tuple(candidates), columns, np.array([known == OPEN[view] for known in status]))
