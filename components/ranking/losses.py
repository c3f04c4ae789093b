"""Losses of the neural ranker, one function each, on rows of several queries without padding.

Rows (n_rows,) belong to queries 0 .. n_queries - 1 by `query`; sums run by segment. Knows no network.
"""

import torch
from torch import Tensor
from torch.nn import functional

NEVER = -1e30


def listwise_softmax(score: Tensor, gain: Tensor, query: Tensor, query_weight: Tensor) -> Tensor:
    """Cross-entropy of the score softmax against the share of gain, the top-one ListNet (Cao et al. 2007).

    score, gain (2^relevance - 1), query: (n_rows,); query_weight: (n_queries,). Queries without gain carry no loss.
    Weighted mean over the queries that have gain, zero when there is none.
    """
    n_queries = len(query_weight)
    total = score.new_zeros(n_queries).index_add(0, query, gain)
    target = gain / total.clamp(min=torch.finfo(gain.dtype).tiny)[query]
    entropy = score.new_zeros(n_queries).index_add(0, query, -target * log_softmax_by_query(score, query, n_queries))
    weight = query_weight * (total > 0)
    return (entropy * weight).sum() / weight.sum().clamp(min=1e-6)


def log_softmax_by_query(score: Tensor, query: Tensor, n_queries: int) -> Tensor:
    """Log of each row's share of exp(score) within its query (n_rows,)."""
    top = score.new_full((n_queries,), NEVER).scatter_reduce(0, query, score.detach(), "amax")
    shifted = score - top[query]
    mass = score.new_zeros(n_queries).index_add(0, query, shifted.exp())
    return shifted - mass.log()[query]


def masked_binary_cross_entropy(logit: Tensor, outcome: Tensor) -> Tensor:
    """Mean over heads of each head's mean loss over its known outcomes.

    logit, outcome: (n_rows, n_heads); outcome 1, 0 or NaN. NaN carries neither loss nor gradient; a head without a
    known outcome counts zero.
    """
    observed = ~torch.isnan(outcome)
    loss = functional.binary_cross_entropy_with_logits(logit, outcome.nan_to_num(0.0), reduction="none")
    by_head = torch.where(observed, loss, 0.0).sum(dim=0) / observed.sum(dim=0).clamp(min=1)
    return by_head.mean()
