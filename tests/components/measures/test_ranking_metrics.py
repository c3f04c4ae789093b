from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.measures import hit_rate_at_k, mrr, ndcg_at_k, recall_at_k
from components.measures.ranking_metrics import weighted_dcg_at_k
from metier.errors import InputError

METRICS = [ndcg_at_k, mrr, recall_at_k, hit_rate_at_k]

queries = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), min_size=1, max_size=8), min_size=1, max_size=5
)


def _rows(drawn):
    relevance = np.array([float(r) for query in drawn for r, _ in query])
    score = np.array([float(s) for query in drawn for _, s in query])
    return relevance, score, np.repeat(np.arange(len(drawn)), [len(query) for query in drawn])


def _plain(metric, ranked, k):
    """The metric of one untied ranking, by its definition."""
    first = [place for place, relevance in enumerate(ranked[:k], 1) if relevance > 0]
    if metric is ndcg_at_k:
        dcg = sum((2**r - 1) / log2(1 + place) for place, r in enumerate(ranked[:k], 1))
        return dcg / sum((2**r - 1) / log2(1 + place) for place, r in enumerate(sorted(ranked)[::-1][:k], 1))
    if metric is mrr:
        return 1 / first[0] if first else 0.0
    if metric is recall_at_k:
        return len(first) / sum(r > 0 for r in ranked)
    return float(bool(first))


def _brute_force(metric, relevance, score, k):
    """Mean over every order that the scores allow."""
    orders = [
        order for order in permutations(range(len(score))) if all(score[a] >= score[b] for a, b in pairwise(order))
    ]
    return np.mean([_plain(metric, [relevance[i] for i in order], k) for order in orders])


def test_ndcg_of_a_hand_ranked_slate():
    # Ranked: grade 0, 2, 1. DCG = 3/log2(3) + 1/log2(4); ideal: 3/log2(2) + 1/log2(3).
    expected = (3 / log2(3) + 1 / 2) / (3 + 1 / log2(3))
    assert ndcg_at_k([1, 0, 2], [0.1, 0.9, 0.5], ["q"] * 3, 10) == pytest.approx([expected])


def test_ndcg_cuts_ranking_and_ideal_at_k():
    # Only rank 1 counts: gain 1 found, gain 2^2 - 1 = 3 possible.
    assert ndcg_at_k([1, 2], [0.9, 0.1], [7, 7], 1) == pytest.approx([1 / 3])


def test_mrr_is_zero_when_the_first_relevant_candidate_ranks_below_k():
    assert mrr([0, 0, 1], [3, 2, 1], [0, 0, 0]) == pytest.approx([1 / 3])
    assert mrr([0, 0, 1], [3, 2, 1], [0, 0, 0], k=2) == pytest.approx([0])


def test_recall_counts_relevant_candidates_above_k():
    assert recall_at_k([1, 0, 4, 1], [4, 3, 2, 1], [0] * 4, 3) == pytest.approx([2 / 3])


def test_ties_share_the_mean_discount_of_their_ranks():
    # Ranks 1 and 2 are tied: (1 + 1/log2(3)) / 2 of the ideal 1.
    assert ndcg_at_k([1, 0], [5, 5], [0, 0], 10) == pytest.approx([(1 + 1 / log2(3)) / 2])


def test_hit_rate_of_ties_is_the_chance_of_a_hit():
    # 5 tied, 2 relevant, 2 places: 1 - C(3,2)/C(5,2) = 1 - 3/10.
    assert hit_rate_at_k([1, 1, 0, 0, 0], [1] * 5, [0] * 5, 2) == pytest.approx([0.7])


@pytest.mark.parametrize("metric", METRICS)
def test_a_query_without_relevant_candidate_is_undefined(metric):
    values = metric([0, 0, 1], [1, 2, 3], ["none", "none", "some"], 5)
    assert np.isnan(values[0])
    assert values[1] == 1


@pytest.mark.parametrize("metric", METRICS)
def test_queries_come_in_order_of_first_appearance_though_rows_are_mixed(metric):
    values = metric([0, 1, 1, 0], [1, 2, 1, 2], ["b", "b", "a", "a"], 1)
    mixed = metric([0, 1, 1, 0], [1, 1, 2, 2], ["b", "a", "b", "a"], 1)
    assert values.tolist() == mixed.tolist() == [1, 0]


@pytest.mark.parametrize("metric", METRICS)
def test_rows_of_unknown_relevance_are_left_out(metric):
    assert metric([np.nan, 1, np.nan], [9, 1, 0], ["q", "q", "unknown"], 1)[0] == 1
    assert np.isnan(metric([np.nan, 1, np.nan], [9, 1, 0], ["q", "q", "unknown"], 1)[1])


@pytest.mark.parametrize("metric", METRICS)
def test_no_rows_give_no_values(metric):
    assert metric([], [], [], 3).shape == (0,)


@pytest.mark.parametrize(
    ("relevance", "score", "query_id", "k", "said"),
    [
        ([1], [np.nan], [0], 1, "NaN"),
        ([-1], [1], [0], 1, "relevance"),
        ([1, 0], [1], [0], 1, "shapes"),
        ([1], [1], [0], 0, "k is 0"),
        ([1], [1], [None], 1, "null"),
    ],
)
@pytest.mark.parametrize("metric", METRICS)
def test_what_cannot_be_measured_is_refused(metric, relevance, score, query_id, k, said):
    with pytest.raises(InputError, match=said):
        metric(relevance, score, np.array(query_id, dtype=object), k)


def test_weights_multiply_the_gain():
    # Gains 1 and 2, logged the wrong way round; the ideal has the heavier first.
    gained, ideal = weighted_dcg_at_k([1, 1], [2, 1], [0, 0], [1, 2], 5)
    assert gained == pytest.approx([1 + 2 / log2(3)])
    assert ideal == pytest.approx([2 + 1 / log2(3)])


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=6),
    k=st.integers(1, 7),
)
def test_ties_equal_the_mean_over_every_order(metric, drawn, k):
    relevance, score = [r for r, _ in drawn], [s for _, s in drawn]
    value = metric(relevance, score, [0] * len(drawn), k)[0]
    if any(relevance):
        assert value == pytest.approx(_brute_force(metric, relevance, score, k))
    else:
        assert np.isnan(value)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=60, deadline=None)
@given(drawn=queries, k=st.integers(1, 9), data=st.data())
def test_the_order_of_rows_changes_nothing(metric, drawn, k, data):
    relevance, score, query_id = _rows(drawn)
    order = np.array(data.draw(st.permutations(range(len(score)))))
    by_row = metric(relevance[order], score[order], query_id[order], k)
    shuffled = dict(zip(dict.fromkeys(query_id[order]), by_row, strict=True))
    value = metric(relevance, score, query_id, k)
    np.testing.assert_allclose([shuffled[query] for query in range(len(drawn))], value, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=60, deadline=None)
@given(drawn=queries, k=st.integers(1, 9))
def test_only_the_order_of_scores_matters(metric, drawn, k):
    relevance, score, query_id = _rows(drawn)
    assert np.array_equal(
        metric(relevance, score, query_id, k), metric(relevance, np.exp(3 * score) - 5, query_id, k), equal_nan=True
    )


@settings(max_examples=60, deadline=None)
@given(drawn=queries, k=st.integers(1, 9))
def test_an_oracle_reaches_one_and_nobody_passes_it(drawn, k):
    relevance, score, query_id = _rows(drawn)
    best, own = ndcg_at_k(relevance, relevance, query_id, k), ndcg_at_k(relevance, score, query_id, k)
    assert np.allclose(best[~np.isnan(best)], 1)
    assert np.all(own[~np.isnan(own)] <= 1 + 1e-12)
    assert np.array_equal(np.isnan(best), np.isnan(own))
