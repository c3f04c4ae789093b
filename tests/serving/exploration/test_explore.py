"""A slate that explores: exact marginal propensities, and no draw that eligibility, paid ranks or agencies forbid."""

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from metier.exploration import Exploration
from serving.candidates.named import SourcedCandidates
from serving.exploration.draws import Draws
from serving.exploration.explore import SHUFFLED, Scored, explorable, explore, explored
from serving.request.ranking import Promoted, RankingRequest
from serving.select import ranked_entries


class Shown:
    """A space of which only the impressions of its rows are known."""

    def __init__(self, impressions):
        self._impressions = np.asarray(impressions, float)

    def impressions(self, rows):
        return self._impressions[rows]


def marketplace(n, k, *, agencies=None, promoted=(), impressions=None, eligible=None):
    """The natural slate of n candidates, c0 the best, and the candidates."""
    ids = [f"c{position}" for position in range(n)]
    score = np.linspace(0.9, 0.1, n)
    agencies = list(agencies or [None] * n)
    allowed = np.ones(n, bool) if eligible is None else np.asarray(eligible)
    space = Shown(np.zeros(n) if impressions is None else impressions)
    sourced = SourcedCandidates(space, ids, np.arange(n), allowed)
    request = RankingRequest("job_feed", "a", k=k, promoted=[Promoted(*paid) for paid in promoted])
    return ranked_entries(request, ids, score, agencies, allowed), Scored(sourced, score, agencies)


def drawn(declared, query, slate):
    natural, candidates = slate
    return explore(declared, Draws.of(query, len(natural)), natural, candidates)


def shown(found):
    return [(entry.candidate_id, entry.rank, entry.placement, entry.propensity) for _, entry in found.entries]


def test_a_share_of_a_fifth_over_four_ranks():
    # The own rank: 0.8 + 0.2 / 4; each other rank: 0.2 / 4. Rank 5 lies below the depth: nothing is drawn there.
    declared, slate = Exploration(share=0.2, depth=4), marketplace(5, 5)
    for query in range(50):
        found = drawn(declared, f"q{query}", slate)
        for candidate, rank, placement, propensity in shown(found):
            own = int(candidate[1:]) + 1
            expected = None if rank == 5 else 0.85 if rank == own else 0.05
            assert propensity == (expected if expected is None else pytest.approx(expected))
            assert placement == "organic"
        assert found.variant in (None, SHUFFLED)


def test_a_whole_slate_that_is_always_shuffled_has_one_over_its_length():
    found = drawn(Exploration(share=1), "q", marketplace(9, 5))
    assert found.variant == SHUFFLED
    assert {propensity for *_, propensity in shown(found)} == {1 / 5}


def test_who_does_not_explore_gets_the_natural_slate():
    natural, candidates = marketplace(9, 5)
    assert explored(RankingRequest("job_feed", "a", query_id="q"), natural, candidates).entries is natural
    found = explored(explorable(RankingRequest("job_feed", "a"), {"job_feed": Exploration()}), natural, candidates)
    assert (found.entries, found.variant, found.loss) == (natural, None, 0.0)


def test_a_request_that_is_repeated_gets_the_same_slate_and_another_one_its_own():
    declared, slate = Exploration(share=1, slot=3), marketplace(40, 20)
    assert shown(drawn(declared, "q1", slate)) == shown(drawn(declared, "q1", slate))
    assert len({str(shown(drawn(declared, f"q{query}", slate))) for query in range(20)}) == 20


def test_one_candidate_alone_is_drawn_by_nobody():
    found = drawn(Exploration(share=0.5, slot=1), "q", marketplace(1, 5))
    assert shown(found) == [("c0", 1, "organic", None)]


def test_the_slot_goes_to_one_who_was_shown_little_and_the_last_leaves():
    slate = marketplace(8, 4, impressions=[90, 90, 90, 90, 90, 3, 90, 0])
    found = drawn(Exploration(slot=2), "q", slate)
    assert [candidate for candidate, *_ in shown(found)[:1]] == ["c0"]
    assert [entry[0] for entry in shown(found)[2:]] == ["c1", "c2"]
    candidate, rank, placement, propensity = shown(found)[1]
    assert candidate in ("c5", "c7")
    assert (rank, placement) == (2, "exploration")
    assert 0 < propensity < 1
    assert [entry[3] for entry in shown(found) if entry[2] == "organic"] == [None, None, None]


def test_a_slot_for_which_there_is_one_candidate_or_none_draws_nothing():
    one = drawn(Exploration(slot=2), "q", marketplace(6, 4, impressions=[90, 90, 90, 90, 90, 0]))
    assert shown(one)[1] == ("c5", 2, "exploration", None)
    natural, candidates = marketplace(6, 4, impressions=[90] * 6)
    assert explore(Exploration(slot=2), Draws.of("q", 4), natural, candidates).entries == natural


def test_what_may_not_be_shown_gets_no_slot():
    slate = marketplace(8, 4, eligible=[True] * 4 + [False, True, False, True])
    assert {shown(drawn(Exploration(slot=1), f"q{query}", slate))[0][0] for query in range(60)} == {"c5", "c7"}


def test_paid_ranks_stay_where_they_are():
    slate = marketplace(9, 5, promoted=[("c6", 2), ("c5", 4)])
    for query in range(30):
        found = shown(drawn(Exploration(share=1, slot=2), f"q{query}", slate))
        assert [found[1], found[3]] == [("c6", 2, "promoted", None), ("c5", 4, "promoted", None)]
        assert found[2][2] == "exploration"
        assert {entry[3] for entry in found if entry[2] == "organic"} == {1 / 2}


def test_a_depth_that_would_crowd_the_top_with_an_agency_ends_there():
    # Three of one agency among 14, the third behind the top ten: a shuffle of all could bring the three together.
    agencies = ["x" if position in (0, 1, 12) else None for position in range(14)]
    found = shown(drawn(Exploration(share=1), "q", marketplace(14, 14, agencies=agencies)))
    assert [entry[3] for entry in found] == [pytest.approx(0.1)] * 10 + [None] * 4


def test_the_loss_is_the_share_of_discounted_score_that_was_given_up():
    natural, candidates = marketplace(2, 2)  # scores .9 and .1
    first = next(query for query in map(str, range(99)) if Draws.of(query, 2).ranks.argmin() == 1)
    found = explore(Exploration(share=1), Draws.of(first, 2), natural, candidates)
    second = 1 / math.log2(3)
    assert [entry.candidate_id for _, entry in found.entries] == ["c1", "c0"]
    assert found.loss == pytest.approx(1 - (0.1 + 0.9 * second) / (0.9 + 0.1 * second))


slates = st.integers(2, 5).flatmap(
    lambda k: st.tuples(
        st.integers(k, 9).flatmap(
            lambda n: st.tuples(
                st.just(n), st.lists(st.sampled_from([None, "x", "y"]), min_size=n, max_size=n),
                st.lists(st.sampled_from([0, 5, 90]), min_size=n, max_size=n),
                st.lists(st.booleans(), min_size=n, max_size=n),
            )
        ),
        st.just(k),
        st.sampled_from([(), (("c1", 1),), (("c0", 2), ("c3", 3))]),
    )
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(slates, st.sampled_from([0.1, 0.5, 1.0]), st.integers(2, 5), st.one_of(st.none(), st.integers(1, 5)))
def test_what_is_logged_is_the_exact_marginal_of_all_that_may_be_drawn(made, share, depth, slot):
    (n, agencies, impressions, eligible), k, promoted = made
    natural, candidates = marketplace(
        n, k, agencies=agencies, promoted=promoted, impressions=impressions, eligible=eligible
    )
    declared = Exploration(share=share, depth=depth, slot=slot)
    frequency, logged = defaultdict(float), {}
    for weight, draws in everything(declared, natural, candidates):
        found = explore(declared, draws, natural, candidates)
        crowd = Counter(candidates.agencies[position] for position, _ in found.entries[:10])
        assert all(count <= 2 for agency, count in crowd.items() if agency)
        for position, entry in found.entries:
            assert candidates.sourced.eligible[position]
            cell = (entry.candidate_id, entry.rank)
            frequency[cell] += weight
            assert logged.setdefault(cell, entry.propensity) == entry.propensity
    assert {cell: pytest.approx(chance) for cell, chance in frequency.items()} == {
        cell: 1.0 if propensity is None else propensity for cell, propensity in logged.items()
    }
    for rank in range(1, len(natural) + 1):
        assert math.fsum(chance for cell, chance in frequency.items() if cell[1] == rank) == pytest.approx(1)


def everything(declared, natural, candidates):
    """(probability, draws) of every outcome: coin, slot by equal steps that its probabilities weigh, order."""
    orders = list(itertools.permutations(np.arange(len(natural)) / len(natural)))
    for coin, chance in ((0.0, declared.share), (math.nextafter(1, 0), 1 - declared.share)):
        for step, weight in slot_steps(declared, natural, candidates):
            for order in orders if coin == 0 else orders[:1]:
                ways = len(orders) if coin == 0 else 1
                if chance > 0:
                    yield chance * weight / ways, Draws(coin, step, np.array(order))


def slot_steps(declared, natural, candidates):
    """(draw, probability) of each candidate that the slot may go to."""
    seen = {}
    for step in np.arange(0, 1, 1 / 4000):
        found = explore(declared, Draws(1.0, step, np.zeros(len(natural))), natural, candidates)
        for entry in (entry for _, entry in found.entries if entry.placement == "exploration"):
            seen.setdefault(entry.candidate_id, (step, entry.propensity or 1.0))
        if declared.slot is None or not seen or (len(seen) == 1 and math.isclose(next(iter(seen.values()))[1], 1)):
            break
    return list(seen.values()) or [(0.0, 1.0)]


@pytest.mark.parametrize(("slot", "replays"), [(None, 100_000), (2, 25_000)])
def test_replays_match_what_is_logged(slot, replays):
    slate = marketplace(11, 6, promoted=[("c7", 4)], impressions=[90] * 6 + [0, 4, 19, 0, 90])
    declared = Exploration(share=0.3, depth=5, slot=slot)
    counts, logged = Counter(), {}
    for query in range(replays):
        for candidate, rank, _, propensity in shown(drawn(declared, f"replay {query}", slate)):
            counts[candidate, rank] += 1
            logged[candidate, rank] = propensity
    for rank in range(1, 7):
        cells = [cell for cell in logged if cell[1] == rank]
        if rank in (4, 6):  # the paid rank, and the one below the depth
            assert [logged[cell] for cell in cells] == [None]
            continue
        expected = replays * np.array([logged[cell] for cell in cells])
        assert expected.sum() == pytest.approx(replays)
        assert chisquare([counts[cell] for cell in cells], expected).pvalue > 0.001
