"""`metier deploy` and `metier rollback`: another bundle for the running endpoint of METIER_HOME, and back again."""

from typing import Annotated

import typer

from metier.contract import Surface
from metier.contract import surface as surface_named
from metier.errors import ServingError

SECONDS = 120.0
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=1, help="Seconds that replicas may take to load the bundle and try it.")
]


def deploy(
    name: Annotated[str, typer.Argument(help="Name that the bundle is registered by, such as metier_job_feed.")],
    version: Annotated[int, typer.Argument(min=1, help="Its version in the registry.")],
    seconds: TimeoutOption = SECONDS,
) -> None:
    """Have the running endpoint serve a registered bundle, once every replica has tried it; pinned from then on.

    Where a replica refuses it, one line says why, and what was served goes on.

    Example: metier deploy metier_job_feed 3
    """
    from components.releases import open_registry
    from components.releases.deployments import Deployments
    from metier.cli.deploy.names import surface_of
    from metier.cli.deploy.rollout import swapped
    from metier.settings import load_settings

    surface, settings = surface_of(name), load_settings()
    with Deployments(settings.deployed).changing():
        bundle = open_registry(settings).version(name, version)
        swapped(settings, surface, bundle, seconds)


def rollback(
    surface: Annotated[
        str | None, typer.Argument(help="Surface, such as job_feed. Default: the one that was deployed last.")
    ] = None,
    seconds: TimeoutOption = SECONDS,
) -> None:
    """Have the running endpoint serve what it served before, tried and pinned as `metier deploy` does.

    Example: metier rollback job_feed
    """
    from components.releases.deployments import Deployments
    from metier.cli.deploy.rollout import swapped
    from metier.settings import load_settings

    settings = load_settings()
    deployments = Deployments(settings.deployed)
    with deployments.changing():
        chosen: Surface | None = deployments.last() if surface is None else surface_named(surface)
        before = deployments.of(chosen).before if chosen else ()
        if chosen is None or not before:
            raise ServingError(
                f"nothing else is known to have served {chosen or 'any surface'} here; name a bundle: "
                "`metier deploy NAME VERSION`"
            )
        swapped(settings, chosen, before[-1], seconds, back=True)
