"""Trees without XGBoost: every row ends in the leaf that XGBoost finds; scores and what explains them are equal."""

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ranking import XGBoostConfig, XGBoostRanker, artifact
from components.ranking.trees.boosting import as_json
from components.ranking.trees.graph import TreeGraph, graph_of
from components.ranking.trees.paths import LeafPaths
from components.training_sets import RankingDataset
from metier.errors import ArtifactError

NAMES = ("amount", "text_v00", "share", "code", "constant")
READ = np.array([0, 2, 3, 4])
"""Columns that trees read: all but the text vector's."""


def queries(seed, n_queries=40, absent=0.2):
    rng = np.random.default_rng(seed)
    n = 10 * n_queries
    columns = [rng.normal(size=n) * 1e4, rng.normal(size=n), rng.random(n), rng.integers(0, 5, n), np.full(n, 3.0)]
    features = np.column_stack(columns).astype(np.float32)
    relevance = np.digitize(features[:, 0] / 1e4 + features[:, 2] + (features[:, 3] == 2), [0.5, 1.5, 2.5])
    features[rng.random(features.shape) < absent] = np.nan
    return RankingDataset(features, relevance, np.repeat(np.arange(n_queries), 10), NAMES)


def fitted(seed, **config):
    return XGBoostRanker().fit(queries(seed), XGBoostConfig(**{"trees": 12, "leaves": 8, "seed": seed, **config}))


def booster_of(ranker, folder):
    ranker.save(folder)
    return xgboost.Booster({"nthread": 1}, model_file=folder / "model.ubj")


def at_the_splits(model, rng, n_rows=300):
    """Rows of values at a split, a float32 beside it, and absent ones: where routing could differ."""
    features = np.full((n_rows, len(NAMES)), np.nan, dtype=np.float32)
    splits = {column: [np.float32(0.0)] for column in READ}
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for left, feature, at in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True
        ):
            if left >= 0:
                splits[READ[feature]].append(np.float32(at))
    for column, values in splits.items():
        drawn = rng.choice(np.array(values), n_rows)
        beside = np.nextafter(drawn, rng.choice(np.array([-np.inf, np.inf], np.float32), n_rows))
        features[:, column] = np.where(rng.random(n_rows) < 0.5, drawn, beside)
    features[rng.random(features.shape) < 0.2] = np.nan
    return features


def only(model, tree, **changed):
    """The model with one of its trees, changed, and no base score."""
    learner = model["learner"]
    trees = {"gradient_booster": {"model": {"trees": [{**tree, **changed}]}}}
    return {"learner": {**learner, **trees, "learner_model_param": {"base_score": "0"}}}


@given(st.integers(0, 2**32 - 1), st.integers(2, 31), st.sampled_from([1e-6, 2.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_every_row_ends_in_the_leaf_that_xgboost_finds(tmp_path_factory, seed, leaves, min_child_weight):
    ranker = fitted(seed, leaves=leaves, min_child_weight=min_child_weight)
    booster = booster_of(ranker, tmp_path_factory.mktemp("ranker"))
    model = as_json(booster)
    rows = np.concatenate([at_the_splits(model, np.random.default_rng(seed)), queries(seed + 1, 5).features])
    expected = booster.predict(xgboost.DMatrix(rows[:, READ]), pred_leaf=True).reshape(len(rows), -1)
    for number, tree in enumerate(model["learner"]["gradient_booster"]["model"]["trees"]):
        # A leaf's value becomes its number in the tree.
        numbered = np.where(
            np.array(tree["left_children"]) < 0, np.arange(len(tree["left_children"])), tree["split_conditions"]
        )
        graph = TreeGraph(graph_of([only(model, tree, split_conditions=numbered.tolist())], READ, len(NAMES)))
        assert np.array_equal(graph.margins(rows), expected[:, number])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_scores_are_those_of_xgboost_bit_by_bit(tmp_path_factory, seed):
    ranker = fitted(seed, trees=60)
    rows = queries(seed + 1).features
    booster = booster_of(ranker, tmp_path_factory.mktemp("ranker"))
    assert np.array_equal(ranker.score(rows), booster.inplace_predict(rows[:, READ], predict_type="margin"))


@given(st.integers(0, 2**32 - 1), st.integers(2, 31))
@settings(max_examples=10, deadline=None)
def test_what_features_add_is_what_xgboost_says(tmp_path_factory, seed, leaves):
    ranker = fitted(seed, leaves=leaves)
    rows = queries(seed + 1, 5).features
    booster = booster_of(ranker, tmp_path_factory.mktemp("ranker"))
    expected = booster.predict(xgboost.DMatrix(rows[:, READ]), pred_contribs=True)
    added = ranker.contributions(rows)
    assert np.abs(added[:, READ] - expected[:, :-1]).max() < 1e-5
    assert not added[:, 1].any()
    assert np.abs(added.sum(axis=1) + expected[:, -1] - ranker.score(rows)).max() < 1e-4


def test_a_path_in_numbers():
    # One tree: amount < 1 gives 10, for 3 of 4 rows by curvature; all others, and absent amounts, give 30.
    tree = {
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
        "split_conditions": [1.0, 10.0, 30.0], "default_left": [0, 0, 0], "sum_hessian": [4.0, 3.0, 1.0],
    }  # fmt: skip
    model = {"learner": {
        "gradient_booster": {"model": {"trees": [tree]}}, "learner_model_param": {"base_score": "[5E-1]"},
    }}  # fmt: skip
    rows = np.array([[9, 0.0], [9, 1.0], [9, np.nan]], dtype=np.float32)
    assert TreeGraph(graph_of([model], np.array([1]), 2)).margins(rows).tolist() == [10.5, 30.5, 30.5]
    # The mean over the training rows is 15: amount takes 5 from it, or adds 15.
    assert LeafPaths.of(model, np.array([1])).contributions(rows).tolist() == [[0, -5], [0, 15], [0, 15]]


def test_trees_that_found_no_split_score_all_rows_alike(tmp_path):
    ranker = fitted(0, min_child_weight=1e9)
    rows = queries(1, 2).features
    expected = booster_of(ranker, tmp_path).inplace_predict(rows[:, READ], predict_type="margin")
    assert np.array_equal(ranker.score(rows), expected)
    assert not ranker.contributions(rows).any()


def test_a_ranker_that_was_saved_without_a_graph_still_loads(tmp_path):
    ranker, rows = fitted(0), queries(1).features
    ranker.save(tmp_path)
    saved = artifact.read(tmp_path, "xgboost")
    metadata = {name: value for name, value in saved.metadata.items() if name != "trees"}
    artifact.write(tmp_path, "xgboost", metadata, {"model.ubj": saved.files["model.ubj"]})
    loaded = XGBoostRanker.load(tmp_path)
    assert repr(loaded) == repr(ranker)
    assert np.array_equal(loaded.score(rows), ranker.score(rows))
    assert np.abs(loaded.contributions(rows) - ranker.contributions(rows)).max() < 1e-5
    artifact.write(tmp_path, "xgboost", metadata, {"model.ubj": b"no model"})
    with pytest.raises(ArtifactError, match="fit and save again"):
        XGBoostRanker.load(tmp_path)
