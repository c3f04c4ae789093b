"""What groups add to any function of rows: sums that are whole, and Shapley values where pairs of groups interact."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ranking.explanations.groups import group_contributions, left_out

SEEDS = st.integers(0, 2**32 - 1)


def shapley(score, row, reference, n_groups, groups):
    """By its definition: the mean over all orders of what a group moves when it joins."""
    adds, orders = np.zeros(n_groups), list(permutations(range(n_groups)))
    for order in orders:
        at = reference.copy()
        for group in order:
            before = score(at[None, :])[0]
            at = np.where(groups == group, row, at)
            adds[group] += (score(at[None, :])[0] - before) / len(orders)
    return adds


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_where_pairs_interact_the_values_are_those_of_shapley(seed):
    rng = np.random.default_rng(seed)
    linear, pairs = rng.normal(size=6), rng.normal(size=(6, 6))
    groups = np.array([0, 1, 1, 2, 3, 0])
    rows, reference = rng.normal(size=(3, 6)), rng.normal(size=6)

    def score(x):
        return x @ linear + np.einsum("ni,ij,nj->n", x, pairs, x)

    adds, base = group_contributions(score, rows, reference, groups)
    assert base == pytest.approx(score(reference[None, :])[0])
    for row, added in zip(rows, adds, strict=True):
        assert added == pytest.approx(shapley(score, row, reference, 4, groups))


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_of_any_function_the_sums_are_whole(seed, n_groups):
    rng = np.random.default_rng(seed)
    groups = np.append(np.arange(n_groups), rng.integers(0, n_groups, 3))
    rows, reference = rng.normal(size=(4, len(groups))), rng.normal(size=len(groups))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    reference[rng.random(len(groups)) < 0.3] = np.nan

    def score(x):
        return np.sin(np.nan_to_num(x, nan=2.0)).prod(axis=1)

    adds, base = group_contributions(score, rows, reference, groups)
    assert base + adds.sum(axis=1) == pytest.approx(score(rows))


def test_a_group_that_is_as_the_reference_adds_nothing_and_is_not_scored():
    asked = []

    def score(x):
        asked.append(len(x))
        return x.sum(axis=1)

    reference = np.array([1.0, np.nan, 5.0])
    rows = np.array([[4.0, np.nan, 5.0], [1.0, np.nan, 5.0]])
    adds, base = group_contributions(lambda x: score(np.nan_to_num(x)), rows, reference, np.array([0, 1, 2]))
    assert (adds.tolist(), base) == ([[3, 0, 0], [0, 0, 0]], 6)
    assert asked == [3]  # both rows and the reference
    assert group_contributions(lambda x: score(np.nan_to_num(x)), rows[1:], reference, np.array([0, 1, 2]))[1] == 6


def test_what_is_lost_without_one_unit():
    rows, reference = np.array([[2.0, 3.0, 1.0], [1.0, 1.0, 5.0]]), np.array([0.0, 1.0, 2.0])
    # 2 * 3 + 1 less 0 * 3 + 1, and less 2 * 1 + 2, of the first row; 1 * 1 + 5 less 0 * 1 + 5 of the second
    units = np.array([0, 1, 1])
    lost = left_out(
        lambda x: x[:, 0] * x[:, 1] + x[:, 2], rows, reference, np.array([0, 0, 1]), np.array([0, 1, 0]), units
    )
    assert lost.tolist() == [6, 3, 1]
