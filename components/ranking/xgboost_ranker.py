"""LambdaMART by XGBoost (Burges 2010): trees on the numeric features, NaN handled by the trees themselves.

Knows nothing of text, of other rankers or of where features come from.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import xgboost
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.ranking import artifact
from components.ranking.ranker import (
    TEXT_VECTOR,
    checked_features,
    checked_training,
    informative_queries,
    query_weights,
)
from components.training_sets import RankingDataset
from components.training_sets.dataset.checked import row_blocks
from components.training_sets.dataset.room import gathered
from metier.errors import ArtifactError, RankerError

MODEL_FILE = "model.ubj"


@dataclasses.dataclass(frozen=True)
class XGBoostConfig:
    """Hyperparameters; the defaults hold from some hundred queries to a million rows.

    XGBoost doubles the curvature of each pair, so a leaf steps half as far as LightGBM's at the same rate: 0.2 here is
    0.1 there. Gains are compared over `pairs_per_row` ranks from the top and are not rescaled by query.
    """

    trees: int = 100
    leaves: int = 31
    learning_rate: float = 0.15
    min_child_weight: float = 2.0
    """Least sum of pair curvatures in a leaf."""
    l2: float = 1.0
    pairs_per_row: int = 100
    max_bins: int = 256
    least_trees: int = 10
    """Trees before validation is looked at: the first few tie most rows, and what a tie scores says little."""
    patience: int = 30
    """Further trees without a better validation NDCG@10 before the fit stops."""
    text_vectors: bool = False
    """Whether trees also split on the components of text vectors (`*_v00` ...)."""
    seed: int = 0

    def parameters(self) -> dict[str, Any]:
        """The names XGBoost uses."""
        return {
            "objective": "rank:ndcg",
            "ndcg_exp_gain": True,
            "lambdarank_pair_method": "topk",
            "lambdarank_num_pair_per_sample": self.pairs_per_row,
            "lambdarank_normalization": False,
            "eval_metric": "ndcg@10",
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": self.leaves,
            "max_bin": self.max_bins,
            "learning_rate": self.learning_rate,
            "min_child_weight": self.min_child_weight,
            "reg_lambda": self.l2,
            "nthread": 1,
            "seed": self.seed,
        }


WATCHED = XGBoostConfig(
    trees=500, leaves=8, learning_rate=0.05, min_child_weight=30.0, l2=10.0, least_trees=60, patience=80
)
"""Small slow trees, for fits with a validation set to stop by: logged outcomes are noisy, and deep trees learn it."""


class XGBoostRanker:
    """A Ranker. Scores are margins: only their order within a query means something.

    >>> import numpy as np
    >>> from components.ranking import XGBoostConfig
    >>> from components.training_sets import RankingDataset
    >>> grade = np.tile([0, 2, 4], 40)
    >>> features = np.column_stack([grade, np.arange(120) % 7]).astype(np.float32)
    >>> train = RankingDataset(features, grade, np.repeat(np.arange(40), 3), ("skill_match", "noise"))
    >>> ranker = XGBoostRanker().fit(train, XGBoostConfig(trees=5))
    >>> ranker
    XGBoostRanker(5 trees on 2 of 2 features)
    >>> worst, middle, best = ranker.score(train.features[:3])
    >>> bool(best > middle > worst)
    True
    """

    kind: ClassVar[str] = "xgboost"

    def __init__(self) -> None:
        self._booster: xgboost.Booster | None = None
        self._feature_names: tuple[str, ...] = ()
        self._used = np.zeros(0, dtype=np.int64)
        self._record: dict[str, Any] = {}

    def __repr__(self) -> str:
        trees = 0 if self._booster is None else self._booster.num_boosted_rounds()
        return f"XGBoostRanker({trees} trees on {len(self._used)} of {len(self._feature_names)} features)"

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self._feature_names

    def fit(
        self,
        train: RankingDataset,
        config: XGBoostConfig = XGBoostConfig(),
        validation: RankingDataset | None = None,
    ) -> Self:
        informative = checked_training(train, validation)
        self._feature_names = train.feature_names
        self._used = _used_columns(train.feature_names, config)
        rows = self._matrix(train.select_queries(informative), config)
        watched = None
        if validation is not None and informative_queries(validation).any():
            held_out = validation.select_queries(informative_queries(validation))
            watched = self._matrix(held_out, config, reference=rows)
        self._booster = _boosted(config, rows, watched)
        self._record = {
            "config": dataclasses.asdict(config),
            "train": {"n_rows": len(train), "n_queries": train.n_queries, "n_telling_queries": int(informative.sum())},
        }
        return self

    def _matrix(
        self, dataset: RankingDataset, config: XGBoostConfig, reference: xgboost.DMatrix | None = None
    ) -> xgboost.DMatrix:
        """The rows as bins. They come as one mapped batch: several would move the cuts, and with them the trees."""
        return xgboost.QuantileDMatrix(
            gathered(dataset.features, slice(None), self._used),
            dataset.relevance,
            qid=dataset.query_index,
            weight=query_weights(dataset),
            max_bin=config.max_bins,
            ref=reference,
            nthread=1,
        )

    def _select(self, features: Floats) -> Floats:
        uses_all = len(self._used) == features.shape[1]
        return np.ascontiguousarray(features) if uses_all else features.take(self._used, axis=1)

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        checked = checked_features(features, self._feature_names, feature_names)
        if len(checked) == 0:
            return np.zeros(0, dtype=np.float32)
        fitted, margins = self._fitted(), np.empty(len(checked), dtype=np.float32)
        for rows in row_blocks(len(checked)):
            margins[rows] = fitted.inplace_predict(self._select(checked[rows]), predict_type="margin")
        return margins

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each score (n_rows, n_features): exact TreeSHAP (Lundberg et al. 2020)."""
        checked = checked_features(features, self._feature_names, None)
        added = np.zeros(checked.shape, dtype=np.float32)
        if len(checked):
            rows = xgboost.DMatrix(self._select(checked), nthread=1)
            added[:, self._used] = self._fitted().predict(rows, pred_contribs=True)[:, :-1]
        return added

    def _fitted(self) -> xgboost.Booster:
        if self._booster is None:
            raise RankerError("this ranker has not been fitted; call fit or load first")
        return self._booster

    def save(self, directory: str | Path) -> None:
        model = bytes(self._fitted().save_raw("ubj"))
        metadata = {"feature_names": self._feature_names, "used": self._used.tolist(), **self._record}
        artifact.write(directory, self.kind, metadata, {MODEL_FILE: model}, ("xgboost", "numpy"))

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        saved = artifact.read(directory, cls.kind)
        ranker = cls()
        try:
            booster = xgboost.Booster({"nthread": 1})
            booster.load_model(bytearray(saved.files[MODEL_FILE]))
            ranker._feature_names = tuple(saved.metadata["feature_names"])
            ranker._used = np.asarray(saved.metadata["used"], dtype=np.int64)
        except (KeyError, xgboost.core.XGBoostError) as error:
            raise ArtifactError(f"{directory} holds no XGBoost ranker that loads; {artifact.NEXT_MOVE}") from error
        booster.set_param({"nthread": 1})
        ranker._booster = booster
        ranker._record = {key: saved.metadata[key] for key in ("config", "train") if key in saved.metadata}
        return ranker


def _boosted(config: XGBoostConfig, rows: xgboost.DMatrix, watched: xgboost.DMatrix | None) -> xgboost.Booster:
    """All trees, or with `watched` queries those up to the best NDCG@10 from `least_trees` on."""
    unwatched = config.trees if watched is None else min(config.least_trees, config.trees)
    booster = xgboost.train(config.parameters(), rows, unwatched, verbose_eval=False)
    if watched is None or unwatched == config.trees:
        return booster
    longer = xgboost.train(
        config.parameters(),
        rows,
        config.trees - unwatched,
        evals=[(watched, "validation")],
        early_stopping_rounds=config.patience,
        verbose_eval=False,
        xgb_model=booster,
    )
    return longer[: longer.best_iteration + 1]


def _used_columns(names: Sequence[str], config: XGBoostConfig) -> NDArray[np.int64]:
    used = [i for i, name in enumerate(names) if config.text_vectors or not TEXT_VECTOR.search(name)]
    return np.asarray(used or range(len(names)), dtype=np.int64)
