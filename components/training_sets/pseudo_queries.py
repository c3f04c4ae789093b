"""Organic interactions as queries: each first positive becomes a query with sampled, unlabelled negatives.

Where a log holds interactions but no impressions, nobody knows what was seen and passed over. A negative here is a
candidate that was eligible at the time and that the actor had not touched: not a candidate that was refused, and the
metadata says so. Knows nothing of features, splits or rankers.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.training_sets.outcomes.maturity import microseconds
from metier.contract import TABLES, TIMESTAMP, Surface
from metier.errors import EmptyDataError, InputError
from metier.lake import Lake
from metier.surfaces import surface_spec

NEGATIVES = 40
MOST_ALIKE = 200
ALIKE = ("city", "category", "company", "industry")
FOREVER = int(np.iinfo(np.int64).max)

Integers = NDArray[np.int64]

HardPool = Callable[[str, str, datetime], Sequence[str]]
"""(actor_id, positive candidate_id, moment) -> candidates hard to tell from the positive, in any order."""


@dataclass(frozen=True)
class PseudoQueries:
    """Queries and the candidates of each.

    queries: query_id, surface, actor_id, job_id, event_timestamp, text (null). pairs: query_id, candidate_id,
    relevance; the pairs of a query are contiguous, in the order of queries, and sorted by candidate_id within it.
    """

    queries: pa.Table
    pairs: pa.Table
    metadata: dict[str, Any]


@dataclass(frozen=True)
class CandidatePool:
    """When each candidate was eligible: candidate ids[owner[i]] in [since[i], until[i]) microseconds, disjoint."""

    ids: tuple[str, ...]
    owner: Integers
    since: Integers
    until: Integers

    def eligible(self, moment: int) -> Integers:
        """Positions in `ids` of the candidates eligible at `moment` (microseconds), ascending."""
        return self.owner[(self.since <= moment) & (moment < self.until)]


def candidate_pool(lake: Lake, surface: Surface, as_of: datetime) -> CandidatePool:
    """Candidates of the surface with the spans in which they were eligible.

    A job: open and public, from posted_at on; a freelancer: listed, from joined_at on. A version holds from its
    event_timestamp to the next one's, the first from ever: a null posted_at means always there.
    """
    spec = surface_spec(surface)
    born = "posted_at" if spec.shows_jobs else "joined_at"
    eligible = "status = 'open' AND visibility = 'public'" if spec.shows_jobs else "status = 'listed'"
    query = f"""
        WITH versions AS (
            SELECT {spec.key} AS id, {eligible} AS eligible, {born} AS born,
                   row_number() OVER versions = 1 AS is_first, event_timestamp AS since,
                   lead(event_timestamp) OVER versions AS until
            FROM {spec.table} WINDOW versions AS (PARTITION BY {spec.key} ORDER BY event_timestamp, recorded_at)
        )
        SELECT id,
               coalesce(greatest(CASE WHEN NOT is_first THEN epoch_us(since) END, epoch_us(born)), {-FOREVER}) AS since,
               coalesce(epoch_us(until), {FOREVER}) AS until
        FROM versions WHERE eligible ORDER BY id, since
    """
    with lake.connect(as_of) as connection:
        spans = connection.sql(query).to_arrow_table()
    ids, owner = np.unique(np.asarray(spans["id"].to_pylist(), dtype=np.str_), return_inverse=True)
    return CandidatePool(
        tuple(ids.tolist()), owner.astype(np.int64), spans["since"].to_numpy(), spans["until"].to_numpy()
    )


def pseudo_queries(
    positives: pa.Table,
    pool: CandidatePool,
    touched: pa.Table,
    seed: int,
    negatives: int = NEGATIVES,
    hard: HardPool | None = None,
) -> PseudoQueries:
    """Each row of `positives` as a query at its time with `negatives` candidates of which the pair shows no trace.

    Half of them come from `hard` (as far as it gives enough), the rest evenly from all that were eligible then.
    Fewer where fewer are eligible. Equal seeds give equal samples, whatever the other queries are.
    """
    if negatives < 1:
        raise InputError(f"{negatives} negatives per query; a query needs one or more")
    if positives.num_rows == 0:
        raise EmptyDataError("no organic positive to make a query of; import interactions of the actor's own side")
    sampler = _Sampler.of(pool, touched, seed, negatives, hard)
    slates = [sampler.slate(row) for row in _rows(positives)]
    pairs = _pairs(positives, [slate for slate, _ in slates])
    n_negatives = pairs.num_rows - positives.num_rows
    metadata = {
        "negatives": "unlabelled negatives sampled from eligible candidates the actor had not touched",
        "negatives_per_query": negatives,
        "hard_share": sum(n_hard for _, n_hard in slates) / n_negatives if n_negatives else 0.0,
        "queries": positives.num_rows,
        "queries_without_negatives": sum(len(slate) == 1 for slate, _ in slates),
        "seed": seed,
    }
    return PseudoQueries(queries_before(positives), pairs, metadata)


def queries_before(positives: pa.Table) -> pa.Table:
    """Each positive as the query that led to it, one microsecond earlier: its features do not hold the act itself."""
    moments = pa.array(microseconds(positives["event_timestamp"]) - 1, pa.int64()).cast(TIMESTAMP)
    queries = positives.select(["query_id", "surface", "actor_id", "job_id"])
    text = pa.nulls(positives.num_rows, pa.string())
    return queries.append_column("event_timestamp", moments).append_column("text", text)


def alike_pool(lake: Lake, surface: Surface, as_of: datetime, seed: int, columns: Sequence[str] = ALIKE) -> HardPool:
    """A HardPool of candidates that share a value of one of `columns` with the positive, at most 200 a column.

    By the newest version of each candidate; columns that the table lacks are left out.
    """
    spec = surface_spec(surface)
    table, key = spec.table, spec.key
    present = [name for name in columns if name in {column.name for column in TABLES[table].columns}]
    with lake.connect(as_of) as connection:
        newest = connection.sql(
            f"SELECT DISTINCT ON ({key}) {', '.join([key, *present])} FROM {table} "
            f"ORDER BY {key}, event_timestamp DESC, recorded_at DESC"
        ).to_arrow_table()
    shuffled = newest.take(np.random.default_rng(seed).permutation(newest.num_rows))
    rows = dict(zip(shuffled[key].to_pylist(), shuffled.select(present).to_pylist(), strict=True))
    sharing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for candidate, row in rows.items():
        for mark in row.items():
            if mark[1] is not None and len(sharing[mark]) < MOST_ALIKE:
                sharing[mark].append(candidate)

    def sharing_candidates(actor_id: str, candidate_id: str, moment: datetime) -> list[str]:
        marks = rows.get(candidate_id, {}).items()
        return [candidate for mark in marks for candidate in sharing.get(mark, ()) if candidate != candidate_id]

    return sharing_candidates


@dataclass(frozen=True)
class _Sampler:
    """Draws the negatives of one positive at a time. touches: actor -> positions in the pool and when, aligned."""

    pool: CandidatePool
    position: Mapping[str, int]
    touches: Mapping[str, tuple[Integers, Integers]]
    seed: int
    negatives: int
    hard: HardPool | None

    @classmethod
    def of(cls, pool: CandidatePool, touched: pa.Table, seed: int, negatives: int, hard: HardPool | None) -> "_Sampler":
        position = {candidate: row for row, candidate in enumerate(pool.ids)}
        by_actor: dict[str, list[tuple[int, int]]] = defaultdict(list)
        stamps = microseconds(touched["event_timestamp"]).tolist()
        for actor, candidate, stamp in zip(
            touched["actor_id"].to_pylist(), touched["candidate_id"].to_pylist(), stamps, strict=True
        ):
            if candidate in position:
                by_actor[actor].append((position[candidate], stamp))
        touches = {actor: _columns(pairs) for actor, pairs in by_actor.items()}
        return cls(pool, position, touches, seed, negatives, hard)

    def slate(self, row: Mapping[str, Any]) -> tuple[list[tuple[str, float]], int]:
        """((candidate, relevance) by candidate, how many negatives are hard) of one positive."""
        random = np.random.default_rng([self.seed, *row["query_id"].encode()])
        free = self._free(row["actor_id"], row["candidate_id"], row["stamp"])
        near = np.intersect1d(free, self._near(row))
        difficult = random.permutation(near)[: self.negatives // 2]
        others = np.setdiff1d(free, difficult, assume_unique=True)
        even = random.choice(others, min(self.negatives - len(difficult), len(others)), replace=False)
        drawn = [(self.pool.ids[position], 0.0) for position in (*difficult.tolist(), *even.tolist())]
        return sorted([*drawn, (row["candidate_id"], row["relevance"])]), len(difficult)

    def _free(self, actor: str, positive: str, stamp: int) -> Integers:
        """Positions eligible at the moment, without the positive and what the actor had touched."""
        eligible = self.pool.eligible(stamp)
        positions, stamps = self.touches.get(actor, _columns([]))
        excluded = [*positions[stamps <= stamp].tolist(), self.position.get(positive, -1)]
        return eligible[~np.isin(eligible, excluded)]

    def _near(self, row: Mapping[str, Any]) -> Integers:
        if self.hard is None:
            return np.empty(0, dtype=np.int64)
        candidates = self.hard(row["actor_id"], row["candidate_id"], row["event_timestamp"])
        return np.array(
            [self.position[candidate] for candidate in candidates if candidate in self.position], dtype=np.int64
        )


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[Integers, Integers]:
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _rows(positives: pa.Table) -> list[dict[str, Any]]:
    stamps = pa.array(microseconds(positives["event_timestamp"]))
    rows: list[dict[str, Any]] = positives.append_column("stamp", stamps).to_pylist()
    return rows


def _pairs(positives: pa.Table, slates: Sequence[Sequence[tuple[str, float]]]) -> pa.Table:
    query = np.repeat(np.arange(len(slates)), [len(slate) for slate in slates])
    flat = [pair for slate in slates for pair in slate]
    return pa.table(
        {
            "query_id": positives["query_id"].combine_chunks().take(pa.array(query)),
            "candidate_id": pa.array([candidate for candidate, _ in flat], pa.string()),
            "relevance": pa.array([grade for _, grade in flat], pa.float32()),
        }
    )
