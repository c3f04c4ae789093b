"""Ranking metrics and their intervals: pure functions of arrays."""

from components.measures.intervals import Interval, mean_interval, paired_difference
from components.measures.ranking_metrics import hit_rate_at_k, mrr, ndcg_at_k, recall_at_k

__all__ = ["Interval", "hit_rate_at_k", "mean_interval", "mrr", "ndcg_at_k", "paired_difference", "recall_at_k"]
