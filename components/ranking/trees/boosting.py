"""What needs XGBoost itself: to fit trees, and to score by trees that were saved before there was a graph of them."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.ranking.ranker import TEXT_VECTOR, checked_training, informative_queries, query_weights
from components.ranking.trees.config import XGBoostConfig
from components.training_sets import RankingDataset
from components.training_sets.dataset.room import gathered


def boosted(
    config: XGBoostConfig, train: RankingDataset, validation: RankingDataset | None
) -> tuple[xgboost.Booster, NDArray[np.int64]]:
    """Trees, all of them or those up to the best NDCG@10 on the queries of `validation`, and the columns they read.

    RankerError and EmptyDataError as checked_training has them.
    """
    train = train.select_queries(checked_training(train, validation))
    used, watched = _used_columns(train.feature_names, config), None
    if validation is not None and (telling := informative_queries(validation)).any():
        watched = validation.select_queries(telling)
    if config.unbiased:
        train = train.as_displayed()  # XGBoost takes a row's place in its query for its position
    rows = _matrix(train, config, used)
    held_out = None if watched is None else _matrix(watched, config, used, reference=rows)
    return _trained(config, rows, held_out), used


def as_json(booster: xgboost.Booster) -> dict[str, Any]:
    """The model as JSON, every float as it is."""
    model: dict[str, Any] = json.loads(booster.save_raw("json"))
    return model


class Boosted:
    """Trees scored and explained by XGBoost: saved without a graph, or used once. Features are all those of the fit."""

    def __init__(self, model: bytes, used: NDArray[np.int64]) -> None:
        """XGBoostError where `model` is none."""
        self._booster = xgboost.Booster({"nthread": 1})
        self._booster.load_model(bytearray(model))
        self._booster.set_param({"nthread": 1})
        self._used = used

    @property
    def trees(self) -> int:
        """How many there are."""
        return int(self._booster.num_boosted_rounds())

    def margins(self, features: Floats) -> Floats:
        """Scores (n_rows,)."""
        margins: Floats = self._booster.inplace_predict(features.take(self._used, axis=1), predict_type="margin")
        return margins

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each score (n_rows, n_features)."""
        added = np.zeros(features.shape, dtype=np.float32)
        if len(features):
            rows = xgboost.DMatrix(features.take(self._used, axis=1), nthread=1)
            added[:, self._used] = self._booster.predict(rows, pred_contribs=True)[:, :-1]
        return added


def _matrix(
    dataset: RankingDataset,
    config: XGBoostConfig,
    used: NDArray[np.int64],
    reference: xgboost.DMatrix | None = None,
) -> xgboost.DMatrix:
    """The rows as bins. They come as one mapped batch: several would move the cuts, and with them the trees."""
    return xgboost.QuantileDMatrix(
        gathered(dataset.features, slice(None), used),
        dataset.relevance,
        qid=dataset.query_index,
        weight=query_weights(dataset),
        max_bin=config.max_bins,
        ref=reference,
        nthread=1,
    )


def _trained(config: XGBoostConfig, rows: xgboost.DMatrix, watched: xgboost.DMatrix | None) -> xgboost.Booster:
    """All trees, or with `watched` queries those up to the best NDCG@10 from `least_trees` on."""
    if watched is None or config.least_trees >= config.trees:
        return xgboost.train(config.parameters(), rows, config.trees, verbose_eval=False)
    booster = xgboost.train(
        config.parameters(),
        rows,
        config.trees,
        evals=[(watched, "validation")],
        callbacks=[_StoppedLate(config)],
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]


class _StoppedLate(xgboost.callback.EarlyStopping):
    """Early stopping that does not look before `least_trees`.

    All trees are of one call: one that goes on from a booster forgets the position bias that was estimated so far.
    """

    def __init__(self, config: XGBoostConfig) -> None:
        super().__init__(rounds=config.patience)
        self._least_trees = config.least_trees

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return epoch >= self._least_trees and super().after_iteration(model, epoch, evals_log)


def _used_columns(names: Sequence[str], config: XGBoostConfig) -> NDArray[np.int64]:
    used = [i for i, name in enumerate(names) if config.text_vectors or not TEXT_VECTOR.search(name)]
    return np.asarray(used or range(len(names)), dtype=np.int64)
