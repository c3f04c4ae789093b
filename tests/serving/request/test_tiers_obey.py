"""Whatever happened between two sides, whatever fails and whoever is named: no tier shows whom eligibility forbids.

The oracle reads the rules of components/retrieval/pair_rules.py off the list of all acts, one pair at a time.
"""

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.retrieval.pair_facts import KINDS
from metier.contract import SURFACES
from serving.http.ranking import ApplicantReview, JobFeed, Rank, TalentSearch
from serving.request.ladder import LADDER
from serving.request.trace import RequestTrace
from tests.serving.request.broken import Broken, fails, no_store, stages_with

REQUESTS = {"talent_search": TalentSearch, "job_feed": JobFeed, "applicant_review": ApplicantReview}
NEAR = 4
"""Candidates that acts are about: the first of a slate."""
ACTS = st.lists(
    st.tuples(
        st.sampled_from([*KINDS, "click"]),
        st.sampled_from(["client", "freelancer"]),
        st.integers(0, NEAR - 1),
        st.booleans(),
    ),
    max_size=8,
)
"""(kind, side, number of the candidate, whether it names no job)."""
ILL = (
    {},
    {"neural": fails},
    {"neural": fails, "xgboost": fails},
    {"neural": fails, "xgboost": fails, "retriever": Broken()},
    {"read": no_store},
    {"encoder": Broken()},
)


class Past:
    """All acts of a world and later ones, in their order."""

    def __init__(self, world, acts):
        self._rows = [*sorted(world.interactions, key=lambda row: row["event_timestamp"]), *acts]
        self._of = {}
        for place, row in enumerate(self._rows):
            self._of.setdefault((row["freelancer_id"], row["job_id"]), []).append((place, row["kind"], row["side"]))

    def last(self, person, job, *wanted):
        """Place of the newest of some acts of a pair, each a kind or (kind, side); -1 for none."""
        found = [
            place for place, kind, side in self._of.get((person, job), ()) if kind in wanted or (kind, side) in wanted
        ]
        return max(found, default=-1)

    def blocked(self, person, client):
        return any(
            row["kind"] == "dismiss" and row["freelancer_id"] == person and row["client_id"] == client
            for row in self._rows
            if row["job_id"] is None
        )

    def hired_for(self, job):
        return len({row["freelancer_id"] for row in self._rows if row["kind"] == "hire" and row["job_id"] == job})

    def declined(self, person, job):
        decline = self.last(person, job, ("decline", "freelancer"))
        return 0 <= decline >= self.last(person, job, "apply", ("accept", "freelancer"))

    def refused(self, person, job):
        decline = self.last(person, job, ("decline", "client"))
        return 0 <= decline >= self.last(person, job, "invite", ("accept", "client"))


def may_be_shown(world, past, surface, body, suspended):
    """Whom the rules let a request see."""
    if surface == "job_feed":
        return {job for job, row in world.jobs.items() if _in_feed(past, body["actor_id"], job, row, suspended)}
    seen = _in_search if surface == "talent_search" else _in_review
    return {name for name, row in world.people.items() if seen(past, name, row, body["job_id"], body["actor_id"])}


def _in_feed(past, person, job, row, suspended):
    last = partial(past.last, person, job)
    chosen = last(("accept", "client")) > last(("decline", "client"))
    return (
        row["status"] == "open"
        and row["client_id"] not in suspended
        and past.hired_for(job) < (row["openings"] or 1)
        and (row["visibility"] == "public" or last("invite") >= 0)
        and not past.blocked(person, row["client_id"])
        and last("apply", "hire", ("dismiss", "freelancer"), ("accept", "freelancer")) < 0
        and not past.declined(person, job)
        and not chosen
    )


def _in_search(past, person, row, job, client):
    return (
        row["status"] == "listed"
        and not past.blocked(person, client)
        and past.last(person, job, "hire", ("dismiss", "client")) < 0
        and not past.declined(person, job)
        and not past.refused(person, job)
    )


def _in_review(past, person, row, job, client):
    answered = past.last(person, job, "accept", "decline", "hire")
    return (
        row["status"] != "suspended" and not past.blocked(person, client) and past.last(person, job, "apply") > answered
    )


@pytest.fixture(scope="module")
def near(world, engine):
    """By surface, the first of its slate before anything happened."""

    def first(surface):
        request = REQUESTS[surface](**world.body(surface, k=NEAR)).to_request(surface)
        slate, _ = engine.slate(request, RequestTrace(60_000))
        return [entry.candidate_id for entry in slate.entries]

    return {surface: first(surface) for surface in SURFACES}


def rows_of(acts, world, engine, surface, near):
    """Rows of the contract of acts about candidates that are near, a second apart."""
    body, rows = world.body(surface), []
    for number, (kind, side, about, names_none) in enumerate(acts):
        candidate, moment = near[about % len(near)], engine.now() + timedelta(seconds=number)
        job = candidate if surface == "job_feed" else body["job_id"]
        row = {
            "interaction_id": f"act {number}", "kind": kind, "side": side, "event_timestamp": moment,
            "recorded_at": moment, "client_id": world.owner(job), "job_id": job,
            "freelancer_id": body["actor_id"] if surface == "job_feed" else candidate,
        }  # fmt: skip
        rows.append(row | ({"job_id": None} if names_none and kind == "dismiss" else {}))
    return rows


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    surface=st.sampled_from(SURFACES), acts=ACTS, ill=st.sampled_from(ILL), named=st.booleans(), hurried=st.booleans(),
    suspends=st.sets(st.integers(0, NEAR - 1), max_size=2), placed=st.integers(0, NEAR - 1),
)  # fmt: skip
def test_no_tier_shows_whom_the_rules_forbid(world, engine, near, surface, acts, ill, named, hurried, suspends, placed):
    first = near[surface]
    rows = rows_of(acts, world, engine, surface, first)
    suspended = {world.owner(first[number % len(first)]) for number in suspends} if surface == "job_feed" else set()
    if surface == "applicant_review" and "read" in ill:
        ill = {}
    stages = stages_with(engine.stages[surface], **ill)
    space = stages.candidates.with_clients(dict.fromkeys(suspended, "suspended"))
    stages.candidates = space.with_facts(space.facts.grown(rows), 1)
    promoted = [{"candidate_id": first[placed % len(first)], "rank": 1}]
    body = world.body(surface, k=100, promoted=promoted)
    request = REQUESTS[surface](**body).to_request(surface)
    if named:
        everybody = sorted(world.jobs if surface == "job_feed" else world.people)
        request = Rank(**body, surface=surface, candidates=everybody).to_request(surface)
    allowed = may_be_shown(world, Past(world, rows), surface, body, suspended)

    trace = RequestTrace(0.001 if hurried else 60_000)
    slate = stages.answer(request, trace, engine.now())
    assert {entry.candidate_id for entry in slate.entries} <= allowed
    assert slate.tier == trace.tier in LADDER
    for tier, one in stages.by_tier(request, RequestTrace(60_000), engine.now()).items():
        assert {entry.candidate_id for entry in one.entries} <= allowed, tier
        assert bool(one.entries) == bool(allowed), tier
