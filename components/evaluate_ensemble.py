"""Step: measure the ensemble, its rankers and the baselines on the held-out set, with intervals."""

from kfp import dsl

from components.step import step


@step()
def evaluate_ensemble(
    *,
    held_out: dsl.Input[dsl.Dataset],
    ensemble: dsl.Input[dsl.Model],
    choices: list,
    study: dict,
    as_of: str,
    features_digest: str,
    evaluation: dsl.Output[dsl.Metrics],
) -> None:
    """Write the evaluation of one study as JSON, compared with its surface's champion."""
    from datetime import datetime
    from pathlib import Path

    from components.evaluation.evaluate import evaluate
    from components.ranking import Ensemble
    from components.training_sets.plan import Study
    from metier.settings import load_settings
    from metier.stored import from_plain

    settings = load_settings().allowing(choice["source"] for choice in choices)
    evaluated = evaluate(
        from_plain(Study, study),
        Path(held_out.path),
        Ensemble.load(ensemble.path, settings.ranker_classes),
        settings,
        datetime.fromisoformat(as_of),
        lambda line: print(f"metier: {line}", flush=True),
    )
    evaluated.write(Path(evaluation.path))
    for name, value in evaluated.headline().items():
        evaluation.log_metric(name, value)
