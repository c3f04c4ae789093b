#!/bin/sh
# Feast's `disable` of a feature view, on a file registry and on an SQL registry: what it says, and what it does.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet 'feast[sqlite]==0.67.0' pandas==2.3.3
cd "$dir"
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys
from datetime import UTC, datetime, timedelta

import feast
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.infra.online_stores.sqlite import SqliteOnlineStoreConfig
from feast.infra.registry.sql import SqlRegistryConfig
from feast.repo_config import RegistryConfig
from feast.types import Int64

print("feast", feast.__version__)
print("Guess: a view that was disabled is disabled, wherever the registry is kept.")
print("Behaviour: a file registry keeps the change. An SQL registry compares the view with what it")
print("  holds, does not look at `enabled`, finds them equal and writes nothing: the view is served on.")

moment = datetime(2026, 1, 1, tzinfo=UTC)
frame = pd.DataFrame({"driver": ["a"], "trips": [7], "at": [moment]})
frame.to_parquet("trips.parquet")


def served(registry: RegistryConfig) -> object:
    store = FeatureStore(
        config=RepoConfig(
            project="p",
            provider="local",
            registry=registry,
            online_store=SqliteOnlineStoreConfig(path=f"{registry.registry_type}_online.db"),
            entity_key_serialization_version=3,
        )
    )
    driver = Entity(name="driver", join_keys=["driver"], value_type=ValueType.STRING)
    view = FeatureView(
        name="trips",
        entities=[driver],
        ttl=timedelta(days=3650),
        schema=[Field(name="trips", dtype=Int64)],
        source=FileSource(path="trips.parquet", timestamp_field="at"),
    )
    store.apply([driver, view])
    store.write_to_online_store("trips", frame)
    store.disable_feature_view("trips")
    store.refresh_registry()
    enabled = store.get_feature_view("trips").enabled
    try:
        answer = store.get_online_features(["trips:trips"], [{"driver": "a"}]).to_dict()["trips"]
    except Exception as error:
        answer = type(error).__name__
    return enabled, answer


seen = {
    "file": served(RegistryConfig(registry_type="file", path="registry.pb")),
    "sql": served(SqlRegistryConfig(registry_type="sql", path="sqlite:///registry.db")),
}
for kind, (enabled, answer) in seen.items():
    print(f"Seen: {kind} registry, after disable_feature_view: enabled {enabled}, served {answer}")
sys.exit(not (seen["sql"] == (True, [7]) and seen["file"][0] is False))
EOF
