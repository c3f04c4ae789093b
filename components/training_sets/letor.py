"""A fold of a LETOR set (train.txt, vali.txt, test.txt, as MQ2007, MSLR and Istella publish them) as data sets."""

from dataclasses import dataclass
from pathlib import Path

from components.ranking_files import read_svmlight
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
    widest = max(int(read_svmlight(folder / name).index.max(initial=1)) for name in FILES)
    return LetorFold(*(RankingDataset.from_svmlight(folder / name, n_features=widest) for name in FILES))
