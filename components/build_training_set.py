"""Step: join labels with point-in-time features into train, validation and held-out sets; choose the kind of fit."""

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
    """Write the three sets of one study, and beside them how its rankers are fitted."""
    from datetime import datetime
    from pathlib import Path

    from components.ranking.positions.choice import choose_fit
    from components.training_sets import RankingDataset, TracedDataset
    from components.training_sets.build import build
    from components.training_sets.plan import Study
    from metier.settings import load_settings
    from metier.stored import from_plain

    folders = [Path(part.path) for part in (train, validation, held_out)]
    report = build(from_plain(Study, study), load_settings(), datetime.fromisoformat(as_of), *folders)
    print(f"metier: {report.render()}", flush=True)
    fit = choose_fit(TracedDataset.read(train.path), RankingDataset.read(validation.path))
    fit.write(Path(train.path))
    fit.write(Path(held_out.path))
    print(f"metier: fit: {fit.render()}")
    train.metadata.update(rows=report.rows, queries=report.queries)
