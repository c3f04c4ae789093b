"""The blend: its weights, its calibration, its directory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.measures import ndcg_at_k
from components.ranking import Ensemble, ExternalRanker, XGBoostConfig, XGBoostRanker
from components.ranking.blending.weights import blend_weights, simplex_points
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, FeatureMismatchError, RankerError

NAMES = ("left", "right", "noise")


def two_halves(n_queries=200, seed=0):
    """Relevance needs `left` and `right` alike; each is in other units, and `noise` says nothing."""
    rng = np.random.default_rng(seed)
    left, right, noise = rng.normal(size=(3, n_queries * 10))
    utility = left + right + 0.3 * rng.normal(size=len(left))
    features = np.column_stack([left, 1000 * right + 5, noise]).astype(np.float32)
    queries = np.repeat(np.arange(n_queries), 10)
    return RankingDataset(features, np.digitize(utility, [0.5, 1.5, 2.5]), queries, NAMES)


def columns(dataset, *names):
    return {name: ExternalRanker(score_column=name).fit(dataset) for name in names}


def mean_ndcg(dataset, score):
    return float(np.nanmean(ndcg_at_k(dataset.relevance, score, dataset.query_id, 10)))


def test_two_halves_of_the_truth_share_the_weight_and_beat_either():
    ensemble = Ensemble.fit(columns(two_halves(), "left", "right"), two_halves())
    held_out = two_halves(seed=1)
    singles = [mean_ndcg(held_out, ranker.score(held_out.features)) for ranker in ensemble.rankers.values()]
    assert ensemble.weights["left"] == pytest.approx(0.5, abs=0.1)
    assert sum(ensemble.weights.values()) == pytest.approx(1.0)
    assert mean_ndcg(held_out, ensemble.score(held_out.features)) > max(singles) + 0.05


def test_a_ranker_that_says_nothing_gets_no_weight():
    dataset = two_halves()
    truth = RankingDataset(
        np.column_stack([dataset.relevance, dataset.features[:, 2]]),
        dataset.relevance,
        dataset.query_id,
        ("truth", "noise"),
    )
    ensemble = Ensemble.fit(columns(truth, "truth", "noise"), truth)
    assert ensemble.weights == {"truth": 1.0, "noise": 0.0}


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_weights_lie_on_the_simplex_and_a_repeated_ranker_changes_nothing(seed, n_rankers):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(120, n_rankers))
    relevance, queries = rng.integers(0, 3, 120), np.repeat(np.arange(12), 10)
    weights = blend_weights(scores, relevance, queries)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    same = blend_weights(np.repeat(scores[:, :1], 3, axis=1), relevance, queries)
    assert np.array_equal(np.sort(same), [0.0, 0.0, 1.0])


def test_few_queries_give_the_weight_to_the_best_single_ranker():
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert blend_weights(scores, [1, 0, 2, 0], [0, 0, 1, 1]).tolist() == [1.0, 0.0]


def test_without_a_relevant_row_the_weights_are_even():
    assert blend_weights(np.eye(4)[:, :2], [0, 0, 0, 0], [0, 0, 1, 1]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("n_rankers", "n_points"), [(2, 21), (3, 66), (4, 286)])
def test_the_grid_covers_the_simplex_once(n_rankers, n_points):
    points = simplex_points(n_rankers, np.random.default_rng(0))
    assert np.array_equal(points[:n_rankers], np.eye(n_rankers))
    assert len(np.unique(points, axis=0)) == len(points) == n_points
    assert np.allclose(points.sum(axis=1), 1.0)


def test_many_rankers_are_tried_at_random_points():
    points = simplex_points(7, np.random.default_rng(0))
    assert np.array_equal(points[:7], np.eye(7))
    assert np.allclose(points.sum(axis=1), 1.0)


def test_the_score_is_a_probability_that_matches_how_often_candidates_are_relevant():
    ensemble = Ensemble.fit(columns(two_halves(600), "left", "right"), two_halves(600))
    held_out = two_halves(600, seed=1)
    score, relevant = ensemble.score(held_out.features), held_out.relevance > 0
    for rows in np.array_split(np.argsort(score), 5):
        assert score[rows].mean() == pytest.approx(relevant[rows].mean(), abs=0.04)


def test_the_score_keeps_the_order_of_the_blend():
    ensemble, held_out = Ensemble.fit(columns(two_halves(), "left", "right"), two_halves()), two_halves(seed=1)
    by_blend = np.argsort(ensemble.blend(held_out.features), kind="stable")
    assert (np.diff(ensemble.score(held_out.features)[by_blend]) >= 0).all()


def test_a_score_does_not_depend_on_the_other_rows_of_its_batch():
    ensemble, features = Ensemble.fit(columns(two_halves(), "left", "right"), two_halves()), two_halves(seed=1).features
    assert np.array_equal(ensemble.score(features[5:6]), ensemble.score(features)[5:6])
    assert ensemble.score(features[:0]).shape == (0,)


def test_a_sequence_is_named_by_kind():
    dataset = two_halves(30)
    ensemble = Ensemble.fit([ExternalRanker(score_column=name).fit(dataset) for name in ("left", "right")], dataset)
    assert list(ensemble.weights) == ["external", "external_2"]


def test_saved_and_loaded_it_gives_the_same_scores(tmp_path):
    train, validation = two_halves(40), two_halves(60, seed=2)
    trees = XGBoostRanker().fit(train, XGBoostConfig(trees=10))
    ensemble = Ensemble.fit({"trees": trees, **columns(train, "left")}, validation)
    ensemble.save(tmp_path)
    loaded = Ensemble.load(tmp_path)
    assert np.array_equal(loaded.score(validation.features), ensemble.score(validation.features))
    assert loaded.weights == ensemble.weights
    assert loaded.feature_names == NAMES
    assert sorted(p.name for p in tmp_path.iterdir()) == ["left", "manifest.json", "trees"]


def test_a_ranker_swapped_for_another_is_noticed(tmp_path):
    dataset = two_halves(30)
    Ensemble.fit(columns(dataset, "left", "right"), dataset).save(tmp_path)
    columns(dataset, "noise")["noise"].save(tmp_path / "left")
    with pytest.raises(ArtifactError, match=r"left/manifest\.json differs"):
        Ensemble.load(tmp_path)


def test_rankers_of_other_features_no_rankers_and_odd_names_are_refused():
    dataset = two_halves(30)
    with pytest.raises(FeatureMismatchError):
        Ensemble.fit(columns(dataset, "left"), dataset.select_features(("left", "noise", "right")))
    with pytest.raises(RankerError, match="one ranker or more"):
        Ensemble.fit({}, dataset)
    with pytest.raises(RankerError, match="becomes a directory"):
        Ensemble.fit({"../left": columns(dataset, "left")["left"]}, dataset)
