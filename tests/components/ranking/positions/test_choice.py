"""Which kind of fit is chosen where the truth is known, and that the choice reaches the rankers."""

from dataclasses import replace

import numpy as np
import pytest

from components.measures import ndcg_at_k
from components.ranking import XGBoostRanker
from components.ranking.choice import RankerChoice
from components.ranking.positions.choice import PLAIN, ComparedFit, FitChoice, choose_fit
from components.ranking.positions.fits import weighted
from components.ranking.trees.config import WATCHED
from tests.components.ranking.clicks_by_position import clicks_by_position, traced, true_grades


@pytest.fixture(scope="module")
def sets():
    return traced(clicks_by_position(1_500, 0, shuffled=0.2)), clicks_by_position(150, 1, shuffled=0.2)


@pytest.fixture(scope="module")
def chosen(sets):
    return choose_fit(*sets)


def test_where_the_top_is_looked_at_more_a_fit_that_knows_it_is_chosen(chosen):
    assert chosen.kind != "plain"
    assert {fit.kind for fit in chosen.compared} == {"unbiased", "weighted"}
    assert next(fit for fit in chosen.compared if fit.kind == chosen.kind).difference.above_zero
    assert chosen.examination.source == "randomised"
    assert f"{chosen.kind}: better than the plain fit" in chosen.render()


def test_the_chosen_fit_is_truly_better(sets, chosen):
    train, validation = sets[0].dataset, sets[1]
    held_out, choice = clicks_by_position(200, 2), RankerChoice("xgboost", "xgboost")
    plain, known = (
        np.nanmean(ndcg_at_k(true_grades(held_out), ranker.score(held_out.features), held_out.query_index, 10))
        for ranker in (choice.fit(train, validation), choice.fit(train, validation, chosen))
    )
    assert known > plain


def test_where_every_rank_is_looked_at_alike_the_plain_fit_stays():
    train, validation = clicks_by_position(500, 3, shuffled=0.4, falls=0.0), clicks_by_position(100, 4, falls=0.0)
    chosen = choose_fit(traced(train), validation)
    assert chosen.kind == "plain"
    assert chosen.compared
    assert "no other fit is shown to be better" in chosen.render()


def test_where_nobody_can_tell_what_was_looked_at_the_plain_fit_stays():
    train = clicks_by_position(200, 5)
    chosen = choose_fit(traced(train), train)
    assert (chosen.kind, chosen.compared) == ("plain", ())
    assert "nobody can tell" in chosen.reason
    unranked = choose_fit(traced(replace(train, rank=None, propensity=None)), train)
    assert (unranked.kind, unranked.reason) == ("plain", "the log holds no ranks")


def test_a_choice_is_read_as_it_was_written_and_plain_where_there_is_none(chosen, tmp_path):
    assert FitChoice.read(tmp_path) == PLAIN
    chosen.write(tmp_path)
    assert FitChoice.read(tmp_path) == chosen
    assert isinstance(FitChoice.read(tmp_path).compared[0], ComparedFit)


def test_the_choice_reaches_the_trees(sets, chosen):
    train, validation = sets[0].dataset.select_queries(np.arange(1_500) < 100), sets[1]
    choice, rows = RankerChoice("xgboost", "xgboost"), validation.features
    seen = chosen.examination
    by_weight = choice.fit(train, validation, replace(chosen, kind="weighted"))
    expected = XGBoostRanker().fit(weighted(train, seen), WATCHED, weighted(validation, seen))
    assert np.array_equal(by_weight.score(rows), expected.score(rows))
    unbiased = choice.fit(train, validation, replace(chosen, kind="unbiased"))
    expected = XGBoostRanker().fit(train, replace(WATCHED, unbiased=True), weighted(validation, seen))
    assert np.array_equal(unbiased.score(rows), expected.score(rows))
