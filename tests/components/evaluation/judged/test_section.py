"""The judge's section: there where the judge agrees enough, and never evidence."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from components.evaluation.evaluate import StudyEvaluation
from components.evaluation.gate import Evidence, decide
from components.evaluation.judged.agreement import Agreement, GradedPair, agreement_on
from components.evaluation.judged.section import TITLE, judged_section
from components.evaluation.judged.store import write_agreement
from components.evaluation.logged_slates import ScoredSlates
from components.evaluation.measure import measured
from components.evaluation.report import EvaluationReport
from components.evaluation.report.document import Section
from components.language.judge import rubric_digest
from components.measures import Interval
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.plan import Study
from tests.components.evaluation.judged.home import PAIRS, START, at, judged_home

AS_OF = at(10)["recorded_at"]


def slates() -> ScoredSlates:
    size = len(PAIRS)
    rows = pa.table(
        {
            "query_id": [q for q, _ in PAIRS],
            "candidate_id": [c for _, c in PAIRS],
            "actor_id": ["c"] * size,
            "job_id": pa.nulls(size, pa.string()),
            "event_timestamp": pa.array([datetime(2026, 1, 4, tzinfo=UTC)] * size),
            "placement": ["organic"] * size,
        }
    )
    relevance = np.array([1, 0, 1, 0, 0, 1])
    dataset = RankingDataset(np.zeros((size, 1), np.float32), relevance, np.repeat(np.arange(3), 2), ("typed",))
    scores = {"retrieval": -relevance.astype(float), "ensemble": relevance.astype(float)}
    return ScoredSlates(TracedDataset(dataset, rows, {}), scores, "retrieval", ())


@pytest.fixture
def settings(tmp_path):
    return judged_home(tmp_path)


def keep(settings, agrees: bool) -> None:
    pairs = [GradedPair(f"q{n}", n % 5, n % 5 if agrees else 4 - n % 5, {}) for n in range(40)]
    agreement = Agreement("rules", rubric_digest(), START, (agreement_on("talent_search", "people", pairs, 0),))
    write_agreement(agreement, settings.judgements)


def test_without_an_audit_the_judge_says_nothing(settings):
    assert judged_section(slates(), "talent_search", settings, AS_OF) is None


def test_a_judge_that_agrees_too_little_says_nothing(settings):
    keep(settings, agrees=False)
    assert judged_section(slates(), "talent_search", settings, AS_OF) is None


def test_a_judge_that_agrees_measures_every_ranker_and_says_that_it_decides_nothing(settings):
    keep(settings, agrees=True)
    section = judged_section(slates(), "talent_search", settings, AS_OF)
    assert section is not None
    assert "no decision reads them" in section.note
    figures = {row.ranker: row.interval.value for row in section.measured}
    assert figures["ensemble"] == 1.0  # ada, who knows React, first where anybody is relevant
    assert figures["retrieval"] == pytest.approx(1 / np.log2(3))


def test_a_verdict_does_not_change_with_the_judge(settings, tmp_path):
    """What the gate reads of an evaluation, with a judge's section that says the opposite and without."""
    keep(settings, agrees=True)
    swapped = replace(slates(), scores={name: -score for name, score in slates().scores.items()})
    judged = judged_section(swapped, "talent_search", settings, AS_OF)
    assert judged is not None
    assert judged.compared[0].interval.value < 0
    observed = Section("Observed relevance", measured=measured("ndcg@10", {"ensemble": np.ones(3)}, np.arange(3)))
    told = (Evidence("corrected", "ndcg@10", Interval(0.1, 0.05, 0.15, 200, 100), against="retrieval"),)
    read = []
    for number, sections in enumerate(((observed,), (observed, judged))):
        report = EvaluationReport("talent_search", sections)
        StudyEvaluation(Study("talent_search", "logged_slates"), report, told).write(tmp_path / str(number))
        read.append(StudyEvaluation.read(tmp_path / str(number)))
    without, beside = read
    assert beside.report.sections[-1].title == TITLE
    assert beside.headline() == without.headline()
    decisions = [decide(each.evidence, first_champion=True) for each in read]
    assert decisions[0] == decisions[1]
    assert decisions[0].verdict == "promote"
