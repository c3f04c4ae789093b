"""Other bundles of a surface than the one that serves, with candidates."""

import os
import shutil

from components.language.taxonomy import shipped_taxonomy
from components.ranking import Ensemble
from components.ranking.ensemble import Share
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.bundle import Origin
from tests.serving.bundles import odd_rankers

SURFACE = "job_feed"
CLASSES = tuple(
    f"tests.serving.bundles.odd_rankers:{each.__name__}"
    for each in (odd_rankers.Sound, odd_rankers.NoNumber, odd_rankers.Constant, odd_rankers.Short)
)


def loaded(world, surface=SURFACE):
    """The bundle that serves."""
    return open_registry(world.settings).load(world.pins[surface])


def written(world, folder, kind=None, surface=SURFACE):
    """Another bundle in `folder`: of one ranker of this class, or of those that serve; its candidates are theirs."""
    served = loaded(world, surface)
    ensemble = served.ensemble
    if kind is not None:
        ranker = kind(served.manifest.feature_names)
        ensemble = Ensemble({"odd": ranker}, {"odd": Share(1.0, 0.0, 1.0)}, ensemble.calibration)
    origin = {field: getattr(served.manifest, field) for field in Origin.__dataclass_fields__}
    bundle = Bundle.write(
        folder,
        origin=Origin(**{**origin, "lineage": {"study": kind.__name__ if kind else "again"}}),
        ensemble=ensemble,
        encoder=served.encoder,
        text_weights=served.text_weights,
        evaluation={},
        decision={"verdict": "hold"},
        taxonomy=shipped_taxonomy(),
    )
    released = world.settings.candidates / served.version
    shutil.copytree(released, world.settings.candidates / bundle.version, copy_function=os.link)
    return bundle


def fetched(world, kind=None, surface=SURFACE):
    """The pin of another bundle that lies where replicas look for it, as if it had been fetched from a registry."""
    name = world.pins[surface].name
    version = 2 + len(list((world.settings.bundles / name).glob("[2-9]-*")))
    bundle = written(world, world.home / "written" / "next", kind, surface)
    pin = RegisteredBundle(name, version, bundle.sha256)
    bundle.folder.rename(folder_of(world, pin))
    return pin


def folder_of(world, pin):
    """Where a bundle lies on this machine once it was fetched."""
    return world.settings.bundles / pin.name / f"{pin.version}-{pin.sha256[:12]}"
