import numpy as np
import pytest

from components.measures import ndcg_at_k
from components.measures.examination import (
    FEWEST_POSITIVES,
    LEAST_EXAMINATION,
    Examination,
    ShownRows,
    estimate_examination,
    randomised_queries,
)
from components.measures.ranking_metrics import weighted_ndcg_at_k
from metier.errors import InputError, UnsupportedEstimate


def slates(rates: list[float], times: int = 400, propensity: float | None = None) -> ShownRows:
    """Slates of len(rates) ranks drawn at random, each with one positive, at every rank as often as `rates` say."""
    size, share = len(rates), np.asarray(rates) / sum(rates)
    positive = np.zeros((times, size))
    positive[np.arange(times), np.repeat(np.arange(size), np.round(share * times).astype(int))] = 1
    query = np.arange(times).repeat(size)
    rank = np.tile(np.arange(1, size + 1), times)
    drawn = np.full(len(rank), propensity or 1 / size)
    return ShownRows(rank, positive.ravel(), query, np.full(len(rank), np.nan), query, drawn)


def test_randomised_slates_tell_examination():
    """Positives 4 : 2 : 1."""
    found = estimate_examination(slates([4, 2, 1], times=700))
    assert (found.source, found.n, found.n_actors) == ("randomised", 700, 700)
    assert found.by_rank == pytest.approx((1.0, 0.5, 0.25), abs=0.02)


def test_a_lower_rank_is_never_seen_more():
    """Positives 2 : 1 : 3: the second and third pool at 2 as steps of zero or more, and so does the first."""
    assert np.round(estimate_examination(slates([2, 1, 3], times=600)).by_rank, 2).tolist() == [1.0, 1.0, 1.0]


def test_few_positives_draw_a_fold_towards_a_power_law():
    """Nobody looks below the second rank half as much as the second: with 9,000 positives so is said, with 180 not."""
    many, few = (np.array(estimate_examination(slates([4, 4, 1], times=times)).by_rank) for times in (9000, 180))
    assert many == pytest.approx([1, 1, 0.25], abs=0.03)
    assert 0.3 < few[2] < few[1] < 1


def test_the_bounds_hold_what_is_true():
    rng = np.random.default_rng(0)
    true = np.array([1.0, 0.6, 0.45, 0.3, 0.25])
    held = []
    for _ in range(100):
        rank = np.tile(np.arange(1, 6), 600)
        positive = rng.random(3000) < 0.3 * true[rank - 1]
        query = np.arange(600).repeat(5)
        actor = rng.integers(0, 200, 600).repeat(5)
        found = estimate_examination(ShownRows(rank, positive, query, actor * np.nan, actor, np.full(3000, 0.2)))
        held.append((np.array(found.low) <= true) & (true <= np.array(found.high)))
    assert np.mean(held, axis=0)[1:].min() > 0.88


def test_propensities_undo_a_slice_that_prefers_good_candidates_on_top():
    """A good (always positive when seen) and a bad candidate (never); the good one is on top 3 times of 4.

    Both ranks are always seen, so examination is 1 at both: 3 positives over .75 weigh as 1 over .25.
    """
    rank, positive = np.tile([1, 2], 400), np.tile([1, 0, 1, 0, 1, 0, 0, 1], 100)
    query = np.arange(400).repeat(2)
    propensity = np.tile([0.75] * 6 + [0.25] * 2, 100)
    found = estimate_examination(ShownRows(rank, positive, query, query * np.nan, query, propensity))
    assert found.by_rank == pytest.approx((1.0, 1.0))
    assert found.n == 300  # 400 positives of weights 4/3 (three times) and 4: (3 * 4/3 + 4)^2 / (3 * 16/9 + 16) of 4


def test_pairs_at_several_ranks_tell_where_nothing_was_random():
    """The log shows good candidates on top, so its rates fall much faster than what was looked at; pairs tell."""
    rng = np.random.default_rng(1)
    n_pairs, shown, ranks = 3000, 4, 8
    relevance = rng.beta(1, 3, n_pairs)
    pair = np.arange(n_pairs).repeat(shown)
    rank = np.clip(np.round(ranks * (1 - relevance[pair]) + rng.normal(0, 2, len(pair))), 1, ranks).astype(int)
    true = 1 / np.sqrt(np.arange(1, ranks + 1))
    positive = rng.random(len(pair)) < relevance[pair] * true[rank - 1]
    rates = np.array([positive[rank == at].mean() for at in range(1, ranks + 1)])
    found = estimate_examination(ShownRows(rank, positive, np.arange(len(pair)), pair, pair // 3))
    assert found.source == "rank variation"
    assert rates[-1] / rates[0] < 0.15 < true[-1]
    assert np.array(found.by_rank) == pytest.approx(true, abs=0.08)


def test_thin_random_slates_give_way_to_pairs():
    few = slates([4, 2, 1], times=21)
    pair = np.arange(300).repeat(2)
    rank, positive = np.tile([1, 2], 300), np.tile([1, 0, 1, 0, 0, 1], 100)
    shown = ShownRows(
        np.r_[few.rank, rank],
        np.r_[few.positive, positive],
        np.r_[few.query, 1000 + np.arange(600)],
        np.r_[few.pair, pair],
        np.r_[few.actor, pair],
        np.r_[few.propensity, np.full(600, np.nan)],
    )
    assert estimate_examination(shown).source == "rank variation"


def test_corrections_are_bounded():
    assert estimate_examination(slates([1, 0.001], times=2000)).by_rank[1] == LEAST_EXAMINATION


def test_ranks_beyond_the_estimate_take_its_last_value():
    found = Examination((1.0, 0.4), (1.0, 0.3), (1.0, 0.5), "randomised", 100, 50)
    assert found.at([1, 2, 9]).tolist() == [1.0, 0.4, 0.4]
    assert [bound.at([2])[0] for bound in found.bounds()] == [0.3, 0.5]


def test_correction_takes_the_advantage_from_whoever_showed_the_slates():
    # Two equally relevant candidates, seen at rank 1 always and at rank 2 one time in four: clicks prefer the logged
    # order, though both orders are worth the same.
    rng = np.random.default_rng(0)
    rank, query = np.tile([1, 2], 8000), np.repeat(np.arange(8000), 2)
    clicked = (rng.random(16000) < np.where(rank == 1, 1.0, 0.25) * 0.5).astype(float)
    examination = Examination((1.0, 0.25), (1.0, 0.2), (1.0, 0.3), "randomised", 100, 50)
    raw, corrected = [], []
    for score in (-rank, rank):
        raw.append(np.nanmean(ndcg_at_k(clicked, score, query, 2)))
        value, weight = weighted_ndcg_at_k(clicked, score, query, 1 / examination.at(rank), 2)
        corrected.append(np.nansum(value * weight) / weight.sum())
    assert raw[0] - raw[1] > 0.1
    assert corrected[0] == pytest.approx(corrected[1], abs=0.02)


def test_a_query_is_randomised_where_no_rank_was_certain():
    propensity = [0.5, 0.5, np.nan, 0.2, 1.0, 0.5]
    assert randomised_queries(propensity, np.array([0, 0, 1, 1, 2, 2]), 3).tolist() == [True, False, False]


def test_what_cannot_be_estimated_is_refused():
    nothing = slates([1, 1], times=400)
    with pytest.raises(UnsupportedEstimate, match="random order"):
        estimate_examination(ShownRows(nothing.rank, nothing.positive * 0, *[nothing.query] * 3, nothing.propensity))
    with pytest.raises(UnsupportedEstimate, match=f"50 positives .* {FEWEST_POSITIVES:.0f}"):
        estimate_examination(slates([1, 1], times=50))
    with pytest.raises(InputError, match="1-based"):
        estimate_examination(ShownRows([0, 1], [1, 0], [1, 1], [1, 1], [1, 1]))


def test_one_actor_who_shows_everything_is_refused():
    many = slates([2, 1], times=600)
    one = ShownRows(many.rank, many.positive, many.query, many.pair, np.zeros(1200), many.propensity)
    with pytest.raises(UnsupportedEstimate, match="600 positives of 1 actors"):
        estimate_examination(one)


def test_a_log_that_never_changes_its_order_is_refused():
    """Every pair was always shown at the same rank."""
    rank, pair = np.tile([1, 2], 500), np.tile([0, 1], 500)
    with pytest.raises(UnsupportedEstimate, match="rank variation: 0 positives"):
        estimate_examination(ShownRows(rank, rank == 1, np.arange(500).repeat(2), pair, pair))
