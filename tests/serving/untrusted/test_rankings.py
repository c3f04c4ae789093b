"""Attempts in profiles and posts change no ranking: they are words among words, and no order of anybody else moves."""

import numpy as np
import pytest

from tests.serving.untrusted.attempts import ATTEMPTS
from tests.serving.untrusted.market import author, plain_author

OTHERS = 60
A_PLACE = 1.0
SEARCHES = {
    "people for a job": ("talent_search", {}),
    "people for a text": ("talent_search", {"text": "WordPress developer"}),
    "a feed": ("job_feed", {}),
    "jobs for a text": ("job_feed", {"text": "WordPress shop"}),
}


@pytest.fixture(params=SEARCHES)
def ranked(request, market):
    """{candidate: score} of one search, in its order, of the candidates that it is given."""
    surface, more = SEARCHES[request.param]
    if surface == "talent_search" and not more:
        more = {"job_id": market.job}

    def answer(*candidates):
        body = market.asks(surface=surface, k=100, candidates=candidates, **more)
        return {entry["candidate_id"]: entry["score"] for entry in market.client.ranked("/v1/rank", body)["slate"]}

    everybody = market.world.open_jobs if surface == "job_feed" else sorted(market.world.people)
    answer.others = [name for name in everybody if name not in market.unseen][:OTHERS]
    return answer


def test_no_order_and_no_score_of_anybody_else_moves(ranked):
    alone = ranked(*ranked.others)
    assert len(alone) > 20
    for attempt in ATTEMPTS:
        among = ranked(author(attempt), *ranked.others)
        del among[author(attempt)]
        assert [*among] == [*alone], attempt.name
        assert among == pytest.approx(alone, rel=1e-5), attempt.name


def test_an_instruction_is_worth_no_more_than_other_words_of_its_length(ranked):
    scores = np.array(list(ranked(*ranked.others).values()))
    names = [author(attempt) for attempt in ATTEMPTS], [plain_author(attempt) for attempt in ATTEMPTS]
    places = []
    for written in names:
        found = {}
        for first in range(0, len(written), 40):
            found |= ranked(*written[first : first + 40])
        places.append(np.array([(scores > found[name]).sum() for name in written]))
    gained = places[1] - places[0]
    assert gained.mean() <= A_PLACE
