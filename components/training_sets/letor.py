"""A fold of a LETOR set (train.txt, vali.txt, test.txt, as MQ2007, MSLR and Istella publish them) as data sets."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from components.training_sets.dataset.ranking_dataset import RankingDataset
from metier.errors import InputError

FILES = ("train.txt", "vali.txt", "test.txt")


@dataclass(frozen=True)
class LetorFold:
    """Three data sets with the same features, as the fold splits its queries."""

    train: RankingDataset
    validation: RankingDataset
    test: RankingDataset


def read_letor(folder: Path) -> LetorFold:
    """The fold in `folder`; InputError names a file that is absent or a line that cannot be read."""
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise InputError(f"{folder} has no {absent[0]}; give the folder of one fold, which holds {', '.join(FILES)}")
    sets = [RankingDataset.from_svmlight(folder / name) for name in FILES]
    names = sorted({name for dataset in sets for name in dataset.feature_names}, key=lambda name: int(name[1:]))
    return LetorFold(*(_widened(dataset, tuple(names)) for dataset in sets))


def _widened(dataset: RankingDataset, names: tuple[str, ...]) -> RankingDataset:
    """The data set with the features `names`, those that it does not have absent everywhere."""
    if dataset.feature_names == names:
        return dataset
    features = np.zeros((len(dataset), len(names)), np.float32)
    features[:, [names.index(name) for name in dataset.feature_names]] = dataset.features
    return replace(dataset, features=features, feature_names=names)
