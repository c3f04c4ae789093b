"""One small seed of the long quality studies: what they claim of the gate holds on it."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks" / "quality"))

import nightly_looks
import planted_challenger
import positions

from tests.components.ranking.clicks_by_position import clicks_by_position, traced, true_grades


@pytest.mark.parametrize("way", nightly_looks.WAYS)
def test_an_equal_challenger_is_not_promoted_in_a_month_of_nights(way):
    promoted, _, spent = nightly_looks.looked_at(nightly_looks.WAYS[way](nightly_looks.Month.drawn(5)))
    assert not promoted
    assert 1 <= spent <= 9  # 1.5 times as many slates each: at most 9 looks in 30 nights


def test_equal_challengers_are_equal_and_the_better_one_gains_what_plans_are_made_for():
    month = nightly_looks.Month.drawn(0, 150)
    champion = month.ndcg(nightly_looks.NOISE)
    assert np.nanmean(month.ndcg(nightly_looks.NOISE) - champion) == pytest.approx(0, abs=0.006)
    assert np.nanmean(month.ndcg(nightly_looks.LESS_NOISE) - champion) == pytest.approx(0.02, abs=0.006)


def test_a_better_challenger_is_promoted_by_the_day_of_the_plan():
    promoted, days, gain = nightly_looks.in_time(1)
    assert promoted
    assert nightly_looks.FIRST_NIGHT < days < nightly_looks.LONGEST
    assert gain > 0


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("explored", ["slot", "shuffled"])
def test_a_copy_of_a_poor_logged_order_is_not_promoted(explored, first):
    verdict, true = planted_challenger.verdict_of(1, explored, first=first)
    assert verdict != "promote"
    assert true["ensemble"] < 0.8 < 0.9 < true["retrieval" if first else "champion"]


def test_the_chosen_fit_beats_the_naive_one_where_clicks_go_by_position():
    held_out = clicks_by_position(300, 2)
    train, validation = traced(clicks_by_position(1_500, 0, shuffled=0.2)), clicks_by_position(150, 1, shuffled=0.2)
    world = positions.compared(train, validation, traced(held_out), true_grades(held_out))
    figures = positions.pooled([world, world], "job_feed", "position")
    assert figures["chosen"]["less plain"]["low"] > 0
    assert figures["chosen"] == figures[world.chosen.kind]
    assert figures["plain"]["less plain"]["value"] == 0
    assert figures["choices"][0]["examination"]["by_rank"][0] == figures["true examination"][0] == 1
