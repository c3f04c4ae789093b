"""Labelled impressions with their features, split by time: what rankers are fitted and measured on."""

from components.training_sets.ranking_dataset import RankingDataset
from components.training_sets.traced import TracedDataset

__all__ = ["RankingDataset", "TracedDataset"]
