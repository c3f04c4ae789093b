"""The leave-last-out protocol on small tables and on the public job views it was fixed by."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_sets.leave_last_out import full_ranking, leave_last_out, time_split_actors
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError, InputError

START = datetime(2026, 1, 1, tzinfo=UTC)
JOB_VIEWS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "job_views" / "Job_Views.csv"


def positives(touches: list[tuple[str, str, float]]) -> pa.Table:
    """(actor, candidate, day) of first touches, in any order."""
    actors, candidates, days = zip(*touches, strict=True) if touches else ([], [], [])
    stamps = pa.array([START + timedelta(days=day) for day in days], TIMESTAMP)
    return pa.table(
        {
            "actor_id": pa.array(actors, pa.string()),
            "candidate_id": pa.array(candidates, pa.string()),
            "event_timestamp": stamps,
        }
    )


THREE_ACTORS = [("a", "x", 1), ("a", "y", 3), ("a", "z", 2), ("b", "x", 5), ("b", "y", 4), ("c", "x", 9)]


def chosen(mask: np.ndarray) -> list[str]:
    return ["".join(THREE_ACTORS[row][:2]) for row in np.flatnonzero(mask)]


def test_the_last_is_tested_the_one_before_validates_and_all_else_trains() -> None:
    held = leave_last_out(positives(THREE_ACTORS))
    assert chosen(held.test) == ["ay", "bx"]
    assert chosen(held.validation) == ["az"]  # b has two: its other row trains
    assert chosen(held.train) == ["ax", "by", "cx"]


def test_ties_in_time_go_by_candidate() -> None:
    held = leave_last_out(positives([("a", "z", 1), ("a", "x", 1), ("a", "y", 0)]))
    assert held.test.tolist() == [True, False, False]


def test_no_actor_with_two_candidates_is_refused() -> None:
    for touches in ([], [("a", "x", 1), ("b", "x", 2)]):
        with pytest.raises(EmptyDataError, match="no actor has two candidates"):
            leave_last_out(positives(touches))


def test_the_full_ranking_holds_every_candidate_and_leaves_out_history() -> None:
    table = positives([*THREE_ACTORS, ("d", "only", 0)])
    ranking = full_ranking(table, leave_last_out(table).test)
    assert ranking.actors == ("a", "b")
    assert ranking.candidates == ("x", "y", "z")  # "only" was seen by an actor with one candidate
    assert [ranking.candidates[place] for place in ranking.target] == ["y", "x"]
    history = [
        ranking.actors[a] + ranking.candidates[c]
        for a, c in zip(ranking.history_actor, ranking.history_candidate, strict=True)
    ]
    assert history == ["ax", "az", "by"]
    assert ranking.row.tolist() == [1, 3]


def test_a_wider_ranking_is_asked_for_by_its_candidates() -> None:
    table = positives(THREE_ACTORS)
    test = leave_last_out(table).test
    assert full_ranking(table, test, ["y", "x", "z", "new"]).candidates == ("new", "x", "y", "z")
    with pytest.raises(InputError, match="'y' is not among the candidates"):
        full_ranking(table, test, ["x", "z"])


def test_a_time_split_trains_before_and_tests_who_is_active_after() -> None:
    touches = [
        ("a", "x", 1),
        ("a", "y", 8),
        ("a", "z", 9),
        ("b", "x", 2),
        ("b", "y", 7),
        ("c", "x", 9),
        ("d", "x", 3),
        ("d", "y", 6),
    ]
    held = time_split_actors(positives(touches), split_at=START + timedelta(days=7.5))
    names = ["".join(touch[:2]) for touch in touches]
    assert [names[row] for row in np.flatnonzero(held.test)] == ["az"]  # c has no history, b and d are not active
    assert [names[row] for row in np.flatnonzero(held.validation)] == ["by"]  # active in the last fifth before
    assert [names[row] for row in np.flatnonzero(held.train)] == ["ax", "bx", "dx", "dy"]
    table = positives(touches)
    ranking = full_ranking(table, held.test)
    seen = [ranking.candidates[place] for place in ranking.history_candidate]
    assert seen == ["x", "y"]  # the view of y after the split is history, though it never trained


def test_a_split_with_nothing_on_one_side_is_refused() -> None:
    for days in (0, 100):
        with pytest.raises(EmptyDataError, match="move the split"):
            time_split_actors(positives(THREE_ACTORS), split_at=START + timedelta(days=days))


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[str, str, float]]:
    pairs = draw(st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("uvwxyz")), min_size=2, max_size=20))
    return [(actor, candidate, draw(st.integers(0, 9))) for actor, candidate in sorted(pairs)]


@settings(deadline=None)
@given(logs())
def test_parts_are_disjoint_and_a_target_is_never_earlier_than_its_history(log: list[tuple[str, str, float]]) -> None:
    table = positives(log)
    for protocol in (leave_last_out, time_split_actors):
        try:
            held = protocol(table)
        except EmptyDataError:
            continue
        assert (held.train.astype(int) + held.validation + held.test <= 1).all()
        for row in np.flatnonzero(held.test):
            others = [touch for other, touch in enumerate(log) if touch[0] == log[row][0] and other != row]
            assert others
            assert all((day, candidate) < (log[row][2], log[row][1]) for _, candidate, day in others)
        if held.split_at is not None:
            days = np.array([START + timedelta(days=day) for _, _, day in log])
            assert (days[held.train | held.validation] < held.split_at).all()
            assert (days[held.test] >= held.split_at).all()


@pytest.mark.skipif(not JOB_VIEWS.is_file(), reason=f"the public job views are not at {JOB_VIEWS}")
def test_the_public_protocol_is_met_and_popularity_scores_what_it_should() -> None:
    first: dict[tuple[str, str], datetime] = {}
    with JOB_VIEWS.open(encoding="utf-8", newline="") as handle:
        for view in csv.DictReader(handle):
            pair = (view["Applicant.ID"], view["Job.ID"])
            start = datetime.strptime(view["View.Start"], "%Y-%m-%d %H:%M:%S %Z").replace(tzinfo=UTC)
            first[pair] = min(first.get(pair, start), start)
    table = positives([(actor, job, (start - START) / timedelta(days=1)) for (actor, job), start in first.items()])
    held = leave_last_out(table)
    ranking = full_ranking(table, held.test)
    every_job = full_ranking(table, held.test, table["candidate_id"].unique().to_pylist())
    assert (len(ranking.actors), len(ranking.candidates), len(every_job.candidates)) == (1296, 4485, 5328)

    seen = np.zeros((1296, 4485), dtype=bool)
    seen[ranking.history_actor, ranking.history_candidate] = True
    count = seen.sum(axis=0)
    own = count[ranking.target][:, None]
    rank = ((count > own) & ~seen).sum(axis=1) + (((count == own) & ~seen).sum(axis=1) - 1) / 2  # 0-based, mid-ranked
    hit = rank < 10
    assert hit.mean() == pytest.approx(0.0255, abs=5e-5)
    assert np.where(hit, 1 / np.log2(rank + 2), 0).mean() == pytest.approx(0.0163, abs=5e-5)
