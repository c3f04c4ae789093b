"""From scores to a slate: nobody is shown who may not be, twice, or as one of three of an agency in the top ten."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.request.ranking import Promoted, RankingRequest
from serving.select import cap_per_agency, ranked_entries


def slate(score, agencies=None, promoted=(), allowed=None, k=20):
    """(candidate, placement) by rank; candidates are a, b, c ... in the order of `score`."""
    names = [chr(ord("a") + place) for place in range(len(score))]
    paid = [Promoted(candidate, rank) for candidate, rank in promoted]
    entries = ranked_entries(
        RankingRequest("talent_search", "client", k=k, promoted=paid),
        names,
        np.array(score, np.float64),
        agencies or [None] * len(score),
        np.ones(len(score), np.bool_) if allowed is None else np.array(allowed, np.bool_),
    )
    assert [entry.rank for _, entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry.candidate_id == names[place] and entry.score == score[place] for place, entry in entries)
    return [(entry.candidate_id, entry.placement) for _, entry in entries]


def names(entries):
    return "".join(candidate for candidate, _ in entries)


def test_best_first_equal_scores_as_they_came_and_k_entries():
    assert names(slate([0.1, 0.9, 0.5, 0.9, 0.5])) == "bdcea"
    assert names(slate([0.1, 0.9, 0.5, 0.9, 0.5], k=3)) == "bdc"
    assert slate([]) == []


def test_who_may_not_be_shown_is_not():
    assert names(slate([3, 2, 1], allowed=[False, True, True])) == "bc"
    assert slate([3, 2, 1], allowed=[False, False, False], promoted=[("a", 1)]) == []


def test_the_third_of_an_agency_follows_behind_the_top_ten():
    twelve = [12 - place for place in range(12)]
    agencies = ["x", "x", "x", *([None] * 9)]
    assert names(slate(twelve, agencies)) == "abdefghijkcl"
    assert names(slate(twelve[:5], agencies[:5])) == "abde"  # too few others to fill the top: left out


def test_a_promoted_placement_is_marked_at_the_rank_that_was_bought():
    assert slate([4, 3, 2, 1], promoted=[("d", 2)]) == [
        ("a", "organic"), ("d", "promoted"), ("b", "organic"), ("c", "organic"),
    ]  # fmt: skip


def test_two_of_one_rank_follow_each_other_the_better_first():
    assert names(slate([9, 8, 7, 6, 5], promoted=[("e", 2), ("d", 2)])) == "adebc"
    assert names(slate([9, 8, 7, 6, 5], promoted=[("e", 1), ("d", 2)])) == "edabc"


def test_a_rank_behind_the_slate_is_its_end_and_one_beyond_k_is_not_shown():
    assert names(slate([3, 2, 1.5], promoted=[("c", 9)])) == "abc"
    assert names(slate([3, 2, 1.5, 1], promoted=[("b", 3)], k=2)) == "ac"


@pytest.mark.parametrize(
    ("last", "promoted", "shown"),
    [(0.4, 0.2, True), (0.4, 0.19, False),
     (-2.0, -3.0, True), (-2.0, -3.1, False), (0.0, 0.0, True), (0.0, -1.0, False)],
)  # fmt: skip
def test_a_promoted_candidate_scores_half_below_the_last_organic_one_at_most(last, promoted, shown):
    found = slate([9.0, last, promoted], promoted=[("c", 1)], k=2)
    assert found == ([("c", "promoted"), ("a", "organic")] if shown else [("a", "organic"), ("b", "organic")])


def test_below_the_floor_it_competes_as_an_organic_one():
    assert slate([9.0, 8.0, 0.1], promoted=[("c", 1)]) == [("a", "organic"), ("b", "organic"), ("c", "organic")]


def test_alone_it_needs_no_floor():
    assert slate([-5.0], promoted=[("a", 1)]) == [("a", "promoted")]


def test_money_does_not_buy_a_third_of_an_agency_into_the_top_ten():
    twelve = [12 - place for place in range(12)]
    agencies = ["x", "x", *([None] * 9), "x"]
    found = slate([12, 11, *([10] * 9), 9], agencies, promoted=[("l", 3)])
    assert ("l", "organic") in found[10:]
    assert slate(twelve, agencies, promoted=[("l", 11)])[10] == ("l", "promoted")


some = st.integers(0, 24)


@given(
    score=st.lists(st.floats(-3, 3), max_size=25),
    agency=st.lists(st.sampled_from([None, "x", "y", "z"]), min_size=25, max_size=25),
    allowed=st.lists(st.booleans(), min_size=25, max_size=25),
    promoted=st.lists(st.tuples(some, st.integers(1, 25)), max_size=6, unique_by=lambda pair: pair[0]),
    k=st.integers(1, 25),
)
def test_whatever_is_asked_the_rules_hold(score, agency, allowed, promoted, k):
    n = len(score)
    paid = [(chr(ord("a") + place), rank) for place, rank in promoted if place < n]
    found = slate(score, agency[:n], paid, allowed[:n], k)
    places = [ord(candidate) - ord("a") for candidate, _ in found]
    assert len(found) <= k
    assert len(set(places)) == len(places)
    assert all(allowed[place] for place in places)
    top = [agency[place] for place in places[:10]]
    assert all(top.count(each) <= 2 for each in "xyz")
    marked = {candidate for candidate, placement in found if placement == "promoted"}
    assert marked <= {candidate for candidate, _ in paid}
    organic = [place for place, (_, placement) in zip(places, found, strict=True) if placement == "organic"]
    if not any(agency[:n]):
        assert [score[place] for place in organic] == sorted((score[place] for place in organic), reverse=True)


def test_two_of_an_agency_in_the_top_ten_and_the_surplus_right_behind() -> None:
    ranked = list(range(14))
    agencies = ["x", "x", "x", "x", None, None, None, None, "y", None, None, None, None, "y"]
    assert cap_per_agency(ranked, agencies) == [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3, 12, 13]


def test_a_slate_of_one_agency_is_short_rather_than_theirs() -> None:
    assert cap_per_agency(["a", "b", "c", "d"], ["x", "x", "x", None]) == ["a", "b", "d"]
    assert cap_per_agency([], []) == []


@given(st.lists(st.sampled_from(["x", "y", "z", None]), max_size=30), st.integers(1, 12), st.integers(0, 3))
def test_the_cap_holds_and_invents_nobody(agencies: list, top: int, at_most: int) -> None:
    capped = cap_per_agency(list(range(len(agencies))), agencies, top, at_most)
    first = [agencies[i] for i in capped[:top]]
    assert all(first.count(agency) <= at_most for agency in set(first) - {None})
    assert len(set(capped)) == len(capped)
    assert len(capped) == len(agencies) or len(capped) < top
    unlimited = [i for i in capped[:top] if agencies[i] is None]
    assert unlimited == sorted(unlimited)
