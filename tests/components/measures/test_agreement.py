import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.measures.agreement import grade_precision, kappa
from metier.errors import InputError

ONE_EACH = ["a", "b", "c", "d"]


def test_kappa_is_what_is_left_of_disagreement_by_chance():
    # judged 0 0 1 1, known 0 1 1 1: 1 of 4 differs; by chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2; 1 - (1/4) / (1/2)
    agreed = kappa([0, 0, 1, 1], [0, 1, 1, 1], ONE_EACH, n_grades=2)
    assert (agreed.value, agreed.n, agreed.n_actors) == (0.5, 4, 4)


def test_with_quadratic_weights_a_neighbouring_grade_costs_little():
    # distance 1 of 2 costs 1/4. judged 0 2 1, known 0 2 2: observed (1/4) / 3 = 1/12.
    # by chance: judged 0 1 2 once each; known 0 once, 2 twice.
    # (0,0) 0, (0,2) 2 * 1, (1,0) 1/4, (1,2) 2 * 1/4, (2,0) 1, (2,2) 0: 3.75 / 9
    weighted = kappa([0, 2, 1], [0, 2, 2], ONE_EACH[:3], n_grades=3, weights="quadratic")
    assert weighted.value == pytest.approx(1 - (1 / 12) / (3.75 / 9))


def test_who_always_gives_one_grade_agrees_no_more_than_chance():
    assert kappa([1, 1, 1, 1], [0, 1, 0, 1], ONE_EACH, n_grades=2).value == 0.0


def test_where_both_give_one_grade_alone_kappa_is_not_defined():
    agreed = kappa([1, 1], [1, 1], ["a", "b"], n_grades=2)
    assert math.isnan(agreed.value)
    assert math.isnan(agreed.low)


def test_pairs_of_one_query_are_resampled_together():
    judged, known = np.tile([0, 1, 0, 1], 50), np.tile([0, 1, 1, 0], 50)
    alone = kappa(judged, known, np.arange(200), n_grades=2)
    together = kappa(judged, known, np.repeat(np.arange(20), 10), n_grades=2)
    single = kappa(judged, known, np.zeros(200), n_grades=2)
    assert alone.low < 0 < alone.high
    assert (together.n, together.n_actors) == (200, 20)
    assert math.isnan(single.low)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_kappa_is_symmetric_and_at_most_one(pairs):
    judged, known = zip(*pairs, strict=True)
    queries = range(len(pairs))
    for weights in ("none", "quadratic"):
        one = kappa(judged, known, queries, n_grades=5, weights=weights).value
        other = kappa(known, judged, queries, n_grades=5, weights=weights).value
        assert one == pytest.approx(other, nan_ok=True)
        assert math.isnan(one) or one <= 1.0 + 1e-12
        assert judged != known or math.isnan(one) or one == pytest.approx(1.0)


def test_precision_is_over_what_the_judge_graded_high():
    # graded 2 or more: three pairs, of which two truly are
    precise = grade_precision([3, 2, 2, 0], [3, 2, 0, 3], ONE_EACH, n_grades=4, at_least=2)
    assert precise.value == pytest.approx(2 / 3)
    assert precise.n == 3


@pytest.mark.parametrize("grade", [-1, 5, 2.5])
def test_a_grade_outside_of_the_scale_is_refused(grade):
    with pytest.raises(InputError, match="whole numbers from 0 to 4"):
        kappa([grade], [1], ["a"], n_grades=5)


def test_grades_and_queries_are_aligned():
    with pytest.raises(InputError, match="align"):
        kappa([1, 2], [1], ["a"], n_grades=3)
