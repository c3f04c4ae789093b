#!/bin/sh
# Feast: the SQLite online store serves the row that was written last, not the one with the latest event time.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet feast==0.67.0 pandas==2.3.3 pyarrow==25.0.1
cd "$dir"
venv/bin/python -I -W ignore - <<'EOF' 2>errors || { cat errors >&2; exit 1; }
import datetime
import sys
from importlib.metadata import version

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig, ValueType
from feast.types import Float64

print("feast", version("feast"))
print("Guess: the online store keeps the latest row of a key by event time, as training does, so that")
print("  pushes may arrive late or twice; and a pushed null is a null.")
print("Behaviour: a push that arrives late replaces a newer row. A row whose every feature is null is")
print("  not written at all if it is pushed alone, and is written if some other row of the same frame")
print("  has a value: what is served depends on how rows were put into batches.")


def hour(number: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, 1, number, tzinfo=datetime.timezone.utc)


pd.DataFrame({"job": [1], "at": [hour(0)], "views": [0.0]}).to_parquet("views.parquet")
store = FeatureStore(
    config=RepoConfig(
        project="jobs",
        provider="local",
        registry="registry.db",
        online_store={"type": "sqlite", "path": "online.db"},
        entity_key_serialization_version=3,
    )
)
job = Entity(name="job", value_type=ValueType.INT64)
pushes = PushSource(name="pushes", batch_source=FileSource(path="views.parquet", timestamp_field="at"))
view = FeatureView(name="job_views", entities=[job], schema=[Field(name="views", dtype=Float64)], source=pushes)
store.apply([job, view])


def served_after(*rows: tuple[int, int, float | None]) -> float | None:
    frame = pd.DataFrame(rows, columns=["job", "at", "views"])
    store.push("pushes", frame.assign(at=[hour(number) for number in frame["at"]], views=frame["views"].astype(float)))
    return store.get_online_features(["job_views:views"], [{"job": 1}]).to_dict()["views"][0]


seen = {
    "50 views as of 5 o'clock": served_after((1, 5, 50.0)),
    "then 40 views as of 4 o'clock": served_after((1, 4, 40.0)),
    "then a null as of 6 o'clock": served_after((1, 6, None)),
    "then the same null beside a value of another job": served_after((1, 6, None), (2, 6, 7.0)),
}
for push, views in seen.items():
    print(f"Seen: {push}: job 1 is served {views}")
sys.exit(list(seen.values()) != [50.0, 40.0, 40.0, None])
EOF
