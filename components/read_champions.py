"""Step: say which bundles are champions now, for the evaluation to compare with and not to be cached beyond."""

from components.step import step


@step()
def read_champions(as_of: str) -> str:
    """JSON {surface: {name, version, sha256}} of every champion."""
    import json

    from components.ranking.releases import in_use, open_registry
    from metier.settings import load_settings

    found = in_use(open_registry(load_settings()))
    return json.dumps({each.surface: vars(each.bundle) for each in found if each.alias == "champion"})
