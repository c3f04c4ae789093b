"""Step: build the candidate release (index, features, pair facts) of every bundle in use."""

from components.step import step


@step()
def build_candidate_index(as_of: str, after: str) -> str:
    """Which release each bundle has now; `after` is what has to be done before."""
    from datetime import datetime

    from components.importers.logs.endpoint import prune_changes
    from components.releases.release_builder import build_releases
    from metier.settings import load_settings

    settings = load_settings()
    built = build_releases(settings, datetime.fromisoformat(as_of))
    prune_changes(settings, built)
    served = "; ".join(f"{bundle} serves {release}" for bundle, release in built.items())
    print(f"metier: {served or 'no bundle is registered yet'}")
    return served
