"""The study of calibration in a small world: what is said of rank 1 is seen there; before ranks counted, it was not."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from benchmarks.quality.calibration import said, without_ranks
from components.evaluation.reliability import reliability_of
from components.ranking import Ensemble, XGBoostConfig, XGBoostRanker
from components.ranking.blending.calibration import fit_calibration
from components.training_sets import RankingDataset, TracedDataset

LENGTH = 10


def slates(seed: int, n_queries: int = 3_000) -> TracedDataset:
    """A weak policy shows jobs by a noisy signal; P(click) = examination * expit(signal - 1), 1 / rank is looked at."""
    rng = np.random.default_rng(seed)
    noisy = -np.sort(-rng.normal(size=(n_queries, LENGTH)), axis=1)
    signal = (noisy + rng.normal(size=noisy.shape)).ravel()
    rank = np.tile(np.arange(1, LENGTH + 1), n_queries)
    click = rng.random(len(rank)) < expit(signal - 1) / rank
    query = np.repeat(np.arange(n_queries), LENGTH)
    features = np.column_stack([signal, rng.normal(size=len(rank))]).astype(np.float32)
    dataset = RankingDataset(features, click, query, ("signal", "noise"), rank, outcomes={"click": click})
    return TracedDataset(dataset, pa.table({"actor_id": [f"F{number % 500}" for number in query]}), {})


def test_what_is_said_of_rank_one_is_seen_there():
    train, validation, held_out = (slates(seed) for seed in range(3))
    trees = XGBoostRanker().fit(train.dataset, XGBoostConfig(trees=20, leaves=4), validation.dataset)
    ensemble = Ensemble.fit({"xgboost": trees}, validation.dataset)
    rows = {(row.head, row.band): row for row in reliability_of(ensemble, held_out)}
    before = {row.band: row for row in without_ranks(ensemble, validation.dataset, held_out)}
    for head in ("relevant", "click"):
        assert rows[head, "all"].calibrated, said(rows[head, "all"])
        assert rows[head, "1"].ratio.value == pytest.approx(1, abs=0.1)
        assert rows[head, "7-10"].ratio.value == pytest.approx(1, abs=0.15)
    assert before["1"].ratio.value < 0.6
    assert before["7-10"].ratio.value > 1.4


@pytest.mark.parametrize(("negatives", "rate"), [(10, 1 / 11), (60, 1 / 61), (300, 1 / 301)])
def test_what_sampled_negatives_give_follows_their_number_so_it_is_called_no_probability(negatives, rate):
    n = 300
    relevance = np.tile([1.0] + [0.0] * negatives, n)
    calibration = fit_calibration(np.zeros(len(relevance)), relevance > 0)
    assert calibration.probability([0.0])[0] == pytest.approx(rate, rel=0.02)
    assert calibration.examination == ()  # by which an ensemble knows that its score only orders
