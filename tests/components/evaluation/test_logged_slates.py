"""Slices of held-out slates: texts, and texts of other trades, stand apart where there are some."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluation.logged_slates import ScoredSlates, evidence, sections
from components.training_sets import RankingDataset, TracedDataset

NAMES = ("candidate_clicks_30d", "candidate_impressions_30d", "request_typed")
QUERIES, EACH = 4, 3


def slates(typed: list[int], propensity: list[float] | None = None) -> ScoredSlates:
    """Four queries of three candidates, the first of each relevant; the ensemble has them right, retrieval wrong."""
    size = QUERIES * EACH
    query = np.repeat(np.arange(QUERIES), EACH)
    features = np.column_stack([np.zeros(size), np.zeros(size), np.isin(query, typed)]).astype(np.float32)
    relevance = np.tile([1, 0, 0], QUERIES)
    rows = pa.table(
        {
            "query_id": [f"q{number}" for number in query],
            "candidate_id": [f"j{number}" for number in range(size)],
            "actor_id": [f"f{number}" for number in query],
            "job_id": pa.nulls(size, pa.string()),
            "event_timestamp": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * size),
            "placement": ["organic"] * size,
        }
    )
    dataset = RankingDataset(features, relevance, query, NAMES, propensity=propensity)
    right = relevance.astype(float)
    scores = {"logged order": -right, "popularity": right * 0, "retrieval": -right, "trees": right, "ensemble": right}
    return ScoredSlates(TracedDataset(dataset, rows, {}), scores, "retrieval", ("trees",))


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
    found = {item.estimand: item.difference.n for item in evidence(slates([], propensity))}
    assert found == {"randomised": 1, "logged": 4}


def test_exploration_slots_alone_randomise_nothing(tmp_path):
    propensity = [float("nan"), float("nan"), 0.2] * QUERIES
    assert {item.estimand for item in evidence(slates([], propensity))} == {"logged"}
