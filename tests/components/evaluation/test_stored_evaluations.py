"""What an evaluation writes reads back as it was: nothing is lost on the way through JSON, and old files still read."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluation.decision.evidence import TRUST
from components.evaluation.decision.guardrails import Guardrail, Untold
from components.evaluation.decision.looks import Looks
from components.evaluation.evaluate import StudyEvaluation, StudyEvidence
from components.evaluation.gate import Check, Decision, Evidence, decide
from components.evaluation.report import EvaluationReport
from components.evaluation.report.document import Chart, Compared, Curve, FigureTable, Measured, Section
from components.measures import Interval
from components.measures.examination import Examination
from components.measures.reliability import Reliability
from components.training_sets.plan import Study
from metier.stored import as_json, as_plain, from_json, from_plain

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text(max_size=5)
INTERVALS = st.builds(Interval, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 9), st.integers(0, 9))
EXAMINATIONS = st.builds(
    Examination,
    st.lists(NUMBERS, max_size=3).map(tuple),
    st.lists(NUMBERS, max_size=3).map(tuple),
    st.lists(NUMBERS, max_size=3).map(tuple),
    st.sampled_from(["randomised", "rank variation"]),
    st.integers(0, 9),
    st.integers(0, 9),
)
RELIABILITIES = st.builds(
    Reliability, TEXTS, TEXTS, st.integers(0, 9), st.integers(0, 9), NUMBERS, NUMBERS, INTERVALS, INTERVALS
)
ESTIMANDS = st.sampled_from(TRUST)
EVIDENCE = st.builds(Evidence, ESTIMANDS, TEXTS, INTERVALS, st.none() | NUMBERS)
LOOKS = st.builds(Looks, TEXTS, st.integers(0, 9), st.integers(0, 9), st.none(), TEXTS)
GUARDRAILS = st.builds(
    Guardrail, TEXTS, INTERVALS, st.floats(-9, 9), st.sampled_from(["at_least", "at_most"]),
    st.sampled_from(["kept", "unbroken"]),
)  # fmt: skip
UNTOLD = st.builds(Untold, TEXTS, TEXTS)
STUDIES = st.builds(
    Study,
    st.sampled_from(["job_feed", "talent_search", "applicant_review"]),
    st.sampled_from(["logged_slates", "leave_last_out", "time_split"]),
    st.booleans(),
    TEXTS,
)
CELLS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)


def tuples(of: st.SearchStrategy, most: int = 2) -> st.SearchStrategy:
    return st.lists(of, max_size=most).map(tuple)


CHECKS = st.builds(Check, TEXTS, st.sampled_from(["better", "unusable", "kept"]), INTERVALS, TEXTS)
DECISIONS = st.builds(
    Decision,
    st.sampled_from(["promote", "refuse", "hold"]),
    st.none() | ESTIMANDS,
    tuples(TEXTS),
    tuples(CHECKS),
    st.dictionaries(TEXTS, CELLS, max_size=2),
    TEXTS,
    LOOKS,
)
SECTIONS = st.builds(
    Section,
    TEXTS,
    TEXTS,
    tuples(st.builds(Measured, TEXTS, TEXTS, INTERVALS)),
    tuples(st.builds(Compared, TEXTS, TEXTS, TEXTS, INTERVALS)),
    tuples(st.builds(FigureTable, TEXTS, tuples(TEXTS), tuples(tuples(CELLS)), TEXTS)),
    tuples(
        st.builds(
            Chart,
            TEXTS,
            TEXTS,
            TEXTS,
            tuples(st.builds(Curve, TEXTS, tuples(NUMBERS), tuples(NUMBERS))),
            TEXTS,
            st.booleans(),
        )
    ),
)
REPORTS = st.builds(
    EvaluationReport,
    TEXTS,
    tuples(SECTIONS),
    st.dictionaries(TEXTS, CELLS, max_size=2),
    st.none() | DECISIONS,
    tuples(TEXTS),
)
STORED = st.one_of(INTERVALS, EVIDENCE, STUDIES, DECISIONS, REPORTS, st.builds(
    StudyEvidence,
    STUDIES,
    st.none() | TEXTS,
    tuples(EVIDENCE),
    st.none() | EXAMINATIONS,
    reliability=tuples(RELIABILITIES),
    guardrails=tuples(GUARDRAILS),
    untold=tuples(UNTOLD),
))  # fmt: skip


@settings(deadline=None)
@given(STORED)
def test_every_stored_type_reads_back_as_it_was(stored):
    # repr tells NaN from None and True from 1, which == does not.
    assert repr(from_json(type(stored), as_json(stored))) == repr(stored)
    assert repr(from_plain(type(stored), as_plain(stored))) == repr(stored)
    json.loads(as_json(stored), parse_constant=pytest.fail)  # no NaN and no Infinity, which JSON does not have


@settings(deadline=None)
@given(STUDIES, tuples(EVIDENCE), st.none() | TEXTS, st.none() | EXAMINATIONS, tuples(RELIABILITIES))
def test_a_studys_evaluation_is_read_as_it_was_written(
    tmp_path_factory, study, evidence, champion, examination, came_true
):
    report = EvaluationReport(study.surface, ())
    evaluation = StudyEvaluation(study, report, evidence, champion, examination, reliability=came_true)
    folder = tmp_path_factory.mktemp("evaluation")
    evaluation.write(folder)
    assert repr(StudyEvaluation.read(folder)) == repr(evaluation)


def test_moments_of_evidence_and_looks_are_read_as_they_were():
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    evidence = Evidence("randomised", "ndcg@10", Interval(0.1, 0.0, 0.2, 9, 9), since=moment, until=moment)
    looks = evidence.slice.looked_at(Looks("champion"), "digest")
    assert from_json(Evidence, as_json(evidence)) == evidence
    assert from_json(Looks, as_json(looks)) == looks


def test_off_policy_evidence_promotes_as_before_once_it_was_stored(tmp_path):
    gain = Interval(0.02, 0.01, 0.03, 5000, 900)
    evidence = (Evidence("off_policy", "ndcg@10", gain, effective_sample_size=500.0),)
    StudyEvaluation(Study("job_feed", "logged_slates"), EvaluationReport("job_feed", ()), evidence).write(tmp_path)
    assert decide(evidence).verdict == "promote"
    assert decide(StudyEvaluation.read(tmp_path).evidence) == decide(evidence)


def test_evidence_of_a_build_that_lost_the_effective_sample_size_still_reads():
    interval = {"value": 0.1, "low": None, "high": 0.2, "n": 3, "n_actors": 2}
    study = {"surface": "job_feed", "protocol": "logged_slates", "candidate_counts": True, "champion": ""}
    evidence = [{"estimand": "logged", "metric": "ndcg@10", "difference": interval}]
    read = from_plain(StudyEvidence, {"study": study, "champion": None, "evidence": evidence})
    assert read.study == Study("job_feed", "logged_slates")
    assert read.evidence[0].effective_sample_size is None
    assert read.examination is None
    assert math.isnan(read.evidence[0].difference.low)


def test_a_cell_that_is_no_number_is_null():
    table = FigureTable("t", ("a",), ((math.nan,), (math.inf,)))
    assert as_plain(table)["rows"] == [[None], [None]]


def test_a_file_of_another_kind_is_a_value_error_that_names_the_field():
    with pytest.raises(ValueError, match="n_actors"):
        from_plain(Interval, {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1})
    assert from_plain(Interval, {"value": 1.0, "low": 1, "high": 1.0, "n": 1, "n_actors": 1, "added later": 5}).low == 1
