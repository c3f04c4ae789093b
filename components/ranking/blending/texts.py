"""What a typed text says to its candidates, as the part of a blend that habit does not outvote.

Rankers learn from slates that somebody chose, in which few candidates miss the text; of all that retrieval finds many
do, and there a ranker goes by its actor's habits. So the text has a part of its own, the heavier the farther it lies
from what its actor is and was used to, and a limit that is known to be broken counts against a candidate in any case:

    part = weight * (distance * (meaning + words + skills * (must + near + kindred)) - limits * broken)

in within-query deviations of the blend; distance = 1 - the best cosine of the text with the actor's own text or past
candidates. Reads model inputs by name; knows no ranker and no text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from components.measures.arrays import FloatArray, Floats, Mask
from components.ranking.blending.calibration import Calibration, fit_calibration
from components.training_sets import RankingDataset

TYPED = "request_typed"
HABITS = ("request_own_semantic", "request_past_semantic")
RELEVANCE = ("request_semantic", "request_lexical")
SKILLS = ("asked_must_met", "asked_near_met", "asked_kindred_share")
LIMITS = ("asked_level_met", "asked_rate_met", "asked_country_met", "asked_language_met")
UNWANTED = "asked_unwanted_share"
READ = (TYPED, *HABITS, *RELEVANCE, *SKILLS, *LIMITS, UNWANTED)


@dataclass(frozen=True)
class TextShare:
    """The part of typed texts in a blend, and the calibration of the blend where there is one."""

    calibration: Calibration
    weight: float = 8.0
    skills: float = 0.5
    limits: float = 0.5

    @classmethod
    def fit(cls, blend: FloatArray, validation: RankingDataset, relevant: Mask) -> Self | None:
        """Calibrate `blend` (n_rows,) with the part of texts, on the rows with one; None where nobody can type.

        Where nobody typed, the calibration of the others stands: the score orders.
        """
        features, names, rank = validation.features, validation.feature_names, validation.rank
        if not set(READ) <= set(names):
            return None
        uncalibrated = cls(fit_calibration(blend, relevant, rank))
        typed = uncalibrated.is_typed(features, names)
        if not typed.any():
            return uncalibrated
        blend = blend + uncalibrated.part(features, names)
        return cls(fit_calibration(blend[typed], relevant[typed], None if rank is None else rank[typed]))

    def is_typed(self, features: Floats, names: Sequence[str]) -> Mask:
        """(n_rows,) whether there is a text."""
        typed: Mask = features[:, names.index(TYPED)] == 1
        return typed

    def part(self, features: Floats, names: Sequence[str]) -> FloatArray:
        """(n_rows,) what the text adds to the blend; 0 without one."""
        total = np.zeros(len(features))
        if not self.is_typed(features, names).any():
            return total
        for _, added in self.contributions(features, names):
            total += added
        return total

    def contributions(self, features: Floats, names: Sequence[str]) -> Iterator[tuple[int, FloatArray]]:
        """(column, what it adds (n_rows,)) of each model input that the part is made of."""
        column = _columns(names)
        typed = self.is_typed(features, names)

        def read(name: str, unknown: float = 0.0) -> FloatArray:
            values = features[:, column[name]].astype(np.float64)
            return np.where(np.isnan(values), unknown, values)

        distance = 1 - np.clip(np.maximum.reduce([read(name) for name in HABITS]), 0, 1)
        heavy = self.weight * typed
        for name in RELEVANCE:
            yield column[name], heavy * distance * read(name)
        for name in SKILLS:
            yield column[name], heavy * distance * self.skills * read(name)
        for name in LIMITS:
            yield column[name], -heavy * self.limits * (1 - read(name, unknown=1.0))
        yield column[UNWANTED], -heavy * self.limits * read(UNWANTED)


def _columns(names: Sequence[str]) -> Mapping[str, int]:
    return {name: names.index(name) for name in READ}
