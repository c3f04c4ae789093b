"""What groups of features add to any function of rows, by calling it. Knows no ranker and no feature."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from components.measures.arrays import FloatArray, Floats, IntArray

Score = Callable[[Floats], FloatArray]
"""Features (n_rows, n_features) -> scores (n_rows,), each of its row alone."""


def group_contributions(
    score: Score, features: Floats, reference: Floats, groups: IntArray
) -> tuple[FloatArray, float]:
    """What each group adds (n_rows, n_groups), and the score of the reference, to which they add up to a row's score.

    groups (n_features,): the group of each column, 0 to n_groups - 1. reference (n_features,): where a group is absent.
    Shapley values estimated from one order of the groups and its reverse (antithetic sampling, Mitchell et al. 2022):
    groups join one after the other and each is given what the score moves by then; the two are averaged. Sums are
    exact for any function, and each value is exact where no more than two groups interact. One call, of
    2 * n_groups - 1 rows for each row and one for the reference.

    Of 2a + 3b + 4ab at a = b = 1, against 0, what only both together add is shared:

    >>> added, base = group_contributions(
    ...     lambda rows: rows @ [2.0, 3.0] + 4 * rows.prod(axis=1), np.ones((1, 2)), np.zeros(2), np.array([0, 1])
    ... )
    >>> added.tolist(), float(base)
    ([[4.0, 5.0]], 0.0)
    """
    adds = np.zeros((len(features), int(groups.max()) + 1))
    moving = np.unique(groups[differs(features, reference).any(axis=0)])
    first = np.searchsorted(moving, groups) < np.arange(1, len(moving))[:, None]
    joined = np.concatenate([first, ~first])
    between = np.where(joined, features[:, None, :], reference).reshape(-1, features.shape[1])
    scores = score(np.concatenate([reference[None, :], features, between]))
    base, whole, between_scores = np.split(scores, [1, len(features) + 1])
    upwards, downwards = between_scores.reshape(len(features), 2, -1).transpose(1, 0, 2)
    low, high = np.full((len(features), 1), base[0]), whole[:, None]
    joining = np.diff(np.concatenate([low, upwards, high], axis=1))
    leaving = -np.diff(np.concatenate([high, downwards, low], axis=1))
    if len(moving):
        adds[:, moving] = (joining + leaving) / 2
    return adds, float(base[0])


def left_out(
    score: Score, features: Floats, reference: Floats, row: IntArray, unit: IntArray, unit_of: IntArray
) -> FloatArray:
    """What the score of features[row[i]] loses when its unit[i] alone gives way to the reference: (n,).

    unit_of (n_features,): the unit of each column.
    """
    rows, of_row = np.unique(row, return_inverse=True)
    changed = np.where(unit_of == unit[:, None], reference, features[row])
    scores = score(np.concatenate([features[rows], changed]))
    lost: FloatArray = scores[of_row] - scores[len(rows) :]
    return lost


def differs(features: Floats, reference: Floats) -> NDArray[np.bool_]:
    """Where a value is not the reference's (n_rows, n_features); both missing are the same."""
    unlike: NDArray[np.bool_] = (features != reference) & ~(np.isnan(features) & np.isnan(reference))
    return unlike
