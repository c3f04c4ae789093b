from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.measures.off_policy import METHODS, estimate
from metier.errors import InputError, UnknownNameError, UnsupportedEstimate

BANDIT = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "open_bandit_small"

TIMES = 10
"""So often four rows: a log of four alone is refused."""
REWARD = np.array([1.0, 0.0, 1.0, 0.0] * TIMES)
PROPENSITY = np.array([0.5, 0.5, 0.25, 0.5] * TIMES)
TARGET = np.array([0.5, 0.25, 0.5, 0.5] * TIMES)  # weights 1, .5, 2, 1
N = len(REWARD)


def test_ips_is_the_mean_weighted_reward():
    assert estimate(REWARD, PROPENSITY, TARGET, method="ips").value == pytest.approx((1 + 2) / 4)


def test_snips_divides_by_the_weights():
    assert estimate(REWARD, PROPENSITY, TARGET, method="snips").value == pytest.approx((1 + 2) / 4.5)


def test_dr_corrects_the_reward_model_by_what_was_seen():
    # q = .5 everywhere, under the target .6: mean of .6 + w (r - .5) = .6 + (.5 - .25 + 1 - .5) / 4
    value = estimate(REWARD, PROPENSITY, TARGET, q_hat=np.full(N, 0.5), q_hat_target=np.full(N, 0.6), method="dr").value
    assert value == pytest.approx(0.6 + 0.75 / 4)


def test_clipping_caps_weights():
    # The weight 2 becomes 1: (1 + 1) / 4.
    assert estimate(REWARD, PROPENSITY, TARGET, clip=1).value == pytest.approx(0.5)


def test_effective_sample_size_is_kishs():
    # Of each four rows (1 + .5 + 2 + 1)^2 / (1 + .25 + 4 + 1) = 20.25 / 6.25
    assert estimate(REWARD, PROPENSITY, TARGET).effective_sample_size == pytest.approx(TIMES * 20.25 / 6.25)


@pytest.mark.parametrize("method", METHODS)
def test_the_logging_policy_is_worth_its_mean_reward(method):
    reward = np.random.default_rng(0).integers(0, 2, 300).astype(float)
    same = np.full(300, 0.1)
    model = {"q_hat": np.full(300, 0.4), "q_hat_target": np.full(300, 0.4)}
    found = estimate(reward, same, same, **model, method=method)
    assert found.value == pytest.approx(reward.mean())
    assert found.effective_sample_size == pytest.approx(300)
    assert found.low < found.value < found.high


def test_no_reward_at_all_leaves_the_rule_of_three():
    # 100 effective rows without reward: 1 - .025^(1/100) = .0362
    found = estimate(np.zeros(100), np.full(100, 0.5), np.full(100, 0.5))
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0.0362), abs=1e-4)


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(1)
    reward = np.repeat(rng.integers(0, 2, 60), 20).astype(float)
    ones = np.full(1200, 0.5)
    rows, actors = estimate(reward, ones, ones), estimate(reward, ones, ones, cluster=np.repeat(np.arange(60), 20))
    assert actors.high - actors.low > 3 * (rows.high - rows.low)
    assert actors.value == rows.value


def _shares(*rates):
    return np.array(rates), np.array([0.7, 0.2, 0.1])


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth_of_a_skewed_log(method):
    # Three actions shown 70/20/10, wanted 10/20/70; rates .02/.05/.10, so the truth is .002 + .01 + .07 = .082.
    rates, logging = _shares(0.02, 0.05, 0.10)
    target = logging[::-1]
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(40):
        action = rng.choice(3, 1000, p=logging)
        reward = (rng.random(1000) < rates[action]).astype(float)
        model = {"q_hat": np.full(1000, 0.06), "q_hat_target": np.full(1000, 0.06)}
        found = estimate(reward, logging[action], target[action], **model, method=method)
        covered += found.low <= 0.082 <= found.high
    assert covered >= 34  # 38 expected, error 1.4


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth_where_hardly_any_heavy_row_is_rewarded(method):
    # Of 50 actions each but the first is shown 1 time in 490 and wanted 1 in 50, weight 9.8; 1% of rows are clicked.
    logging = np.array([0.9, *[0.1 / 49] * 49])
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        action = rng.choice(50, 1000, p=logging)
        reward = (rng.random(1000) < 0.01).astype(float)
        model = {"q_hat": np.full(1000, 0.02), "q_hat_target": np.full(1000, 0.02)}
        found = estimate(reward, logging[action], np.full(1000, 0.02), **model, method=method)
        covered += found.low <= 0.01 <= found.high
    assert covered >= 53  # 57 expected, error 1.7


def test_twenty_actors_who_differ_give_intervals_of_twenty():
    # Half of the actors always click and half never: 20 coins, and no 2,000 rows.
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(60):
        reward = np.repeat(rng.integers(0, 2, 20), 100).astype(float)
        found = estimate(reward, np.full(2000, 0.5), np.full(2000, 0.5), cluster=np.repeat(np.arange(20), 100))
        covered += found.low <= 0.5 <= found.high
    assert covered >= 53


def test_rewards_that_are_all_the_same_leave_the_rule_of_three():
    # 100 of 100 clicked: 1 - .0362 is still a share that gives so many once in forty times.
    found = estimate(np.ones(100), np.full(100, 0.5), np.full(100, 0.5))
    assert (found.value, found.low, found.high) == pytest.approx((1, 1 - 0.0362, 1), abs=1e-4)


def test_bounds_stay_within_the_rewards():
    # Of 40 rows 12 earn .5: no mean of rewards up to .5 is above it.
    found = estimate([0.5] * 12 + [0.0] * 28, np.full(40, 0.02), np.full(40, 0.02), confidence=1 - 1e-9)
    assert found.value == pytest.approx(0.15)
    assert 0.4 < found.high <= 0.5


def test_rewards_may_be_losses():
    reward = np.array([-1.0, 1.0] * 50)
    found = estimate(reward, np.full(100, 0.5), np.full(100, 0.5))
    assert found.value == pytest.approx(0)
    assert found.high == pytest.approx(-found.low)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 0.9)), min_size=25, max_size=40))
def test_snips_stays_within_the_rewards_and_bounds_hold_the_value(coins):
    """Each coin was thrown twice and fell on either side, which the target wants so often and the rest of times."""
    first, second, wanted = np.array(coins).T
    reward, target = np.concatenate([first, second]), np.concatenate([wanted, 1 - wanted])
    for method in ("ips", "snips"):
        found = estimate(reward, np.full(len(reward), 0.5), target, method=method)
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert reward.min() - 1e-9 <= found.value <= reward.max() + 1e-9


@pytest.mark.parametrize(
    ("propensity", "target", "said"),
    [
        ([], [], "empty"),
        ([0.5, np.nan], [0.5, 0.5], "no propensity"),
        ([0.5, 0.0], [0.5, 0.5], "not in"),
        ([0.5, 1.5], [0.5, 0.5], "not in"),
        ([0.5, -0.1], [0.5, 0.0], "not in"),
        ([0.5, 0.5], [0.0, 0.0], "no logged action"),
        ([0.001, 1.0, 1.0, 1.0], [1.0, 0.01, 0.01, 0.01], "effective sample size"),
        ([0.5] * 200, [0.01] * 200, "covers about 2%"),
        ([1.0] * 1000, [1.0] * 600 + [0.0] * 400, "covers about 60%"),
        ([0.5], [1.0], "effective sample size 1.0 of 1 rows"),
        ([0.5] * 4, [0.5] * 4, "effective sample size 4.0 of 4 rows"),
    ],
)
def test_what_the_log_cannot_say_is_refused(propensity, target, said):
    with pytest.raises(UnsupportedEstimate, match=said):
        estimate(np.ones(len(propensity)), np.array(propensity), np.array(target))


def test_one_actor_is_no_interval():
    ones = np.full(5000, 0.5)
    with pytest.raises(UnsupportedEstimate, match="1 of the 20 clusters"):
        estimate(np.ones(5000), ones, ones, cluster=np.zeros(5000))


def test_a_callers_mistake_is_named():
    with pytest.raises(InputError, match="q_hat"):
        estimate(REWARD, PROPENSITY, TARGET, method="dr")
    with pytest.raises(UnknownNameError, match="ips, snips, dr"):
        estimate(REWARD, PROPENSITY, TARGET, method="direct")
    with pytest.raises(InputError, match="shape"):
        estimate(REWARD, PROPENSITY[:2], TARGET)
    with pytest.raises(InputError, match="immature"):
        estimate([np.nan, *REWARD[1:]], PROPENSITY, TARGET)
    with pytest.raises(InputError, match="clip"):
        estimate(REWARD, PROPENSITY, TARGET, clip=0)
    with pytest.raises(InputError, match="outside"):
        estimate(REWARD, PROPENSITY, TARGET * 4)
    with pytest.raises(InputError, match="clusters are null"):
        estimate(REWARD, PROPENSITY, TARGET, cluster=[None] * N)


@pytest.mark.skipif(not BANDIT.exists(), reason=f"public bandit log absent: {BANDIT}")
@pytest.mark.parametrize("method", ["ips", "snips"])
@pytest.mark.parametrize(
    ("campaign", "n_items", "reference", "effective", "truth"),
    [("all", 80, 0.0024, 340, 0.0038), ("men", 34, 0.0030, 655, 0.0046)],
)
def test_a_public_bandit_log_values_the_uniform_policy(campaign, n_items, reference, effective, truth, method):
    log = pd.read_csv(BANDIT / "bts" / campaign / f"{campaign}.csv", usecols=["click", "propensity_score"])
    uniform = np.full(len(log), 1 / n_items)
    found = estimate(log["click"], log["propensity_score"], uniform, method=method)
    assert found.value == pytest.approx(reference, abs=0.0002)
    assert found.effective_sample_size == pytest.approx(effective, abs=1)
    shown = pd.read_csv(BANDIT / "random" / campaign / f"{campaign}.csv", usecols=["click"])
    assert shown["click"].mean() == pytest.approx(truth)
    assert found.low <= truth <= found.high
