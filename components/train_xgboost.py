"""Step: train the LambdaMART ranker."""

from kfp import dsl

from components.step import step


@step()
def train_xgboost(
    train: dsl.Input[dsl.Dataset], validation: dsl.Input[dsl.Dataset], ranker: dsl.Output[dsl.Model]
) -> None:
    """Write the fitted ranker."""
    from components.ranking import XGBoostRanker
    from components.ranking.xgboost_ranker import WATCHED
    from components.training_sets import RankingDataset

    fitted = XGBoostRanker().fit(RankingDataset.read(train.path), WATCHED, RankingDataset.read(validation.path))
    fitted.save(ranker.path)
    print(f"metier: {fitted}")
