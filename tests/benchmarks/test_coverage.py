"""A small seed of the studies of intervals; the whole ones are stages of `make evidence`."""

from pathlib import Path

import pytest

from benchmarks.quality.coverage import study as coverage
from benchmarks.quality.off_policy import study as off_policy
from components.measures.intervals import FEWEST_ACTORS

OPEN_BANDIT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "open_bandit_small"


def test_bounds_of_the_fewest_actors_cover_what_they_say():
    """200 draws: the share's own error is 1.5%."""
    for row in coverage(200, (FEWEST_ACTORS,), ("difference of NDCG", "skewed mean", "weighted mean")):
        assert 0.9 <= row.covered <= 0.99, row
        assert row.kept == 1, row


def test_thirty_actors_of_whom_few_have_a_hit_say_that_they_are_too_few():
    (row,) = coverage(100, (FEWEST_ACTORS,), ("rare hits, 10%",))
    assert row.kept < 0.3


@pytest.mark.skipif(not OPEN_BANDIT.exists(), reason=f"the small Open Bandit Dataset is absent: {OPEN_BANDIT}")
def test_estimates_from_thompson_sampling_hold_what_the_uniform_policy_earned():
    found = off_policy(OPEN_BANDIT, "men", logs=400)
    for method, figures in found["estimates"].items():
        assert figures["low"] <= found["earned"]["value"] <= figures["high"], method
        assert figures["effective_sample_size"] > 500
        assert found["covered"][method]["covered"] >= 0.9, method
    assert all(found["refused"].values())
