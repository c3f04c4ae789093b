"""Step: compute every offline feature table and text vector as known at the run's clock."""

from components.step import step


@step()
def build_features(as_of: str, inputs_digest: str, verdict: str) -> str:
    """Digest of the feature tables, an input of all that depends on them."""
    from datetime import datetime

    from feature_repo.build.feature_tables import build_all
    from feature_repo.texts import Encoder
    from metier.lake import Lake
    from metier.settings import load_settings

    settings = load_settings()
    report = build_all(Lake(settings.lake), settings, datetime.fromisoformat(as_of), Encoder.load())
    print(f"metier: {report.render()}")
    return f"{inputs_digest}-{as_of}"
