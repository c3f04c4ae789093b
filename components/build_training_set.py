"""Step: join labels with point-in-time features into train, validation and held-out sets."""

from kfp import dsl

from components.step import step


@step()
def build_training_set(
    *,
    study: dict,
    as_of: str,
    inputs_digest: str,
    features_digest: str,
    train: dsl.Output[dsl.Dataset],
    validation: dsl.Output[dsl.Dataset],
    held_out: dsl.Output[dsl.Dataset],
) -> None:
    """Write the three sets of one study."""
    from datetime import datetime
    from pathlib import Path

    from components.training_sets.build import build
    from components.training_sets.plan import Study
    from metier.settings import load_settings
    from metier.stored import from_plain

    folders = [Path(part.path) for part in (train, validation, held_out)]
    report = build(from_plain(Study, study), load_settings(), datetime.fromisoformat(as_of), *folders)
    print(f"metier: {report.render()}")
    train.metadata.update(rows=report.rows, queries=report.queries)
