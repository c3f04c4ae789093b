"""Slices of held-out slates: texts, and texts of other trades, stand apart where there are some."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluation.logged_slates import ScoredSlates, evidence, sections
from components.measures.examination import Examination
from components.training_sets import RankingDataset, TracedDataset

NAMES = ("candidate_clicks_30d", "candidate_impressions_30d", "request_typed")
QUERIES, EACH = 4, 3


SEEN = Examination((1.0, 0.5, 0.25), (1.0, 0.4, 0.2), (1.0, 0.6, 0.3), "randomised", 200, 50)


def shown(query: np.ndarray) -> pa.Table:
    """The rows of queries (n_rows,), each of an actor of its own."""
    return pa.table(
        {
            "query_id": [f"q{number}" for number in query],
            "candidate_id": [f"j{number}" for number in range(len(query))],
            "actor_id": [f"f{number}" for number in query],
            "job_id": pa.nulls(len(query), pa.string()),
            "event_timestamp": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * len(query)),
            "placement": ["organic"] * len(query),
        }
    )


def slates(
    typed: list[int], propensity: list[float] | None = None, examination: Examination | None = None
) -> ScoredSlates:
    """Four queries of three candidates, the first of each relevant; the ensemble has them right, retrieval wrong."""
    size = QUERIES * EACH
    query = np.repeat(np.arange(QUERIES), EACH)
    features = np.column_stack([np.zeros(size), np.zeros(size), np.isin(query, typed)]).astype(np.float32)
    relevance = np.tile([1, 0, 0], QUERIES)
    rank = np.tile([1, 2, 3], QUERIES)
    dataset = RankingDataset(features, relevance, query, NAMES, rank, propensity)
    right = relevance.astype(float)
    scores = {"logged order": -right, "popularity": right * 0, "retrieval": -right, "trees": right, "ensemble": right}
    return ScoredSlates(TracedDataset(dataset, shown(query), {}), scores, "retrieval", ("trees",), examination)


@pytest.fixture
def truth(tmp_path):
    held_out = slates([])
    relevance = pa.array(held_out.held_out.dataset.relevance.astype(np.float32))
    pairs = held_out.held_out.rows.select(["query_id", "candidate_id"])
    pq.write_table(pairs.append_column("true_relevance", relevance), tmp_path / "impressions.parquet")
    pq.write_table(pa.table({"query_id": ["q1", "q2"], "off_profile": [True, False]}), tmp_path / "searches.parquet")
    return tmp_path


def test_texts_and_those_of_other_trades_are_measured_apart(truth):
    parts = {section.title: section for section in sections(slates([1, 2]), truth)}
    assert list(parts) == ["True relevance", "Observed relevance", "Typed text", "Off profile"]
    facts = {title: dict(section.tables[0].rows) for title, section in parts.items()}
    assert [facts[title]["queries"] for title in parts] == [4, 4, 2, 1]
    (ensemble,) = [row for row in parts["Off profile"].measured if row.ranker == "ensemble"]
    assert ensemble.interval.value == 1
    assert "true relevance" in parts["Typed text"].note


def test_without_texts_there_are_no_slices(tmp_path):
    assert [section.title for section in sections(slates([]), tmp_path)] == ["Observed relevance"]


def test_a_slate_is_randomised_where_every_rank_was_drawn(tmp_path):
    """The first was shuffled whole; of the others one slot was drawn, one rank was certain, nothing is known."""
    unknown = float("nan")
    propensity = [1 / 3] * 3 + [unknown, unknown, 0.2] + [0.5, 0.5, 1.0] + [unknown] * 3
    parts = {section.title: section for section in sections(slates([], propensity), tmp_path)}
    assert dict(parts["Randomised slice"].tables[0].rows)["queries"] == 1
    found = {item.estimand: item.difference.n for item in evidence(slates([], propensity, SEEN))}
    assert found == {"randomised": 1, "corrected": 4}


def test_exploration_slots_alone_randomise_nothing():
    propensity = [float("nan"), float("nan"), 0.2] * QUERIES
    assert {item.estimand for item in evidence(slates([], propensity, SEEN))} == {"corrected"}


def test_observed_relevance_is_no_evidence(tmp_path):
    """Nobody knows what was looked at, so what was observed is told and decides nothing."""
    assert evidence(slates([])) == []
    titles = [section.title for section in sections(slates([], examination=SEEN), tmp_path)]
    assert titles == ["Observed relevance", "Corrected relevance"]


def test_gains_of_random_slates_count_their_propensity():
    """Query 0's positive was put on top 9 times in 10, query 1's once: it counts nine times as much."""
    certain = [0.9, 0.9, 0.9]
    held_out = slates([], [*certain, *[0.1] * 3, *[float("nan")] * 6])
    held_out.scores["retrieval"] = np.where(held_out.held_out.dataset.query_index == 0, -1.0, 1.0) * held_out.relevance
    (item,) = evidence(held_out)
    # The ensemble has both on top. Retrieval has query 1's on top, too, and query 0's behind two others at 1 / log2(4).
    assert item.difference.value == pytest.approx(0.1 * (1 - 0.5))
    assert item.effective_sample_size == pytest.approx((1 / 0.9 + 1 / 0.1) ** 2 / (1 / 0.9**2 + 1 / 0.1**2))


def test_a_copy_of_the_policy_gains_nothing_by_the_slates_that_were_left_as_it_ordered_them():
    """The best of three stands last, where a tenth looks. Three in ten slates are shuffled; all log what is marginal.

    Shown there, the best is clicked by .06, the first by .2: unweighted, the policy's order would look right.
    """
    n, share, rng = 3_000, 0.3, np.random.default_rng(0)
    order = np.tile(np.arange(3), (n, 1))
    shuffled = rng.random(n) < share
    order[shuffled] = rng.permuted(order[shuffled], axis=1)
    clicked = rng.random((n, 3)) < np.array([0.2, 0.2, 0.6])[order] * np.array([1.0, 0.3, 0.1])
    propensity = share / 3 + (1 - share) * (order == np.arange(3))
    query, worth = np.repeat(np.arange(n), 3), (order == 2).ravel().astype(float)
    features = np.zeros((3 * n, len(NAMES)), np.float32)
    dataset = RankingDataset(
        features, clicked.ravel().astype(int), query, NAMES, np.tile([1, 2, 3], n), propensity.ravel()
    )
    scores = {"retrieval": worth, "ensemble": -order.ravel().astype(float)}
    (item,) = evidence(ScoredSlates(TracedDataset(dataset, shown(query), {}), scores, "retrieval", (), None))
    assert item.estimand == "randomised"
    assert item.difference.below_zero


def test_what_is_not_known_of_examination_is_in_the_bounds():
    """Query 0's positive was shown on top, the others' at rank 3: at the bounds these count 1 / .2 or 1 / .3."""
    held_out = slates([], examination=SEEN)
    dataset = held_out.held_out.dataset
    dataset.rank[:] = np.where(dataset.query_index == 0, dataset.rank, 4 - dataset.rank)
    held_out.scores["retrieval"] = np.where(dataset.query_index == 0, 1.0, -1.0) * held_out.relevance
    (item,) = evidence(held_out)
    gains = {examined: 0.5 * 3 / examined / (1 + 3 / examined) for examined in (0.2, 0.25, 0.3)}
    assert item.difference.value == pytest.approx(gains[0.25])
    certain = replace(SEEN, low=SEEN.by_rank, high=SEEN.by_rank)
    (without,) = evidence(replace(held_out, examination=certain))
    off = item.difference.value - without.difference.low
    assert item.difference.low == pytest.approx(item.difference.value - np.hypot(off, gains[0.25] - gains[0.3]))
