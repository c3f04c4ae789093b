"""Clicks that depend on the rank, with known relevance: what fits that know positions are tested on."""

import numpy as np
import pyarrow as pa

from components.training_sets import RankingDataset, TracedDataset

SLATE = 10


def clicks_by_position(n_queries, seed, shuffled=0.0, falls=1.0):
    """P(click) = a^2 * examination rank^-falls, on slates whose order follows `popular`, which nobody cares for.

    A share `shuffled` of the slates is in random order and has its propensity, 1 / SLATE.
    """
    rng = np.random.default_rng(seed)
    a, popular, noise = rng.random((3, n_queries, SLATE))
    at_random = rng.random((n_queries, 1)) < shuffled
    order = np.argsort(-np.where(at_random, noise, 3 * popular + noise), axis=1)
    a, popular = np.take_along_axis(a, order, axis=1), np.take_along_axis(popular, order, axis=1)
    rank = np.tile(np.arange(1, SLATE + 1), (n_queries, 1))
    clicked = rng.random(a.shape) < a**2 * rank**-falls
    return RankingDataset(
        np.column_stack([a.ravel(), popular.ravel()]).astype(np.float32),
        clicked.ravel(),
        np.repeat(np.arange(n_queries), SLATE),
        ("a", "popular"),
        rank=rank.ravel(),
        propensity=np.where(at_random, 1 / SLATE, np.nan).repeat(SLATE),
    )


def true_grades(dataset):
    """What people like, by `a` alone: 0 .. 3 (n_rows,)."""
    return 10 * dataset.features[:, 0] // 2.5


def traced(dataset, n_actors=100):
    """The data set with actors who ask in turn, each for new candidates every time."""
    row = np.arange(len(dataset)).astype(str)
    actor = (dataset.query_index % n_actors).astype(str)
    rows = pa.table({"actor_id": actor, "job_id": pa.nulls(len(row), pa.string()), "candidate_id": row})
    return TracedDataset(dataset, rows, {})
