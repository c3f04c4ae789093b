"""Organic interactions as queries: which acts are positives, what may be a negative, and that samples repeat."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_sets.positives import organic_positives, touched
from components.training_sets.pseudo_queries import (
    CandidatePool,
    alike_pool,
    candidate_pool,
    pseudo_queries,
    queries_before,
)
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError, InputError, UnknownNameError
from metier.lake import Lake
from tests.components.training_sets.organic_log import START, act, add, day

LATE = START + timedelta(days=100)


def micros(number: float) -> int:
    return int(day(number).timestamp() * 1_000_000)


def job(job_id: str, at: float = 0, **more: object) -> dict:
    row = {"job_id": job_id, "title": "t", "description": "d", "skills": [], "openings": 1, "event_timestamp": day(at)}
    return row | {"visibility": "public", "status": "open"} | more


def lake_of(folder: Path, interactions: list[dict], jobs: list[dict] | None = None) -> Lake:
    lake = Lake(str(folder / "lake"))
    add(lake, "interactions", interactions)
    if jobs:
        add(lake, "jobs", jobs)
    return lake


def test_a_first_view_is_a_positive_and_a_repeat_is_not(tmp_path: Path) -> None:
    found = organic_positives(
        lake_of(tmp_path, [act("click", 5), act("click", 1), act("click", 2, job="K")]), "job_feed", LATE
    )
    assert found.select(["actor_id", "candidate_id", "event_timestamp", "relevance", "job_id"]).to_pylist() == [
        {"actor_id": "F", "candidate_id": "J", "event_timestamp": day(1), "relevance": 1, "job_id": None},
        {"actor_id": "F", "candidate_id": "K", "event_timestamp": day(2), "relevance": 1, "job_id": None},
    ]
    assert found["query_id"].to_pylist() == ["organic:job_feed:F:J", "organic:job_feed:F:K"]


def test_later_acts_raise_the_grade_within_their_windows(tmp_path: Path) -> None:
    story = [
        *(act("click", 0, job=job_id) for job_id in "ABC"),
        act("apply", 3, job="A"),
        act("apply", 3.1, job="B"),  # an apply credits for three days
        act("hire", 30, job="C", side="client"),
    ]
    found = organic_positives(lake_of(tmp_path, story), "job_feed", LATE)
    assert dict(zip(found["candidate_id"].to_pylist(), found["relevance"].to_pylist(), strict=True)) == {
        "A": 2,
        "B": 1,
        "C": 4,
    }


def test_only_organic_acts_of_the_actor_are_positives(tmp_path: Path) -> None:
    story = [
        act("click", 1, job="A", query_id="q"),  # of a logged query
        act("dismiss", 1, job="B"),
        act("click", 1, job="C", side="client"),
        act("hire", 1, job="D", side="client"),  # no act of the freelancer
        act("save", 1, job="E"),
        act("click", 1, job="G", recorded_at=LATE + timedelta(days=1)),
    ]
    found = organic_positives(lake_of(tmp_path, story), "job_feed", LATE)
    assert found["candidate_id"].to_pylist() == ["E"]


def test_a_clients_positives_are_freelancers_for_a_job_whose_client_may_be_read_off_it(tmp_path: Path) -> None:
    story = [act("invite", 2, side="client"), act("click", 1, side="client", job="K"), act("accept", 4)]
    lake = lake_of(tmp_path, story, [job("J", client_id="C"), job("K", client_id="C")])
    assert organic_positives(lake, "talent_search", LATE).to_pylist() == [
        {
            "query_id": "organic:talent_search:C:F",
            "surface": "talent_search",
            "actor_id": "C",
            "job_id": "K",
            "candidate_id": "F",
            "event_timestamp": day(1),
            "relevance": 3.0,  # the accept came three days after the click
        }
    ]


def test_a_first_act_without_a_job_has_none_whatever_the_pair_did_later(tmp_path: Path) -> None:
    # The click names no job; the invite, 30 days later, does: at the moment of the click nobody knew of it.
    story = [
        act("click", 1, job=None, side="client", client_id="C"),
        act("invite", 31, job="K", side="client", client_id="C"),
    ]
    (row,) = organic_positives(lake_of(tmp_path, story), "talent_search", LATE).to_pylist()
    assert (row["event_timestamp"], row["job_id"]) == (day(1), None)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([None, "J", "K"])), min_size=1, max_size=6))
def test_a_positives_job_is_that_of_the_first_act_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, str | None]]
) -> None:
    story = [
        act("click", at, job=name, side="client", client_id="C", interaction_id=f"{place:02}")
        for place, (at, name) in enumerate(acts)
    ]
    (row,) = organic_positives(lake_of(tmp_path_factory.mktemp("log"), story), "talent_search", LATE).to_pylist()
    first_day = min(at for at, _ in acts)
    assert row["job_id"] == next(name for at, name in acts if at == first_day)


def test_applicants_are_no_organic_surface(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="applicant_review"):
        organic_positives(lake_of(tmp_path, [act("click", 1)]), "applicant_review", LATE)


def eligible(pool: CandidatePool, at: float) -> set[str]:
    return {pool.ids[place] for place in pool.eligible(micros(at))}


def test_jobs_are_eligible_while_open_and_public(tmp_path: Path) -> None:
    jobs = [
        job("always", 50),  # no posting date: there before its first version was known
        job("posted", 0, posted_at=day(3)),
        job("hidden", 0, visibility="invite_only"),
        job("closed", 0, posted_at=day(0)),
        job("closed", 4, posted_at=day(0), status="filled"),
        job("closed", 8, posted_at=day(0)),
        job("later", 0, status="paused"),
        job("later", 6),
    ]
    pool = candidate_pool(lake_of(tmp_path, [act("click", 1)], jobs), "job_feed", LATE)
    assert eligible(pool, 1) == {"always", "closed"}
    assert eligible(pool, 3) == {"always", "closed", "posted"}
    assert eligible(pool, 4) == {"always", "posted"}
    assert eligible(pool, 9) == {"always", "posted", "closed", "later"}


def test_people_are_eligible_while_listed(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, [act("click", 1)])
    person = {"title": "t", "overview": "o", "skills": [], "status": "listed", "event_timestamp": day(0)}
    add(lake, "freelancers", [
        person | {"freelancer_id": "F"},
        person | {"freelancer_id": "G", "joined_at": day(5)},
        person | {"freelancer_id": "H", "status": "private"},
    ])  # fmt: skip
    pool = candidate_pool(lake, "talent_search", LATE)
    assert eligible(pool, 1) == {"F"}
    assert eligible(pool, 5) == {"F", "G"}


def pool_of(ids: str, since: int = -(10**18), until: int = 10**18) -> CandidatePool:
    count = len(ids)
    return CandidatePool(tuple(ids), np.arange(count), np.full(count, since), np.full(count, until))


def positives(rows: list[tuple[str, str, float]]) -> pa.Table:
    actors, candidates, days = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table(
        {
            "query_id": pa.array([f"{a}:{c}" for a, c in zip(actors, candidates, strict=True)], pa.string()),
            "surface": pa.array(["job_feed"] * len(rows), pa.string()),
            "actor_id": pa.array(actors, pa.string()),
            "job_id": pa.nulls(len(rows), pa.string()),
            "candidate_id": pa.array(candidates, pa.string()),
            "event_timestamp": pa.array([day(at) for at in days], TIMESTAMP),
            "relevance": pa.array([1.0] * len(rows), pa.float32()),
        }
    )


def slates(found: pa.Table) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    for row in found.to_pylist():
        shown.setdefault(row["query_id"], []).append(row["candidate_id"])
    return shown


def test_negatives_are_what_the_actor_had_not_touched_by_then() -> None:
    log = positives([("a", "x", 1), ("a", "y", 2), ("a", "z", 3), ("b", "z", 9)])
    found = pseudo_queries(log, pool_of("uvxyz"), log, seed=1, negatives=9)
    assert slates(found.pairs) == {
        "a:x": ["u", "v", "x", "y", "z"],  # what comes later is not known yet
        "a:y": ["u", "v", "y", "z"],
        "a:z": ["u", "v", "z"],
        "b:z": ["u", "v", "x", "y", "z"],
    }
    positive = [row for row in found.pairs.to_pylist() if row["relevance"] > 0]
    assert [f"{row['query_id'][0]}:{row['candidate_id']}" for row in positive] == ["a:x", "a:y", "a:z", "b:z"]
    assert "unlabelled negatives sampled" in found.metadata["negatives"]
    assert found.metadata["queries_without_negatives"] == 0


def test_a_positive_outside_the_pool_still_makes_a_query() -> None:
    log = positives([("a", "gone", 1)])
    assert slates(pseudo_queries(log, pool_of("uv"), log, seed=1).pairs) == {"a:gone": ["gone", "u", "v"]}
    alone = pseudo_queries(log, pool_of("uv", until=0), log, seed=1)
    assert slates(alone.pairs) == {"a:gone": ["gone"]}
    assert alone.metadata["queries_without_negatives"] == 1


def test_half_of_the_negatives_are_hard_where_there_are_enough() -> None:
    log = positives([("a", "a", 1), ("b", "b", 1)])
    pool = pool_of("abcdefghijklmnopqrstuvwxyz")

    def near(actor_id: str, candidate_id: str, moment: datetime) -> list[str]:
        assert moment == day(1)
        return list("uvwxyz") if actor_id == "a" else ["z", "unknown", candidate_id]

    found = pseudo_queries(log, pool, log, seed=3, negatives=8, hard=near)
    shown = slates(found.pairs)
    assert len(shown["a:a"]) == len(shown["b:b"]) == 9
    assert len(set(shown["a:a"]) & set("uvwxyz")) >= 4
    assert "z" in shown["b:b"]
    assert found.metadata["hard_share"] == 5 / 16  # four of eight, one of eight


def test_a_query_is_put_one_microsecond_before_its_act() -> None:
    found = queries_before(positives([("a", "x", 1)]))
    assert found["event_timestamp"].to_pylist() == [day(1) - timedelta(microseconds=1)]
    assert found["text"].to_pylist() == [None]


def test_a_sample_depends_on_its_seed_and_on_its_own_query_alone() -> None:
    log = positives([("a", "a", 1), ("b", "b", 2), ("c", "c", 3)])
    pool = pool_of("abcdefghijklmnopqrstuvwxyz")
    every = slates(pseudo_queries(log, pool, log, seed=1, negatives=5).pairs)
    again = slates(pseudo_queries(log.slice(1, 1), pool, log, seed=1, negatives=5).pairs)
    other = slates(pseudo_queries(log, pool, log, seed=2, negatives=5).pairs)
    assert again["b:b"] == every["b:b"]
    assert other != every


def test_no_positive_and_no_negative_are_refused() -> None:
    with pytest.raises(EmptyDataError, match="no organic positive"):
        pseudo_queries(positives([]), pool_of("x"), positives([]), seed=1)
    with pytest.raises(InputError, match="0 negatives"):
        pseudo_queries(positives([("a", "x", 1)]), pool_of("x"), positives([]), seed=1, negatives=0)


def test_any_interaction_of_either_side_is_a_touch(tmp_path: Path) -> None:
    story = [act("dismiss", 2), act("invite", 1, side="client"), act("click", 3, job="K", query_id="q")]
    found = touched(lake_of(tmp_path, story), "job_feed", LATE).to_pylist()
    assert found == [
        {"actor_id": "F", "candidate_id": "J", "event_timestamp": day(1)},
        {"actor_id": "F", "candidate_id": "K", "event_timestamp": day(3)},
    ]


def test_the_alike_share_a_city_a_company_or_a_category_by_their_newest_version(tmp_path: Path) -> None:
    jobs = [
        job("J", city="Lyon", company="A"),
        job("same_city", city="Lyon"),
        job("moved", city="Lyon"),
        job("moved", 1, city="Nantes"),
        job("same_company", city="Nice", company="A"),
        job("nothing_known"),
    ]
    alike = alike_pool(lake_of(tmp_path, [act("click", 1)], jobs), "job_feed", LATE, seed=1)
    assert sorted(alike("F", "J", LATE)) == ["same_city", "same_company"]
    assert alike("F", "nothing_known", LATE) == []
    assert alike("F", "absent", LATE) == []


@settings(deadline=None)
@given(
    pairs=st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("uvwxyz")), min_size=1, max_size=12),
    negatives=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_each_slate_holds_its_positive_once_and_nothing_touched_before(
    pairs: set[tuple[str, str]], negatives: int, seed: int
) -> None:
    rows = [(actor, candidate, float(at)) for at, (actor, candidate) in enumerate(sorted(pairs))]
    log = positives(rows)
    shown = slates(pseudo_queries(log, pool_of("uvwxyz"), log, seed, negatives).pairs)
    assert list(shown) == log["query_id"].to_pylist()
    for actor, candidate, at in rows:
        slate = shown[f"{actor}:{candidate}"]
        before = {c for a, c, earlier in rows if a == actor and earlier < at}
        assert slate == sorted(set(slate))
        assert candidate in slate
        assert not before & set(slate)
        assert len(slate) == 1 + min(negatives, 5 - len(before))
