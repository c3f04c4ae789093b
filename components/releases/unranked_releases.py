"""Releases of surfaces that have no bundle to serve: beside those of bundles, under a label of their own."""

from collections.abc import Sequence
from datetime import datetime

from components.releases.aliases import open_registry
from components.releases.deployments import chosen_bundles
from components.releases.folder import moment_of, newest_version
from components.releases.release_builder import ReleaseSource, build_release, built_definition, built_views
from components.releases.unranked import Unranked
from feature_repo.build.feature_tables import VECTORS, build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder, TextVectors
from metier.contract import SURFACES, Surface
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings


def unranked_surfaces(settings: Settings) -> list[Surface]:
    """Surfaces that retrieval serves: without a champion and without a pinned bundle."""
    served = chosen_bundles(settings, open_registry(settings))
    return [surface for surface in SURFACES if surface not in served]


def build_unranked(settings: Settings, surfaces: Sequence[Surface], as_of: datetime) -> dict[str, str]:
    """Build the release of each surface as known at `as_of`, its features being built: label -> release version."""
    store, lake, encoder = FeatureStoreClient(settings), Lake(settings.lake), Encoder.load()
    vectors, views = TextVectors.read(settings.features / VECTORS), built_views(settings)
    definition = built_definition(settings)
    versions: dict[str, str] = {}
    for surface in surfaces:
        covisits, label = store.covisits(surface), Unranked(surface).version
        read = store.training_features
        source = ReleaseSource(surface, lake, read, encoder, vectors, covisits, definition=definition)
        versions[label] = build_release(source, as_of, settings.candidates / label, views)
    return versions


def bring_up_to_date(settings: Settings, surfaces: Sequence[Surface]) -> None:
    """From the lake to the releases of `surfaces`, features and online store included, where they are behind it.

    EmptyDataError where the lake holds nothing.
    """
    lake = Lake(settings.lake)
    if not any(lake.counts().values()):
        raise EmptyDataError(
            f"nothing is promoted, and {settings.lake} holds no event to serve from; run `metier import` or "
            "`metier simulate` first"
        )
    as_of = lake.as_of()
    newest = [newest_version(settings.candidates / Unranked(surface).version) for surface in surfaces]
    if all(version is not None and moment_of(version) >= as_of for version in newest):
        return
    build_all(lake, settings, as_of, Encoder.load())
    store = FeatureStoreClient(settings)
    store.apply()
    store.materialize(as_of)
    build_unranked(settings, surfaces, as_of)
