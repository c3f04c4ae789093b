"""One network in place of several: what it is judged by, and that it is served only where it does as well."""

import dataclasses
import json
import math

import numpy as np
import pytest

from components.measures import Interval
from components.ranking import NeuralConfig, NeuralRanker
from components.ranking.neural_distillation import Evidence, judged
from components.training_sets import RankingDataset

SMALL = NeuralConfig(hidden=(16,), cross_rank=4, epochs=4, networks=3, learning_rate=5e-3, dropout=0.1)


def world(seed, n_queries=60):
    """Relevance, and the outcome `hire`, follow the first of two features."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_queries * 10, 2)).astype(np.float32)
    signal = features[:, 0] + 0.3 * rng.normal(size=len(features))
    return RankingDataset(
        features, signal > 0.8, np.repeat(np.arange(n_queries), 10), ("signal", "other"), outcomes={"hire": signal > 1}
    )


def interval(low, high):
    return Interval((low + high) / 2, low, high, 50, 50)


def pair(n_queries=2):
    """Queries of two candidates each, the first of which is relevant."""
    query_id = np.repeat(np.arange(n_queries), 2)
    return RankingDataset(np.zeros((2 * n_queries, 1), np.float32), np.tile([1, 0], n_queries), query_id, ("x",))


def test_what_a_changed_order_costs_by_the_labels_and_by_the_belief_of_the_networks():
    """Scores ln 3 / 2 apart at scale 2: the networks give 3 / 4 and 1 / 4; second place is worth 1 / log2(3)."""
    averaged = np.tile([math.log(3) / 2, 0.0], 2).astype(np.float32)
    evidence = judged(-averaged, averaged, 2.0, pair())
    second = 1 / math.log2(3)
    assert evidence.difference.value == pytest.approx(second - 1)
    assert evidence.expected_loss.value == pytest.approx((0.75 + 0.25 * second) - (0.25 + 0.75 * second))


def test_the_same_order_costs_nothing():
    scores = np.array([2.0, 1.0, -1.0, 3.0], np.float32)
    evidence = judged(scores * 5, scores, 1.0, pair())
    assert evidence.difference.value == evidence.expected_loss.value == 0
    assert evidence.accepts(0.0)


@pytest.mark.parametrize(
    ("difference", "expected_loss", "accepted"),
    [
        (interval(-0.01, 0.01), interval(0.0005, 0.0015), True),
        (interval(-0.01, -0.003), interval(0.0005, 0.0015), False),  # labels show a loss above the margin
        (interval(-0.01, 0.01), interval(0.0015, 0.0025), False),  # the networks may expect a loss above the margin
        (interval(math.nan, math.nan), interval(0.0005, 0.0015), True),  # no labelled query: their belief decides
        (interval(-0.01, 0.01), interval(math.nan, math.nan), False),  # one query is no evidence
    ],
)
def test_a_student_is_accepted_unless_it_loses_more_than_the_margin(difference, expected_loss, accepted):
    assert Evidence(difference, expected_loss).accepts(0.002) is accepted


@pytest.fixture(scope="module")
def student():
    return NeuralRanker().fit(world(0), dataclasses.replace(SMALL, margin=1.0), world(1))


@pytest.fixture(scope="module")
def averaged():
    return NeuralRanker().fit(world(0), dataclasses.replace(SMALL, margin=-1.0), world(1))


def test_one_network_answers_as_the_averaged_ones(student, averaged):
    features = world(2).features
    assert np.corrcoef(student.score(features), averaged.score(features))[0, 1] > 0.99
    assert np.abs(student.score_heads(features)["hire"] - averaged.score_heads(features)["hire"]).mean() < 0.05


def test_the_record_says_what_is_served_and_why(student, averaged, tmp_path):
    for ranker, networks, accepted in ((student, 1, True), (averaged, 3, False)):
        ranker.save(tmp_path)
        saved = json.loads((tmp_path / "manifest.json").read_text())["metadata"]
        assert saved["networks"] == networks
        assert (saved["distilled"]["accepted"], saved["distilled"]["networks"]) == (accepted, 3)
        assert {"value", "low", "high"} <= saved["distilled"]["difference"].keys()
    assert repr(student).startswith("NeuralRanker(1 network in place of 3 at epoch")
    assert repr(averaged).startswith("NeuralRanker(3 networks at epoch")


def test_without_a_validation_set_nothing_shows_that_one_would_do():
    ranker = NeuralRanker().fit(world(0), SMALL)
    assert repr(ranker).startswith("NeuralRanker(3 networks")


def test_the_same_seed_gives_the_same_student(student):
    again = NeuralRanker().fit(world(0), dataclasses.replace(SMALL, margin=1.0), world(1))
    assert np.array_equal(again.score(world(2).features), student.score(world(2).features))
