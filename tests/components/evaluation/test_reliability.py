"""Reliability of an ensemble on held-out slates: the score and each head, at the ranks that were shown."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from components.evaluation.reliability import reliability_of, reliability_table
from components.ranking import Ensemble, ExternalRanker, XGBoostConfig, XGBoostRanker
from components.training_sets import RankingDataset, TracedDataset

LENGTH = 10


def slates(seed: int) -> TracedDataset:
    """P(click at rank 1) = 1 / (1 + exp(-signal)), half of it from rank 4 on; the first half of the clicks applies."""
    rng = np.random.default_rng(seed)
    n = 4_000
    signal, rank = rng.normal(size=n), np.tile(np.arange(1, LENGTH + 1), n // LENGTH)
    click = rng.random(n) < np.where(rank < 4, 1.0, 0.5) / (1 + np.exp(-signal))
    apply = click & (np.arange(n) % 2 == 0)
    query = np.repeat(np.arange(n // LENGTH), LENGTH)
    dataset = RankingDataset(
        signal[:, None].astype(np.float32), click + apply, query, ("signal",), rank, outcomes={"apply": apply}
    )
    return TracedDataset(dataset, pa.table({"actor_id": [f"F{q % 50}" for q in query]}), {})


def test_said_and_seen_agree_where_the_world_is_the_same_for_the_score_and_each_head():
    train, validation, held_out = (slates(seed) for seed in range(3))
    trees = XGBoostRanker().fit(train.dataset, XGBoostConfig(trees=10, leaves=4), validation.dataset)
    ensemble = Ensemble.fit({"trees": trees}, validation.dataset)
    rows = reliability_of(ensemble, held_out)
    bands = ["all", "1", "2-3", "4-6", "7-10"]
    assert [(row.head, row.band) for row in rows] == [(head, band) for head in ("relevant", "apply") for band in bands]
    assert {row.rows for row in rows if row.band == "4-6"} == {1_200}
    assert rows[0].calibrated
    assert rows[0].ratio.n_actors == 50
    assert rows[1].observed > 1.5 * rows[4].observed
    assert all(abs(row.ratio.value - 1) < 0.25 for row in rows)
    table = reliability_table(rows, ensemble)
    assert len(table.rows) == 10
    assert table.rows[0][:4] == ("relevant", "all", 4_000, rows[0].positives)


def test_a_score_that_only_orders_is_held_to_no_rate():
    held_out = slates(0)
    column = ExternalRanker(score_column="signal").fit(held_out.dataset)
    ensemble = Ensemble.fit({"signal": column}, replace(held_out.dataset, rank=None))
    assert reliability_of(ensemble, held_out) == ()
