import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.models import Message, Usage
from components.language.models.budget import TOKENS_A_MESSAGE, Budget, Prices, tokens_of
from metier.errors import ModelBudgetError


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


ASKED = [Message("user", "x" * 30)]
"""30 bytes are 10 tokens at most, and the template's."""


def test_a_request_is_bounded_by_what_it_reads_and_may_write():
    assert tokens_of(ASKED) == 10 + TOKENS_A_MESSAGE
    Budget(18 + 50, 1_000).reserve(ASKED, 50)
    with pytest.raises(ModelBudgetError, match="may use 69 tokens and 68 are allowed"):
        Budget(18 + 50, 1_000).reserve(ASKED, 51)


def test_a_minute_counts_what_was_used_and_what_may_still_be():
    clock = Clock()
    budget = Budget(100, 150, clock=clock)
    first = budget.reserve(ASKED, 50)  # 68 of 150
    budget.reserve(ASKED, 50)  # 136
    with pytest.raises(ModelBudgetError, match="METIER_LLM_TOKENS_PER_MINUTE"):
        budget.reserve(ASKED, 50)
    budget.settle(first, Usage(5, 5))  # 10 + 68
    budget.reserve(ASKED, 50)
    clock.now += 60.0
    budget.reserve(ASKED, 50)


def test_a_minute_has_a_price():
    budget = Budget(100_000, 1_000_000, 0.5, prices=Prices(0.0, 10.0))  # 0.01 USD a thousand written
    budget.reserve(ASKED, 40_000)  # 0.4 USD
    with pytest.raises(ModelBudgetError, match=r"0\.5 USD are used up"):
        budget.reserve(ASKED, 20_000)
    budget.reserve(ASKED, 9_000)


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 70)), max_size=30))
def test_no_minute_uses_more_than_it_may(requests):
    """Of any requests, those let through within a minute used 100 tokens at most where all keep their maximum."""
    clock, let = Clock(), []
    budget = Budget(60, 100, clock=clock)
    for written, later in requests:
        clock.now += later
        try:
            budget.reserve(ASKED, written)
        except ModelBudgetError:
            continue
        let.append((clock.now, 18 + written))
    for at, _ in let:
        assert sum(tokens for when, tokens in let if at <= when < at + 60) <= 100
