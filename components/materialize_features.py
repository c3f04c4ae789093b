"""Step: register the features with Feast and load the newest values into the online store."""

from components.step import step


@step()
def materialize_features(as_of: str, features_digest: str) -> str:
    """Feature digest, passed on once the online store holds these features."""
    from datetime import datetime

    from feature_repo.client import FeatureStoreClient
    from metier.settings import load_settings

    store = FeatureStoreClient(load_settings())
    store.apply()
    rows = store.materialize(datetime.fromisoformat(as_of))
    print(f"metier: {rows:,} feature rows are online as of {as_of}")
    return features_digest
