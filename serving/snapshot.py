"""Candidate features in the replica: one release, encoded once, so that a request gathers rows instead of reading.

Immutable; a refresh makes another and swaps it in. Knows columns of stored features; no ranker, no HTTP.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.retrieval.eligibility import Eligibility, FreelancerPool, JobPool
from components.retrieval.release import Release
from feature_repo.columns import numbers, strings
from feature_repo.encoded import CandidateColumns
from metier.contract import Surface
from serving.ask import Ask

Pool = JobPool | FreelancerPool
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

POPULARITY = ("clicks_30d", "impressions_30d")


class CandidateSnapshot:
    """Every candidate of a release by row; the order of rows is the index's."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.surface: Surface = release.surface
        self.ids: list[str] = release.candidates["id"].to_pylist()
        self.columns = CandidateColumns.encode(release.surface, release.features, release.vectors)
        self._row = {candidate: row for row, candidate in enumerate(self.ids)}
        self._view = "job" if release.surface == "job_feed" else "freelancer"
        self.pool = self.pool_of(release.candidates)

    def __len__(self) -> int:
        return len(self.ids)

    def pool_of(self, candidates: pa.Table) -> Pool:
        """Candidates of this surface with what the release knows of pairs; columns as in the contract."""
        pool = JobPool if self.surface == "job_feed" else FreelancerPool
        return pool(candidates, self.release.facts)

    def rows(self, candidates: Sequence[str]) -> Rows:
        """Row of each candidate (n,), -1 where the release does not hold it."""
        return np.array([self._row.get(candidate, -1) for candidate in candidates], np.int64)

    def at(self, rows: Rows) -> list[str]:
        """Ids of rows."""
        return [self.ids[row] for row in rows]

    @cached_property
    def agencies(self) -> list[str | None]:
        """Agency of each candidate by row; None of jobs."""
        return strings(self.release.features, "freelancer_profile__agency_id")

    @cached_property
    def categories(self) -> npt.NDArray[np.object_]:
        """Category of each candidate by row."""
        return np.array(strings(self.release.features, f"{self._view}_profile__category"), dtype=object)

    @cached_property
    def popularity(self) -> Floats:
        """Clicks of the last 30 days by row, impressions where clicks are equal."""
        clicks, shown = (
            np.nan_to_num(numbers(self.release.features, f"{self._view}_activity__{name}")) for name in POPULARITY
        )
        ordered: Floats = clicks + shown / (1.0 + shown.max(initial=0.0))
        return ordered

    def with_applications(self, job_id: str, moment: datetime) -> CandidateColumns:
        """The columns with what is known of each candidate's last application to `job_id`, NaN where there is none."""
        ages, order = np.full(len(self), np.nan), np.full(len(self), np.nan)
        applied = self._applied.get(job_id, [])
        stamps = np.sort([stamp for _, stamp in applied])
        asked = round(moment.timestamp() * 1e6)
        for freelancer, stamp in applied:
            row = self._row.get(freelancer)
            if row is not None:
                ages[row] = (asked - stamp) / 3.6e9
                order[row] = np.searchsorted(stamps, stamp)
        return dataclasses.replace(self.columns, application_age_hours=ages, application_order=order)

    @cached_property
    def _applied(self) -> dict[str, list[tuple[str, int]]]:
        """Job -> (freelancer, when in epoch microseconds)."""
        found: dict[str, list[tuple[str, int]]] = {}
        table = self.release.applications
        stamps = table["applied_at"].cast(pa.int64()).to_pylist()
        for job, freelancer, stamp in zip(
            table["job_id"].to_pylist(), table["freelancer_id"].to_pylist(), stamps, strict=True
        ):
            found.setdefault(job, []).append((freelancer, stamp))
        return found


def judged(pool: Pool, ask: Ask, excluded: Rows) -> Eligibility:
    """Who of the pool may be shown, without the rows `excluded`; InputError for filters that cannot be used."""
    if isinstance(pool, JobPool):
        found = pool.feed(ask.actor_id, ask.filters)
    elif ask.surface == "applicant_review":
        found = pool.applicants(ask.actor_id, ask.job_id or "")
    else:
        found = pool.search(ask.actor_id, ask.job_id, ask.filters)
    count = int(found.mask[excluded].sum())
    if count == 0:
        return found
    mask = found.mask.copy()
    mask[excluded] = False
    return Eligibility(mask, {**found.dropped, "excluded": count})
