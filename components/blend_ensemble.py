"""Step: blend the rankers by the validation set and calibrate the blend."""

from typing import List  # noqa: UP035 - kfp reads this spelling of a list of artifacts

from kfp import dsl

from components.step import step


@step()
def blend_ensemble(
    choices: list,
    rankers: dsl.Input[List[dsl.Model]],  # noqa: UP006
    validation: dsl.Input[dsl.Dataset],
    ensemble: dsl.Output[dsl.Model],
) -> None:
    """Write the fitted ensemble with its rankers, in the order of the choices."""
    from pathlib import Path

    from components.ranking import Ensemble
    from components.ranking.choice import RankerChoice
    from components.training_sets import RankingDataset

    chosen, folders = [RankerChoice(**choice) for choice in choices], [Path(ranker.path) for ranker in rankers]
    loaded = {choice.name: choice.load(folders) for choice in chosen}
    blend = Ensemble.fit(loaded, RankingDataset.read(validation.path))
    blend.save(ensemble.path)
    print("metier: blend " + ", ".join(f"{name} {weight:.2f}" for name, weight in blend.weights.items()))
    print("metier: heads " + (", ".join(blend.outcomes.calibrations) or "none"))
    for head, reason in blend.outcomes.dropped.items():
        print(f"metier: head {head} is dropped: {reason}")
