"""Candidate features in the replica: one release, mapped or in memory, of which a request gathers rows.

Immutable; a refresh makes another and swaps it in. What it holds beside the release is small, and part of no cycle: it
goes when its last request does. Knows columns of stored features; no ranker, no HTTP.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.releases.candidate_release import CandidateRelease
from components.releases.candidate_rows import CandidateRows
from components.releases.folder import moment_of
from components.retrieval import Eligibility
from components.retrieval.eligibility import FreelancerPool, JobPool
from components.retrieval.filters import Find
from components.retrieval.pair_facts import Act, Pairs
from feature_repo.files.names import contiguous
from feature_repo.inputs.columns import Codes, numbers
from feature_repo.inputs.encoded import CandidateColumns
from metier.contract import Surface
from metier.errors import UnknownNameError
from metier.surfaces import surface_spec
from serving.request.ranking import RankingRequest

Pool = JobPool | FreelancerPool
Rows = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CLIENT_STATUS = "client_profile__status"


class CandidateSnapshot:
    """Candidates by row, and what is computed of them once."""

    def __init__(self, candidates: CandidateRows, skill: Find | None = None) -> None:
        """`skill` finds the skill that a word names, for filters; without it words are compared."""
        self.candidates = candidates
        self.skill = skill
        self.surface: Surface = candidates.surface
        self.columns = candidates.columns
        self._selected: dict[tuple[str, ...], pa.Table] = {}
        self._spec = surface_spec(candidates.surface)
        self._rows_in: WeakKeyDictionary[CandidateSnapshot, Rows] = WeakKeyDictionary()
        self.pool = self._pool()

    def __len__(self) -> int:
        return len(self.candidates.names)

    @property
    def ids(self) -> list[str]:
        """Candidates by row, a new list."""
        ids: list[str] = self.candidates.names.strings.to_pylist()
        return ids

    def rows(self, candidates: Sequence[str]) -> Rows:
        """Row of each candidate (n,), -1 where the release does not hold it."""
        return self.candidates.names.rows(candidates)

    def rows_of_codes(self, codes: Codes) -> Rows:
        """Row of each code of an id (n,), -1 where there is none."""
        identity, order = self.columns.identity, self._by_code
        if not len(order):
            return np.full(len(codes), -1, np.int64)
        rows = order[np.minimum(np.searchsorted(identity, codes, sorter=order), len(order) - 1)]
        return np.where(identity[rows] == codes, rows, -1)

    def rows_in(self, earlier: "CandidateSnapshot") -> Rows:
        """Rows of another snapshot whose candidates are here too; looked for once."""
        if earlier not in self._rows_in:
            rows = earlier.rows(self.ids)
            self._rows_in[earlier] = rows[rows >= 0]
        return self._rows_in[earlier]

    def ids_at(self, rows: Rows) -> list[str]:
        """Ids of rows."""
        return self.candidates.names.at(rows)

    def values(self, candidates: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Stored features in full names, one row a candidate, as the online store held them at the release's moment.

        Null where the release does not hold the candidate; UnknownNameError for a column that it does not hold.
        """
        rows = self.rows(candidates)
        absent = rows < 0
        return self._only(tuple(columns)).take(pa.array(rows, mask=absent if absent.any() else None))

    @cached_property
    def _agency(self) -> pa.StringArray | None:
        """The agency of everybody; None where nobody has one."""
        name, features = "freelancer_profile__agency_id", self.candidates.features
        agency = contiguous(features[name]) if name in features.column_names else None
        return None if agency is None or agency.null_count == len(agency) else agency

    @cached_property
    def _by_code(self) -> Rows:
        """Rows in the order of their codes."""
        return np.argsort(self.columns.identity, kind="stable")

    def agencies(self, rows: Rows) -> list[str | None]:
        """Agency of each row, None where there is none; None of jobs."""
        if self._agency is None:
            return [None] * len(rows)
        agencies: list[str | None] = self._agency.take(pa.array(rows)).to_pylist()
        return agencies

    def in_category(self, rows: Rows, category: str) -> Flags:
        """Which rows are of a category (n,)."""
        same = pc.equal(self._words(f"{self._spec.profile_view}__category", rows), category)
        return np.asarray(pc.fill_null(same, False).to_numpy(zero_copy_only=False), np.bool_)

    @cached_property
    def popularity(self) -> FloatArray:
        """Clicks of the last 30 days by row, impressions where clicks are equal; on one scale in every release."""
        popularity: FloatArray = self._counts("clicks_30d") + self.impressions / (1.0 + self.impressions)
        return popularity

    @cached_property
    def impressions(self) -> FloatArray:
        """Impressions of the last 30 days by row; 0 where none is known."""
        return self._counts("impressions_30d")

    def _counts(self, name: str) -> FloatArray:
        return np.nan_to_num(numbers(self.candidates.features, f"{self._spec.candidate}_activity__{name}"))

    def with_applications(self, of_job: Pairs, moment: datetime) -> CandidateColumns:
        """The columns with what is known of each candidate's last application to a job, NaN where there is none."""
        ages, order = np.full(len(self), np.nan), np.full(len(self), np.nan)
        applied = of_job.did(Act.APPLY)
        stamps, rows = of_job.when(Act.APPLY)[applied], self.rows(of_job.those(applied))
        present = rows >= 0
        ages[rows[present]] = (round(moment.timestamp() * 1e6) - stamps[present]) / 3.6e9
        order[rows[present]] = np.searchsorted(np.sort(stamps), stamps[present])
        return dataclasses.replace(self.columns, application_age_hours=ages, application_order=order)

    def _words(self, name: str, rows: Rows) -> pa.Array:
        """The texts of a stored feature in some rows, null where it is absent."""
        features = self.candidates.features
        if name not in features.column_names:
            return pa.nulls(len(rows), pa.string())
        return contiguous(features[name]).take(pa.array(rows))

    def _only(self, columns: tuple[str, ...]) -> pa.Table:
        """These features of everybody; kept, since requests need the same ones."""
        if columns not in self._selected:
            names = self.candidates.features.column_names
            unknown = next((name for name in columns if name not in names), None)
            if unknown is not None:
                raise UnknownNameError("candidate feature", unknown, tuple(sorted(names)))
            self._selected[columns] = self.candidates.features.select(list(columns))
        return self._selected[columns]

    def _pool(self) -> Pool:
        candidates = self.candidates
        if not self._spec.shows_jobs:
            return FreelancerPool(candidates.versions, candidates.facts, candidates.names, self.skill)
        jobs = candidates.versions
        if CLIENT_STATUS in candidates.features.column_names:
            jobs = jobs.append_column("client_status", candidates.features[CLIENT_STATUS])
        return JobPool(jobs, candidates.facts, candidates.names, self.skill)


class ReleaseSnapshot(CandidateSnapshot):
    """Every candidate of a release; the order of rows is the index's."""

    def __init__(self, release: CandidateRelease, skill: Find | None = None) -> None:
        super().__init__(release.candidates, skill)
        self.release = release
        self.released_at = moment_of(release.version)
        self._settle()

    def _settle(self) -> None:
        """Compute now, before a request waits for it, what is known of all rows, and give back what that took."""
        self.popularity, self._by_code  # noqa: B018
        pa.default_memory_pool().release_unused()


def eligibility_of(pool: Pool, request: RankingRequest, excluded: Rows) -> Eligibility:
    """Who of the pool may be shown, without the rows `excluded`; InputError for filters that cannot be used."""
    understood = request.understood.filters if request.understood else {}
    if isinstance(pool, JobPool):
        eligibility = pool.feed(request.actor_id, request.filters, understood)
    elif surface_spec(request.surface).retrieves:
        eligibility = pool.search(request.actor_id, request.job_id, request.filters, understood)
    else:
        eligibility = pool.applicants(request.actor_id, request.job_id or "")
    count = int(eligibility.mask[excluded].sum())
    if count == 0:
        return eligibility
    mask = eligibility.mask.copy()
    mask[excluded] = False
    return Eligibility(mask, {**eligibility.dropped, "excluded": count})
