"""Step: train the neural ranker."""

from kfp import dsl

from components.step import step


@step()
def train_neural(
    train: dsl.Input[dsl.Dataset], validation: dsl.Input[dsl.Dataset], ranker: dsl.Output[dsl.Model]
) -> None:
    """Write the fitted ranker."""
    from components.ranking import NeuralRanker
    from components.training_sets import RankingDataset

    fitted = NeuralRanker().fit(RankingDataset.read(train.path), validation=RankingDataset.read(validation.path))
    fitted.save(ranker.path)
    print(f"metier: {fitted}")
