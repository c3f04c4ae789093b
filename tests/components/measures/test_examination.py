import numpy as np
import pytest

from components.measures import ndcg_at_k
from components.measures.examination import (
    LEAST_EXAMINATION,
    Examination,
    corrected_ndcg_at_k,
    estimate_examination,
)
from metier.errors import EmptyDataError, InputError


def test_click_rates_of_the_randomised_slice_give_examination():
    # Clicks 4 of 4 at rank 1, 2 of 4 at rank 2, 1 of 4 at rank 3.
    rank = np.repeat([1, 2, 3], 4)
    clicked = [1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0]
    assert estimate_examination(rank, clicked).by_rank.tolist() == [1.0, 0.5, 0.25]


def test_a_lower_rank_is_never_seen_more():
    # Rates .5, .25, .75: falling means pool to .5, .5, .5.
    rank = np.repeat([1, 2, 3], 4)
    clicked = [1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0]
    assert estimate_examination(rank, clicked).by_rank.tolist() == [1.0, 1.0, 1.0]


def test_propensities_undo_a_slice_that_prefers_good_candidates_on_top():
    # A good (always clicked when seen) and a bad candidate (never); the good one is on top 3 times of 4.
    # Both ranks are always seen, so examination is 1 at both.
    rank, clicked = [1, 1, 1, 1, 2, 2, 2, 2], [1, 1, 1, 0, 0, 0, 0, 1]
    propensity = [0.75, 0.75, 0.75, 0.25, 0.75, 0.75, 0.75, 0.25]
    assert estimate_examination(rank, clicked, propensity).by_rank.tolist() == [1.0, 1.0]


def test_corrections_are_bounded():
    rank, clicked = [1, 1, 2, 2], [1, 1, 0, 0]
    assert estimate_examination(rank, clicked).by_rank[1] == LEAST_EXAMINATION


def test_ranks_beyond_the_estimate_take_its_last_value():
    assert Examination(np.array([1.0, 0.4])).at([1, 2, 9]).tolist() == [1.0, 0.4, 0.4]


def test_correction_takes_the_advantage_from_whoever_showed_the_slates():
    # Two equally relevant candidates, seen at rank 1 always and at rank 2 one time in four: clicks prefer the logged
    # order, though both orders are worth the same.
    rng = np.random.default_rng(0)
    rank, query = np.tile([1, 2], 8000), np.repeat(np.arange(8000), 2)
    clicked = (rng.random(16000) < np.where(rank == 1, 1.0, 0.25) * 0.5).astype(float)
    examination = Examination(np.array([1.0, 0.25]))
    raw, corrected = [], []
    for score in (-rank, rank):
        raw.append(np.nanmean(ndcg_at_k(clicked, score, query, 2)))
        value, weight = corrected_ndcg_at_k(clicked, score, query, 2, rank, examination)
        corrected.append(np.nansum(value * weight) / weight.sum())
    assert raw[0] - raw[1] > 0.1
    assert corrected[0] == pytest.approx(corrected[1], abs=0.02)


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(EmptyDataError, match="no click"):
        estimate_examination([1, 2], [0, 0])
    with pytest.raises(InputError, match="propensity"):
        estimate_examination([1, 2], [1, 0], [0.5, np.nan])
    with pytest.raises(InputError, match="1-based"):
        estimate_examination([0, 1], [1, 0])
