"""Rankers and their calibrated blend: features in, scores out. Knows nothing of surfaces, files of others or HTTP."""

from components.ranking.ensemble import Ensemble
from components.ranking.external_ranker import ExternalRanker
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_ranker import NeuralRanker
from components.ranking.ranker import Ranker
from components.ranking.trees.config import XGBoostConfig
from components.ranking.xgboost_ranker import XGBoostRanker

__all__ = ["Ensemble", "ExternalRanker", "NeuralConfig", "NeuralRanker", "Ranker", "XGBoostConfig", "XGBoostRanker"]
