"""`metier promote`: a person makes a registered bundle the champion, which is written down as such."""

from typing import Annotated

import typer

from metier.settings import load_settings


def promote(
    name: Annotated[str, typer.Argument(help="Name that the bundle is registered by, such as metier_job_feed.")],
    version: Annotated[int, typer.Argument(min=1, help="Its version in the registry.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; kept with the bundle in the registry.")],
) -> None:
    """Make a registered bundle the champion of its surface whatever the gate said; who, when and why are kept.

    A running endpoint goes on with what it serves: `metier deploy` brings the bundle there.

    Example: metier promote metier_job_feed 3 --reason "agreed with the job team"
    """
    from components.evaluation.report.history import note_promotion
    from components.releases import open_registry
    from components.releases.deployments import Deployments
    from components.releases.promotions import person, stated
    from metier.cli.deploy.names import surface_of
    from metier.cli.deploy.rollout import bring_candidates, starting_bundle

    surface, settings = surface_of(name), load_settings()
    who, why = person(settings), stated(reason)
    registry = open_registry(settings)
    bundle, before = registry.version(name, version), starting_bundle(settings, surface)
    bring_candidates(settings, surface, bundle, before)
    promotion = registry.promote(name, version, who, why)
    note_promotion(settings.reports / surface, f"{name} {version}", promotion.render())
    print(f"{surface}: {name} {version} is the champion, {promotion.render()}")
    pinned = Deployments(settings.deployed).of(surface)
    if pinned.pinned and pinned.served not in (None, bundle):
        print(f"{surface}: {pinned.served.name} {pinned.served.version} is pinned there and comes first")
    print(f"`metier serve` starts with the champion; `metier deploy {name} {version}` brings it to a running endpoint")
