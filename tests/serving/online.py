"""Holds a snapshot against an online store, value by value; `read` is FeatureStoreClient.serving_features of any."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from feature_repo.hydrate import Read, candidate_features
from serving.candidates.snapshot import CandidateSnapshot


def online_values(surface, candidates: Sequence[str], read: Read, moment: datetime) -> pa.Table:
    """What the online store holds of these candidates, in full names."""
    moments = pa.repeat(pa.scalar(moment, pa.timestamp("us", tz="UTC")), len(candidates))
    asked = pa.table({"candidate_id": pa.array(candidates, pa.string()), "event_timestamp": moments})
    found = candidate_features(surface, asked, read)
    return found.select([name for name in found.column_names if "__" in name])


def require_equal(snapshot: CandidateSnapshot, read: Read, moment: datetime) -> int:
    """AssertionError names a column whose types or values differ for any candidate, or one nobody knows; how many
    values were held against each other.
    """
    candidates = [*reversed(snapshot.ids), "nobody"]
    online = online_values(snapshot.surface, candidates, read, moment)
    held = snapshot.values(candidates, online.column_names)
    assert held.column_names == online.column_names
    for name in online.column_names:
        assert held.schema.field(name).type == online.schema.field(name).type, name
        assert held[name].to_pylist() == online[name].to_pylist(), name
    return held.num_rows * held.num_columns
