"""Which candidates are scored: everybody in a small market, some hundreds near the query in a large one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.simulator import SimulatorConfig
from components.simulator.market import Market
from components.simulator.policy_candidates import KINDRED, OTHERS, OWN, POPULAR, WHOLE, PolicyCandidates
from components.simulator.sessions import feed_sessions, talent_sessions
from components.simulator.taxonomy import exact, full_taxonomy
from components.simulator.world import create_market

FAMILIES = len(full_taxonomy().cluster_skills)


def pool_of(size: int, seed: int = 0) -> PolicyCandidates:
    """A pool of every second position."""
    rng = np.random.default_rng(seed)
    family, popularity = rng.integers(FAMILIES, size=2 * size), rng.random(2 * size).astype(np.float32)
    return PolicyCandidates(np.arange(0, 2 * size, 2), family, popularity)


def test_a_small_pool_is_scored_whole_and_nothing_is_drawn():
    rng, queries = np.random.default_rng(1), np.array([3, 1, 3])
    ((rows, scored),) = pool_of(WHOLE).near(queries, rng)
    assert rows.tolist() == [0, 1, 2]
    assert len(scored) == WHOLE == pool_of(WHOLE).scored
    assert rng.random() == np.random.default_rng(1).random()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, FAMILIES - 1), min_size=1, max_size=600), st.integers(0, 9))
def test_each_query_scores_one_bounded_part_of_a_large_pool(families, seed):
    large = pool_of(WHOLE + 1)
    parts = list(large.near(np.array(families), np.random.default_rng(seed)))
    assert sorted(row for rows, _ in parts for row in rows.tolist()) == list(range(len(families)))
    for rows, scored in parts:
        assert len({families[row] for row in rows}) == 1
        assert len(scored) == len(set(scored.tolist())) <= POPULAR + OWN + KINDRED + OTHERS == large.scored
        assert set(scored.tolist()) <= set(large.pool.tolist())


def test_a_family_is_scored_with_its_own_kind_and_its_most_popular_first():
    rng = np.random.default_rng(0)
    family, popularity = rng.integers(FAMILIES, size=20_000), rng.random(20_000).astype(np.float32)
    ((_, scored),) = PolicyCandidates(np.arange(20_000), family, popularity).near(np.array([5]), rng)
    own = np.flatnonzero(family == 5)
    best = own[np.argsort(-popularity[own])][:POPULAR]
    assert set(best.tolist()) <= set(scored.tolist())
    assert (family[scored] == 5).mean() > 0.4  # by chance: 1 of 56


def test_equal_seeds_draw_equal_parts():
    queries = np.arange(FAMILIES)
    first, again = (list(pool_of(9_000).near(queries, np.random.default_rng(4))) for _ in range(2))
    assert all(
        np.array_equal(a, b) for one, two in zip(first, again, strict=True) for a, b in zip(one, two, strict=True)
    )


@pytest.fixture(scope="module")
def large() -> Market:
    return create_market(SimulatorConfig(freelancers=WHOLE + 2_000, jobs=200, impressions=1_000, days=14))


def test_slates_of_a_large_market_still_go_by_skills(large):
    people, listed = large.people, large.listed(day=13)
    assert len(listed) > WHOLE
    (asked,) = talent_sessions(large, day=13, count=60)
    shown, row, _ = asked.pairs()
    literal = asked.demand.literal.dense()
    words = (literal[row] * exact(people.literal[shown])).sum(axis=1)
    anybody = np.random.default_rng(0).choice(listed, len(shown))
    assert words.mean() > 5 * (literal[row] * exact(people.literal[anybody])).sum(axis=1).mean()


def test_nobody_stands_twice_in_a_slate_of_a_large_market(large):
    for asked in (*talent_sessions(large, 10, 40), *feed_sessions(large, 10, 40)):
        for slate in asked.sessions.slates.candidates:
            there = slate[slate >= 0].tolist()
            assert len(there) == len(set(there)) > 0
