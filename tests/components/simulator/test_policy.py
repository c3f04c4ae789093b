"""Slates: order, blocking, the randomised slice and promoted slots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.simulator.policy import (
    EMPTY,
    EXPLORATION,
    NOWHERE,
    ORGANIC,
    PROMOTED,
    SHUFFLED,
    ChosenSlates,
    best_first,
    choose_slates,
    policy_names,
)


def nobody_blocked(best: np.ndarray) -> np.ndarray:
    return np.zeros(best.shape, bool)


def chosen(
    queries: int = 400, pool: int = 60, seed: int = 0, share: float = 0.02
) -> tuple[ChosenSlates, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(3, 1, size=(queries, pool)).astype(np.float32)
    lengths = rng.integers(10, 26, size=queries)
    promoted = np.arange(pool) % 7 == 0
    return choose_slates(score, nobody_blocked, lengths, promoted, share, rng), score, lengths


def test_organic_slates_hold_the_best_in_order():
    slates, score, lengths = chosen()
    organic = np.flatnonzero((slates.placement == ORGANIC).all(axis=1))
    assert len(organic) > 300
    for query in organic:
        expected = np.argsort(-score[query], kind="stable")[: lengths[query]]
        assert slates.candidates[query][slates.candidates[query] != EMPTY].tolist() == expected.tolist()


def test_propensity_stands_exactly_on_shuffled_slates_and_is_one_over_their_length():
    slates, _, lengths = chosen(queries=2_000)
    shuffled = (slates.placement == EXPLORATION).any(axis=1)
    assert 20 <= shuffled.sum() <= 60  # 2% of 2,000
    for query in range(2_000):
        here = slates.propensity[query, : lengths[query]]
        assert here == pytest.approx(1 / lengths[query]) if shuffled[query] else np.isnan(here).all()


@pytest.mark.parametrize("share", [0.0, 0.4, 0.95])
def test_as_many_slates_are_shuffled_as_were_asked_for_and_they_are_of_another_policy(share):
    slates, _, _ = chosen(queries=2_000, share=share)
    shuffled = (slates.placement == EXPLORATION).any(axis=1)
    assert shuffled.mean() == pytest.approx(share, abs=0.03)
    assert not (shuffled & (slates.placement == PROMOTED).any(axis=1)).any()
    names = np.array(policy_names(slates, ["weak-1"] * 2_000))
    assert ((names == SHUFFLED) == shuffled).all()
    assert set(names[~shuffled]) == {"weak-1"}


def test_a_promoted_candidate_takes_one_slot_and_nobody_stands_twice():
    slates, _, lengths = chosen(queries=2_000)
    promoted = (slates.placement == PROMOTED).sum(axis=1)
    assert 50 <= (promoted == 1).sum() <= 150  # 5% of 2,000
    assert promoted.max() == 1
    for query in range(2_000):
        row = slates.candidates[query]
        assert (row != EMPTY).sum() == lengths[query] == len(set(row[row != EMPTY].tolist()))
    assert np.isnan(slates.score[slates.placement == PROMOTED]).all()


def test_blocked_and_impossible_candidates_are_left_out():
    score = np.tile(np.arange(30, dtype=np.float32), (50, 1))
    score[:, 29] = NOWHERE
    slates = choose_slates(
        score, lambda best: best % 2 == 0, np.full(50, 25), np.zeros(30, bool), 0.02, np.random.default_rng(1)
    )
    shown = slates.candidates[slates.candidates != EMPTY]
    assert set(shown.tolist()) == set(range(1, 29, 2))


@given(st.integers(1, 8), st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_best_first_is_the_head_of_a_full_sort(queries, pool, count, seed):
    score = np.random.default_rng(seed).integers(0, 20, size=(queries, pool)).astype(np.float32)
    best = best_first(score, count)
    values = np.take_along_axis(score, best, axis=1)[:, :count]
    assert (values == -np.sort(-score, axis=1)[:, :count]).all()
    assert all(len(set(row)) == len(row) for row in best.tolist())
