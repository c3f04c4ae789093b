"""What both commands do: bring a bundle and its candidates to where replicas look, roll it out, say what came of it."""

from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.aliases import bundles_to_serve
from components.releases.bundle import label
from components.releases.comparing import differences, require_servable
from components.releases.folder import moment_of, newest_version
from components.releases.unranked import Unranked
from metier.contract import Surface
from metier.errors import MetierError, RegistryError, ServingError
from metier.lake import Lake
from metier.settings import Settings
from serving.bundles.rollout import RolledOut, roll_out, served_now


def swapped(
    settings: Settings, surface: Surface, bundle: RegisteredBundle, seconds: float, *, back: bool = False
) -> None:
    """Roll a bundle out, and print one line for each thing that people need to know."""
    served = served_now(settings, surface) or starting_bundle(settings, surface)
    loaded = open_registry(settings).load(bundle)
    require_servable(loaded)
    if served not in (None, bundle):
        for line in _differences(settings, served, loaded):
            print(f"{surface}: {line}", flush=True)
    bring_candidates(settings, surface, bundle, served)
    print(_said(roll_out(settings, surface, bundle, seconds, before=served, back=back)), flush=True)


def starting_bundle(settings: Settings, surface: Surface) -> RegisteredBundle | None:
    """What an endpoint would start with that nothing was deployed on; None where the registry does not say."""
    try:
        return bundles_to_serve(open_registry(settings))[surface].bundle
    except (KeyError, RegistryError):
        return None


def _differences(settings: Settings, served: RegisteredBundle, loaded: Bundle) -> list[str]:
    """By what the bundle cannot be compared with the one that serves, which may be the reason to replace it."""
    try:
        return list(differences(open_registry(settings).load(served), loaded))
    except MetierError as error:
        return [f"{served.name} {served.version} cannot be compared with: {error}"]


def bring_candidates(
    settings: Settings, surface: Surface, bundle: RegisteredBundle, served: RegisteredBundle | None
) -> None:
    """Build the bundle's candidate release where it has none, or one of an earlier moment than what serves."""
    candidates = settings.candidates
    own = newest_version(candidates / label(surface, bundle.sha256))
    there = Unranked(surface).version if served is None else label(surface, served.sha256)
    newest = newest_version(candidates / there)
    if own is not None and (newest is None or moment_of(own) >= moment_of(newest)):
        return
    try:
        from components.releases.release_builder import build_releases_of
    except ImportError as error:  # the image of the endpoint has no Feast
        raise ServingError(
            f"{bundle.name} {bundle.version} has no candidates as new as those that serve, and {error.name}, which "
            "builds them, is not installed here; deploy it where pipelines run"
        ) from error
    moment = Lake(settings.lake).as_of() if newest is None else moment_of(newest)
    print(
        f"{surface}: building the candidates of {bundle.name} {bundle.version} as of {moment:%Y-%m-%d %H:%M}",
        flush=True,
    )
    build_releases_of(settings, [(surface, bundle)], moment)


def _said(done: RolledOut) -> str:
    bundle = f"{done.bundle.name} {done.bundle.version} (sha256 {done.bundle.sha256[:12]})"
    if not done.replicas:
        return f"{done.surface}: {bundle} is pinned; no replica runs, and one tries it when it starts"
    before = done.before if done.before != done.bundle else None
    back = f"; `metier rollback {done.surface}` brings back {before.name} {before.version}" if before else ""
    replicas = f"{done.replicas} replica{'s' if done.replicas > 1 else ''}"
    return f"{done.surface}: {bundle} serves on {replicas}{back}"
