"""Co-visits from a lake: which pairs count, from which midnight on, and what similarity is made of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.build.covisits import write_covisits
from feature_repo.inputs.columns import codes
from feature_repo.inputs.covisits import REACH, SHRINKAGE, Covisits, day_of
from feature_repo.inputs.similarity import Span
from metier.contract import INTERACTIONS
from metier.lake import Lake

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BEGIN_DAY = int(BEGIN.timestamp() // 86_400)


def code(job: str) -> int:
    return int(codes(pa.table({"id": [job]}), "id")[0])


def clicks(*acts: tuple[str, str, float, float]) -> pa.Table:
    """(freelancer, job, days since BEGIN of the click, and of its record)."""
    rows = [
        {
            "interaction_id": f"i{number}",
            "kind": "click",
            "side": "freelancer",
            "freelancer_id": actor,
            "job_id": job,
            "event_timestamp": BEGIN + happened * DAY,
            "recorded_at": BEGIN + recorded * DAY,
        }
        for number, (actor, job, happened, recorded) in enumerate(acts)
    ]
    return pa.Table.from_pylist(rows, INTERACTIONS.schema)


def built(folder, acts: pa.Table, as_of: datetime) -> Covisits:
    lake = Lake(str(folder / "lake"))
    lake.append("interactions", acts)
    write_covisits(lake, as_of, folder)
    return Covisits.read(folder / "covisits" / "freelancer")


def counted(covisits: Covisits, one: str, other: str, day: int) -> int:
    """Co-visits of two jobs by the midnight of a day since BEGIN, from the cosine: count / sqrt((a + s)(b + s))."""
    rows = covisits.rows(np.array([code(one), code(other)]))
    at = np.array([BEGIN_DAY + day])
    span = Span(np.array([0, 1]), np.array([1]))
    one_turns, other_turns = turns = covisits.turned(rows, at)
    (cosine,) = covisits.cosines(rows[:1, None], rows[1:], turns[1:], at, span)[0]
    return round(float(cosine * np.sqrt((one_turns + SHRINKAGE) * (other_turns + SHRINKAGE))))


def test_a_covisit_is_known_from_the_midnight_after_both_turns_were_recorded(tmp_path):
    acts = clicks(("ada", "a", 0.2, 0.2), ("ada", "b", 0.3, 0.3), ("bob", "b", 1.2, 1.2), ("bob", "a", 1.3, 2.5))
    covisits = built(tmp_path, acts, BEGIN + 10 * DAY)
    assert [counted(covisits, "a", "b", day) for day in range(5)] == [0, 1, 1, 2, 2]
    assert counted(covisits, "b", "a", 3) == 2
    row = covisits.rows(np.array([code("a"), code("nowhere")]))
    assert row[1] == -1
    assert [covisits.turned(row, np.full(2, BEGIN_DAY + day)).tolist() for day in (0, 1, 3)] == [[0, 0], [1, 0], [2, 0]]


def test_similarity_is_the_shrunk_cosine_and_nothing_counts_twice(tmp_path):
    """ada returns to a: a first turn counts once. Both turned to a and b: 2 / sqrt((2 + 10) * (2 + 10)) = 1 / 6."""
    acts = clicks(*((actor, job, 0.1, 0.1) for actor in ("ada", "bob") for job in ("a", "b")), ("ada", "a", 0.5, 0.5))
    covisits = built(tmp_path, acts, BEGIN + DAY)
    a, b = covisits.rows(np.array([code("a"), code("b")]))
    span = Span(np.array([0, 2]), np.array([2]))
    cosines = covisits.cosines(
        np.array([[a, -1]]), np.array([b, -1]), np.array([2, 0]), np.array([BEGIN_DAY + 1]), span
    )
    np.testing.assert_array_equal(cosines, np.array([[1 / 6, 0], [0, 0]], np.float32))


def test_neighbours_are_the_nearest_of_all_past_candidates_together(tmp_path):
    """a has 3 turns, b and c 2, d 1. With a: b 2 / sqrt(13 * 12), c half of that. With d: c 1 / sqrt(11 * 12).

    With both, c has 1 / sqrt(13 * 12) + 1 / sqrt(11 * 12) = 0.1671, more than the 0.1601 of b.
    """
    walks = [("ada", "ab"), ("bob", "ab"), ("cyd", "ac"), ("dan", "dc")]
    acts = clicks(*((actor, job, 0.1 + at / 10, 0.1 + at / 10) for actor, jobs in walks for at, job in enumerate(jobs)))
    covisits = built(tmp_path, acts, BEGIN + DAY).newest(BEGIN_DAY + 1)
    a, d = covisits.rows(np.array([code("a"), code("d")]))
    assert covisits.neighbours(np.array([a, -1]), 5).tolist() == [code("b"), code("c")]
    assert covisits.neighbours(np.array([d, -1]), 5).tolist() == [code("c")]
    assert covisits.neighbours(np.array([a, d]), 1).tolist() == [code("c")]
    assert covisits.neighbours(np.array([-1]), 5).tolist() == []


def test_a_day_that_has_not_ended_does_not_count(tmp_path):
    acts = clicks(("ada", "a", 0.2, 0.2), ("ada", "b", 0.3, 0.3))
    assert len(built(tmp_path, acts, BEGIN + 0.9 * DAY).others) == 0


def test_without_a_build_there_are_no_covisits(tmp_path):
    none = Covisits.read(tmp_path / "covisits" / "client")
    assert none.rows(np.array([1, 2])).tolist() == [-1, -1]
    assert none.turned(np.array([-1]), np.array([0])).tolist() == [0]
    span = Span(np.array([0, 1]), np.array([1]))
    nobody = np.array([-1])
    assert none.cosines(nobody[:, None], nobody, np.array([0]), np.array([0]), span).tolist() == [[0.0]]


walks = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abcdefgh"), st.integers(0, 40)), max_size=30)


@settings(max_examples=12, deadline=None)
@given(walks=walks, day=st.integers(0, 12))
def test_counts_are_those_of_brute_force_as_of_any_day(tmp_path_factory, walks, day):
    """Pairs of first turns at most REACH apart, by the day of the later one; a quarter of a day apart at least."""
    acts = clicks(*((actor, job, at / 4 + 0.1, at / 4 + 0.1) for actor, job, at in walks))
    covisits = built(tmp_path_factory.mktemp("walk"), acts, BEGIN + 12 * DAY)
    turns: dict[str, dict[str, int]] = {}
    for actor, job, at in sorted(walks, key=lambda walk: (walk[2], walk[1])):
        turns.setdefault(actor, {}).setdefault(job, at)
    expected: Counter[tuple[str, str]] = Counter()
    for jobs in turns.values():
        order = list(jobs)
        for later, job in enumerate(order):
            if jobs[job] // 4 < day:
                expected.update((other, job) for other in order[max(0, later - REACH) : later])
    for one, other in [("a", "b"), ("b", "c"), ("a", "h"), ("c", "d")]:
        assert counted(covisits, one, other, day) == expected[one, other] + expected[other, one]
        assert counted(covisits.newest(BEGIN_DAY + day), one, other, 400) == expected[one, other] + expected[other, one]


def test_the_day_of_a_moment_is_its_last_midnight():
    assert day_of(np.array([0.0, 86_399.9, 86_400.0, -1.0])).tolist() == [0, 0, 1, -1]
    assert day_of(np.array([np.nan]))[0] < -500_000
