"""Evidence for a first champion has the sign of the truth, where observed relevance has the other one."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.first_champion import logged
from components.evaluation.logged_slates import ScoredSlates, evidence, sections
from components.evaluation.truth import true_relevance
from components.simulator import SimulatorConfig, simulate
from components.training_sets import TracedDataset
from components.training_sets.dataset.examined import examined
from metier.lake import Lake

ALL = ("logged order", "retrieval", "popularity", "ensemble", "trees")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> tuple[TracedDataset, np.ndarray, Path]:
    """Talent searches of a simulated world as they were shown, and what their candidates are truly worth."""
    truth = tmp_path_factory.mktemp("world")
    lake = Lake(str(truth / "lake"))
    simulate(
        SimulatorConfig(freelancers=700, jobs=500, impressions=60_000, days=90),
        lambda name, rows: lake.append(name, rows),
        truth,
    )
    log = logged(lake, "talent_search")
    return log, true_relevance(truth, log.rows["query_id"], log.rows["candidate_id"]), truth


def test_a_copy_of_the_logged_order_loses_to_a_better_retrieval_though_it_seems_to_win(world):
    """Observed: the copy leads. Truly it is behind, and the corrected difference says so and holds the true one."""
    log, truth, directory = world
    better = truth + np.random.default_rng(0).normal(0, 1, len(truth))
    copy = -log.dataset.rank.astype(np.float64)
    scores = dict.fromkeys(ALL, copy) | {"retrieval": better}
    slates = ScoredSlates(log, scores, "retrieval", ("trees",), examined(log).examination)
    report = {section.title: section for section in sections(slates, directory)}
    true, observed, corrected = (
        next(row.interval for row in report[f"{kind} relevance"].compared if row.against == "retrieval")
        for kind in ("True", "Observed", "Corrected")
    )
    assert true.below_zero
    assert observed.above_zero
    assert corrected.below_zero
    assert corrected.low <= true.value <= corrected.high
    (logged,) = [item for item in evidence(slates) if item.estimand == "corrected"]
    assert logged.difference == corrected
    assert logged.effective_sample_size < len(np.unique(log.dataset.query_id))


def test_nothing_is_evidence_where_nobody_knows_what_was_looked_at(world):
    log, _, directory = world
    few = log.select_queries(np.arange(log.dataset.n_queries) < 60)
    seen = examined(few)
    assert seen.examination is None
    assert "random order" in seen.refused
    slates = ScoredSlates(few, dict.fromkeys(ALL, np.zeros(len(few.dataset))), "retrieval", ("trees",))
    assert [item.estimand for item in evidence(slates)] in ([], ["randomised"])
    assert "Corrected relevance" not in {section.title for section in sections(slates, directory)}
