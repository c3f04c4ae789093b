"""Which registered bundles are in use: what an endpoint can be started with.

Knows the registry's aliases; no gate and no HTTP.
"""

from dataclasses import dataclass

from components.releases.registry import RegisteredBundle, Registry, registered_name
from metier.contract import SURFACES, Surface
from metier.errors import RegistryError
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
    """Per surface that has one its champion; retrieval serves the others, whatever challenger is held there.

    RegistryError where a surface's champion is gone.
    """
    champions(registry)
    return {each.surface: each for each in aliased_bundles(registry) if each.alias == "champion"}


def why_unranked(registry: Registry, surface: Surface) -> str:
    """Why retrieval serves a surface, and the next move, in one line for a person."""
    try:
        held = None if registry.is_new else registry.by_alias(registered_name(surface), "challenger")
    except RegistryError:
        return f"{surface}: no champion is known, the registry does not answer; served by retrieval"
    if held is None:
        return f"{surface}: nothing is trained yet; served by retrieval"
    return (
        f"{surface}: no champion; served by retrieval ({held.name} version {held.version} is held: `metier report` "
        f"says why, `metier promote {held.name} {held.version} --reason TEXT` overrules)"
    )


def trained_bundles(registry: Registry) -> dict[Surface, AliasedBundle]:
    """Per surface its champion, or the challenger where there is none: what can be measured, not what is served."""
    chosen: dict[Surface, AliasedBundle] = {}
    for aliased in aliased_bundles(registry):
        chosen.setdefault(aliased.surface, aliased)
    return chosen
