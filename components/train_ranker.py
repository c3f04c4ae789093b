"""Step: train one ranker of the run, whichever it is."""

from kfp import dsl

from components.step import step


@step()
def train_ranker(
    choice: dict, train: dsl.Input[dsl.Dataset], validation: dsl.Input[dsl.Dataset], ranker: dsl.Output[dsl.Model]
) -> None:
    """Write the fitted ranker into a folder of its name."""
    from pathlib import Path

    from components.ranking.choice import RankerChoice
    from components.ranking.positions.choice import FitChoice
    from components.training_sets import RankingDataset

    chosen, folder = RankerChoice(**choice), Path(ranker.path)
    fit = FitChoice.read(Path(train.path))
    fitted = chosen.fit(RankingDataset.read(train.path), RankingDataset.read(validation.path), fit)
    (folder / chosen.name).mkdir(parents=True, exist_ok=True)
    fitted.save(folder / chosen.name)
    print(f"metier: {chosen.name}: {fitted}")
