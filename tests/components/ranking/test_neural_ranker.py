"""What is particular to the network: its inputs, its heads, and serving without torch."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from components.ranking import NeuralConfig, NeuralRanker
from components.ranking.neural_inputs import CODES, fit_inputs
from components.ranking.neural_network import Inputs
from components.training_sets import RankingDataset

SMALL = NeuralConfig(hidden=(16,), cross_rank=4, epochs=6, networks=2, rarest_code=2, learning_rate=5e-3, dropout=0.1)
NAN = np.nan


def column(values):
    return np.asarray(values, dtype=np.float32)[:, None]


def ranks(train, values):
    """Standardised ranks of `values` in a column learned from `train`."""
    dense, _ = Inputs(fit_inputs(column(train), ("x",), 1, 0))(torch.from_numpy(column(values)))
    return dense[:, 0].numpy()


def test_a_numeric_feature_becomes_its_standardised_rank():
    values = np.arange(1001.0)
    found = ranks(values, values)
    assert found == pytest.approx((values / 1000 - 0.5) / (values / 1000).std(), abs=2e-3)


def test_ranks_ignore_the_scale_and_flatten_outliers():
    values = np.arange(1001.0)
    assert ranks(np.exp(values / 20), np.exp(values / 20)) == pytest.approx(ranks(values, values), abs=0.15)
    assert ranks(values, [-1e30, 1e30]) == pytest.approx(ranks(values, [0.0, 1000.0]))
    assert ranks(values * 1e35, values * 1e35) == pytest.approx(ranks(values, values), abs=1e-3)


def test_ranks_never_fall():
    values = np.sort(np.random.default_rng(0).choice([0.0, 0.0, 0.0, 1.0, 2.5, 7.0, -3.0], 500) ** 3)
    between = np.linspace(-40, 400, 2000)
    assert (np.diff(ranks(values, between)) >= 0).all()
    assert len(np.unique(ranks(values, [-27.0, 0.0, 1.0, 343.0]))) == 4


def test_a_flag_that_is_almost_always_zero_still_tells():
    zero, one = ranks([0.0] * 999 + [1.0], [0.0, 1.0])
    assert abs(zero) < 0.1
    assert one == 5.0  # thirty deviations out, held at five


def test_a_column_has_the_same_ranks_alone_and_beside_others():
    """Flags, columns of few values and the others are computed apart; the dense inputs are ordered alike."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=500), rng.integers(0, 3, 500), rng.integers(0, 2, 500)]
    features = np.column_stack(columns).astype(np.float32)
    features[rng.random(features.shape) < 0.2] = NAN
    together, _ = Inputs(fit_inputs(features, ("many", "few", "flag"), 1, 0))(torch.from_numpy(features))
    for position, name in enumerate((2, 1, 0)):
        alone = ranks(features[:, name], features[:, name])
        assert np.array_equal(together[:, position].numpy(), alone)


def test_missing_is_the_mean_and_is_marked():
    train = column([1.0, 2.0, NAN, 4.0])
    dense, _ = Inputs(fit_inputs(train, ("x",), 1, 0))(torch.from_numpy(column([NAN, 2.0])))
    assert dense[0].tolist() == [0.0, 1.0]
    assert dense[1].tolist()[1] == 0.0


def test_rare_unseen_and_impossible_codes_share_the_row_of_the_unknown():
    train = column([7] * 5 + [8] * 5 + [9] + [0] * 3)
    transform = fit_inputs(train, ("city_code",), 2, 0)
    asked = column([7, 8, 9, 10, 0, -1, CODES, 1e9, NAN])
    _, rows = Inputs(transform)(torch.from_numpy(asked))
    assert rows[:, 0].tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0]
    assert transform.table_rows == 3


def test_columns_that_never_vary_are_left_out():
    features = np.column_stack([np.ones(9), np.full(9, NAN), np.arange(9)]).astype(np.float32)
    transform = fit_inputs(features, ("one", "none", "some"), 1, 0)
    assert transform.numeric.tolist() == [2]
    assert transform.missing.tolist() == []


def world(seed=0, n_queries=80):
    """Relevance, and the outcome `accept` where known, both follow `signal`; `unknown` and `certain` teach nothing."""
    rng = np.random.default_rng(seed)
    n = n_queries * 10
    signal, other = rng.normal(size=(2, n))
    relevance = (signal + 0.5 * rng.normal(size=n) > 0.8).astype(np.float32)
    accept = (signal + 0.5 * rng.normal(size=n) > 0).astype(np.float32)
    outcomes = {
        "accept": np.where(rng.random(n) < 0.5, accept, NAN),
        "certain": np.ones(n),
        "unknown": np.full(n, NAN),
    }
    features = np.column_stack([signal, other]).astype(np.float32)
    return RankingDataset(
        features, relevance, np.repeat(np.arange(n_queries), 10), ("signal", "other"), outcomes=outcomes
    )


@pytest.fixture(scope="module")
def with_heads():
    return NeuralRanker().fit(world(), SMALL)


def test_a_head_is_a_probability_that_follows_its_outcome(with_heads):
    probability = with_heads.score_heads(np.array([[-2, 0], [0, 0], [2, 0]], dtype=np.float32))["accept"]
    assert probability[0] < probability[1] < probability[2]
    assert probability[0] < 0.35
    assert probability[2] > 0.65


def test_heads_without_both_outcomes_are_dropped(with_heads):
    assert with_heads.heads == ("accept",)
    assert list(with_heads.score_heads(world().features)) == ["accept"]


def test_heads_survive_saving(with_heads, tmp_path):
    with_heads.save(tmp_path)
    features = world(seed=1).features
    loaded = NeuralRanker.load(tmp_path)
    assert np.array_equal(loaded.score_heads(features)["accept"], with_heads.score_heads(features)["accept"])


def test_without_outcomes_there_are_no_heads():
    plain = world(n_queries=10)
    ranker = NeuralRanker().fit(
        RankingDataset(plain.features, plain.relevance, plain.query_id, plain.feature_names), SMALL
    )
    assert ranker.score_heads(plain.features) == {}


def test_unknown_outcomes_change_no_weight():
    """A data set whose only outcome is known nowhere trains exactly the ranker of a data set without outcomes."""
    base = world(n_queries=30)
    silent = {"accept": np.full(len(base), NAN)}
    parts = (base.features, base.relevance, base.query_id, base.feature_names)
    without, masked = (NeuralRanker().fit(RankingDataset(*parts, outcomes=o), SMALL) for o in (None, silent))
    assert np.array_equal(without.score(base.features), masked.score(base.features))


def test_the_saved_weights_are_those_of_the_graph(with_heads, tmp_path):
    import safetensors.numpy

    with_heads.save(tmp_path)
    weights = safetensors.numpy.load((tmp_path / "network.safetensors").read_bytes())
    assert weights["networks.1.score.weight"].shape[0] == 1
    assert weights["scale"].shape == (2,)


def test_validation_chooses_the_epoch():
    ranker = NeuralRanker().fit(world(), SMALL, validation=world(seed=3))
    assert len(ranker._record["validation_ndcg_at_10"]) == SMALL.epochs
    curve = ranker._record["validation_ndcg_at_10"]
    assert curve[ranker._record["epoch"] - 1] == max(curve)


def test_many_rows_are_visited_within_the_budget():
    ranker = NeuralRanker().fit(world(), NeuralConfig(hidden=(8,), networks=1, epochs=6, row_visits=1600))
    assert len(ranker._record["validation_ndcg_at_10"]) == 2


def test_loading_and_scoring_import_no_torch(with_heads, tmp_path):
    with_heads.save(tmp_path)
    features = world(seed=1).features[:3]
    program = (
        "import json, sys, numpy as np\n"
        "from components.ranking.ensemble import Ensemble\n"
        "from components.ranking.neural_ranker import NeuralRanker\n"
        "ranker = NeuralRanker.load(sys.argv[1])\n"
        "rows = np.array(json.loads(sys.argv[2]), dtype=np.float32)\n"
        "print(json.dumps([ranker.score(rows).tolist(), ranker.score_heads(rows)['accept'].tolist(),"
        " sorted({'torch', 'kfp', 'great_expectations'} & set(sys.modules))]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), json.dumps(features.tolist())],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    scores, accepts, heavy = json.loads(done.stdout)
    assert heavy == []
    assert scores == pytest.approx(with_heads.score(features).tolist(), abs=1e-6)
    assert accepts == pytest.approx(with_heads.score_heads(features)["accept"].tolist(), abs=1e-6)
