"""Attempts in what is typed: searches. They open no door and loosen no limit."""

import pytest

from tests.serving.untrusted.attempts import ATTEMPTS
from tests.serving.world import ROUTES, ids

LIMITS = {
    "talent_search": ("WordPress developer in Italy under $40/h. ", {"rate_max_usd": 35}),
    "job_feed": ("WordPress shop, over $10/h. ", {"budget_kind": "hourly"}),
}
EACH = pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)


@EACH
@pytest.mark.parametrize("surface", LIMITS)
def test_a_search_obeys_its_limits_whatever_else_it_says(market, surface, attempt):
    text, filters = LIMITS[surface]
    plain = market.client.ranked(ROUTES[surface], _body(market, surface, text))
    told = market.client.ranked(ROUTES[surface], _body(market, surface, text + attempt.text))
    assert not market.unseen & {*ids(told)}
    limits = plain["plan"]["filters"]
    kept = {name: value for name, value in told["plan"]["filters"].items() if name in limits}
    assert kept == limits
    stated = market.client.ranked(ROUTES[surface], _body(market, surface, text + attempt.text, filters=filters))
    assert not market.unseen & {*ids(stated)}
    assert stated["slate"]


def _body(market, surface, text, **more):
    asked = market.asks(text=text, k=100, **more)
    return {**asked, "actor_id": market.seeker} if surface == "job_feed" else asked
