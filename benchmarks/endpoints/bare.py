"""The endpoint's application behind a bare uvicorn: what a replica of Ray Serve serves, in one process without Ray.

bare.py PORT            the champions of METIER_HOME at the lake's clock
bare.py PORT --feast    the same, the actor of each request read by Feast's get_online_features
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from harness import unshadowed  # noqa: F401, I001
import uvicorn

import serving.engine
from components.releases import open_registry
from components.releases.aliases import trained_bundles
from feature_repo.online.rows import OnlineRows
from feature_repo.views import view_of
from metier.lake import Lake
from metier.settings import Settings, load_settings
from serving.clock import OffsetClock
from serving.console import create_app
from serving.engine import Engine


class FeastRows(OnlineRows):
    """Reads the row of a request by Feast's client, all else as it is read anyway."""

    def __init__(self, settings: Settings, timeout_seconds: float = 30.0) -> None:
        from feature_repo.client import FeatureStoreClient

        super().__init__(settings, timeout_seconds)
        self._feast = FeatureStoreClient(settings, timeout_seconds).store

    def row(self, query: Mapping[str, Any], views: Sequence[str]) -> dict[str, Any]:
        chosen = [view_of(name) for name in views]
        stored = self._feast.get_online_features(
            features=[f"{view.name}:{feature}" for view in chosen for feature in view.features],
            entity_rows=[{view.key: query[view.key] or "" for view in chosen}],
            full_feature_names=True,
        ).to_dict()
        return {**query, **{name: stored[name][0] for view in chosen for name in view.columns}}


def main(port: str, *options: str) -> None:
    """Serve until interrupted."""
    if "--feast" in options:
        serving.engine.OnlineRows = FeastRows  # type: ignore[misc]
    settings = load_settings()
    pins = {surface: served.bundle for surface, served in trained_bundles(open_registry(settings)).items()}
    clock = OffsetClock.starting_at(Lake(settings.lake).as_of())
    app = create_app(lambda: Engine(settings, pins, clock))
    uvicorn.run(app, host=settings.http_host, port=int(port), loop="uvloop", access_log=False, log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
