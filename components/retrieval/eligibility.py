"""Who may be shown at all: a stage of its own, before any score and in every fallback tier.

Pools hold the newest version of each candidate with what is known of pairs, and answer with a mask over their rows and
how many were dropped for which reason (each candidate under its first). The facts of a release, and those of a release
with all that happened since, are asked by the same rules. Knows no text, vector, score or clock.
"""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.retrieval.filters import JOB_FILTERS, PERSON_FILTERS, Filters, Find, equal
from components.retrieval.pair_facts import Act, FactLayer, PairFacts, Pairs
from components.retrieval.pair_rules import accepted, awaiting, blocked, declined, refused
from feature_repo.files.names import Names
from metier.errors import FeatureError

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
QueryFilters = str | Mapping[str, Any] | None
"""The filters of a query: JSON text, the object itself, or none."""
Understood = Mapping[str, Any]
"""Limits that were understood from what was typed, as filters by name."""
NOTHING: Understood = MappingProxyType({})

Pool = TypeVar("Pool", "JobPool", "FreelancerPool")
JOB_COLUMNS = ("job_id", "client_id", "status", "visibility", "openings")
PERSON_COLUMNS = ("freelancer_id", "status")
SUSPENDED = "suspended"


@dataclass(frozen=True)
class Eligibility:
    """`mask`: who may be shown, by row of the pool. `dropped`: how many may not, by reason.

    >>> import pyarrow as pa
    >>> from components.retrieval.eligibility import JobPool
    >>> from components.retrieval.pair_facts import PairFacts
    >>> jobs = {"job_id": ["j1", "j2", "j3"], "client_id": ["c1", "c1", "c2"], "openings": [1, 1, 1]}
    >>> jobs |= {"status": ["open", "closed", "open"], "visibility": ["public", "public", "invite_only"]}
    >>> JobPool(pa.table(jobs), PairFacts()).feed("f1")
    Eligibility(mask=array([ True, False, False]), dropped={'not_open': 1, 'not_invited': 1})
    """

    mask: BoolArray
    dropped: Mapping[str, int]


class JobPool:
    """Jobs that a feed may hold: open, with an unfilled opening, and what the actor's past leaves of them."""

    def __init__(self, jobs: pa.Table, facts: PairFacts, names: Names | None = None, skill: Find | None = None) -> None:
        """`jobs`: one row a job, JOB_COLUMNS at least and those filtered on, named as in the contract.

        Where `client_status` is among them, no job of a suspended client is shown. `names` are those of the jobs,
        where they are at hand; `skill`: as Filters has it.
        """
        _require(jobs, JOB_COLUMNS, "jobs")
        self._names = names or Names.of(jobs["job_id"])
        self._closed = ~equal(jobs, "status", "open")
        self._invite_only = ~equal(jobs, "visibility", "public")
        self._of_suspended = equal(jobs, "client_status", SUSPENDED)
        self._openings = pc.fill_null(jobs["openings"], 1).to_numpy()
        self._clients = jobs["client_id"].cast(pa.string())
        self._filters = Filters(jobs, JOB_FILTERS, skill)
        self._present = np.ones(len(self._names), np.bool_)
        self._hires_of: tuple[FactLayer, IntArray] | None = None
        self._set_facts(facts)
        self._settled: Eligibility | None = None

    @property
    def ids(self) -> list[str]:
        """Job ids by row, a new list."""
        return _ids_of(self._names)

    def without(self, rows: IntArray) -> "JobPool":
        """The same jobs but those of some rows, which are nobody's and count nowhere."""
        pool = _unsettled(self)
        pool._present = self._present.copy()
        pool._present[rows] = False
        return pool

    def only(self, rows: IntArray) -> "JobPool":
        """Of the same jobs those of some rows, as if there were no others."""
        pool = _unsettled(self)
        pool._present = np.zeros(len(self._names), np.bool_)
        pool._present[rows] = self._present[rows]
        return pool

    def with_facts(self, facts: PairFacts) -> "JobPool":
        """The same jobs with newer facts; shares all columns."""
        pool = _unsettled(self)
        pool._set_facts(facts)
        return pool

    def with_clients(self, statuses: Mapping[str, str]) -> "JobPool":
        """The same jobs with the statuses of some clients as they are now; shares all else."""
        pool = _unsettled(self)
        suspended = [client for client, status in statuses.items() if status == SUSPENDED]
        others = [client for client, status in statuses.items() if status != SUSPENDED]
        if self._of_suspended.any():
            pool._of_suspended = self._of_suspended & ~self._of_clients(others)
        pool._of_suspended = pool._of_suspended | self._of_clients(suspended)
        return pool

    def feed(self, freelancer_id: str, filters: QueryFilters = None, understood: Understood = NOTHING) -> Eligibility:
        """What may be shown to a freelancer."""
        names, jobs, clients = self._names, self._facts.jobs_of(freelancer_id), self._facts.clients_of(freelancer_id)
        uninvited = self._invite_only.copy()
        uninvited[_rows_of(names, jobs.those(jobs.did(Act.INVITE)))] = False
        return _eligibility(
            self._for_anybody(),
            (
                ("not_invited", uninvited),
                ("blocked", self._of_clients(blocked(clients))),
                ("applied", _rows_of(names, jobs.those(jobs.did(Act.APPLY)))),
                ("hired", _rows_of(names, jobs.those(jobs.did(Act.HIRE)))),
                ("dismissed", _rows_of(names, jobs.those(jobs.did(Act.DISMISS)))),
                ("declined", _rows_of(names, declined(jobs))),
                ("accepted", _rows_of(names, accepted(jobs))),
                *_filtered(self._filters, filters),
                *_breaking(self._filters, understood),
            ),
        )

    def _for_anybody(self) -> Eligibility:
        """What may be shown whoever asks, known once for all requests."""
        if self._settled is None:
            reasons = (("not_open", self._closed), ("client_suspended", self._of_suspended), ("filled", self._filled))
            self._settled = _eligibility(Eligibility(self._present, {}), reasons)
        return self._settled

    def _set_facts(self, facts: PairFacts) -> None:
        self._facts = facts
        hires = self._released_hires(facts.base)
        self._filled = hires >= self._openings
        later = self._names.rows(list(facts.later_hires))
        added = np.fromiter(facts.later_hires.values(), np.int64, len(later))[later >= 0]
        later = later[later >= 0]
        self._filled[later] = hires[later] + added >= self._openings[later]

    def _released_hires(self, base: FactLayer) -> IntArray:
        """How many people were hired for each job, counted once a base."""
        if self._hires_of is None or self._hires_of[0] is not base:
            jobs, counts = base.hires
            rows = pc.fill_null(pc.index_in(jobs, value_set=self._names.strings), -1).to_numpy()
            hires = np.zeros(len(self._names), np.int64)
            hires[rows[rows >= 0]] = counts[rows >= 0]
            self._hires_of = base, hires
        return self._hires_of[1]

    def _of_clients(self, clients: Sequence[str]) -> BoolArray:
        if not clients:
            return np.zeros(len(self._names), dtype=np.bool_)
        return np.asarray(pc.is_in(self._clients, pa.array(clients, pa.string())).to_numpy(), dtype=np.bool_)


class FreelancerPool:
    """People that a client may be shown: listed, and what the two sides' past leaves of them."""

    def __init__(
        self, freelancers: pa.Table, facts: PairFacts, names: Names | None = None, skill: Find | None = None
    ) -> None:
        """`freelancers`: one row a person, PERSON_COLUMNS at least and those filtered on, named as in the contract.

        `names` are those of the people, where they are at hand; `skill`: as Filters has it.
        """
        _require(freelancers, PERSON_COLUMNS, "freelancers")
        self._names = names or Names.of(freelancers["freelancer_id"])
        self._status = {name: equal(freelancers, "status", name) for name in (SUSPENDED, "private", "unavailable")}
        self._unlisted = ~equal(freelancers, "status", "listed")
        self._filters = Filters(freelancers, PERSON_FILTERS, skill)
        self._present = np.ones(len(self._names), np.bool_)
        self._facts = facts
        self._settled: Eligibility | None = None

    @property
    def ids(self) -> list[str]:
        """Freelancer ids by row, a new list."""
        return _ids_of(self._names)

    def without(self, rows: IntArray) -> "FreelancerPool":
        """The same people but those of some rows, who are nobody and count nowhere."""
        pool = _unsettled(self)
        pool._present = self._present.copy()
        pool._present[rows] = False
        return pool

    def only(self, rows: IntArray) -> "FreelancerPool":
        """Of the same people those of some rows, as if there were no others."""
        pool = _unsettled(self)
        pool._present = np.zeros(len(self._names), np.bool_)
        pool._present[rows] = self._present[rows]
        return pool

    def with_facts(self, facts: PairFacts) -> "FreelancerPool":
        """The same people with newer facts; shares all columns."""
        pool = copy.copy(self)
        pool._facts = facts
        return pool

    def search(
        self,
        client_id: str,
        job_id: str | None = None,
        filters: QueryFilters = None,
        understood: Understood = NOTHING,
    ) -> Eligibility:
        """Whom a client may be shown for a job, or for free text where `job_id` is None."""
        names, of_client = self._names, self._facts.people_of_client(client_id)
        of_job = Pairs.none() if job_id is None else self._facts.people_of_job(job_id)
        asked_of = of_client if job_id is None else of_job
        return _eligibility(
            self._for_anybody(),
            (
                ("blocked", _rows_of(names, blocked(of_client))),
                ("hired", _rows_of(names, of_job.those(of_job.did(Act.HIRE)))),
                ("declined", _rows_of(names, {*declined(asked_of), *refused(asked_of)})),
                ("dismissed", _rows_of(names, of_job.those(of_job.did(Act.SET_ASIDE)))),
                *_filtered(self._filters, filters),
                *_breaking(self._filters, understood),
            ),
        )

    def _for_anybody(self) -> Eligibility:
        """Who may be shown whoever asks, known once for all requests."""
        if self._settled is None:
            reasons = (*self._status.items(), ("unlisted", self._unlisted))
            self._settled = _eligibility(Eligibility(self._present, {}), reasons)
        return self._settled

    def applicants(self, client_id: str, job_id: str) -> Eligibility:
        """Whose application to the job awaits an answer; applying shows a private or unavailable person too."""
        names = self._names
        not_awaiting = np.ones(len(names), np.bool_)
        not_awaiting[_rows_of(names, awaiting(self._facts.people_of_job(job_id)))] = False
        return _eligibility(
            Eligibility(self._present, {}),
            (
                ("no_open_application", not_awaiting),
                (SUSPENDED, self._status[SUSPENDED]),
                ("blocked", _rows_of(names, blocked(self._facts.people_of_client(client_id)))),
            ),
        )


def _unsettled(pool: Pool) -> Pool:
    """The same pool, of which another one is made."""
    pool = copy.copy(pool)
    pool._settled = None
    return pool


def _breaking(filters: Filters, understood: Understood) -> Iterator[tuple[str, BoolArray]]:
    """(reason, who is known to break the limit) of each limit: 'understood country'."""
    return ((f"understood {name}", out) for name, out in filters.broken(understood).items())


def _ids_of(names: Names) -> list[str]:
    ids: list[str] = names.strings.to_pylist()
    return ids


def _rows_of(names: Names, ids: Collection[str]) -> IntArray:
    """Rows of distinct names, as far as they are known."""
    rows = names.rows(list(ids)) if ids else np.empty(0, np.int64)
    return rows[rows >= 0]


def _filtered(filters: Filters, asked: QueryFilters) -> tuple[tuple[str, BoolArray], ...]:
    """Who does not pass the filters, where there are some."""
    return (("filtered", ~filters.mask(asked)),) if asked else ()


def _eligibility(earlier: Eligibility, reasons: Iterable[tuple[str, BoolArray | IntArray]]) -> Eligibility:
    """Without those that a reason takes out, given by a mask or by their rows."""
    mask, dropped = earlier.mask.copy(), dict(earlier.dropped)
    for reason, out in (each for each in reasons if len(each[1])):
        before = np.count_nonzero(mask)
        if out.dtype == np.bool_:
            np.logical_and(mask, np.logical_not(out), out=mask)
        else:
            mask[out] = False
        if count := int(before - np.count_nonzero(mask)):
            dropped[reason] = count
    return Eligibility(mask, dropped)


def _require(table: pa.Table, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise FeatureError(f"{what} lack {', '.join(missing)}; give the columns {', '.join(columns)}")
