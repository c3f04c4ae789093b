#!/bin/sh
# Feast: the default local offline store returns fewer training rows than it is asked for, the DuckDB store all of them.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet "feast[duckdb]==0.67.0" duckdb==2.0.0 pandas==2.3.3 pyarrow==25.0.1
cd "$dir"
FEAST_USAGE=False venv/bin/python -I -W ignore - <<'EOF' 2>errors || { cat errors >&2; exit 1; }
import datetime
import sys
from importlib.metadata import version

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

print("feast", version("feast"))
print("Guess: get_historical_features returns the rows of the entity frame, each with its features or")
print("  nulls, and which local offline store reads the Parquet file changes the speed alone.")
print("Behaviour: the DuckDB store does so. The Dask store (type: dask, the default) drops a row without")
print("  a word (a) of two rows with the same key and time, whatever else they hold, as two applicants")
print("  to one job in one request, (b) where all features of the key are older than the ttl or younger")
print("  than the row, while a key that has no features at all is kept, with nulls.")


def hour(number: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, 1, number, tzinfo=datetime.timezone.utc)


pd.DataFrame({"job": [1, 2], "at": [hour(2), hour(2)], "views": [10.0, 20.0]}).to_parquet("views.parquet")
entities = pd.DataFrame(
    [
        (1, hour(3), "anna", 0),
        (1, hour(3), "ben", 1),
        (2, hour(20), "older than the ttl", 1),
        (2, hour(1), "younger than the row", 0),
        (3, hour(3), "unknown job", 0),
    ],
    columns=["job", "event_timestamp", "applicant", "label"],
)


def rows_from(offline_store: str) -> list[str]:
    store = FeatureStore(
        config=RepoConfig(
            project="jobs",
            provider="local",
            registry=f"{offline_store}.db",
            offline_store={"type": offline_store},
            entity_key_serialization_version=3,
        )
    )
    job = Entity(name="job", value_type=ValueType.INT64)
    view = FeatureView(
        name="job_views",
        entities=[job],
        ttl=datetime.timedelta(hours=5),
        schema=[Field(name="views", dtype=Float64)],
        source=FileSource(path="views.parquet", timestamp_field="at"),
    )
    store.apply([job, view])
    return sorted(store.get_historical_features(entities, ["job_views:views"]).to_df()["applicant"])


seen = {offline_store: rows_from(offline_store) for offline_store in ("dask", "duckdb")}
print(f"Seen: rows asked for: {sorted(entities['applicant'])}")
for offline_store, applicants in seen.items():
    print(f"Seen: {offline_store}: {len(applicants)} rows: {applicants}")
sys.exit(
    seen["duckdb"] != sorted(entities["applicant"])
    or len(seen["dask"]) != 2
    or "unknown job" not in seen["dask"]
    or not {"anna", "ben"} & set(seen["dask"])
)
EOF
