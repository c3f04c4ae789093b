"""Pair facts: layers that arrive in any order and any cut answer as one batch, and are mapped once written."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.eligibility import FreelancerPool, JobPool
from components.retrieval.pair_facts import Act, PairFacts
from components.retrieval.pair_table import PairTable
from metier.contract import INTERACTIONS, KINDS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
AT_NOON = 1_772_366_400_000_000
JOBS, PEOPLE = ["j1", "j2", "j3"], ["f1", "f2", "f3"]


def interaction(name, kind, side, freelancer, job=None, client=None, minutes=0):
    moment = NOON + timedelta(minutes=minutes)
    fields = {"interaction_id": name, "kind": kind, "side": side, "freelancer_id": freelancer, "job_id": job}
    return {**fields, "client_id": client, "event_timestamp": moment, "recorded_at": moment}


def batch(rows):
    return PairFacts.from_interactions(pa.Table.from_pylist(rows, INTERACTIONS.schema), LATER)


def verdicts(facts):
    """Everything that the rules say of everybody."""
    jobs = {"job_id": JOBS, "client_id": ["c1", "c1", "c2"], "status": ["open"] * 3, "openings": [1, 2, 1]}
    jobs |= {"visibility": ["public", "public", "invite_only"]}
    feed = JobPool(pa.table(jobs), facts)
    people = FreelancerPool(pa.table({"freelancer_id": PEOPLE, "status": ["listed"] * 3}), facts)
    found = [feed.feed(person) for person in PEOPLE]
    for client in ("c1", "c2"):
        found += [people.search(client), *(people.search(client, job) for job in JOBS)]
        found += [people.applicants(client, job) for job in JOBS]
    return [(verdict.mask.tolist(), verdict.dropped) for verdict in found]


ROWS = st.lists(
    st.builds(
        lambda kind, side, person, job, client, minutes: (kind, side, person, job, client, minutes),
        st.sampled_from(KINDS), st.sampled_from(["client", "freelancer"]), st.sampled_from(PEOPLE),
        st.sampled_from([*JOBS, None, None]), st.sampled_from(["c1", "c2"]), st.integers(0, 6),
    ),
    max_size=24,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_facts_that_grew_in_any_order_and_cut_are_those_of_a_batch(acts, data):
    rows = [interaction(f"i{number}", *act) for number, act in enumerate(acts)]
    arrived = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    facts = batch(arrived[:cut])
    pages = arrived[cut:]
    while pages:
        size = data.draw(st.integers(1, 5))
        facts, pages = facts.grown([*pages[:size], *arrived[:1]]), pages[size:]
    assert verdicts(facts) == verdicts(batch(rows))
    assert len(facts) == len(batch(rows))


@settings(max_examples=20, deadline=None)
@given(ROWS)
def test_written_facts_answer_as_those_in_memory(tmp_path_factory, acts):
    facts = batch([interaction(f"i{number}", *act) for number, act in enumerate(acts)])
    folder = tmp_path_factory.mktemp("facts")
    facts.write(folder)
    again = PairFacts.read(folder)
    assert verdicts(again) == verdicts(facts)
    assert isinstance(again.base.jobs.moment.base, np.memmap) or not len(again.base.jobs)


def test_an_interaction_that_is_sent_again_says_nothing_new_whatever_it_says():
    """The lake keeps the first of equal ids too."""
    facts = batch([interaction("i1", "apply", "freelancer", "f1", "j1")])
    facts = facts.grown([interaction("i2", "decline", "client", "f1", "j1", minutes=1)])
    assert facts.grown([interaction("i1", "apply", "freelancer", "f1", "j1", minutes=2)]) is facts
    again = [interaction("i3", "hire", "client", "f1", "j1"), interaction("i3", "apply", "freelancer", "f2", "j1")]
    facts = facts.grown(again)
    assert facts.later_hires == {"j1": 1}
    assert facts.people_of_job("j1").ids == ["f1"]


def test_a_hire_told_by_both_sides_is_one_and_fills_one_opening():
    facts = batch([interaction("i1", "hire", "client", "f1", "j1")])
    told = facts.grown([interaction("i2", "hire", "freelancer", "f1", "j1", minutes=1)])
    assert told.later_hires == {"j1": 0}
    other = told.grown(
        [interaction("i3", "hire", "client", "f2", "j1"), interaction("i4", "hire", "client", "f2", "j1")]
    )
    assert other.later_hires == {"j1": 1}


def test_late_news_of_what_was_undone_since_changes_nothing():
    """Applied at minute 5; a decline of minute 3 that is heard of later was undone by it."""
    facts = batch([interaction("i1", "apply", "freelancer", "f1", "j1", minutes=5)])
    late = facts.grown([interaction("i2", "decline", "freelancer", "f1", "j1", minutes=3)])
    assert verdicts(late) == verdicts(facts)


def test_a_table_keeps_the_last_moment_of_each_act_and_finds_it_from_both_sides():
    acts, moments = np.array([0, 0, 3, 0], np.int8), np.array([5, 9, 7, 1], np.int64)
    table = PairTable.of(["b", "b", "a", "é"], ["x", "x", "x", "y"], acts, moments)
    assert len(table) == 3
    names, found, last = table.of_freelancer("b")
    assert (names, found.tolist(), last.tolist()) == (["x"], [0], [9])
    names, found, last = table.of_other("x")
    assert (names, found.tolist(), last.tolist()) == (["a", "b"], [3, 0], [7, 9])
    assert table.of_freelancer("é")[0] == ["y"]
    assert table.of_other("z")[0] == table.of_freelancer("")[0] == []
    jobs, counts = table.counts(0)
    assert dict(zip(jobs.to_pylist(), counts.tolist(), strict=True)) == {"x": 1, "y": 1}


def test_moments_are_microseconds():
    pairs = batch([interaction("i1", "apply", "freelancer", "f1", "j1", minutes=1)]).people_of_job("j1")
    assert pairs.when(Act.APPLY).tolist() == [AT_NOON + 60_000_000]


def test_a_known_id_is_contradicted_by_what_never_happened():
    facts = batch(
        [
            interaction("i1", "apply", "freelancer", "f1", "j1"),
            interaction("i2", "dismiss", "client", "f1", client="c1"),
        ]
    )
    facts = facts.grown([interaction("i3", "hire", "client", "f2", "j1", minutes=1)])
    for again in (
        interaction("i1", "apply", "freelancer", "f1", "j1", minutes=9),
        interaction("i2", "dismiss", "client", "f1", client="c1"),
        interaction("i3", "hire", "client", "f2", "j1"),
        interaction("i4", "hire", "client", "f3", "j1"),
    ):
        assert not facts.contradicts(again)
    for other in (
        interaction("i1", "hire", "client", "f1", "j1"),
        interaction("i1", "apply", "freelancer", "f1", "j2"),
        interaction("i1", "click", "freelancer", "f1", "j1"),
        interaction("i2", "dismiss", "client", "f1", "j1", "c1"),
        interaction("i3", "hire", "client", "f1", "j1"),
    ):
        assert facts.contradicts(other)
