"""What is particular to the trees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost

from components.measures import ndcg_at_k
from components.ranking import XGBoostConfig, XGBoostRanker
from components.ranking.ranker import informative_queries
from components.training_sets import RankingDataset
from metier.errors import InputError
from tests.components.ranking.clicks_by_position import clicks_by_position, true_grades

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "lightgbm_lambdarank"


def queries_of_noise(n_queries, seed, names=("a", "b_v00", "c_v01")):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_queries * 8, len(names))).astype(np.float32)
    relevance = (features[:, 0] + rng.normal(size=len(features)) > 0.5).astype(np.float32)
    return RankingDataset(features, relevance, np.repeat(np.arange(n_queries), 8), names)


def test_validation_stops_the_fit_and_its_absence_does_not():
    train, config = queries_of_noise(40, 0), XGBoostConfig(trees=60, patience=5)
    alone = XGBoostRanker().fit(train, config)
    watched = XGBoostRanker().fit(train, config, validation=queries_of_noise(40, 1))
    assert repr(alone).startswith("XGBoostRanker(60 trees")
    assert int(repr(watched).split("(")[1].split()[0]) < 60


def test_validation_without_relevant_rows_is_no_validation():
    held_out = queries_of_noise(5, 1)
    empty = RankingDataset(held_out.features, np.zeros(40), held_out.query_id, held_out.feature_names)
    ranker = XGBoostRanker().fit(queries_of_noise(40, 0), XGBoostConfig(trees=7, patience=2), validation=empty)
    assert repr(ranker).startswith("XGBoostRanker(7 trees")


def test_text_vectors_are_read_only_when_asked():
    train = queries_of_noise(40, 0)
    moved = train.features + np.array([0, 5, 5], dtype=np.float32)
    without = XGBoostRanker().fit(train, XGBoostConfig(trees=10))
    reading = XGBoostRanker().fit(train, XGBoostConfig(trees=10, text_vectors=True))
    assert np.array_equal(without.score(moved), without.score(train.features))
    assert not np.array_equal(reading.score(moved), reading.score(train.features))


def test_text_vectors_are_read_where_there_is_nothing_else():
    train = queries_of_noise(40, 0, names=("a_v00", "b_v01"))
    assert np.ptp(XGBoostRanker().fit(train, XGBoostConfig(trees=3)).score(train.features)) > 0


def test_queries_without_a_pair_teach_nothing():
    train, config = queries_of_noise(40, 0), XGBoostConfig(trees=10)
    silent = queries_of_noise(10, 2)
    both = RankingDataset(
        np.concatenate([train.features, silent.features * 50]),
        np.concatenate([train.relevance, np.zeros(len(silent))]),
        np.concatenate([train.query_index, 100 + silent.query_index]),
        train.feature_names,
    )
    expected = XGBoostRanker().fit(train, config).score(train.features)
    assert np.array_equal(XGBoostRanker().fit(both, config).score(train.features), expected)


def test_the_defaults_hold_on_the_lambdarank_example():
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED}: the ranking example of LightGBM is not here")
    train = RankingDataset.from_svmlight(SHARED / "rank.train")
    test = RankingDataset.from_svmlight(SHARED / "rank.test", n_features=len(train.feature_names))
    ndcg = np.nanmean(ndcg_at_k(test.relevance, XGBoostRanker().fit(train).score(test.features), test.query_id, 10))
    assert ndcg > 0.72  # LightGBM .748, random .580


def test_the_gain_of_a_pair_is_divided_by_how_far_apart_its_scores_are():
    # The first tree sees equal scores and divides nothing; XGBoost goes on to divide unless it is told not to.
    train = queries_of_noise(40, 0).select_features(["a"])
    train = train.select_queries(informative_queries(train))
    rows = xgboost.QuantileDMatrix(train.features, train.relevance, qid=train.query_index, max_bin=256)
    parameters = XGBoostConfig().parameters()
    assert parameters["lambdarank_score_normalization"] is True
    for trees, alike in ((1, True), (2, False)):
        scores = [
            xgboost.train({**parameters, "lambdarank_score_normalization": divided}, rows, trees).predict(rows)
            for divided in (True, False)
        ]
        assert np.array_equal(*scores) == alike
        assert np.array_equal(XGBoostRanker().fit(train, XGBoostConfig(trees=trees)).score(train.features), scores[0])


def test_an_unbiased_fit_takes_less_for_granted_that_the_top_is_good():
    # What people like is `a` alone; `popular` is clicked since it was shown on top.
    train, held_out = clicks_by_position(600, 0), clicks_by_position(200, 1)
    truth, query = true_grades(held_out), held_out.query_index
    plain, unbiased = (
        XGBoostRanker().fit(train, XGBoostConfig(trees=30, leaves=4, unbiased=unbiased)) for unbiased in (False, True)
    )
    values = [np.nanmean(ndcg_at_k(truth, ranker.score(held_out.features), query, 10)) for ranker in (plain, unbiased)]
    assert values[1] > values[0] + 0.01


def test_an_unbiased_fit_reads_the_ranks_and_not_the_order_of_rows():
    train, config = clicks_by_position(50, 0), XGBoostConfig(trees=10, leaves=4, unbiased=True)
    upside_down = np.arange(len(train)).reshape(-1, 10)[:, ::-1].ravel()
    turned = RankingDataset(
        train.features[upside_down],
        train.relevance[upside_down],
        train.query_id,
        train.feature_names,
        rank=train.rank[upside_down],
    )
    assert turned.as_displayed().rank.tolist() == train.rank.tolist()
    expected = XGBoostRanker().fit(train, config).score(train.features)
    assert np.array_equal(XGBoostRanker().fit(turned, config).score(train.features), expected)
    with pytest.raises(InputError, match="has no ranks"):
        XGBoostRanker().fit(queries_of_noise(40, 0), config)


def test_the_first_trees_stop_nothing():
    train, config = queries_of_noise(40, 0), XGBoostConfig(trees=60, least_trees=30, patience=5)
    watched = XGBoostRanker().fit(train, config, validation=queries_of_noise(40, 1))
    assert 30 < int(repr(watched).split("(")[1].split()[0]) <= 60


@pytest.mark.parametrize("unbiased", [False, True])
def test_trees_that_are_watched_are_the_first_of_those_that_are_not(unbiased):
    # Also where position bias is estimated from tree to tree.
    train, held_out = clicks_by_position(60, 0), clicks_by_position(40, 1)
    config = XGBoostConfig(trees=40, leaves=4, least_trees=5, patience=40, unbiased=unbiased)
    watched = XGBoostRanker().fit(train, config, validation=held_out)
    first = int(repr(watched).split("(")[1].split()[0])
    assert first > 5  # the first that validation looks at is the sixth
    expected = XGBoostRanker().fit(train, replace(config, trees=first)).score(train.features)
    assert np.array_equal(watched.score(train.features), expected)
