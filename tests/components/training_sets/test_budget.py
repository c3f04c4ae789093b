"""Which positives become queries, with how many negatives, and what a run with so many rows takes."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_sets.budget import MOST_ROWS, RUN_BYTES, STEP_BYTES, most_rows, needs, sample, steps_at_once
from metier.contract import TIMESTAMP
from metier.errors import SettingsError
from tests.components.training_sets.organic_log import START

GIB = 2**30


def positives(actors: list[str], days: list[int]) -> pa.Table:
    moments = pa.array([START + timedelta(days=day) for day in days], TIMESTAMP)
    return pa.table({"actor_id": pa.array(actors), "event_timestamp": moments})


def of_each(actors: dict[str, int]) -> pa.Table:
    """So many positives of each actor, a day apart, all actors' in order of time."""
    rows = sorted((day, actor) for actor, count in actors.items() for day in range(count))
    return positives([actor for _, actor in rows], [day for day, _ in rows])


def test_what_fits_is_whole_and_has_sixty_negatives():
    drawn = sample(of_each({"a": 6, "b": 4}), 610)
    assert (int(drawn.chosen.sum()), drawn.negatives) == (10, 60)
    assert drawn.render().startswith("all 10 positives; 60 negatives each")


def test_queries_give_up_negatives_before_queries_are_left_out():
    # 10 queries in 300 rows are 30 rows each, 29 of them negatives; in 105 rows, 5 queries of 1 + 20.
    assert (sample(of_each({"a": 10}), 300).negatives, int(sample(of_each({"a": 10}), 300).chosen.sum())) == (29, 10)
    drawn = sample(of_each({"a": 10}), 105)
    assert (drawn.negatives, drawn.chosen.tolist()) == (20, [False, True] * 5)
    assert drawn.render().startswith("5 of 10 positives (50%), evenly over each actor's in order of time; 20 negatives")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(21, 4_000))
def test_actors_keep_their_shares_and_the_rows_their_limit(sizes, most):
    rows = of_each({f"actor {place}": size for place, size in enumerate(sizes)})
    drawn = sample(rows, most)
    assert drawn.chosen.sum() * (1 + drawn.negatives) <= max(most, 1 + drawn.negatives)
    share = drawn.chosen.sum() / rows.num_rows
    kept = Counter(np.asarray(rows["actor_id"])[drawn.chosen].tolist())
    for place, size in enumerate(sizes):
        assert abs(kept[f"actor {place}"] - share * size) <= 1
    assert sample(rows, most).chosen.tolist() == drawn.chosen.tolist()


def test_early_and_late_acts_of_an_actor_are_alike_among_the_chosen():
    drawn = sample(of_each({"a": 1_000}), 21 * 100)
    assert [int(part.sum()) for part in np.split(drawn.chosen, 4)] == [25, 25, 25, 25]


def test_rows_follow_from_memory_up_to_the_most():
    assert most_rows(16 * GIB) == MOST_ROWS
    # 1,000 bytes a row above what a run and a step hold without any.
    assert most_rows(RUN_BYTES + STEP_BYTES + 300_000_000) == 300_000
    with pytest.raises(SettingsError, match=r"a run may use 512 MiB \(METIER_MEMORY_MB\) and a training step needs"):
        most_rows(GIB // 2)


def test_two_steps_run_side_by_side_where_memory_holds_both():
    # A step of 900,000 rows holds 0.90 + 0.84 GiB, two of them and the run 3.98.
    assert steps_at_once(int(3.9 * GIB), 900_000) == 1
    assert steps_at_once(4 * GIB, 900_000) == 2
    assert steps_at_once(2 * GIB, 900_000) == 1


@pytest.mark.parametrize("memory_bytes", [2 * GIB, 3 * GIB, 4 * GIB, 64 * GIB])
@pytest.mark.parametrize("interactions", [50, 100_000, 50_000_000])
def test_a_run_is_never_planned_beyond_its_memory(memory_bytes, interactions):
    needed = needs({"interactions": interactions}, memory_bytes)
    assert needed.memory_bytes <= memory_bytes
    assert needed.rows <= min(interactions * 61, MOST_ROWS)
