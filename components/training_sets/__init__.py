"""Labelled impressions with their features, split by time: what rankers are fitted and measured on."""

from components.training_sets.dataset.ranking_dataset import RankingDataset
from components.training_sets.dataset.traced import TracedDataset
from components.training_sets.letor import LetorFold, read_letor

__all__ = ["LetorFold", "RankingDataset", "TracedDataset", "read_letor"]
