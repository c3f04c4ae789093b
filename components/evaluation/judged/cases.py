"""What a judge is given: logged queries with rows of their candidates as they were when the query was asked.

Reads the lake alone: no score, no outcome, no truth.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from components.language.judge import Asking, Candidate
from components.language.taxonomy import Taxonomy
from components.language.understanding import Exchange, Plan, Understanding, plan_filters
from components.ranking_files.trec import Judgements
from components.retrieval.filters import JOB_FILTERS, PERSON_FILTERS, Filters
from metier.contract import Surface
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.surfaces import surface_spec


@dataclass(frozen=True)
class Case:
    """One query with candidates to judge for it."""

    query_id: str
    actor_id: str
    asking: Asking
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Reading:
    """How typed texts are read."""

    taxonomy: Taxonomy
    exchange: Exchange
    understanding: Understanding


def sampled_queries(lake: Lake, surface: Surface, as_of: datetime, size: int, seed: int = 0) -> list[str]:
    """Ids of `size` logged queries of the surface with a slate, drawn without replacement; ascending."""
    with lake.connect(as_of) as connection:
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT query_id FROM queries JOIN impressions USING (query_id) WHERE surface = ? "
                "ORDER BY query_id",
                [surface],
            ).fetchall()
        ]
    if len(ids) <= size:
        return ids
    return [ids[position] for position in sorted(np.random.default_rng(seed).choice(len(ids), size, replace=False))]


def shown_pairs(lake: Lake, as_of: datetime, query_ids: Sequence[str]) -> pa.Table:
    """query_id, candidate_id of the candidates that were shown, by query and rank."""
    with lake.connect(as_of) as connection:
        connection.register("asked", pa.table({"query_id": pa.array(query_ids, pa.string())}))
        return connection.sql(
            "SELECT query_id, candidate_id FROM impressions JOIN asked USING (query_id) ORDER BY query_id, rank"
        ).to_arrow_table()


def known_queries(lake: Lake, as_of: datetime, query_ids: Collection[str], surface: Surface | None = None) -> list[str]:
    """Those of the ids that are queries of the lake, of this surface where one is named; ascending."""
    with lake.connect(as_of) as connection:
        connection.register("wanted", pa.table({"query_id": pa.array(sorted(query_ids), pa.string())}))
        return [
            row[0]
            for row in connection.execute(
                "SELECT query_id FROM queries JOIN wanted USING (query_id) WHERE surface = coalesce(?, surface) "
                "ORDER BY query_id",
                [surface],
            ).fetchall()
        ]


def unknown_pairs(lake: Lake, as_of: datetime, judgements: Judgements) -> list[tuple[str, str]]:
    """(query_id, candidate_id) whose candidate is none that the surface of the query shows; ascending."""
    with lake.connect(as_of) as connection:
        connection.register("judged", pairs_of(judgements))
        return connection.execute(
            "SELECT query_id, candidate_id FROM judged JOIN queries USING (query_id) WHERE candidate_id NOT IN "
            "(SELECT job_id FROM jobs WHERE surface = 'job_feed' UNION ALL "
            "SELECT freelancer_id FROM freelancers WHERE surface <> 'job_feed') ORDER BY ALL"
        ).fetchall()


def pairs_of(judgements: Judgements) -> pa.Table:
    """query_id, candidate_id of judgements, in their order."""
    pairs = [(query, candidate) for query, grades in judgements.items() for candidate in grades]
    names = ("query_id", "candidate_id")
    return pa.table({name: pa.array([pair[at] for pair in pairs], pa.string()) for at, name in enumerate(names)})


def cases_of(lake: Lake, as_of: datetime, surface: Surface, pairs: pa.Table, reading: Reading) -> Iterator[Case]:
    """The cases of pairs (query_id, candidate_id) whose query is of this surface, by query.

    A candidate without a version at the query's time is left out; EmptyDataError where no query is known.
    """
    spec = surface_spec(surface)
    with lake.connect(as_of) as connection:
        connection.register("pairs", pairs.select(["query_id", "candidate_id"]))
        queries = connection.sql(
            "SELECT * FROM queries WHERE surface = ? AND query_id IN (SELECT query_id FROM pairs) ORDER BY query_id",
            params=[surface],
        ).to_arrow_table()
        if not queries.num_rows:
            raise EmptyDataError(f"no query of {surface} is known for these pairs; give ids of queries of the lake")
        connection.register("asked", queries.select(["query_id", "actor_id", "job_id", "event_timestamp"]))
        candidates = _versions(connection, spec.table, spec.key, "pairs JOIN asked USING (query_id)", "candidate_id")
        jobs = _versions(connection, "jobs", "job_id", "asked", "job_id")
        askers = _versions(connection, "freelancers", "freelancer_id", "asked", "actor_id")
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in candidates.to_pylist():
        rows.setdefault(row["of_query"], []).append(row)
    job_of = {row["of_query"]: row for row in jobs.to_pylist()}
    asker_of = {row["of_query"]: row for row in askers.to_pylist()} if spec.shows_jobs else {}
    for query in queries.to_pylist():
        query_id, text = query["query_id"], query["text"] or ""
        plan = reading.understanding.plan(text, surface) if text and spec.retrieves else Plan(text=text)
        asking = Asking(surface, text, plan, job_of.get(query_id), asker_of.get(query_id))
        judged = _candidates(rows.get(query_id, []), query, plan, surface, reading)
        yield Case(query_id, query["actor_id"], asking, judged)


def _versions(connection: duckdb.DuckDBPyConnection, table: str, key: str, pairs: str, named: str) -> pa.Table:
    """The version of each `named` of the pairs at its query's time, with of_query."""
    return connection.sql(
        f"SELECT p.query_id AS of_query, v.* FROM (FROM {pairs}) AS p ASOF JOIN {table} AS v "
        f"ON p.{named} = v.{key} AND p.event_timestamp >= v.event_timestamp ORDER BY of_query, v.{key}"
    ).to_arrow_table()


def _candidates(
    rows: list[dict[str, Any]], query: dict[str, Any], plan: Plan, surface: Surface, reading: Reading
) -> tuple[Candidate, ...]:
    spec = surface_spec(surface)
    broken: list[list[str]] = [[] for _ in rows]
    limits = plan_filters(plan, surface, reading.taxonomy, reading.exchange, query["event_timestamp"])
    stated = query["filters"] or "{}"
    if rows and (limits or stated != "{}"):
        names = JOB_FILTERS if spec.shows_jobs else PERSON_FILTERS
        filters = Filters(pa.Table.from_pylist(rows), names, reading.taxonomy.find)
        masks = filters.broken(limits) | {"the query's filters": ~filters.mask(stated)}
        for name, mask in masks.items():
            for position in np.flatnonzero(mask):
                broken[position].append(name)
    return tuple(Candidate(row[spec.key], row, tuple(of)) for row, of in zip(rows, broken, strict=True))
