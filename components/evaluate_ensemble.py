"""Step: measure the ensemble, its rankers and the baselines on the held-out set, with intervals."""

from kfp import dsl

from components.step import step


@step()
def evaluate_ensemble(
    study: dict,
    as_of: str,
    held_out: dsl.Input[dsl.Dataset],
    ensemble: dsl.Input[dsl.Model],
    evaluation: dsl.Output[dsl.Metrics],
) -> None:
    """Write the evaluation of one study as JSON and log its headline figures."""
    from components.evaluation.studies import evaluate
    from components.ranking.ensemble import Ensemble
    from metier.settings import load_settings

    section = evaluate(study, held_out.path, Ensemble.load(ensemble.path), load_settings().truth)
    section.write(evaluation.path)
    for name, value in section.headline().items():
        evaluation.log_metric(name, value)
