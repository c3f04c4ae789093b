"""Some skills of each: sums over them are those over all skills."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from components.simulator.skills import Skills
from components.simulator.taxonomy import STEP, full_taxonomy

WIDE = len(full_taxonomy().skills)
ROW = st.dictionaries(st.integers(0, WIDE - 1), st.integers(1, STEP), max_size=4)


def made_of(rows: list[dict[int, int]]) -> Skills:
    skills = Skills.empty(len(rows), 4)
    for place, row in enumerate(rows):
        at = np.array(sorted(row), np.int64)
        skills.put(place, at, np.array([row[int(s)] / STEP for s in at], np.float32))
    return skills


@settings(max_examples=50, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6), st.integers(0, 99))
def test_a_total_is_the_product_of_whole_rows(rows, seed):
    rng, skills = np.random.default_rng(seed), made_of(rows)
    held = (rng.integers(0, STEP + 1, size=(3, WIDE)) / STEP).astype(np.float16)
    row, one = rng.integers(len(rows), size=20), rng.integers(3, size=20)
    expected = (skills.dense()[row] * held[one].astype(np.float32)).sum(axis=1)
    assert skills.total(row, held, one).tolist() == expected.tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_dense_rows_hold_each_weight_once(rows):
    dense = made_of(rows).dense()
    for place, row in enumerate(rows):
        assert {int(s): round(float(dense[place, s] * STEP)) for s in np.flatnonzero(dense[place])} == row
        assert made_of(rows).of(place).tolist() == sorted(row)


def test_a_row_can_be_written_anew():
    skills = made_of([{0: 5, 7: 6, 9: 7}])
    skills.put(0, np.array([3]), np.array([0.5], np.float32))
    assert skills.of(0).tolist() == [3]
    assert skills.dense().sum() == 0.5
