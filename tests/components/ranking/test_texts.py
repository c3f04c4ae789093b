"""The part of typed texts in a blend, by hand, and what it must never do: let habit outvote another trade's text."""

import numpy as np
import pytest

from components.ranking import Ensemble, ExternalRanker
from components.ranking.blending.calibration import Calibration
from components.ranking.blending.texts import HABITS, LIMITS, READ, RELEVANCE, SKILLS, TYPED, UNWANTED, TextShare
from components.training_sets import RankingDataset

NAMES = ("habit", *READ)
SHARE = TextShare(Calibration((0.0,), (0.0,), 1.0), weight=8.0, skills=0.5, limits=0.5)
NAN = float("nan")


def row(habit: float = 0.0, **values: float) -> list[float]:
    return [habit, *(values.get(name, 0.0 if name == TYPED else NAN) for name in READ)]


def rows(*each: list[float]) -> np.ndarray:
    return np.array(each, np.float32)


def typed(habit: float = 0.0, own: float = NAN, met: float = NAN, meaning: float = NAN, **values: float) -> list[float]:
    known = {TYPED: 1.0, HABITS[0]: own, RELEVANCE[0]: meaning, **dict.fromkeys(SKILLS, met), **values}
    return row(habit, **known)


def test_a_text_counts_by_what_it_finds_and_by_how_far_it_lies_from_its_actor():
    features = rows(
        typed(met=1, meaning=0.6),  # 8 * (.6 + .5 * 3) = 16.8: unknown habits are no habits
        typed(met=1, meaning=0.6, own=0.75),  # a quarter of it
        typed(met=0, meaning=0.2, **{RELEVANCE[1]: 0.1}),  # 8 * .3
        typed(met=1, meaning=0.6, own=-0.3, **{HABITS[1]: 0.5}),  # the nearest habit counts
        row(met=1),
    )
    assert SHARE.part(features, NAMES) == pytest.approx([16.8, 4.2, 2.4, 8.4, 0], abs=1e-5)


def test_a_broken_limit_costs_the_same_on_profile_and_off_it_and_an_unknown_one_nothing():
    broken = {LIMITS[0]: 0.0, LIMITS[1]: 1.0}
    features = rows(typed(**broken), typed(own=0.9, **broken), typed(**{UNWANTED: 1.0}), typed(**{LIMITS[0]: 1.0}))
    assert SHARE.part(features, NAMES) == pytest.approx([-4, -4, -4, 0], abs=1e-5)


def test_the_part_is_the_sum_of_what_its_inputs_add():
    rng = np.random.default_rng(0)
    features = rng.random((50, len(NAMES))).astype(np.float32)
    features[:, NAMES.index(TYPED)] = np.arange(50) % 2
    added = dict(SHARE.contributions(features, NAMES))
    assert sum(added.values()) == pytest.approx(SHARE.part(features, NAMES))
    assert set(added) == {NAMES.index(name) for name in (*RELEVANCE, *SKILLS, *LIMITS, UNWANTED)}


def marketplace(seed: int) -> RankingDataset:
    """Habit decides what is clicked; half of the queries have a text, which says nothing."""
    rng = np.random.default_rng(seed)
    features = np.full((2_000, len(NAMES)), np.nan, np.float32)
    features[:, 0] = rng.normal(size=2_000)
    features[:, NAMES.index(TYPED)] = np.repeat(np.arange(200) % 2, 10)
    texts = features[:, NAMES.index(TYPED)] == 1
    features[texts, NAMES.index(RELEVANCE[0])] = rng.random(texts.sum()) * 0.2
    return RankingDataset(features, features[:, 0] > 1, np.repeat(np.arange(200), 10), NAMES)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    validation = marketplace(1)
    return Ensemble.fit({"habit": ExternalRanker(score_column="habit").fit(validation)}, validation)


def test_habit_does_not_outvote_a_text_of_another_trade(ensemble):
    asked, usual = ensemble.score(rows(typed(habit=-2, met=1, meaning=0.5), typed(habit=3, met=0, meaning=0.1)))
    assert asked > usual
    asked, usual = ensemble.score(rows(row(habit=-2), row(habit=3)))
    assert asked < usual


def test_scores_are_probabilities_with_a_text_and_without(ensemble):
    held_out = marketplace(2)
    texts = held_out.features[:, NAMES.index(TYPED)] == 1
    scores = ensemble.score(held_out.features)
    for rows_of_a_kind in (texts, ~texts):
        assert scores[rows_of_a_kind].mean() == pytest.approx(held_out.relevance[rows_of_a_kind].mean(), abs=0.03)


def test_one_ranker_alone_obeys_the_text_too(ensemble):
    features = rows(typed(habit=-2, met=1, meaning=0.5), typed(habit=3, met=0, meaning=0.1), row(habit=3))
    asked, usual, untyped = ensemble.score_alone("habit", features)
    assert asked > usual
    assert untyped == 3


def test_the_part_of_texts_is_saved_and_an_ensemble_of_before_has_none(ensemble, tmp_path):
    ensemble.save(tmp_path)
    features = marketplace(3).features
    assert np.array_equal(Ensemble.load(tmp_path).score(features), ensemble.score(features))
    without = RankingDataset(features[:, :1], features[:, 0] > 1, np.repeat(np.arange(200), 10), ("habit",))
    plain = Ensemble.fit({"habit": ExternalRanker(score_column="habit").fit(without)}, without)
    assert plain.texts is None
