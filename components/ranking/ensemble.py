"""The calibrated blend of rankers and typed texts: standardise, weigh, turn into P(relevant). Saved without pickle.

Where its validation set was shown at ranks, a score is P(relevant) of a candidate shown first. Of pseudo-queries with
sampled negatives it is none, since it follows their number: there it orders, and no more. Knows nothing of features,
networks or trees: rankers do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from components.measures.arrays import FloatArray, Floats, run_starts
from components.ranking import artifact
from components.ranking.blending.calibration import Calibration, fit_calibration
from components.ranking.blending.texts import TextShare
from components.ranking.blending.typical import typical_row
from components.ranking.choice import BUILT_IN, class_of, default_name, kind_of, numbered
from components.ranking.outcomes.blended import Outcomes
from components.ranking.ranker import Ranker, checked_features, finite_scores, require_names
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, RankerError
from metier.stored import as_plain, from_plain


@dataclass(frozen=True)
class Share:
    """One ranker's part: its score enters as weight * (score - location) / scale."""

    weight: float
    location: float
    scale: float


class Ensemble:
    """Rankers by name with their shares and one calibration; make one with `fit` or `load`.

    >>> import numpy as np
    >>> from components.ranking import ExternalRanker
    >>> from components.training_sets import RankingDataset
    >>> features = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    >>> relevance, query_id = features.sum(axis=1) > 1.5, np.repeat(np.arange(200), 10)
    >>> validation = RankingDataset(features, relevance, query_id, ("skill_match", "past_hires"))
    >>> rankers = {name: ExternalRanker(score_column=name).fit(validation) for name in validation.feature_names}
    >>> ensemble = Ensemble.fit(rankers, validation)
    >>> {name: round(weight, 1) for name, weight in ensemble.weights.items()}
    {'skill_match': 0.5, 'past_hires': 0.5}
    >>> likely, unlikely = ensemble.score(np.array([[2, 2], [-2, -2]], dtype=np.float32))  # P(relevant)
    >>> bool(likely > 0.9), bool(unlikely < 0.1)
    (True, True)
    """

    kind: ClassVar[str] = "ensemble"

    def __init__(
        self,
        rankers: Mapping[str, Ranker],
        shares: Mapping[str, Share],
        calibration: Calibration,
        texts: TextShare | None = None,
        outcomes: Outcomes | None = None,
        *,
        typical: Floats | None = None,
    ) -> None:
        self.rankers = dict(rankers)
        self.shares = dict(shares)
        self.calibration = calibration
        self.texts = texts
        """The part of typed texts; None where nobody types, and in ensembles that were fitted without."""
        self.outcomes = outcomes or Outcomes()
        """The calibrated heads; none in ensembles that were fitted without."""
        self.typical = np.full(len(self.feature_names), np.nan, np.float32) if typical is None else typical
        """A row (n_features,) against which contributions are told; one that misses all in ensembles without."""

    def __repr__(self) -> str:
        return "Ensemble(" + ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items()) + ")"

    @property
    def weights(self) -> dict[str, float]:
        """Share of each ranker; they sum to one."""
        return {name: share.weight for name, share in self.shares.items()}

    @property
    def tells_probability(self) -> bool:
        """Whether a score is P(relevant): it was fitted on candidates that were shown, at known ranks."""
        return bool(self.calibration.examination)

    @property
    def ranker_classes(self) -> tuple[str, ...]:
        """Import paths of those rankers' classes that are not of this package."""
        return tuple(kind for kind in map(kind_of, self.rankers.values()) if kind not in BUILT_IN)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(next(iter(self.rankers.values())).feature_names)

    @classmethod
    def fit(cls, rankers: Mapping[str, Ranker] | Sequence[Ranker], validation: RankingDataset) -> Self:
        """Learn weights and calibration from `validation`, queries that no ranker was trained on.

        A blend that is worse there than the best single ranker gives way to that ranker, at weight one.
        """
        from components.ranking.blending.weights import blend_weights

        named = _named(rankers)
        for ranker in named.values():
            require_names(ranker.feature_names, validation.feature_names)
        raw = np.column_stack([finite_scores(name, ranker, validation.features) for name, ranker in named.items()])
        scale = _within_query_deviation(raw, validation)
        location = raw.mean(axis=0)
        standard = (raw - location) / scale
        weights = blend_weights(standard, validation.relevance, validation.query_id)
        shares = {name: Share(float(weights[i]), float(location[i]), float(scale[i])) for i, name in enumerate(named)}
        blend, relevant = standard @ weights, validation.relevance > 0
        texts = TextShare.fit(blend, validation, relevant)
        calibration = fit_calibration(blend, relevant, validation.rank)
        typical = typical_row(validation.features, validation.feature_names)
        return cls(named, shares, calibration, texts, Outcomes.fit(named, validation), typical=typical)

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        """P(relevant) (n_rows,) of rows shown first, rising with the blend; it can be compared across queries.

        Where not `tells_probability`, a number between 0 and 1 that orders.
        """
        checked_features(features, self.feature_names, feature_names)
        return self.probability(features).astype(np.float32)

    def probability(self, features: Floats, rank: npt.ArrayLike | None = None) -> FloatArray:
        """P(relevant) (n_rows,) of rows shown at `rank` (n_rows,; default: first)."""
        blend = self.blend(features)
        probability = self.calibration.probability(blend, rank)
        if self.texts is not None and (typed := self.texts.is_typed(features, self.feature_names)).any():
            probability = np.where(typed, self.texts.calibration.probability(blend, rank), probability)
        return probability

    def blend(self, features: Floats) -> FloatArray:
        """The weighted standardised score (n_rows,) before calibration; rankers of weight zero are left out."""
        total = np.zeros(len(features)) if self.texts is None else self.texts.part(features, self.feature_names)
        for name, share in self.shares.items():
            if share.weight > 0:
                total += (
                    share.weight * (finite_scores(name, self.rankers[name], features) - share.location) / share.scale
                )
        return total

    def score_alone(self, name: str, features: Floats) -> FloatArray:
        """What one ranker gives the rows (n_rows,), typed texts counting as in the blend; it orders, and no more."""
        scores = finite_scores(name, self.rankers[name], features)
        if self.texts is None:
            return scores
        return scores + self.shares[name].scale * self.texts.part(features, self.feature_names)

    def save(self, directory: str | Path) -> None:
        """Write each ranker to a directory of its name, then the manifest that binds them.

        Of a ranker of this package the manifest holds the digest of its own manifest, of any other the import path of
        its class and the digest of every file that it saved. RankerError for a class that cannot be imported again.
        """
        folder = Path(directory)
        kinds = {name: kind_of(ranker) for name, ranker in self.rankers.items()}
        bound: list[Path] = []
        for name, ranker in self.rankers.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            ranker.save(folder / name)
            saved = (folder / name).rglob("*")
            bound += [folder / name / artifact.MANIFEST] if kinds[name] in BUILT_IN else filter(Path.is_file, saved)
        metadata = {
            "feature_names": self.feature_names,
            "rankers": {name: {"kind": kinds[name], **vars(share)} for name, share in self.shares.items()},
            "calibration": as_plain(self.calibration),
            "texts": as_plain(self.texts),
            "outcomes": as_plain(self.outcomes),
            "typical": [None if np.isnan(value) else float(value) for value in self.typical],
        }
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(bound)}
        artifact.write(folder, self.kind, metadata, files)

    @classmethod
    def load(cls, directory: str | Path, ranker_classes: Collection[str] = ()) -> Self:
        """The ensemble that `save` wrote; ArtifactError when any part of it is damaged or of a newer version.

        Classes that are not of this package are imported only where their paths are among `ranker_classes`: a saved
        model cannot make its reader import a module. RankerError for any other.
        """
        saved = artifact.read(directory, cls.kind).metadata
        try:
            parts: dict[str, dict[str, Any]] = saved["rankers"]
            classes = {name: class_of(part["kind"], ranker_classes) for name, part in parts.items()}
            rankers = {name: classes[name].load(Path(directory) / name) for name in parts}
            shares = {name: Share(part["weight"], part["location"], part["scale"]) for name, part in parts.items()}
            texts, typical = saved.get("texts"), saved.get("typical")
            return cls(
                rankers,
                shares,
                from_plain(Calibration, saved["calibration"]),
                None if texts is None else from_plain(TextShare, texts),
                from_plain(Outcomes, saved.get("outcomes", {})),
                typical=None if typical is None else np.array(typical, dtype=np.float32),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{directory} holds no ensemble that loads; {artifact.NEXT_MOVE}") from error


def _named(rankers: Mapping[str, Ranker] | Sequence[Ranker]) -> dict[str, Ranker]:
    """Rankers by name; a sequence is named by kind or class, with a number from the second of a kind on."""
    if isinstance(rankers, Mapping):
        named = dict(rankers)
    else:
        named = dict(zip(numbered([default_name(ranker) for ranker in rankers]), rankers, strict=True))
    if not named:
        raise RankerError("an ensemble needs one ranker or more; give it those that were fitted")
    unfit = [name for name in named if not name.replace("_", "").replace("-", "").isalnum()]
    if unfit:
        raise RankerError(f"ranker name {unfit[0]!r} becomes a directory; use letters, digits, - and _")
    return named


def _within_query_deviation(scores: FloatArray, dataset: RankingDataset) -> FloatArray:
    """Pooled deviation (n_rankers,) of scores from their query's mean: the only spread that orders candidates."""
    mean = np.add.reduceat(scores, run_starts(dataset.group_sizes), axis=0) / dataset.group_sizes[:, None]
    deviation = np.sqrt(np.mean((scores - mean[dataset.query_index]) ** 2, axis=0))
    return np.where(deviation > 1e-12, deviation, 1.0)
