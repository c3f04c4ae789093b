"""What two bundles of a surface do not have in common, for people who swap one for the other.

Knows manifests and text weights; no score.
"""

from collections.abc import Iterator

from components.releases.bundle import Bundle
from feature_repo.inputs.transforms import require_computed
from feature_repo.views import feature_service
from metier.errors import FeatureError

MOST_NAMED = 5


def require_servable(bundle: Bundle) -> None:
    """FeatureError for a bundle whose feature service or features are none of this version of metier."""
    manifest, served = bundle.manifest, feature_service(bundle.manifest.surface)
    if manifest.feature_service != served:
        raise FeatureError(
            f"{bundle.version} was trained on the feature service {manifest.feature_service}, and {served} is served; "
            f"train again (`metier pipeline run training --surface {manifest.surface}`)"
        )
    require_computed(manifest.surface, manifest.feature_names)


def differences(earlier: Bundle, later: Bundle) -> Iterator[str]:
    """One line for each thing by which what both answer cannot be compared, and what to do about it."""
    one, other = earlier.manifest, later.manifest
    if one.encoder_hash != other.encoder_hash:
        yield "another encoder: text vectors of the two do not compare; its candidates are of a release of its own"
    elif not earlier.text_weights.equals(later.text_weights):
        yield (
            "text weights fitted anew: similarities of texts do not compare with those logged before; its candidates "
            "are of a release of its own"
        )
    added, dropped = (
        sorted({*a} - {*b})
        for a, b in ((other.feature_names, one.feature_names), (one.feature_names, other.feature_names))
    )
    if added or dropped:
        yield (
            f"other features (new: {_named(added)}; gone: {_named(dropped)}): logged features of the two differ in "
            "length; training reads those of its own feature_schema_hash alone"
        )
    if one.as_of > other.as_of:
        yield f"it learned from events up to {other.as_of:%Y-%m-%d}, what serves up to {one.as_of:%Y-%m-%d}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more if names else "none"
