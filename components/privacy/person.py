"""A person in the data: the ids, jobs, queries and words that are theirs and nobody else's.

An actor id means one person, whichever side it acts on; jobs have ids of their own. Reads the lake and rows of the
event log; removes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.texts.text import card_text, text_key
from metier.contract import SURFACES, TABLES
from metier.lake import Lake
from metier.lake.upkeep import Marks
from metier.stored import Moment
from metier.surfaces import surface_spec

SHORTEST_TEXT = 12
"""Shorter texts say nothing of a person."""

SHOWS_JOBS = frozenset(name for name in SURFACES if surface_spec(name).shows_jobs)
"""Surfaces whose candidates are jobs; those of the others are freelancers."""

_ACTOR_COLUMNS = ("freelancer_id", "client_id", "actor_id")
_TEXTS = """
    SELECT title AS text FROM freelancers WHERE {whose} (freelancer_id = $id)
    UNION SELECT overview FROM freelancers WHERE {whose} (freelancer_id = $id)
    UNION SELECT title FROM jobs WHERE {whose} (job_id IN (FROM own_jobs))
    UNION SELECT description FROM jobs WHERE {whose} (job_id IN (FROM own_jobs))
    UNION SELECT text FROM queries WHERE {whose} (query_id IN (FROM own_queries))
"""


@dataclass(frozen=True)
class Person:
    """`jobs` a client posted, `queries` asked by or for them, `texts` found in nobody else's, `text_keys` of all."""

    id: str
    jobs: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    text_keys: frozenset[str] = frozenset()
    first_event: Moment | None = None

    @property
    def names(self) -> frozenset[str]:
        """What names the person in a file."""
        return self.jobs | {self.id}

    def joined(self, other: "Person") -> "Person":
        """What either knows."""
        stamps = [person.first_event for person in (self, other) if person.first_event is not None]
        sets = {field.name: getattr(self, field.name) | getattr(other, field.name) for field in fields(self)[1:-1]}
        return Person(self.id, **sets, first_event=min(stamps, default=None))

    def owns(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of any table, spelled as JSON, is theirs or about them; of impressions see `shown_in`."""
        return (
            any(_text(row.get(column)) == self.id for column in _ACTOR_COLUMNS)
            or _text(row.get("job_id")) in self.jobs
            or _text(row.get("query_id")) in self.queries
        )

    def shown_in(self, row: Mapping[str, Any], surface: str | None) -> bool:
        """Whether an impression of a query on `surface` (None: unknown) showed them or a job of theirs."""
        candidate = _text(row.get("candidate_id"))
        shows_jobs = surface is None or surface in SHOWS_JOBS
        return (surface not in SHOWS_JOBS and candidate == self.id) or (shows_jobs and candidate in self.jobs)


def in_lake(lake: Lake, person: Person) -> Person:
    """What is known of the person, and what the lake adds to it."""
    with lake.connect() as connection:
        register_own(connection, person)
        texts = connection.execute(
            f"SELECT text FROM ({_TEXTS.format(whose='')}) AS own WHERE length(trim(own.text)) >= {SHORTEST_TEXT} "
            f"AND NOT EXISTS (FROM ({_TEXTS.format(whose='NOT')}) AS other WHERE contains(other.text, own.text))",
            {"id": person.id},
        ).fetchall()
        return person.joined(
            Person(
                person.id,
                jobs=_strings(connection, "FROM own_jobs"),
                queries=_strings(connection, "FROM own_queries"),
                texts=frozenset(text for (text,) in texts),
                text_keys=frozenset(_text_keys(connection, person.id)),
                first_event=_first_event(connection, person.id),
            )
        )


def in_rows(person: Person, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Person:
    """What is known of the person, and what rows of theirs, (table, row), add to it."""
    jobs, queries, keys = set(person.jobs), set(person.queries), set(person.text_keys)
    for table, row in rows:
        if table == "jobs":
            jobs.add(str(row.get("job_id")))
        elif table == "queries":
            queries.add(str(row.get("query_id")))
            keys.update(text_key(text) for text in [row.get("text")] if isinstance(text, str))
    return person.joined(Person(person.id, frozenset(jobs), frozenset(queries), text_keys=frozenset(keys)))


def lake_marks(lake: Lake, person: Person) -> dict[str, tuple[list[str], Marks]]:
    """By table: columns to look at, and which of their rows are the person's or about them."""
    of_person, of_jobs = _queries_showing(lake, person)

    def of_entity(column: str, ids: Iterable[str]) -> tuple[list[str], Marks]:
        return [column], lambda rows: _in(rows[column], ids)

    def of_impressions(rows: pa.Table) -> pa.ChunkedArray:
        query, candidate = rows["query_id"], rows["candidate_id"]
        them = pc.and_(_in(candidate, [person.id]), _in(query, of_person))
        job = pc.and_(_in(candidate, person.jobs), _in(query, of_jobs))
        return pc.or_(_in(query, person.queries), pc.or_(them, job))

    about = {"freelancer_id": [person.id], "client_id": [person.id], "job_id": person.jobs, "query_id": person.queries}

    def of_interactions(rows: pa.Table) -> pa.ChunkedArray:
        marks = _in(rows["freelancer_id"], [person.id])
        for column, ids in about.items():
            marks = pc.or_(marks, _in(rows[column], ids))
        return marks

    return {
        "impressions": (["query_id", "candidate_id"], of_impressions),
        "interactions": (list(about), of_interactions),
        "queries": of_entity("query_id", person.queries),
        "jobs": of_entity("job_id", person.jobs),
        "clients": of_entity("client_id", [person.id]),
        "freelancers": of_entity("freelancer_id", [person.id]),
    }


def register_own(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """The tables own_jobs and own_queries."""
    for name, ids in (("known_jobs", person.jobs), ("known_queries", person.queries)):
        connection.register(name, pa.table({"id": pa.array(sorted(ids), pa.string())}))
    connection.execute(
        "CREATE TEMP TABLE own_jobs AS FROM known_jobs UNION SELECT job_id FROM jobs WHERE client_id = $id",
        {"id": person.id},
    )
    connection.execute(
        "CREATE TEMP TABLE own_queries AS FROM known_queries UNION "
        "SELECT query_id FROM queries WHERE actor_id = $id OR job_id IN (FROM own_jobs)",
        {"id": person.id},
    )


def _text_keys(connection: duckdb.DuckDBPyConnection, actor_id: str) -> list[str]:
    people = connection.execute("SELECT title, overview, skills FROM freelancers WHERE freelancer_id = ?", [actor_id])
    texts = [card_text(*row) for row in people.fetchall()]
    posts = connection.execute("SELECT title, description, skills FROM jobs WHERE job_id IN (FROM own_jobs)")
    texts += [card_text(*row) for row in posts.fetchall()]
    typed = connection.execute("SELECT text FROM queries WHERE query_id IN (FROM own_queries) AND text IS NOT NULL")
    return [text_key(text) for text in [*texts, *(text for (text,) in typed.fetchall())]]


def _first_event(connection: duckdb.DuckDBPyConnection, actor_id: str) -> datetime | None:
    """When the lake first heard of the person; None where it never did."""
    where = {
        "freelancers": "freelancer_id = $id",
        "clients": "client_id = $id",
        "jobs": "job_id IN (FROM own_jobs)",
        "queries": "query_id IN (FROM own_queries)",
        "impressions": "candidate_id = $id "
        "AND query_id NOT IN (SELECT query_id FROM queries WHERE list_contains($job_surfaces, surface))",
        "interactions": "freelancer_id = $id OR client_id = $id OR job_id IN (FROM own_jobs)",
    }
    every = " UNION ALL ".join(f"SELECT event_timestamp FROM {name} WHERE {where[name]}" for name in TABLES)
    (first,) = connection.execute(
        f"SELECT min(event_timestamp) FROM ({every})", {"id": actor_id, "job_surfaces": sorted(SHOWS_JOBS)}
    ).fetchall()[0]
    stamp: datetime | None = first
    return stamp


def _queries_showing(lake: Lake, person: Person) -> tuple[frozenset[str], frozenset[str]]:
    """Queries that showed the person, and those that showed a job of theirs."""
    query = (
        "SELECT DISTINCT i.query_id FROM impressions i LEFT JOIN queries q USING (query_id) WHERE i.candidate_id IN "
        "(FROM ids) AND coalesce(list_contains($job_surfaces, q.surface), $shows_jobs) = $shows_jobs"
    )
    showing = []
    with lake.connect() as connection:
        for ids, shows_jobs in (({person.id}, False), (person.jobs, True)):
            connection.register("ids", pa.table({"id": pa.array(sorted(ids), pa.string())}))
            parameters = {"job_surfaces": sorted(SHOWS_JOBS), "shows_jobs": shows_jobs}
            rows = connection.execute(query, parameters).fetchall()
            showing.append(frozenset(query_id for (query_id,) in rows))
    return showing[0], showing[1]


def _strings(connection: duckdb.DuckDBPyConnection, query: str) -> frozenset[str]:
    return frozenset(value for (value,) in connection.execute(query).fetchall())


def _in(column: pa.ChunkedArray, ids: Iterable[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(sorted(ids), pa.string()))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
