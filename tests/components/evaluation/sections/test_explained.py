"""Reasons beside what leaving a topic out does."""

from dataclasses import replace

import numpy as np
import pytest

from components.evaluation.sections.explained import explained_section, left_out
from components.language.reasons import topics_of
from components.ranking import Ensemble, ExternalRanker
from components.ranking.ensemble import Share
from components.training_sets import RankingDataset
from tests.components.evaluation.test_logged_slates import slates

NAMES = ("skill_coverage", "rate_inside_budget", "past_seen")
WEIGHTS = (3.0, 2.0, 0.5)


@pytest.fixture
def ensemble():
    """score = 3 skill_coverage + 2 rate_inside_budget + .5 past_seen, against a row of zeros."""
    dataset = RankingDataset(np.eye(3, dtype=np.float32), [1, 0, 0], [0, 0, 0], NAMES)
    rankers = {name: ExternalRanker(score_column=name).fit(dataset) for name in NAMES}
    fitted = Ensemble.fit(rankers, dataset)
    shares = {name: Share(weight, 0.0, 1.0) for name, weight in zip(NAMES, WEIGHTS, strict=True)}
    return Ensemble(rankers, shares, fitted.calibration, typical=np.zeros(3, np.float32))


def test_of_a_sum_what_is_told_is_what_is_lost(ensemble):
    features = np.float32([[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]])  # 5.5, 3.5, 2, 0
    found = left_out(ensemble, features, topics_of(NAMES))
    assert found.adds.tolist() == pytest.approx(np.float32(WEIGHTS) * features)
    assert found.score == pytest.approx(found.adds)
    # Without skills the first falls to 2.5, behind 3.5, and the second to .5, behind 2; the third is last without pay,
    # level with the fourth; 5.5 less 2 is level with the second, which is not behind it.
    assert found.places.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_the_section_states_the_agreement(ensemble):
    given = slates([])
    rng = np.random.default_rng(0)
    dataset = RankingDataset(
        rng.random((12, 3)).astype(np.float32), given.relevance, given.held_out.dataset.query_index, NAMES
    )
    section = explained_section(replace(given, held_out=replace(given.held_out, dataset=dataset)), ensemble)
    score, _ = section.measured
    assert (score.interval.value, score.interval.n_actors) == (pytest.approx(1), 4)
    assert [row[0] for row in section.tables[0].rows] == ["skills", "pay", "history"]
