"""All candidates of a surface as one space of rows: a release, what changed since, and what one request read itself.

Each part is a snapshot; rows of a later part follow on those of the earlier ones, and a candidate that it holds counts
there alone. Immutable. Knows no ranker and no HTTP.
"""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from components.retrieval import Eligibility
from components.retrieval.eligibility import JobPool
from components.retrieval.fused import FusedSearch
from components.retrieval.pair_facts import PairFacts
from components.retrieval.questions import Question, retrieve_rows
from feature_repo.inputs.columns import Codes, numbers
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.inputs.transforms import pair_matrix
from feature_repo.texts import TextVectors
from metier.contract import Surface
from metier.surfaces import surface_spec
from serving.candidates.snapshot import CandidateSnapshot, Pool, ReleaseSnapshot, Rows, eligibility_of
from serving.request.ladder import popular_before_others
from serving.request.ranking import RankingRequest

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


class CandidateSpace:
    """`base`, and behind it `later` parts; `index` searches the rows, `vectors` hold the texts of all parts.

    `sequence` is that of the newest change; what is known of pairs is as of it for all parts.
    """

    def __init__(
        self,
        base: ReleaseSnapshot,
        later: Sequence[CandidateSnapshot],
        index: FusedSearch,
        vectors: TextVectors,
    ) -> None:
        self.base = base
        self.parts: tuple[CandidateSnapshot, ...] = (base, *later)
        self.index = index
        self.vectors = vectors
        self.sequence = 0
        self.facts = base.candidates.facts
        self.clients: Mapping[str, str] = {}
        """Statuses of clients that changed since the release."""
        self.surface: Surface = base.surface
        self._starts = np.cumsum([0, *map(len, self.parts)])
        self._pools = [part.pool.without(self._superseded(number)) for number, part in enumerate(self.parts)]

    @property
    def version(self) -> str:
        """The release, and the newest change that is counted in."""
        version = self.base.release.version
        return f"{version}+{self.sequence}" if self.sequence else version

    def __len__(self) -> int:
        return int(self._starts[-1])

    def joined(self, part: CandidateSnapshot) -> "CandidateSpace":
        """These, and behind them another part, which cannot be searched."""
        space = CandidateSpace(self.base, (*self.parts[1:], part), self.index, self.vectors)
        return space.with_clients(self.clients).with_facts(self.facts, self.sequence)

    def with_clients(self, statuses: Mapping[str, str]) -> "CandidateSpace":
        """The same candidates with the statuses of clients that changed since the release; shares all else."""
        space = copy.copy(self)
        space.clients = statuses
        space._pools = [pool.with_clients(statuses) if isinstance(pool, JobPool) else pool for pool in self._pools]
        return space

    def with_facts(self, facts: PairFacts, sequence: int) -> "CandidateSpace":
        """The same candidates with what is known of pairs as of a change; shares all else."""
        space = copy.copy(self)
        space.facts, space.sequence = facts, sequence
        space._pools = [pool.with_facts(facts) for pool in self._pools]
        return space

    def rows(self, ids: Sequence[str]) -> Rows:
        """Row of each candidate (n,), -1 where no part holds it."""
        if len(self.parts) == 1:
            return self.base.rows(ids)
        rows = np.full(len(ids), -1, np.int64)
        for start, part in zip(self._starts, self.parts, strict=False):
            part_rows = part.rows(ids)
            rows = np.where(part_rows >= 0, start + part_rows, rows)
        return rows

    def ids_at(self, rows: Rows) -> list[str]:
        """Ids of rows."""
        ids = np.empty(len(rows), object)
        for part, positions, part_rows in self._split(rows):
            ids[positions] = part.ids_at(part_rows)
        return list(ids)

    def versions(self, rows: Rows, columns: Sequence[str]) -> list[dict[str, Any]]:
        """What is stored in `columns` of the contract of each row (n,), as far as its part has the column."""
        versions: list[dict[str, Any]] = [{} for _ in rows]
        for part, positions, part_rows in self._split(rows):
            stored = part.candidates.versions
            held = {name: stored[name] for name in columns if name in stored.column_names}
            for position, row in zip(positions.tolist(), part_rows.tolist(), strict=True):
                versions[position] = {name: column[row].as_py() for name, column in held.items()}
        return versions

    def eligibility(self, request: RankingRequest, among: Rows | None = None) -> Eligibility:
        """Who may be shown, by row; of the rows `among` where given. InputError for filters that cannot be used."""
        excluded = self.rows(list(dict.fromkeys(request.exclude)))
        by_part = [part_rows for _, _, part_rows in self._split(excluded[excluded >= 0], every=True)]
        pools = self._pools if among is None else self._pools_of(among)
        parts = [eligibility_of(pool, request, rows) for pool, rows in zip(pools, by_part, strict=True)]
        dropped = sum((Counter(part.dropped) for part in parts), Counter[str]())
        return Eligibility(np.concatenate([part.mask for part in parts]), dict(dropped))

    def search(self, question: Question, k: int, eligible: npt.NDArray[np.bool_] | None = None) -> tuple[Rows, Scores]:
        """(rows, scores) of the k best for a question; not for candidates that were `joined`."""
        ((rows, scores),) = retrieve_rows(self.index, [question], k, eligible)
        return rows, scores.astype(np.float64)

    def covisited(self, past: Codes, most: int) -> Rows:
        """Rows of what those who turned to `past`, codes of candidates (n,), turned to around them, best first."""
        covisits = self.base.columns.covisits
        codes = covisits.neighbours(covisits.rows(past), most)
        rows = np.full(len(codes), -1, np.int64)
        for start, part in zip(self._starts, self.parts, strict=False):
            part_rows = part.rows_of_codes(codes)
            rows = np.where(part_rows >= 0, start + part_rows, rows)
        return rows[rows >= 0]

    def inputs(
        self, query: QueryColumns, rows: Rows, names: tuple[str, ...], job_id: str | None, moment: datetime
    ) -> Floats:
        """Model inputs `names` (len(rows), n_features) of one query and these candidates."""
        applications = None if surface_spec(self.surface).retrieves else self.facts.people_of_job(job_id or "")
        inputs: list[Floats] = []
        order: list[Rows] = []
        for part, positions, part_rows in self._split(rows):
            columns = part.columns
            if applications is not None:
                columns = part.with_applications(applications, moment)
            inputs.append(pair_matrix(self.surface, query, columns, np.zeros_like(part_rows), part_rows, names))
            order.append(positions)
        if not inputs:
            return pair_matrix(self.surface, query, self.base.columns, rows, rows, names)
        return inputs[0] if len(inputs) == 1 else np.concatenate(inputs)[np.argsort(np.concatenate(order))]

    def agencies(self, rows: Rows) -> list[str | None]:
        """Agency of each row, None where there is none."""
        agencies = np.full(len(rows), None, object)
        for part, positions, part_rows in self._split(rows):
            agencies[positions] = part.agencies(part_rows)
        return list(agencies)

    def numbers(self, feature: str) -> Scores:
        """A stored feature by row, by its full name; NaN where it is unknown."""
        return np.concatenate([numbers(part.candidates.features, feature) for part in self.parts])

    def impressions(self, rows: Rows) -> Scores:
        """Impressions of the last 30 days of each row."""
        impressions = np.zeros(len(rows))
        for part, positions, part_rows in self._split(rows):
            impressions[positions] = part.impressions[part_rows]
        return impressions

    def popularity(self, rows: Rows, first: str | None) -> Scores:
        """Popularity of each row, those of the category `first` before all others."""
        popularity, is_first = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
        for part, positions, part_rows in self._split(rows):
            popularity[positions] = part.popularity[part_rows]
            if first is not None:
                is_first[positions] = part.in_category(part_rows, first)
        return popular_before_others(popularity, is_first)

    def _pools_of(self, rows: Rows) -> list[Pool]:
        """The pools of these rows alone."""
        parts = zip(self._pools, self._split(rows, every=True), strict=True)
        return [pool.only(part_rows) for pool, (_, _, part_rows) in parts]

    def _superseded(self, number: int) -> Rows:
        """Rows of a part whose candidates a later part holds."""
        again = [later.rows_in(self.parts[number]) for later in self.parts[number + 1 :]]
        return np.unique(np.concatenate([np.empty(0, np.int64), *again]))

    def _split(self, rows: Rows, every: bool = False) -> list[tuple[CandidateSnapshot, Rows, Rows]]:
        """(part, positions in `rows`, its own rows) of each part that holds some of them, or of every part."""
        if len(self.parts) == 1:
            return [(self.base, np.arange(len(rows)), rows)] if every or len(rows) else []
        split = []
        for start, end, part in zip(self._starts, self._starts[1:], self.parts, strict=False):
            positions = np.flatnonzero((rows >= start) & (rows < end))
            if every or len(positions):
                split.append((part, positions, rows[positions] - start))
        return split
