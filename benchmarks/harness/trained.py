"""What a benchmark serves: a ranker on every surface that has one, also where nothing was promoted."""

from datetime import UTC, datetime

from components.releases import open_registry
from components.releases.aliases import trained_bundles
from components.releases.deployments import Deployments, chosen_bundles
from metier.settings import Settings


def pin_challengers(settings: Settings) -> None:
    """Pin the challenger of each surface of this home that retrieval would serve; the home is a benchmark's own."""
    registry, deployments = open_registry(settings), Deployments(settings.deployed)
    served = chosen_bundles(settings, registry)
    for surface, trained in trained_bundles(registry).items():
        if surface not in served:
            deployment = deployments.of(surface)
            deployments.write(surface, deployment.serving(trained.bundle, datetime.now(UTC), pinned=True))
