"""Step: blend the rankers by the validation set and calibrate the blend."""

from kfp import dsl

from components.step import step


@step()
def blend_ensemble(
    xgboost: dsl.Input[dsl.Model],
    neural: dsl.Input[dsl.Model],
    validation: dsl.Input[dsl.Dataset],
    ensemble: dsl.Output[dsl.Model],
) -> None:
    """Write the fitted ensemble with its rankers."""
    from components.ranking import Ensemble, NeuralRanker, Ranker, XGBoostRanker
    from components.training_sets import RankingDataset

    rankers: dict[str, Ranker] = {"xgboost": XGBoostRanker.load(xgboost.path), "neural": NeuralRanker.load(neural.path)}
    blend = Ensemble.fit(rankers, RankingDataset.read(validation.path))
    blend.save(ensemble.path)
    print("metier: blend " + ", ".join(f"{name} {weight:.2f}" for name, weight in blend.weights.items()))
