"""Step: train the LambdaMART ranker."""

from kfp import dsl

from components.step import step


@step()
def train_xgboost(
    train: dsl.Input[dsl.Dataset], validation: dsl.Input[dsl.Dataset], ranker: dsl.Output[dsl.Model]
) -> None:
    """Write the fitted ranker."""
    from components.ranking.xgboost_ranker import WATCHED, XGBoostRanker
    from components.training_sets.ranking_dataset import RankingDataset

    fitted = XGBoostRanker().fit(RankingDataset.read(train.path), WATCHED, RankingDataset.read(validation.path))
    fitted.save(ranker.path)
    print(f"metier: {fitted}")
