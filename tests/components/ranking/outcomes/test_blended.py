"""Heads of both rankers over the whole shown space: their graph, their blend, their calibration at ranks."""

from dataclasses import replace

import numpy as np
import pytest
import xgboost

from components.measures.reliability import reliability
from components.ranking import Ensemble, NeuralConfig, NeuralRanker, XGBoostRanker
from components.ranking.outcomes.blended import Outcomes
from components.ranking.trees.config import XGBoostConfig
from components.ranking.trees.graph import TreeGraph, graph_of
from components.ranking.trees.heads import boosted_heads
from components.training_sets import RankingDataset

NAN = float("nan")
LENGTH = 10
SMALL = XGBoostConfig(trees=20, leaves=8)


def shown(seed: int, n_queries: int = 500) -> RankingDataset:
    """P(click) = 1 / (1 + exp(1 - signal)) where the rank is looked at, .8 ** (rank - 1); half of those apply.

    A third of these are accepted, of which the last tenth of the rows knows nothing; nobody is hired.
    """
    rng = np.random.default_rng(seed)
    n = n_queries * LENGTH
    signal = -np.sort(-rng.normal(size=(n_queries, LENGTH)), axis=1).ravel()
    rank = np.tile(np.arange(1, LENGTH + 1), n_queries)
    click = rng.random(n) < 0.8 ** (rank - 1) / (1 + np.exp(1 - signal))
    apply = click & (rng.random(n) < 0.5)
    accept = np.where(np.arange(n) < 0.9 * n, apply & (rng.random(n) < 1 / 3), NAN)
    features = np.column_stack([signal + 0.3 * rng.normal(size=n), rng.normal(size=n)]).astype(np.float32)
    features[rng.random(n) < 0.1, 1] = NAN
    outcomes = {"accept": accept, "apply": apply, "click": click, "hire": np.zeros(n)}
    relevance = click.astype(int) + apply
    return RankingDataset(
        features, relevance, np.repeat(np.arange(n_queries), LENGTH), ("signal", "noise"), rank, outcomes=outcomes
    )


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    train, validation = shown(0), shown(1, 2_000)
    trees = XGBoostRanker().fit(train, SMALL, validation)
    network = NeuralRanker().fit(train, NeuralConfig(hidden=(16,), networks=1, epochs=4), validation)
    return Ensemble.fit({"xgboost": trees, "neural": network}, validation)


def test_both_rankers_train_the_heads_that_have_a_positive_in_the_order_of_the_funnel(ensemble):
    assert [ranker.heads for ranker in ensemble.rankers.values()] == [("click", "apply", "accept")] * 2
    assert list(ensemble.outcomes.calibrations) == ["click", "apply", "accept"]
    assert ensemble.outcomes.dropped == {"hire": "it was not trained: no positive"}


def test_the_graph_says_what_xgboost_says():
    train, rows = shown(0), shown(2).features
    models = boosted_heads(SMALL, train, None, np.array([0, 1]), ("click", "accept"))
    margins = TreeGraph(graph_of(models, np.array([0, 1]), 2)).every_margin(rows)
    for position, head in enumerate(("click", "accept")):
        known = ~np.isnan(train.outcomes[head])
        matrix = xgboost.QuantileDMatrix(train.features[known], train.outcomes[head][known], nthread=1)
        again = xgboost.train({"objective": "binary:logistic", "nthread": 1, **_parameters()}, matrix, 40)
        expected = again.inplace_predict(rows, predict_type="margin")
        # Rows without the outcome weigh nothing; only their bins are counted, so the cuts move a little.
        assert np.abs(margins[:, position] - expected).mean() < (1e-5 if known.all() else 0.1)


def _parameters() -> dict[str, object]:
    from components.ranking.trees.heads import PARAMETERS

    return {**PARAMETERS, "max_bin": SMALL.max_bins, "seed": SMALL.seed}


def test_probabilities_come_true_on_later_queries_at_every_band_of_ranks(ensemble):
    later = shown(3, 1_500)
    said = ensemble.outcomes.probability(ensemble.rankers, later.features, later.rank)
    for head, probability in said.items():
        every, *bands = reliability(head, probability, later.outcomes[head], later.rank, later.query_id)
        assert every.ratio.value == pytest.approx(1, abs=0.15), head
        assert every.slope.value == pytest.approx(1, abs=0.15), head
        assert all(abs(band.ratio.value - 1) < 0.3 for band in bands), head


def test_no_head_is_more_likely_than_the_one_before(ensemble):
    said = ensemble.outcomes.probability(ensemble.rankers, shown(4).features)
    assert (said["apply"] <= said["click"]).all()
    assert (said["accept"] <= said["apply"]).all()


def test_a_score_is_the_probability_of_a_candidate_shown_first(ensemble):
    later = shown(5)
    assert ensemble.tells_probability
    first = ensemble.probability(later.features, np.ones(len(later), int))
    assert ensemble.score(later.features) == pytest.approx(first)
    assert (ensemble.probability(later.features, np.full(len(later), 9)) < 0.6 * first).all()


def test_what_was_shown_at_no_rank_only_orders(ensemble):
    shown_nowhere = RankingDataset(shown(1).features, shown(1).relevance, shown(1).query_id, ("signal", "noise"))
    blended = Ensemble.fit(ensemble.rankers, shown_nowhere)
    assert not blended.tells_probability
    assert blended.outcomes.calibrations == {}
    assert blended.outcomes.dropped["click"] == "none is known of the validation set"


def test_outcomes_are_read_as_they_were_saved_and_a_bundle_without_them_still_loads(ensemble, tmp_path):
    ensemble.save(tmp_path)
    loaded, features = Ensemble.load(tmp_path), shown(6).features
    said, again = (e.outcomes.probability(e.rankers, features) for e in (ensemble, loaded))
    assert list(again) == ["click", "apply", "accept"]
    assert all(np.array_equal(said[head], again[head]) for head in said)
    assert Outcomes().probability(loaded.rankers, features) == {}


def test_a_head_with_too_few_positives_to_calibrate_is_dropped_and_says_so(ensemble):
    validation = shown(7, 2)
    outcomes = Outcomes.fit(ensemble.rankers, validation)
    positives = int((validation.outcomes["apply"] == 1).sum())
    assert outcomes.dropped["apply"] == f"{positives} positives validate it, 10 are the fewest"
    young = replace(validation, outcomes={"click": np.full(len(validation), NAN)})
    assert Outcomes.fit(ensemble.rankers, young).dropped["click"] == (
        "no row of the validation set is old enough to tell it"
    )


def test_weights_of_the_order_do_not_move_the_trees_of_an_outcome():
    # A query whose click was logged far down weighs more for the order: by that weight clicks would seem more likely.
    train = shown(0)
    clicked = np.maximum.reduceat(train.outcomes["click"], np.arange(0, len(train), LENGTH))[train.query_index]
    heavier = replace(train, weight=(1 + 9 * clicked).astype(np.float32))
    plain, weighted = (XGBoostRanker().fit(part, SMALL) for part in (train, heavier))
    rows = shown(2).features
    assert np.array_equal(plain.score_heads(rows)["click"], weighted.score_heads(rows)["click"])
