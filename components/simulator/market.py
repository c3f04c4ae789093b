"""The state of the world between days: who is there, what is under way, and who met whom.

Holds and updates; decides nothing about what people want.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from components.simulator.clicks import Mask
from components.simulator.clients import Clients, client_version
from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.geography import Integers
from components.simulator.jobs import CLOSED, FILLED, OPEN, REMOVED, Jobs, edit_post
from components.simulator.people import LISTED, SUSPENDED, UNAVAILABLE, Freelancers, covered_skills, edit_profile
from components.simulator.relevance import History
from components.simulator.taxonomy import Halves, full_taxonomy
from components.simulator.text import TextGenerator
from components.simulator.world_log import NOBODY, WorldLog

Columns = dict[str, np.ndarray]
JUDGED = 1_000_000
"""The summary's rankings look at about so many impressions of a larger log."""
NIGHT_US = 240_000_000
"""Versions that a day brings are stamped within four minutes of midnight; queries begin after five."""


def picked(columns: Columns, rows: np.ndarray) -> Columns:
    """The chosen rows of every column."""
    return {name: column[rows] for name, column in columns.items()}


def in_us(delay: np.ndarray) -> Integers:
    """A delay in microseconds, as whole ones."""
    rounded: Integers = delay.astype(np.int64)
    return rounded


class Applicant(NamedTuple):
    """An application that waits for an answer."""

    at_us: int
    freelancer: int


class Calendar:
    """Things that will happen: columns with `at_us`, by kind and day."""

    def __init__(self, start_us: int) -> None:
        self._start_us = start_us
        self._waiting: dict[tuple[str, int], list[Columns]] = {}

    def add(self, kind: str, columns: Columns) -> None:
        """Put rows on their days."""
        days = (columns["at_us"] - self._start_us) // DAY_US
        for day in np.unique(days):
            rows = days == day
            self._waiting.setdefault((kind, int(day)), []).append(picked(columns, rows))

    def due(self, kind: str, day: int) -> Columns | None:
        """The rows of that day in order of time, None when there are none; they are taken off the calendar."""
        parts = self._waiting.pop((kind, day), None)
        if not parts:
            return None
        merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(merged["at_us"], kind="stable")
        return picked(merged, order)


class Pairs:
    """A growing set of (freelancer, context) pairs."""

    def __init__(self, contexts: int) -> None:
        self._contexts = contexts
        self._keys: Integers = np.zeros(0, np.int64)

    def add(self, person: Integers, context: Integers) -> None:
        new = np.unique((person * self._contexts + context)[~self.contains(person, context)])
        self._keys = np.insert(self._keys, np.searchsorted(self._keys, new), new)

    def contains(self, person: Integers, context: Integers) -> Mask:
        """Which of the pairs are in the set."""
        keys = person * self._contexts + context
        if not len(self._keys):
            return np.zeros(keys.shape, bool)
        slot = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        member: Mask = self._keys[slot] == keys
        return member

    def first(self, person: Integers, context: Integers) -> Mask:
        """Which pairs are new, each counted once."""
        keys = person * self._contexts + context
        new = np.zeros(len(keys), bool)
        new[np.unique(keys, return_index=True)[1]] = True
        return new & ~self.contains(person, context)


@dataclass
class Market:
    """Everybody and everything under way. settled: pairs that are not shown to each other any more."""

    config: SimulatorConfig
    people: Freelancers
    clients: Clients
    jobs: Jobs
    text: TextGenerator
    rng: np.random.Generator
    log: WorldLog = field(init=False)
    calendar: Calendar = field(init=False)
    settled: Pairs = field(init=False)
    seen_freelancers: History = field(init=False)
    seen_jobs: History = field(init=False)
    covers: Halves = field(init=False)
    contracts: Integers = field(init=False)
    invites: Columns = field(init=False)
    applicants: dict[int, list[Applicant]] = field(default_factory=dict)
    reviewed_us: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = WorldLog(max(1, self.config.impressions // JUDGED))
        self.calendar = Calendar(self.config.start_us)
        self.settled = Pairs(len(self.jobs) + len(self.clients))
        self.seen_freelancers = History.empty(len(self.people))
        self.seen_jobs = History.empty(len(self.jobs))
        self.covers = covered_skills(self.jobs.demand.listed.dense().astype(np.float16), full_taxonomy().transfer)
        self.contracts = np.zeros(len(self.people), np.int64)
        self.invites = {"freelancer": np.zeros(0, np.int64), "until_us": np.zeros(0, np.int64)}

    def day_start(self, day: int) -> int:
        """Midnight at which `day` begins."""
        return self.config.start_us + day * DAY_US

    def context(self, job: Integers, client: Integers) -> Integers:
        """What a pair is about: the job, or the client where there is none."""
        return np.where(job == NOBODY, len(self.jobs) + client, job)

    def pending(self, at_us: int) -> Integers:
        """(freelancers,) invites not answered and not expired at that moment."""
        waiting = self.invites["until_us"] > at_us
        self.invites = picked(self.invites, waiting)
        return np.bincount(self.invites["freelancer"], minlength=len(self.people))

    def listed(self, day: int) -> Integers:
        """Positions of freelancers who can be found on that day."""
        return np.flatnonzero((self.people.status == LISTED) & (self.people.arrives_us < self.day_start(day)))

    def open_jobs(self, day: int) -> Integers:
        """Positions of jobs that are open on that day or will be posted in it."""
        return np.flatnonzero((self.jobs.status == OPEN) & (self.jobs.posted_us < self.day_start(day + 1)))


def first_versions(market: Market, since_us: int, until_us: int) -> None:
    """First rows of those who arrive, and of what is posted, within these moments; later nights add versions."""
    people, clients, jobs, log = market.people, market.clients, market.jobs, market.log
    for position, at_us in _within(people.arrives_us, since_us, until_us):
        log.note("freelancers", people.version(position, at_us))
    for position, at_us in _within(clients.arrives_us, since_us, until_us):
        log.note("clients", client_version(clients, position, at_us))
    for position, at_us in _within(jobs.posted_us, since_us, until_us):
        log.note("jobs", jobs.version(position, at_us))


def new_versions(market: Market, day: int) -> None:
    """The night before `day`: profiles and posts edited, people away or back, jobs closed, people suspended."""
    rng, people, jobs, midnight = market.rng, market.people, market.jobs, market.day_start(day)
    arrived = np.flatnonzero(people.arrives_us < midnight)
    for person in arrived[rng.random(len(arrived)) < 0.25 / market.config.days]:
        edit_profile(people, person, market.text, rng)
        _note_freelancer(market, person, midnight)
    _change_status(market, arrived, midnight)
    posted = np.flatnonzero((jobs.status == OPEN) & (jobs.posted_us < midnight))
    for job in posted[rng.random(len(posted)) < 0.012]:
        edit_post(jobs, job, market.text, rng)
        note_job(market, job, midnight)
    for job in posted[(jobs.closes_day[posted] <= day) & (jobs.openings_left[posted] > 0)]:
        jobs.status[job] = CLOSED if rng.random() < 0.92 else REMOVED
        note_job(market, job, midnight)
    _verify_clients(market, midnight)


def _within(moments: Integers, since_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """(position, moment) of those between."""
    rows = np.flatnonzero((moments >= since_us) & (moments < until_us))
    return zip(rows.tolist(), moments[rows].tolist(), strict=True)


def fill_job(market: Market, job: int, day: int) -> None:
    """`job` has no opening left: filled from the next midnight on."""
    market.jobs.status[job] = FILLED
    note_job(market, job, market.day_start(day + 1))
    market.applicants.pop(job, None)


def note_job(market: Market, job: int, midnight: int) -> None:
    """A version of the post of `job`."""
    market.log.note("jobs", market.jobs.version(job, midnight + int(market.rng.integers(1, NIGHT_US))))


def _note_freelancer(market: Market, person: int, midnight: int) -> None:
    stamp = midnight + int(market.rng.integers(1, NIGHT_US))
    market.log.note("freelancers", market.people.version(person, stamp))


def _change_status(market: Market, arrived: Integers, midnight: int) -> None:
    people, draw = market.people, market.rng.random(len(arrived))
    status = people.status[arrived]
    leave = (status == LISTED) & (draw < 0.0012)
    back = (status == UNAVAILABLE) & (draw < 0.05)
    banned = (status == LISTED) & (draw > 1 - 0.00005)
    people.status[arrived[leave]] = UNAVAILABLE
    people.status[arrived[back]] = LISTED
    people.status[arrived[banned]] = SUSPENDED
    for person in arrived[leave | back | banned]:
        _note_freelancer(market, person, midnight)


def _verify_clients(market: Market, midnight: int) -> None:
    clients = market.clients
    waiting = np.flatnonzero(~clients.verified & (clients.arrives_us < midnight))
    for client in waiting[market.rng.random(len(waiting)) < 0.004]:
        clients.verified[client] = True
        stamp = midnight + int(market.rng.integers(1, NIGHT_US))
        market.log.note("clients", client_version(clients, client, stamp))
