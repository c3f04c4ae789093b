"""Capacity on both sides: waiting invites cost answers, running contracts too, and a job takes its openings."""

import numpy as np
import pytest

from components.simulator import SimulatorConfig
from components.simulator.contracts import endings, hires
from components.simulator.funnel import applications, invites, settle_answers
from components.simulator.jobs import FILLED
from components.simulator.market import Calendar, Market, Pairs
from components.simulator.world import create_market
from components.simulator.world_log import NOBODY

DAY = 10
PEOPLE = 300


@pytest.fixture
def market() -> Market:
    return create_market(SimulatorConfig(freelancers=PEOPLE, jobs=60, impressions=1_000, days=30))


def moves(market: Market, freelancer: np.ndarray, job: np.ndarray, suits: float = 1.0) -> dict[str, np.ndarray]:
    """Moves on DAY, a second apart."""
    size = len(freelancer)
    return {
        "freelancer": freelancer,
        "job": job,
        "client": market.jobs.demand.client[job],
        "query": np.full(size, NOBODY),
        "client_suits": np.full(size, suits),
        "freelancer_suits": np.full(size, suits),
        "at_us": market.day_start(DAY) + 1_000_000 * np.arange(size),
    }


def answered(market: Market, per_person: int) -> float:
    """Share of invites that will be answered when everybody gets `per_person` on one day."""
    people = np.repeat(np.arange(PEOPLE), per_person)
    jobs = np.tile(np.arange(per_person), PEOPLE)
    market.calendar.add("invite", moves(market, people, jobs))
    invites(market, DAY)
    due = [market.calendar.due("answer", day) for day in range(DAY, DAY + 12)]
    return sum(len(part["job"]) for part in due if part is not None) / len(people)


def test_answers_fall_as_pending_invites_grow(market):
    one = answered(market, per_person=1)
    six = answered(create_market(market.config), per_person=6)
    # mean of exp(-.35 k), k = 0..5, is .50: six at a time halve the share
    assert one > 0.6
    assert six < 0.65 * one


def test_running_contracts_cost_answers(market):
    busy = create_market(market.config)
    busy.contracts[:] = 4  # exp(-.3 * 4) = .30
    assert answered(busy, per_person=1) < 0.5 * answered(market, per_person=1)


def test_late_applicants_are_ignored(market):
    market.jobs.status[3] = FILLED
    market.calendar.add("apply", moves(market, np.arange(20), np.repeat([3, 4], 10)))
    applications(market, DAY)
    assert set(market.applicants) == {4}
    assert len(market.applicants[4]) == 10


def test_nobody_applies_twice_to_a_job(market):
    for _ in range(2):
        market.calendar.add("apply", moves(market, np.array([1, 1, 2]), np.array([5, 5, 5])))
        applications(market, DAY)
    assert [applicant.freelancer for applicant in market.applicants[5]] == [1, 2]


def test_a_job_takes_its_openings_and_is_filled_by_the_last(market):
    market.jobs.openings_left[7] = market.jobs.unfilled[7] = 2
    due = moves(market, np.arange(200), np.full(200, 7), suits=2.5)
    settle_answers(market, due, np.ones(200, bool), "client")
    for day in range(DAY, 400):
        hires(market, day)
    assert market.jobs.unfilled[7] == 0
    assert market.jobs.status[7] == FILLED
    assert market.contracts.sum() == 2
    for day in range(DAY, 1_500):
        endings(market, day)
    assert market.contracts.sum() == 0


def test_the_calendar_gives_each_row_once_on_its_day_in_order():
    calendar = Calendar(start_us=0)
    day = 86_400_000_000
    calendar.add("apply", {"at_us": np.array([day + 5, 7, day + 1]), "job": np.array([1, 2, 3])})
    due = calendar.due("apply", 1)
    assert due is not None
    assert due["job"].tolist() == [3, 1]
    assert calendar.due("apply", 1) is None
    assert calendar.due("hire", 0) is None


def test_pairs_count_a_repeated_new_pair_once():
    pairs = Pairs(contexts=10)
    pairs.add(np.array([1]), np.array([2]))
    one, context = np.array([1, 3, 3, 2]), np.array([2, 4, 4, 1])
    assert pairs.first(one, context).tolist() == [False, True, False, True]
    # (2, 1) is no other spelling of (1, 2)
    assert pairs.contains(np.array([2]), np.array([1])).tolist() == [False]
