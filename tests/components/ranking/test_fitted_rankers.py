"""What holds of every ranker that is fitted: learning, order, guards at the border, saving."""

import numpy as np
import pytest

from components.measures import ndcg_at_k
from components.ranking import NeuralConfig, NeuralRanker, XGBoostConfig, XGBoostRanker
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, EmptyDataError, FeatureMismatchError, RankerError

CLASSES = {"xgboost": XGBoostRanker, "neural": NeuralRanker}
CONFIGS = {
    "xgboost": XGBoostConfig(trees=20, leaves=7),
    "neural": NeuralConfig(hidden=(16,), cross_rank=4, epochs=6, networks=2, learning_rate=1e-2, dropout=0.1),
}
KINDS = tuple(CLASSES)


def marketplace(n_queries=60, per_query=10, seed=0, **columns):
    """Relevance follows `signal` and its product with `context`; the other columns say nothing."""
    rng = np.random.default_rng(seed)
    n = n_queries * per_query
    context = np.repeat(rng.normal(size=n_queries), per_query)
    signal, noise = rng.normal(size=(2, n))
    utility = 1.5 * signal + signal * context + 0.3 * rng.normal(size=n)
    relevance = np.digitize(utility, [0.5, 1.5, 2.5, 4.0])
    level = rng.integers(0, 4, n)
    features = {
        "signal": signal,
        "context": context * 1e6,
        "noise": np.where(rng.random(n) < 0.3, np.nan, noise),
        "constant": np.full(n, 3.0),
        "absent": np.full(n, np.nan),
        "level_code": level,
        "text_v00": rng.normal(size=n),
        "text_v01": rng.normal(size=n),
    }
    matrix = np.column_stack(list(features.values())).astype(np.float32)
    queries = np.repeat(np.arange(n_queries), per_query)
    return RankingDataset(matrix, relevance, queries, tuple(features), **columns)


@pytest.fixture(scope="module")
def fitted():
    return {kind: CLASSES[kind]().fit(marketplace(), CONFIGS[kind]) for kind in KINDS}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def ranker(fitted, kind):
    return fitted[kind]


def mean_ndcg(dataset, score):
    return float(np.nanmean(ndcg_at_k(dataset.relevance, score, dataset.query_id, 10)))


def test_it_orders_new_queries_far_better_than_chance(ranker):
    held_out = marketplace(seed=1)
    chance = mean_ndcg(held_out, np.random.default_rng(0).random(len(held_out)))
    assert mean_ndcg(held_out, ranker.score(held_out.features)) > chance + 0.15


def test_scores_are_float32_one_a_row_and_none_for_no_rows(ranker):
    features = marketplace(n_queries=2).features
    assert ranker.score(features).dtype == np.float32
    assert ranker.score(features).shape == (20,)
    assert ranker.score(features[:0]).shape == (0,)


def test_a_score_does_not_depend_on_the_other_rows_of_its_batch(ranker):
    features = marketplace(seed=2).features
    together = ranker.score(features)
    shuffled = np.random.default_rng(3).permutation(len(features))
    assert np.abs(ranker.score(features[shuffled]) - together[shuffled]).max() < 1e-5
    alone = np.concatenate([ranker.score(features[i : i + 1]) for i in range(40)])
    assert np.abs(alone - together[:40]).max() < 1e-5


def test_saved_and_loaded_it_gives_the_same_scores(ranker, tmp_path):
    ranker.save(tmp_path)
    loaded = type(ranker).load(tmp_path)
    features = marketplace(seed=4).features
    assert np.array_equal(loaded.score(features), ranker.score(features))
    assert loaded.feature_names == ranker.feature_names
    assert repr(loaded) == repr(ranker)
    assert not list(tmp_path.glob("*.pkl"))


def test_the_same_seed_gives_the_same_ranker(kind):
    train, features = marketplace(n_queries=30), marketplace(seed=5).features
    first, second = (CLASSES[kind]().fit(train, CONFIGS[kind]).score(features) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_file_of_random_bytes_under_a_fitting_manifest_is_refused(ranker, tmp_path):
    from components.ranking import artifact

    ranker.save(tmp_path)
    saved = artifact.read(tmp_path, ranker.kind)
    garbage = {name: bytes(range(256)) for name in saved.files}
    artifact.write(tmp_path, ranker.kind, saved.metadata, garbage)
    with pytest.raises(ArtifactError, match="fit and save again"):
        type(ranker).load(tmp_path)


def test_an_absent_value_is_not_an_error_anywhere(ranker):
    features = np.full((3, len(ranker.feature_names)), np.nan, dtype=np.float32)
    assert np.isfinite(ranker.score(features)).all()


def test_codes_never_seen_and_values_far_outside_give_finite_scores(ranker):
    features = marketplace(n_queries=1).features.copy()
    features[:, ranker.feature_names.index("level_code")] = [5, 1023, 1024, -1, 1e9, 0.5, np.nan, 3, 2, 1]
    features[:, ranker.feature_names.index("signal")] = 3e38
    assert np.isfinite(ranker.score(features)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.astype(np.float64), "float64; give a numpy array of float32"),
        (lambda x: x.tolist(), "list; give a numpy array"),
        (lambda x: x[:, :-1], "the fit had 8 columns"),
        (lambda x: x[0], "the fit had 8 columns"),
        (lambda x: np.where(x == 3.0, np.float32(np.inf), x), "'constant' is infinite"),
    ],
)
def test_a_matrix_that_is_not_like_the_fit_is_refused(ranker, change, message):
    with pytest.raises(FeatureMismatchError, match=message):
        ranker.score(change(marketplace(n_queries=1).features))


def test_names_are_compared_where_given(ranker):
    features, names = marketplace(n_queries=1).features, ranker.feature_names
    assert np.array_equal(ranker.score(features, names), ranker.score(features))
    swapped = (names[1], names[0], *names[2:])
    with pytest.raises(FeatureMismatchError, match="column 0 is 'context', in the fit it was 'signal'"):
        ranker.score(features, swapped)
    with pytest.raises(FeatureMismatchError, match="'signal' of the fit is absent"):
        ranker.score(features, ("other", *names[1:]))


def test_validation_with_other_features_is_refused(kind):
    other = marketplace(n_queries=3).select_features(["context", "signal"])
    with pytest.raises(FeatureMismatchError):
        CLASSES[kind]().fit(marketplace(n_queries=3), CONFIGS[kind], validation=other)


def test_before_the_fit_there_is_no_score_and_nothing_to_save(kind, tmp_path):
    with pytest.raises(RankerError, match="call fit or load first"):
        CLASSES[kind]().score(np.zeros((1, 1), dtype=np.float32))
    with pytest.raises(RankerError, match="call fit or load first"):
        CLASSES[kind]().save(tmp_path)


@pytest.mark.parametrize("relevance", [32.0, 0.5])
def test_a_relevance_that_is_no_grade_is_refused(kind, relevance):
    features, names = np.arange(4, dtype=np.float32).reshape(4, 1), ("a",)
    dataset = RankingDataset(features, [0, relevance, 0, 1], [0, 0, 1, 1], names)
    with pytest.raises(RankerError, match=f"relevance {relevance:g} is no grade"):
        CLASSES[kind]().fit(dataset)


def test_data_that_cannot_teach_an_order_is_refused(kind):
    flat = RankingDataset(np.arange(4, dtype=np.float32).reshape(4, 1), [1, 1, 0, 0], [0, 0, 1, 1], ("a",))
    with pytest.raises(EmptyDataError, match="no order can be learned"):
        CLASSES[kind]().fit(flat)
    constant = RankingDataset(np.ones((4, 1), dtype=np.float32), [1, 0, 0, 1], [0, 0, 1, 1], ("a",))
    with pytest.raises(EmptyDataError, match="none of the 1 features varies"):
        CLASSES[kind]().fit(constant)


def test_few_queries_single_rows_and_high_grades_are_no_obstacle(kind):
    rng = np.random.default_rng(0)
    sizes = [1, 4, 1, 5, 2]
    features = rng.normal(size=(13, 3)).astype(np.float32) * np.float32(1e30)
    dataset = RankingDataset(features, rng.integers(0, 32, 13), np.repeat(list("abcde"), sizes), ("x", "y", "z"))
    assert np.isfinite(CLASSES[kind]().fit(dataset, CONFIGS[kind]).score(features)).all()


def test_queries_weigh_what_their_rows_weigh(kind):
    # Half of the queries say "more is better", half the opposite; the heavier half decides.
    rng = np.random.default_rng(0)
    value = rng.normal(size=800).astype(np.float32)
    queries = np.repeat(np.arange(80), 10)
    upwards = queries % 2 == 0
    relevance = np.where(upwards, value > 0, value < 0).astype(np.float32)
    for heavier in (True, False):
        weight = np.where(upwards == heavier, 9.0, 1.0)
        dataset = RankingDataset(value[:, None], relevance, queries, ("value",), weight=weight)
        low, high = CLASSES[kind]().fit(dataset, CONFIGS[kind]).score(np.array([[-1.0], [1.0]], dtype=np.float32))
        assert (high > low) == heavier
