"""The heads of an ensemble: what its rankers say of each outcome, averaged in log odds and calibrated later in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from components.measures.arrays import FloatArray, Floats
from components.ranking.blending.calibration import Calibration, fit_calibration
from components.ranking.outcomes.heads import HasHeads, trainable_heads
from components.ranking.ranker import Ranker
from components.training_sets import RankingDataset
from components.training_sets.dataset.checked import row_blocks

FEWEST_POSITIVES = 10
"""A head with fewer of them in the validation set cannot be calibrated."""
CERTAIN = 1e-6
"""Log odds are taken of probabilities that are this far from 0 and 1."""


@dataclass(frozen=True)
class Outcomes:
    """The calibration of each head, in the order of the funnel, and why the others have none.

    A probability is that a candidate which is shown comes so far as the head, or farther: none exceeds that of the head
    before. Of those who came as far as a, the share that goes on to b is P(b) / P(a).
    """

    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, rankers: Mapping[str, Ranker], validation: RankingDataset) -> Self:
        """Calibrate on `validation`, queries that no ranker was trained on."""
        trained = {head for ranker in rankers.values() if isinstance(ranker, HasHeads) for head in ranker.heads}
        known = validation.outcomes or {}
        dropped = {head: "it was not trained: no positive" for head in known if head not in trained}
        dropped |= {head: "none is known of the validation set" for head in trained if head not in known}
        calibrations = {}
        said = _log_odds(rankers, validation.features) if trained else {}
        for head in trainable_heads(validation):
            positives = int((known[head] == 1).sum())
            if head in said and positives >= FEWEST_POSITIVES:
                told = ~np.isnan(known[head])
                rank = None if validation.rank is None else validation.rank[told]
                calibrations[head] = fit_calibration(said[head][told], known[head][told] == 1, rank)
        dropped |= {head: _untold(known[head]) for head in known if head not in {**calibrations, **dropped}}
        return cls(calibrations, dropped)

    def probability(
        self, rankers: Mapping[str, Ranker], features: Floats, rank: npt.ArrayLike | None = None
    ) -> dict[str, FloatArray]:
        """P(outcome) (n_rows,) of each calibrated head, of rows shown at `rank` (default: first)."""
        said = _log_odds(rankers, features) if self.calibrations else {}
        most = np.ones(len(features))
        answer = {}
        for head, calibration in self.calibrations.items():
            most = np.minimum(most, calibration.probability(said[head], rank))
            answer[head] = most
        return answer


def _untold(outcome: Floats) -> str:
    """Why these rows cannot calibrate a head."""
    if np.isnan(outcome).all():
        return "no row of the validation set is old enough to tell it"
    return f"{int((outcome == 1).sum())} positives validate it, {FEWEST_POSITIVES} are the fewest"


def _log_odds(rankers: Mapping[str, Ranker], features: Floats) -> dict[str, FloatArray]:
    """Of each head, the mean (n_rows,) over the rankers that have it."""
    said: dict[str, list[FloatArray]] = {}
    for ranker in rankers.values():
        if not isinstance(ranker, HasHeads) or not ranker.heads:
            continue
        blocks = [ranker.score_heads(features[rows]) for rows in row_blocks(len(features))]
        for head in ranker.heads:
            probability = np.concatenate([block[head] for block in blocks]).astype(np.float64)
            said.setdefault(head, []).append(logit(np.clip(probability, CERTAIN, 1 - CERTAIN)))
    return {head: np.mean(parts, axis=0) for head, parts in said.items()}
