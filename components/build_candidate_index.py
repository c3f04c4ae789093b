"""Step: build the candidate release (index, features, pair facts) of every bundle in use and every other surface."""

from components.step import step


@step()
def build_candidate_index(as_of: str, after: str) -> str:
    """Which release each bundle has now; `after` is what has to be done before."""
    from datetime import datetime

    from components.importers.logs.endpoint import prune_changes
    from components.releases.release_builder import build_releases
    from components.releases.unranked_releases import build_unranked, unranked_surfaces
    from metier.settings import load_settings

    settings = load_settings()
    moment = datetime.fromisoformat(as_of)
    built = build_releases(settings, moment)
    built |= build_unranked(settings, unranked_surfaces(settings), moment)
    prune_changes(settings, built)
    served = "; ".join(f"{bundle} serves {release}" for bundle, release in built.items())
    print(f"metier: {served}")
    return served
