"""The `monitoring` pipeline: whether the lake, the features and what was served keep their limits. Wiring only."""

from kfp import dsl

from components.monitor_features import monitor_features


@dsl.pipeline(name="metier-monitoring")
def monitoring(as_of: str, inputs_digest: str, new_reference: bool = False) -> str:
    """One line on what was found; `new_reference` makes it what later runs are compared with."""
    monitored = monitor_features(as_of=as_of, inputs_digest=inputs_digest, new_reference=new_reference)
    monitored.set_caching_options(False)
    return monitored.outputs["Output"]  # type: ignore[no-any-return]
