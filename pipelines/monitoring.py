"""The `monitoring` pipeline: whether the lake, the features and what was served keep their limits. Wiring only."""

from kfp import dsl

from components.monitor_features import monitor_features


@dsl.pipeline(name="metier-monitoring")
def monitoring(as_of: str, inputs_digest: str, new_reference: bool = False) -> str:
    """One line on what was found.

    Args:
        as_of: Moment that ages and windows are counted from, ISO 8601 with its zone.
        inputs_digest: What the lake, its language, its skills and the code are at that moment.
        new_reference: Whether later runs are compared with what this one finds.
    """
    monitored = monitor_features(as_of=as_of, inputs_digest=inputs_digest, new_reference=new_reference)
    monitored.set_caching_options(False)
    return monitored.outputs["Output"]  # type: ignore[no-any-return]
