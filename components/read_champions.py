"""Step: say which bundles are champions now, for the evaluation to compare with and not to be cached beyond."""

from components.step import step


@step()
def read_champions(as_of: str) -> str:
    """One `surface name version sha256` for every champion, apart by semicolons; "none" where there is none."""
    from components.ranking.releases import in_use, open_registry
    from metier.settings import load_settings

    champions = [each for each in in_use(open_registry(load_settings())) if each.alias == "champion"]
    pins = [(each.surface, each.bundle.name, str(each.bundle.version), each.bundle.sha256) for each in champions]
    return ";".join(" ".join(pin) for pin in pins) or "none"
