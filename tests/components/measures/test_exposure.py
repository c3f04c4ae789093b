import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.measures.exposure import exposure_at_k, gini, share_of_least

AMOUNTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=30)


def test_attention_falls_with_the_rank_within_each_query():
    given = exposure_at_k([3, 1, 2, 5, 5], np.array([0, 0, 0, 1, 1]), k=2)
    assert given.tolist() == pytest.approx([1, 0, 1 / math.log2(3), 1, 1 / math.log2(3)])


@given(AMOUNTS)
def test_gini_is_half_the_mean_difference_over_the_mean(amounts):
    x = np.array(amounts)
    if not x.sum() > 0:
        assert math.isnan(gini(x))
    else:
        assert gini(x) == pytest.approx(np.abs(x[:, None] - x).mean() / (2 * x.mean()), abs=1e-9)


@given(AMOUNTS.filter(any))
def test_the_least_seen_never_have_more_than_their_share(amounts):
    shares = share_of_least(amounts, [0, 25, 50, 75, 100])
    assert (shares[0], shares[-1]) == (0, pytest.approx(1))
    assert (shares <= np.linspace(0, 1, 5) + 1e-9).all()
    assert (np.diff(shares) >= -1e-12).all()
