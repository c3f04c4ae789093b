"""What groups of features add to an ensemble's blend, or to one of its rankers: every ranker by its weight.

Trees and typed texts say it themselves, feature by feature and exactly: TreeSHAP, against the mean over the training
rows, and the terms of the part of texts, against no text. Of any other ranker it is found by scoring rows between the
ensemble's typical row and the candidate's (groups.py). A ranker of weight zero moved nothing and is not asked. Knows no
feature by name.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.measures.arrays import FloatArray, Floats, IntArray, Mask
from components.ranking.ensemble import Ensemble, Share
from components.ranking.explanations.groups import differs, group_contributions, left_out
from components.ranking.ranker import TEXT_VECTOR, Ranker, finite_scores
from components.ranking.xgboost_ranker import XGBoostRanker


@dataclass(frozen=True)
class Contributions:
    """adds (n_rows, n_groups), a column for each of `groups`; base + adds.sum(axis=1) is what orders, but rounding."""

    groups: tuple[str, ...]
    adds: FloatArray
    base: float


@dataclass(frozen=True)
class Moved:
    """A group of features, what it adds, and its feature that moves the score most in that direction."""

    group: str
    adds: float
    feature: str


class _Order:
    """What orders candidates, as a sum: factor * (score - location) of each ranker, and the part of typed texts."""

    def __init__(self, ensemble: Ensemble, alone: str | None) -> None:
        shares = ensemble.shares if alone is None else {alone: Share(1.0, 0.0, 1.0)}
        parts = [(name, ensemble.rankers[name], share.weight / share.scale) for name, share in shares.items()]
        self._others: list[tuple[str, Ranker, float]] = []
        self._trees: list[tuple[XGBoostRanker, float]] = []
        for name, ranker, factor in parts:
            if factor > 0 and isinstance(ranker, XGBoostRanker):
                self._trees.append((ranker, factor))
            elif factor > 0:
                self._others.append((name, ranker, factor))
        self._ensemble = ensemble
        self._texts = 1.0 if alone is None else ensemble.shares[alone].scale
        self.constant = -sum(share.weight * share.location / share.scale for share in shares.values())
        self.reference = ensemble.typical

    def exact(self, features: Floats) -> FloatArray:
        """What each feature adds (n_rows, n_features) to trees and typed texts."""
        adds = np.zeros(features.shape)
        for ranker, factor in self._trees:
            adds += factor * ranker.contributions(features)
        if self._ensemble.texts is not None:
            for column, added in self._ensemble.texts.contributions(features, self._ensemble.feature_names):
                adds[:, column] += self._texts * added
        return adds

    def start_of_trees(self, features: Floats) -> float:
        """What trees add to before any feature does: the same for all rows, but rounding."""
        starts = [
            factor * np.mean(ranker.score(features) - ranker.contributions(features).sum(axis=1))
            for ranker, factor in self._trees
        ]
        return float(np.sum(starts))

    def sampled(self, features: Floats, group_of: IntArray) -> tuple[FloatArray, float]:
        """What each group adds (n_rows, n_groups) to the rankers that cannot say it, and what they start from."""
        if not self._others:
            return np.zeros((len(features), int(group_of.max()) + 1)), 0.0
        return group_contributions(self._scored, features, self.reference, group_of)

    def lost(self, features: Floats, where: Mask, unit_of: IntArray) -> FloatArray:
        """What those rankers lose (n_rows, n_units) without one unit alone, of each one `where`; 0 elsewhere."""
        lost = np.zeros(where.shape)
        moves = differs(features, self.reference) @ np.eye(where.shape[1])[unit_of]
        row, unit = np.nonzero(where & (moves > 0))
        if self._others and len(row):
            lost[row, unit] = left_out(self._scored, features, self.reference, row, unit, unit_of)
        return lost

    def _scored(self, features: Floats) -> FloatArray:
        total = np.zeros(len(features))
        for name, ranker, factor in self._others:
            total += factor * finite_scores(name, ranker, features)
        return total


def contributions(
    ensemble: Ensemble, features: Floats, groups: Sequence[str], alone: str | None = None
) -> Contributions:
    """What each group of features adds to the blend of rows (n_rows, n_features); n_rows one or more.

    groups (n_features,): the name of each column's group. `alone` names the ranker whose score_alone is told instead.
    In within-query deviations of the blend, or in units of that ranker's score.
    """
    order = _Order(ensemble, alone)
    names, group_of = _coded(groups)
    sampled, start = order.sampled(features, group_of)
    adds = order.exact(features) @ np.eye(len(names))[group_of] + sampled
    return Contributions(names, adds, order.constant + order.start_of_trees(features) + start)


def reasons(
    ensemble: Ensemble, features: Floats, groups: Sequence[str], most: int = 3, alone: str | None = None
) -> list[list[Moved]]:
    """Per row, the `most` groups that add or take most, the largest first; arguments as `contributions`.

    The feature that stands for a group moves the score most in the group's direction: by what it adds to trees and
    texts where these move the group more than the other rankers do, else by what those lose when it alone gives way to
    its typical value. A text vector counts as one feature, and goes by the name of its first component.
    """
    order = _Order(ensemble, alone)
    names, group_of = _coded(groups)
    named = ensemble.feature_names
    unit_of, leads = _units(named)
    group_of_unit = group_of[leads]
    effects = order.exact(features) @ np.eye(len(leads))[unit_of]
    exact = effects @ np.eye(len(names))[group_of_unit]
    sampled, _ = order.sampled(features, group_of)
    adds = exact + sampled
    largest = np.argsort(-np.abs(adds), axis=1, kind="stable")[:, :most]
    by_others = np.zeros(adds.shape, dtype=np.bool_)
    np.put_along_axis(by_others, largest, np.take_along_axis(np.abs(sampled) > np.abs(exact), largest, 1), 1)
    by_others = by_others[:, group_of_unit]
    effects = np.where(by_others, order.lost(features, by_others, unit_of), effects)
    moved: list[list[Moved]] = []
    for row, each in enumerate(largest):
        told = []
        for group in each[adds[row, each] != 0]:
            units = np.flatnonzero(group_of_unit == group)
            leading = leads[units[np.argmax(np.sign(adds[row, group]) * effects[row, units])]]
            told.append(Moved(names[group], float(adds[row, group]), named[leading]))
        moved.append(told)
    return moved


@functools.cache
def _units(names: tuple[str, ...]) -> tuple[IntArray, IntArray]:
    """The unit of each feature (n_features,), a text vector being one, and the first feature of each (n_units,)."""
    units, unit_of = _coded([TEXT_VECTOR.sub("", name) for name in names])
    return unit_of, np.array([np.argmax(unit_of == unit) for unit in range(len(units))])


def _coded(groups: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    """The groups in order of first appearance, and the position of each column's among them (n_features,)."""
    names = tuple(dict.fromkeys(groups))
    return names, np.array([names.index(group) for group in groups])
