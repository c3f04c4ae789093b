"""Grades of the rubric, with the arithmetic in view."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.judge import CRITERIA, Finding, grade_of

SHARES = st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
FINDINGS = st.lists(
    st.builds(Finding, st.sampled_from([each.name for each in CRITERIA if each.name != "limits"]), SHARES, st.just("")),
    min_size=1,
    unique_by=lambda finding: finding.criterion,
)


def test_nothing_asked_has_no_grade() -> None:
    assert grade_of([]) is None


def test_a_broken_limit_is_grade_0() -> None:
    assert grade_of([Finding("skills", 1.0, ""), Finding("limits", 0.0, "")]) == 0


def test_without_any_skill_the_grade_is_1_at_most() -> None:
    others = [Finding(name, 1.0, "") for name in ("trade", "level", "pay", "place", "language", "domain", "text")]
    assert grade_of([Finding("skills", 0.0, ""), *others]) == 1


def test_what_is_not_known_and_what_was_not_asked_earn_half() -> None:
    assert grade_of([Finding("skills", None, "")]) == 1  # half of 14 points


@given(FINDINGS, st.data())
def test_a_criterion_that_is_better_met_never_costs_a_grade(findings: list[Finding], data: st.DataObject) -> None:
    grade = grade_of(findings)
    assert grade in range(5)
    at = data.draw(st.integers(0, len(findings) - 1))
    better = [*findings]
    better[at] = Finding(findings[at].criterion, 1.0, "")
    raised = grade_of(better)
    assert raised is not None
    assert raised >= grade


@pytest.mark.parametrize(("share", "grade"), [(0.0, 0), (0.5, 1), (1.0, 2)])
def test_skills_alone_leave_the_rest_unknown(share: float, grade: int) -> None:
    assert grade_of([Finding("skills", share, "")]) == grade  # (6 * share + 8 * .5) / 14 = .29, .5, .71
