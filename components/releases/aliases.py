"""Which registered bundles are in use: what an endpoint can be started with.

Knows the registry's aliases; no gate and no HTTP.
"""

from dataclasses import dataclass

from components.releases.registry import RegisteredBundle, Registry, registered_name
from metier.contract import SURFACES, Surface
from metier.settings import Settings


@dataclass(frozen=True)
class AliasedBundle:
    """A bundle that an alias means."""

    surface: Surface
    alias: str
    bundle: RegisteredBundle


def open_registry(settings: Settings) -> Registry:
    """The registry of these settings."""
    return Registry(settings.registry, settings.artifacts, settings.bundles)


def aliased_bundles(registry: Registry) -> list[AliasedBundle]:
    """Champion, then challenger, of every surface that has one."""
    aliased: list[AliasedBundle] = []
    if registry.is_new:
        return aliased
    for surface in SURFACES:
        for alias in ("champion", "challenger"):
            bundle = registry.by_alias(registered_name(surface), alias)  # type: ignore[arg-type]
            if bundle is not None:
                aliased.append(AliasedBundle(surface, alias, bundle))
    return aliased


def champions(registry: Registry) -> dict[Surface, str]:
    """Per surface that has one, its champion as `name version sha256`: what a study carries between steps.

    RegistryError where a surface's champion is gone.
    """
    pins = {surface: None if registry.is_new else registry.champion(registered_name(surface)) for surface in SURFACES}
    return {surface: f"{pin.name} {pin.version} {pin.sha256}" for surface, pin in pins.items() if pin}


def pinned(champion: str) -> RegisteredBundle | None:
    """The inverse of a value of `champions`; None for an empty one."""
    if not champion:
        return None
    name, version, sha256 = champion.split()
    return RegisteredBundle(name, int(version), sha256)


def bundles_to_serve(registry: Registry) -> dict[Surface, AliasedBundle]:
    """Per surface that has one its champion, or the challenger where nothing was promoted yet.

    RegistryError where a surface's champion is gone: the gate held its challenger.
    """
    champions(registry)
    chosen: dict[Surface, AliasedBundle] = {}
    for aliased in aliased_bundles(registry):
        chosen.setdefault(aliased.surface, aliased)
    return chosen
