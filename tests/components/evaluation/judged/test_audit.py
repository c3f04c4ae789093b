"""Logged pairs are judged as they were when they were asked for, and held against known grades."""

import pytest

from components.evaluation.judged.agreement import Agreement, GradedPair, agreement_on
from components.evaluation.judged.audit import Bench, audit
from components.evaluation.judged.cases import sampled_queries, shown_pairs
from components.evaluation.judged.store import import_judgements, people, read_agreement, write_agreement
from components.language.judge import rubric_digest
from metier.errors import ContractError, EmptyDataError, InputError
from metier.lake import Lake
from tests.components.evaluation.judged.home import START, at, judged_home, with_truth


@pytest.fixture
def settings(tmp_path):
    return judged_home(tmp_path)


def bench(settings):
    return Bench.by_rules(settings, at(10)["recorded_at"])


def grades(settings) -> dict[tuple[str, str], int]:
    lake, as_of = Lake(settings.lake), at(10)["recorded_at"]
    pairs = shown_pairs(lake, as_of, ["q1", "q2", "q3"])
    return {
        (case.query_id, candidate.id): judged.grade
        for case, judgements in bench(settings).judged("talent_search", pairs)
        for candidate, judged in judgements
        if judged is not None
    }


def test_a_candidate_is_judged_by_what_it_showed_when_it_was_asked_for(settings):
    found = grades(settings)
    assert found["q1", "ada"] == 0
    assert found["q2", "ada"] == 2


def test_limits_of_the_text_and_filters_of_the_query_are_grade_0(settings):
    found = grades(settings)
    assert found["q3", "bob"] == 0  # a cook, and in India where Poland is asked
    assert found["q3", "ada"] == 0  # passes no filter on cooking


def test_equal_seeds_draw_equal_queries(settings):
    lake, as_of = Lake(settings.lake), at(10)["recorded_at"]
    assert sampled_queries(lake, "talent_search", as_of, 10) == ["q1", "q2", "q3"]
    drawn = [sampled_queries(lake, "talent_search", as_of, 2, seed=3) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 2
    assert sampled_queries(lake, "job_feed", as_of, 10) == []


def test_people_s_judgements_come_before_truth(settings, tmp_path):
    with_truth(settings, [0, 0, 0, 0, 0, 0])
    file = tmp_path / "ours.qrels"
    file.write_text("q1 0 ada 0\nq2 0 ada 2\nq2 0 bob 0\nq3 0 bob 1\n")
    import_judgements(file, settings.judgements, Lake(settings.lake))
    (surface,) = audit(bench(settings), settings, 10).surfaces
    assert surface.known == "people"
    assert surface.whole.pairs == 4
    assert surface.whole.kappa.value == pytest.approx(1 - (1 / 4) / (1 - (3 / 4 * 2 / 4 + 1 / 4 * 1 / 4)))


def test_without_known_grades_there_is_nothing_to_audit(settings):
    with pytest.raises(EmptyDataError, match="metier judge import"):
        audit(bench(settings), settings, 10)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("q1 0 ada 5", "grades are whole numbers"),
        ("q1 0 ada 1.5", "grades are whole numbers"),
        ("q9 0 ada 1", "not in the lake, such as 'q9'"),
        ("q1 judge ada 1", "metier judge export"),
        ("q1 0 nobody 1", "none of their query's surface in the lake, such as 'nobody' for 'q1'"),
    ],
)
def test_a_file_that_cannot_be_taken_changes_nothing(settings, tmp_path, line, reason):
    good, bad = tmp_path / "good.qrels", tmp_path / "bad.qrels"
    good.write_text("q1 0 ada 3\n")
    bad.write_text(f"q1 0 bob 1\n{line}\n")
    import_judgements(good, settings.judgements, Lake(settings.lake))
    with pytest.raises(InputError, match=reason):
        import_judgements(bad, settings.judgements, Lake(settings.lake))
    assert people(settings.judgements) == {"q1": {"ada": 3.0}}


def test_the_newer_judgement_of_a_pair_counts(settings, tmp_path):
    file = tmp_path / "ours.qrels"
    file.write_text("q1 0 ada 3\n")
    import_judgements(file, settings.judgements, Lake(settings.lake))
    file.write_text("q1 0 ada 1\nq1 0 bob 2\n")
    taken = import_judgements(file, settings.judgements, Lake(settings.lake))
    assert (taken.judgements, taken.replaced) == (2, 1)
    assert people(settings.judgements) == {"q1": {"ada": 1.0, "bob": 2.0}}


def test_a_file_whose_judgements_were_all_forgotten_is_empty(tmp_path):
    (tmp_path / "people.qrels").write_text("          \n")
    assert people(tmp_path) == {}


def agreed(settings, judge: str = "rules", rubric: str | None = None) -> Agreement:
    pairs = [GradedPair(f"q{n}", n % 5, n % 5, {"asked by": "text"}) for n in range(40)]
    surfaces = (agreement_on("talent_search", "people", pairs, 0),)
    return Agreement(judge, rubric or rubric_digest(), START, surfaces)


def test_a_judge_informs_where_its_interval_is_as_high_as_declared(settings):
    agreement = agreed(settings)
    assert agreement.may_inform("talent_search", "rules", 0.9)
    assert not agreement.may_inform("job_feed", "rules", 0.0)
    assert not agreement.may_inform("talent_search", "another", 0.0)
    assert not agreed(settings, rubric="of last year").may_inform("talent_search", "rules", 0.0)


def test_an_interval_that_cannot_be_said_is_no_agreement():
    agreement = agreement_on("job_feed", "people", [GradedPair("q", 1, 1, {}), GradedPair("q", 0, 1, {})], 0)
    assert not Agreement("rules", rubric_digest(), START, (agreement,)).may_inform("job_feed", "rules", -1.0)


def test_an_agreement_is_read_back_as_it_was_written(settings):
    write_agreement(agreed(settings), settings.judgements)
    assert read_agreement(settings.judgements) == agreed(settings)
    (settings.judgements / "agreement.json").write_text("{}")
    with pytest.raises(ContractError, match="metier judge audit"):
        read_agreement(settings.judgements)


def test_true_relevance_is_rounded_and_a_pair_without_any_is_left_out(settings):
    with_truth(settings, [0.2, 0.4, 1.6, 0.1, float("nan"), 0.0])
    (surface,) = audit(bench(settings), settings, 10).surfaces
    assert surface.known == "truth"
    assert surface.whole.pairs == 5
    assert surface.whole.kappa.value == 1.0
    assert {each.label for each in surface.slices} == {"asked by: text", "text: on profile"}
