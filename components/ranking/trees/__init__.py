"""The trees of XGBoostRanker: how they are fitted, and how they are scored without XGBoost."""
