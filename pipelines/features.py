"""The `features` pipeline: validated events in, offline and online features and fresh candidates out. Wiring only."""

from kfp import dsl

from components.build_candidate_index import build_candidate_index
from components.build_features import build_features
from components.materialize_features import materialize_features
from components.validate_events import validate_events


@dsl.pipeline(name="metier-prepare-features")
def prepare_features(as_of: str, inputs_digest: str) -> str:
    """Digest of the features that are now offline and online.

    Args:
        as_of: Moment that everything is looked at from, ISO 8601 with its zone.
        inputs_digest: What the lake, its language, its skills and the code are at that moment; steps that are given
            the same are answered from their cache.
    """
    checked = validate_events(as_of=as_of, inputs_digest=inputs_digest)
    built = build_features(as_of=as_of, inputs_digest=inputs_digest, verdict=checked.outputs["Output"])
    built.set_caching_options(False)
    materialized = materialize_features(as_of=as_of, features_digest=built.output)
    materialized.set_caching_options(False)
    return materialized.output  # type: ignore[no-any-return]


@dsl.pipeline(name="metier-features")
def features(as_of: str, inputs_digest: str) -> str:
    """Which candidate release each bundle in use has now.

    Args:
        as_of: Moment that everything is looked at from, ISO 8601 with its zone.
        inputs_digest: What the lake, its language, its skills and the code are at that moment; steps that are given
            the same are answered from their cache.
    """
    prepared = prepare_features(as_of=as_of, inputs_digest=inputs_digest)
    prepared.set_caching_options(False)
    indexed = build_candidate_index(as_of=as_of, after=prepared.output)
    indexed.set_caching_options(False)
    return indexed.output  # type: ignore[no-any-return]
