"""The neural ranker as it is served: an ONNX graph run by onnxruntime. Training lives in neural_training.

Loading and scoring import no torch. Knows nothing of other rankers or of where features come from.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import onnxruntime

from components.measures.arrays import Floats
from components.ranking import artifact
from components.ranking.neural_config import NeuralConfig
from components.ranking.outcomes.heads import trainable_heads
from components.ranking.ranker import checked_features, checked_training
from components.ranking.sessions import opened
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, RankerError

GRAPH_FILE = "network.onnx"
WEIGHTS_FILE = "network.safetensors"
ROWS_AT_ONCE = 256
"""More are no faster, and take the memory of all their activations at once."""


class NeuralRanker:
    """A Ranker: DCN-v2 with a listwise loss and one head an outcome. Scores are standardised over the training rows.

    >>> import numpy as np
    >>> from components.ranking import NeuralConfig
    >>> from components.training_sets import RankingDataset
    >>> features = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    >>> relevance, query_id = features[:, 0] > 1, np.repeat(np.arange(40), 10)
    >>> train = RankingDataset(
    ...     features, relevance, query_id, ("skill_match", "noise"), outcomes={"hire": features[:, 0] > 1.5}
    ... )
    >>> ranker = NeuralRanker().fit(train, NeuralConfig(hidden=(16,), networks=1, epochs=5))
    >>> better, worse = ranker.score(np.array([[2, 0], [-2, 0]], dtype=np.float32))
    >>> bool(better > worse)
    True
    >>> ranker.score_heads(features)["hire"].shape
    (400,)
    """

    kind: ClassVar[str] = "neural"

    def __init__(self) -> None:
        self._session: onnxruntime.InferenceSession | None = None
        self._files: Callable[[], Mapping[str, bytes]] = dict
        """Graph and weights, which are read again to be saved again."""
        self._feature_names: tuple[str, ...] = ()
        self._record: dict[str, Any] = {}

    def __repr__(self) -> str:
        networks, epoch = self._record.get("networks", 0), self._record.get("epoch", 0)
        distilled = self._record.get("distilled", {"accepted": False})
        source = f" in place of {distilled['networks']}" if distilled["accepted"] else ""
        said = f"{networks} network{'s' * (networks != 1)}{source} at epoch {epoch}"
        return f"NeuralRanker({said}, heads: {', '.join(self.heads) or 'none'})"

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
        config: NeuralConfig = NeuralConfig(),
        validation: RankingDataset | None = None,
    ) -> Self:
        from components.ranking.neural_training import train_networks

        checked_training(train, validation)
        if config.unbiased and train.rank is None:
            raise RankerError("an unbiased fit needs the rank at which each row was displayed; give ranks or fit plain")
        trained = train_networks(train, validation, trainable_heads(train), config)
        self._feature_names = train.feature_names
        self._record = {
            "config": dataclasses.asdict(config),
            "train": {"n_rows": len(train), "n_queries": train.n_queries},
            **trained.record,
        }
        files = {GRAPH_FILE: trained.onnx, WEIGHTS_FILE: trained.weights}
        self._files = lambda: files
        self._session = opened(trained.onnx)
        return self

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        return self._run("score", features, feature_names)

    def score_heads(self, features: Floats, feature_names: Sequence[str] | None = None) -> dict[str, Floats]:
        """P(outcome) of each trained head, {head: (n_rows,)}."""
        probabilities = self._run("heads", features, feature_names)
        return {head: probabilities[:, position] for position, head in enumerate(self.heads)}

    def _run(self, output: str, features: Floats, feature_names: Sequence[str] | None) -> Floats:
        checked = checked_features(features, self._feature_names, feature_names)
        if self._session is None:
            raise RankerError("this ranker has not been fitted; call fit or load first")
        starts = range(0, max(len(checked), 1), ROWS_AT_ONCE)
        parts = [
            self._session.run([output], {"features": np.ascontiguousarray(checked[start : start + ROWS_AT_ONCE])})[0]
            for start in starts
        ]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def save(self, directory: str | Path) -> None:
        if self._session is None:
            raise RankerError("this ranker has not been fitted; call fit or load first")
        metadata = {"feature_names": self._feature_names, **self._record}
        artifact.write(directory, self.kind, metadata, self._files(), ("torch", "onnxruntime", "numpy"))

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        saved = artifact.read(directory, cls.kind)
        ranker = cls()
        try:
            ranker._session = opened(saved.files[GRAPH_FILE])
            ranker._feature_names = tuple(saved.metadata["feature_names"])
        except Exception as error:  # onnxruntime raises its own unrelated types
            raise ArtifactError(f"{directory} holds no neural ranker that loads; {artifact.NEXT_MOVE}") from error
        ranker._files = lambda: artifact.read(directory, cls.kind).files
        ranker._record = {name: value for name, value in saved.metadata.items() if name != "feature_names"}
        return ranker
