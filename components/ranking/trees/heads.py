"""Boosted trees of each outcome, by XGBoost, on every row whose outcome is known. Knows no order of candidates.

Each row counts once, whatever its query weighs for the order: such weights follow the outcome itself.
"""

from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from scipy.special import logit

from components.ranking.trees.boosting import as_json
from components.ranking.trees.config import XGBoostConfig
from components.training_sets import RankingDataset
from components.training_sets.dataset.room import gathered

TREES = 120
PATIENCE = 20
"""Further trees without a lower validation log loss before a fit stops."""
UNWATCHED_TREES = 40
PARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "logloss",
    "tree_method": "hist",
    "grow_policy": "lossguide",
    "max_depth": 0,
    "max_leaves": 8,
    "learning_rate": 0.1,
    "min_child_weight": 5.0,
    "reg_lambda": 10.0,
    "nthread": 1,
}


def boosted_heads(
    config: XGBoostConfig,
    train: RankingDataset,
    watched: RankingDataset | None,
    used: NDArray[np.int64],
    heads: tuple[str, ...],
) -> list[dict[str, Any]]:
    """A model in XGBoost's JSON for each of `heads`, whose margins are log odds; `watched` decides when to stop."""
    if not heads:
        return []
    rows = _matrix(train, config, used)
    watching = None if watched is None else _matrix(watched, config, used, reference=rows)
    parameters = {**PARAMETERS, "max_bin": config.max_bins, "seed": config.seed}
    models = []
    for head in heads:
        _tell(rows, train, head)
        if watching is None or watched is None or not _tell(watching, watched, head):
            booster = xgboost.train(parameters, rows, UNWATCHED_TREES, verbose_eval=False)
        else:
            booster = xgboost.train(
                parameters,
                rows,
                TREES,
                evals=[(watching, "validation")],
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
            booster = booster[: booster.best_iteration + 1]
        models.append(_from_log_odds(as_json(booster)))
    return models


def _matrix(
    dataset: RankingDataset, config: XGBoostConfig, used: NDArray[np.int64], reference: xgboost.DMatrix | None = None
) -> xgboost.DMatrix:
    return xgboost.QuantileDMatrix(
        gathered(dataset.features, slice(None), used), max_bin=config.max_bins, ref=reference, nthread=1
    )


def _tell(rows: xgboost.DMatrix, dataset: RankingDataset, head: str) -> bool:
    """Label the rows with an outcome, those where it is unknown without weight; whether any holds 1."""
    outcome = (dataset.outcomes or {}).get(head)
    if outcome is None or not (outcome == 1).any():
        return False
    known = ~np.isnan(outcome)
    rows.set_info(label=np.nan_to_num(outcome), weight=known.astype(np.float32))
    return True


def _from_log_odds(model: dict[str, Any]) -> dict[str, Any]:
    """The model with its base score as the log odds that it begins at; XGBoost writes it as a probability."""
    parameters = model["learner"]["learner_model_param"]
    parameters["base_score"] = str(float(logit(np.float64(parameters["base_score"].strip("[]")))))
    return model
