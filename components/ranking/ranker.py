"""What every ranker is, and the checks at its border.

A ranker turns rows of features into scores, each row by itself: a score does not depend on the other rows of its
batch. Knows nothing of where features come from or what is done with a score.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from components.measures.arrays import FloatArray, Floats, Mask, run_starts
from components.training_sets import RankingDataset
from components.training_sets.dataset.checked import row_blocks
from metier.errors import EmptyDataError, FeatureMismatchError, RankerError

TEXT_VECTOR = re.compile(r"_v\d\d$")
"""Names of the components of a text vector."""
HIGHEST_GRADE = 31
"""XGBoost computes the gain 2^relevance - 1 in 32 bits."""


class Ranker(Protocol):
    """Fit on a data set, score rows, save to a directory without pickle, load from it.

    Any class with these members is one; docs/bring-your-ranker.md takes one through the pipeline.

    >>> import json
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from components.training_sets import RankingDataset
    >>> class BestFeature:
    ...     feature_names = ()
    ...
    ...     def fit(self, train, config=None, validation=None):
    ...         self.feature_names = train.feature_names
    ...         self.column = int(np.argmax(train.relevance @ np.nan_to_num(train.features)))
    ...         return self
    ...
    ...     def score(self, features, feature_names=None):
    ...         return features[:, self.column]
    ...
    ...     def save(self, directory):
    ...         content = {"column": self.column, "feature_names": self.feature_names}
    ...         Path(directory, "best.json").write_text(json.dumps(content))
    ...
    ...     @classmethod
    ...     def load(cls, directory):
    ...         ranker = cls()
    ...         vars(ranker).update(json.loads(Path(directory, "best.json").read_text()))
    ...         return ranker
    >>> features = np.array([[0.2, 3], [0.9, 1]], dtype=np.float32)
    >>> ranker = BestFeature().fit(RankingDataset(features, [0, 1], [7, 7], ("skill_match", "rate")))
    >>> ranker.save(".")
    >>> BestFeature.load(".").score(features)
    array([3., 1.], dtype=float32)
    """

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of `features`, in order, as in the fit."""
        ...

    def fit(self, train: RankingDataset, config: Any = ..., validation: RankingDataset | None = None) -> Self:
        """Learn from `train`; `validation`, other queries of the same features, decides when to stop."""
        ...

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        """Scores (n_rows,), higher is better, of float32 features (n_rows, n_features), NaN where missing.

        FeatureMismatchError when the matrix, or `feature_names` where given, is not what the fit saw.
        """
        ...

    def save(self, directory: str | Path) -> None:
        """Write files and manifest."""
        ...

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """The ranker that `save` wrote; ArtifactError when it is damaged or of a newer version."""
        ...


def require_names(expected: Sequence[str], names: Sequence[str]) -> None:
    """FeatureMismatchError, naming the first difference, unless both are the same names in the same order."""
    if tuple(expected) == tuple(names):
        return
    absent = [name for name in expected if name not in set(names)]
    extra = [name for name in names if name not in set(expected)]
    if absent:
        raise FeatureMismatchError(f"feature {absent[0]!r} of the fit is absent; build the rows with the same features")
    if extra:
        raise FeatureMismatchError(f"feature {extra[0]!r} was not in the fit; leave it out or fit again with it")
    first = next(i for i, (a, b) in enumerate(zip(expected, names, strict=False)) if a != b)
    raise FeatureMismatchError(
        f"column {first} is {names[first]!r}, in the fit it was {expected[first]!r}; order columns by feature_names"
    )


def checked_features(features: Floats, fitted: Sequence[str], names: Sequence[str] | None) -> Floats:
    """`features` once it is known to be float32 (n_rows, len(fitted)) without infinities."""
    if not fitted:
        raise RankerError("this ranker has not been fitted; call fit or load first")
    if names is not None:
        require_names(fitted, names)
    if not isinstance(features, np.ndarray) or features.dtype != np.float32:
        actual = features.dtype if isinstance(features, np.ndarray) else type(features).__name__
        raise FeatureMismatchError(f"features is {actual}; give a numpy array of float32")
    if features.ndim != 2 or features.shape[1] != len(fitted):
        raise FeatureMismatchError(f"features has shape {features.shape}; the fit had {len(fitted)} columns")
    for rows in row_blocks(len(features)):
        infinite = np.isinf(features[rows])
        if infinite.any():
            column = int(infinite.any(axis=0).argmax())
            raise FeatureMismatchError(f"feature {fitted[column]!r} is infinite; use NaN where missing")
    return features


def finite_scores(name: str, ranker: Ranker, features: Floats) -> FloatArray:
    """What a ranker gives the rows (n_rows,), a block at a time; RankerError unless it is one finite number a row."""
    scores = np.empty(len(features), dtype=np.float64)
    for rows in row_blocks(len(features)):
        block = features[rows]
        given = np.asarray(ranker.score(block), dtype=np.float64)
        if given.shape != (len(block),):
            raise RankerError(
                f"ranker {name!r} gave scores of shape {given.shape} for {len(block)} rows; give one a row"
            )
        scores[rows] = given
    if not np.isfinite(scores).all():
        raise RankerError(f"ranker {name!r} gave a score that is not finite; give every row a number")
    return scores


def checked_training(train: RankingDataset, validation: RankingDataset | None) -> Mask:
    """Which queries of `train` (n_queries,) can teach an order: those that hold two different relevances.

    RankerError where a relevance is no grade, EmptyDataError where no query or no feature can teach.
    """
    for dataset in (train, validation):
        if dataset is not None:
            require_names(train.feature_names, dataset.feature_names)
            _require_grades(dataset.relevance)
    informative = informative_queries(train)
    if not informative.any():
        raise EmptyDataError(
            f"none of the {train.n_queries} queries holds two different relevances, so no order can be learned; "
            "widen the selection"
        )
    if not varying(train.features).any():
        raise EmptyDataError(f"none of the {len(train.feature_names)} features varies over the rows; add one that does")
    return informative


def varying(features: Floats) -> Mask:
    """Columns (n_features,) with two different known values."""
    return np.asarray(np.fmax.reduce(features, axis=0) > np.fmin.reduce(features, axis=0))


def informative_queries(dataset: RankingDataset) -> Mask:
    """Queries (n_queries,) that hold two different relevances."""
    starts = run_starts(dataset.group_sizes)
    highest = np.maximum.reduceat(dataset.relevance, starts)
    informative: Mask = highest > np.minimum.reduceat(dataset.relevance, starts)
    return informative


def query_weights(dataset: RankingDataset) -> Floats | None:
    """Mean weight of each query's rows (n_queries,), scaled to mean one; None when rows carry no weight."""
    if dataset.weight is None:
        return None
    total = np.add.reduceat(dataset.weight.astype(np.float64), run_starts(dataset.group_sizes))
    weights = total / dataset.group_sizes
    if not weights.any():
        raise EmptyDataError("every query weighs zero; give some rows a positive weight")
    scaled: Floats = (weights / weights.mean()).astype(np.float32)
    return scaled


def _require_grades(relevance: Floats) -> None:
    if (relevance != np.rint(relevance)).any() or (relevance > HIGHEST_GRADE).any():
        wrong = relevance[(relevance != np.rint(relevance)) | (relevance > HIGHEST_GRADE)][0]
        raise RankerError(
            f"relevance {wrong:g} is no grade; the gain 2^relevance - 1 takes whole numbers from 0 to {HIGHEST_GRADE}"
        )
