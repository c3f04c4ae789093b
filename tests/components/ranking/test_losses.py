"""The losses against arithmetic done by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ranking.losses import listwise_softmax, log_softmax_by_query, masked_binary_cross_entropy

NAN = math.nan


def test_listwise_softmax_of_two_queries_is_the_mean_of_their_cross_entropies():
    # Query 0: shares of exp(score) 1/4 and 3/4, all gain on the first: -ln(1/4).
    # Query 1: shares 1/2 and 1/2, gains 1 and 3: -(1/4 ln 1/2 + 3/4 ln 1/2) = ln 2.
    score = torch.tensor([0.0, math.log(3.0), 5.0, 5.0])
    gain = torch.tensor([1.0, 0.0, 1.0, 3.0])
    loss = listwise_softmax(score, gain, torch.tensor([0, 0, 1, 1]), torch.ones(2))
    assert loss.item() == pytest.approx((math.log(4) + math.log(2)) / 2, abs=1e-6)


def test_listwise_softmax_weighs_queries():
    score, gain = torch.tensor([0.0, math.log(3.0), 5.0, 5.0]), torch.tensor([1.0, 0.0, 1.0, 3.0])
    loss = listwise_softmax(score, gain, torch.tensor([0, 0, 1, 1]), torch.tensor([3.0, 1.0]))
    assert loss.item() == pytest.approx((3 * math.log(4) + math.log(2)) / 4, abs=1e-6)


def test_a_query_without_gain_carries_neither_loss_nor_gradient():
    score = torch.tensor([0.3, -0.2, 1.0, 2.0], requires_grad=True)
    loss = listwise_softmax(score, torch.tensor([0.0, 1.0, 0.0, 0.0]), torch.tensor([0, 0, 1, 1]), torch.ones(2))
    loss.backward()
    alone = listwise_softmax(score[:2], torch.tensor([0.0, 1.0]), torch.tensor([0, 0]), torch.ones(1))
    assert loss.item() == pytest.approx(alone.item(), abs=1e-6)
    assert score.grad.tolist()[2:] == [0.0, 0.0]
    assert all(abs(g) > 0.1 for g in score.grad.tolist()[:2])


def test_no_query_with_gain_is_a_zero_loss():
    loss = listwise_softmax(torch.tensor([1.0, 2.0]), torch.zeros(2), torch.tensor([0, 1]), torch.ones(2))
    assert loss.item() == 0.0


def test_shares_survive_scores_beyond_the_range_of_exp():
    shares = log_softmax_by_query(torch.tensor([1000.0, 1000.0, -1000.0]), torch.tensor([0, 0, 1]), 2)
    assert shares.tolist() == pytest.approx([-math.log(2), -math.log(2), 0.0], abs=1e-6)


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=8), st.floats(-50, 50, width=32))
@settings(max_examples=50, deadline=None)
def test_shares_sum_to_one_and_ignore_a_shift_of_the_query(scores, shift):
    query = torch.zeros(len(scores), dtype=torch.long)
    plain = log_softmax_by_query(torch.tensor(scores), query, 1)
    shifted = log_softmax_by_query(torch.tensor(scores) + shift, query, 1)
    assert plain.exp().sum().item() == pytest.approx(1.0, abs=1e-5)
    assert torch.allclose(plain, shifted, atol=1e-4)


def test_unknown_outcomes_carry_neither_loss_nor_gradient():
    # Head 0 knows rows 0 and 1: -(ln 1/2 + ln 3/4) / 2. Head 1 knows nothing and counts zero. Their mean halves it.
    logit = torch.tensor([[0.0, 1.0], [-math.log(3.0), 2.0], [7.0, 3.0]], requires_grad=True)
    outcome = torch.tensor([[1.0, NAN], [0.0, NAN], [NAN, NAN]])
    loss = masked_binary_cross_entropy(logit, outcome)
    loss.backward()
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 4, abs=1e-6)
    assert logit.grad[2].tolist() == [0.0, 0.0]
    assert logit.grad[:, 1].tolist() == [0.0, 0.0, 0.0]
    # d/dlogit = (sigmoid - outcome) / 2 known rows / 2 heads
    assert logit.grad[:2, 0].tolist() == pytest.approx([-0.5 / 4, 0.25 / 4], abs=1e-6)
