"""Which registered bundles are in use, and the candidate release of each: what an endpoint can be started with.

Knows the registry's aliases and the release builder; no gate and no HTTP.
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
    found: list[AliasedBundle] = []
    if registry.is_new:
        return found
    for surface in SURFACES:
        for alias in ("champion", "challenger"):
            bundle = registry.by_alias(registered_name(surface), alias)  # type: ignore[arg-type]
            if bundle is not None:
                found.append(AliasedBundle(surface, alias, bundle))
    return found


def champions(registry: Registry) -> dict[Surface, str]:
    """Per surface that has one, its champion as `name version sha256`: what a study carries between steps."""
    held = [each for each in aliased_bundles(registry) if each.alias == "champion"]
    return {each.surface: f"{each.bundle.name} {each.bundle.version} {each.bundle.sha256}" for each in held}


def pinned(champion: str) -> RegisteredBundle | None:
    """The inverse of a value of `champions`; None for an empty one."""
    if not champion:
        return None
    name, version, sha256 = champion.split()
    return RegisteredBundle(name, int(version), sha256)


def bundles_to_serve(registry: Registry) -> dict[Surface, AliasedBundle]:
    """Per surface its champion, or the challenger where nothing was promoted yet; RegistryError where there is none."""
    chosen: dict[Surface, AliasedBundle] = {}
    for each in aliased_bundles(registry):
        chosen.setdefault(each.surface, each)
    if not chosen:
        raise RegistryError(f"{registry} holds no champion and no challenger; run `metier pipeline run training`")
    return chosen
