"""The deterministic judge."""

from typing import Any

import pytest

from components.language.judge import Asking, Judgement, RuleJudge
from components.language.understanding import shipped_exchange
from tests.components.language.judge.pairs import candidate, job, person, reader, typed

JUDGE = RuleJudge(reader(), shipped_exchange())


def judged(asking: Asking, row: dict[str, Any], *broken: str) -> Judgement:
    (judgement,) = JUDGE.judge(asking, [candidate(row, *broken)])
    assert judgement is not None
    return judgement


def shares(judgement: Judgement) -> dict[str, float | None]:
    return {finding.criterion: finding.share for finding in judgement.findings}


def test_who_fits_a_job_in_all_has_the_highest_grade() -> None:
    assert judged(Asking("applicant_review", job=job()), person()).grade == 4


def test_only_what_was_asked_is_looked_at() -> None:
    assert set(shares(judged(typed("react typescript"), person()))) == {"skills"}


def test_a_skill_next_to_the_one_asked_counts_half() -> None:
    found = shares(judged(typed("react"), person(title="", skills=["JavaScript"])))
    assert found["skills"] == 0.5


def test_a_text_beside_a_job_adds_to_its_skills() -> None:
    found = shares(judged(typed("docker", job=job()), person()))
    assert found["skills"] == pytest.approx(2 / 3)


def test_a_text_on_a_feed_stands_in_place_of_the_profile() -> None:
    asking = typed("docker", "job_feed", freelancer=person())
    found = shares(judged(asking, job(title="Containers", skills=["Docker"], category="Operations")))
    assert found["skills"] == 1.0
    assert "trade" not in found


def test_a_broken_limit_and_an_unwanted_skill_are_grade_0() -> None:
    assert judged(typed("react"), person(), "understood country").grade == 0
    assert judged(typed("typescript, no react"), person()).grade == 0


@pytest.mark.parametrize(("rate", "share"), [(40.0, 1.0), (50.0, 0.5), (50.1, 0.0), (None, None)])
def test_pay_counts_half_up_to_a_quarter_beyond(rate: float | None, share: float | None) -> None:
    found = judged(Asking("applicant_review", job=job()), person(hourly_rate_usd=rate))
    assert shares(found)["pay"] == share


def test_a_query_that_asks_nothing_is_not_judged() -> None:
    assert JUDGE.judge(Asking("talent_search"), [candidate(person())]) == [None]


def test_scores_and_outcomes_in_a_row_change_nothing() -> None:
    asking = Asking("applicant_review", job=job())
    assert judged(asking, person(score=9.0, true_relevance=4.0, rank=1)) == judged(asking, person())
