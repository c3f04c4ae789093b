"""LambdaMART by XGBoost (Burges 2010): trees on the numeric features, NaN handled by the trees themselves.

Trees are fitted by XGBoost, and scored and explained without it: it takes seconds to import, and tens of megabytes.
Knows nothing of text, of other rankers or of where features come from.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit

from components.measures.arrays import Floats
from components.ranking import artifact
from components.ranking.outcomes.heads import trainable_heads
from components.ranking.ranker import checked_features, informative_queries
from components.ranking.trees.config import XGBoostConfig
from components.ranking.trees.graph import TreeGraph, graph_of
from components.ranking.trees.paths import LeafPaths
from components.training_sets import RankingDataset
from components.training_sets.dataset.checked import row_blocks
from metier.errors import ArtifactError, RankerError

MODEL_FILE, GRAPH_FILE, PATHS_FILE, HEADS_FILE = "model.ubj", "trees.onnx", "paths.npy", "heads.onnx"


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
        self._files: dict[str, bytes] = {}
        self._margins: Callable[[Floats], Floats] = _unfitted
        self._contributions: Callable[[Floats], Floats] = _unfitted
        self._head_margins: Callable[[Floats], Floats] | None = None
        self._feature_names: tuple[str, ...] = ()
        self._used = np.zeros(0, dtype=np.int64)
        self._record: dict[str, Any] = {}

    def __repr__(self) -> str:
        trees = self._record.get("trees", 0)
        heads = f", heads: {', '.join(self.heads)}" if self.heads else ""
        return f"XGBoostRanker({trees} trees on {len(self._used)} of {len(self._feature_names)} features{heads})"

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self._feature_names

    @property
    def heads(self) -> tuple[str, ...]:
        """Outcomes that were trained: those whose known values hold both 1 and 0."""
        return tuple(self._record.get("heads", ()))

    def fit(
        self,
        train: RankingDataset,
        config: XGBoostConfig = XGBoostConfig(),
        validation: RankingDataset | None = None,
    ) -> Self:
        from components.ranking.trees.boosting import as_json, boosted
        from components.ranking.trees.heads import boosted_heads

        booster, used = boosted(config, train, validation)
        model = as_json(booster)
        self._feature_names, self._used = train.feature_names, used
        self._files = {
            MODEL_FILE: bytes(booster.save_raw("ubj")),
            GRAPH_FILE: graph_of([model], used, len(train.feature_names)),
            PATHS_FILE: LeafPaths.of(model, used).content(),
        }
        heads = trainable_heads(train)
        if heads:
            outcomes = boosted_heads(config, train, validation, used, heads)
            self._files[HEADS_FILE] = graph_of(outcomes, used, len(train.feature_names))
        self._record = {
            "trees": booster.num_boosted_rounds(),
            "heads": heads,
            "config": dataclasses.asdict(config),
            "train": {
                "n_rows": len(train),
                "n_queries": train.n_queries,
                "n_telling_queries": int(informative_queries(train).sum()),
            },
        }
        self._open()
        return self

    def _open(self) -> None:
        """Score and explain by the files."""
        if GRAPH_FILE in self._files:
            self._margins = TreeGraph(self._files[GRAPH_FILE]).margins
            self._contributions = LeafPaths.read(self._files[PATHS_FILE]).contributions
        else:  # saved before there was a graph
            from components.ranking.trees.boosting import Boosted

            boosted = Boosted(self._files[MODEL_FILE], self._used)
            self._margins, self._contributions = boosted.margins, boosted.contributions
            self._record["trees"] = boosted.trees
        self._head_margins = TreeGraph(self._files[HEADS_FILE]).every_margin if HEADS_FILE in self._files else None

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        checked = checked_features(features, self._feature_names, feature_names)
        margins = np.empty(len(checked), dtype=np.float32)
        for rows in row_blocks(len(checked)):
            margins[rows] = self._margins(checked[rows])
        return margins

    def score_heads(self, features: Floats, feature_names: Sequence[str] | None = None) -> dict[str, Floats]:
        """P(outcome) of each trained head, {head: (n_rows,)}, before calibration."""
        checked = checked_features(features, self._feature_names, feature_names)
        if self._head_margins is None:
            return {}
        odds = np.empty((len(checked), len(self.heads)), dtype=np.float32)
        for rows in row_blocks(len(checked)):
            odds[rows] = self._head_margins(checked[rows])
        return {head: expit(odds[:, position]) for position, head in enumerate(self.heads)}

    def contributions(self, features: Floats) -> Floats:
        """What each feature adds to each score (n_rows, n_features): exact TreeSHAP (Lundberg et al. 2020)."""
        return self._contributions(checked_features(features, self._feature_names, None))

    def save(self, directory: str | Path) -> None:
        if not self._files:
            raise RankerError("this ranker has not been fitted; call fit or load first")
        metadata = {"feature_names": self._feature_names, "used": self._used.tolist(), **self._record}
        artifact.write(directory, self.kind, metadata, self._files, ("xgboost", "onnxruntime", "numpy"))

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        saved = artifact.read(directory, cls.kind)
        ranker = cls()
        try:
            ranker._files = saved.files
            ranker._feature_names = tuple(saved.metadata["feature_names"])
            ranker._used = np.asarray(saved.metadata["used"], dtype=np.int64)
            ranker._record = {
                name: saved.metadata[name] for name in ("trees", "heads", "config", "train") if name in saved.metadata
            }
            ranker._open()
        except Exception as error:  # onnxruntime and xgboost raise their own unrelated types
            raise ArtifactError(f"{directory} holds no XGBoost ranker that loads; {artifact.NEXT_MOVE}") from error
        return ranker


def _unfitted(features: Floats) -> Floats:
    raise RankerError("this ranker has not been fitted; call fit or load first")
