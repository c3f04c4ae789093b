"""Labels as known at a moment: which outcomes each seen impression led to, and which of them are old enough to tell.

An outcome credits, at most once per surface, and within its window measured from the impression's event_timestamp:
1. the impression of the query that the interaction names, where that query showed the candidate;
2. else, an accept, hire or decline: the impression that the pair's latest apply or invite before it credited
   (on applicant_review, where the application came first: the impression that the accept credited);
3. else the latest seen impression of the same (job, freelancer), or (client, freelancer) where the query had no job.
An outcome that finds no impression with an open window is organic on that surface.

Click, save, apply and invite count for the actor who did them; an accept counts as the other side's answer; a hire
counts whoever recorded it. A decline of one's own move is a withdrawal: nobody answered, so the accept is unknown.
Impressions with viewed = false are neither credited nor negatives; a null `viewed` counts as seen. Promoted rows
keep their credit (it is not the organic row's) and their mark in `placement`; the caller leaves them out.

Attribution stays in DuckDB, which puts aside what memory does not hold; rows leave it for the queries asked for.
Knows nothing of features, splits or rankers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from components.training_sets import labels_sql as sql
from components.training_sets.labels_report import label_report, listed, literal
from metier.contract import ATTRIBUTION_DAYS, RELEVANCE, SURFACES, Surface
from metier.errors import InputError, UnknownNameError
from metier.lake import Lake

HEADS: dict[Surface, tuple[str, ...]] = {
    "talent_search": ("click", "invite", "accept", "hire"),
    "job_feed": ("click", "apply", "accept", "hire"),
    "applicant_review": ("click", "accept", "hire"),
}
"""Heads of a surface, in the order of its funnel. A save counts for the head click."""

HEAD_KINDS = {
    "click": ("click", "save"),
    "apply": ("apply",),
    "invite": ("invite",),
    "accept": ("accept",),
    "hire": ("hire",),
}
ALL_HEADS = tuple(HEAD_KINDS)

OUTCOMES = (*ALL_HEADS, "withdrawal")
TRAINABLE = "placement <> 'promoted' AND mature"
DAY_US = 86_400_000_000

_CLIENT, _FREELANCER = "client", "freelancer"
_RULES: tuple[tuple[Surface, str, str | None, str, str], ...] = (
    ("talent_search", "click", _CLIENT, "click", "act"),
    ("talent_search", "save", _CLIENT, "click", "act"),
    ("talent_search", "invite", _CLIENT, "invite", "move"),
    ("talent_search", "accept", _FREELANCER, "accept", "answer"),
    ("talent_search", "decline", _FREELANCER, "decline", "answer"),
    ("talent_search", "decline", _CLIENT, "withdrawal", "answer"),
    ("talent_search", "hire", None, "hire", "answer"),
    ("job_feed", "click", _FREELANCER, "click", "act"),
    ("job_feed", "save", _FREELANCER, "click", "act"),
    ("job_feed", "apply", _FREELANCER, "apply", "move"),
    ("job_feed", "accept", _CLIENT, "accept", "answer"),
    ("job_feed", "decline", _CLIENT, "decline", "answer"),
    ("job_feed", "decline", _FREELANCER, "withdrawal", "answer"),
    ("job_feed", "hire", None, "hire", "answer"),
    ("applicant_review", "click", _CLIENT, "click", "act"),
    ("applicant_review", "save", _CLIENT, "click", "act"),
    ("applicant_review", "accept", _CLIENT, "accept", "move"),
    ("applicant_review", "decline", _CLIENT, "decline", "act"),
    ("applicant_review", "decline", _FREELANCER, "withdrawal", "act"),
    ("applicant_review", "hire", None, "hire", "answer"),
)
"""(surface, kind, side that must have acted, outcome, role). Whatever is not listed does not label that surface."""


@dataclass(frozen=True)
class Labels:
    """One row per seen impression, and what there is to say about them.

    rows: query_id, candidate_id, surface, actor_id, job_id, event_timestamp (of the query), shown_at (of the
    impression), rank, placement, propensity, relevance, one column per head (1, 0, null), mature; in the order of
    event_timestamp, query_id, rank. A head is null while the row is younger than its window, where it is not at
    risk (accept: no apply or invite was credited, or it was withdrawn; hire: no accept) or not of this surface.
    relevance is the highest grade among credited outcomes of mature heads; mature: all heads that grade it are.
    """

    rows: pa.Table
    report: dict[str, Any]


def labels(
    lake: Lake,
    as_of: datetime,
    surface: Surface | None = None,
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
    heads: Sequence[str] = ALL_HEADS,
) -> Labels:
    """Labels of what was recorded by `as_of`. `windows` in days by kind; only `heads` count towards relevance."""
    with attribution(lake, as_of, surface, windows) as credited:
        credited.grade(heads)
        return Labels(credited.rows(), credited.report())


@contextmanager
def attribution(
    lake: Lake, as_of: datetime, surface: Surface | None = None, windows: Mapping[str, float] = ATTRIBUTION_DAYS
) -> Iterator["Attribution"]:
    """What outcomes credit, in tables that leave with the block; as labels, but rows can be had in part."""
    days = window_days(windows)
    surfaces = SURFACES if surface is None else (surface,)
    with lake.connect(as_of) as connection:
        _attribute(connection, as_of, surfaces, {**ATTRIBUTION_DAYS, **windows})
        yield Attribution(connection, as_of, surfaces, days)


class Attribution:
    """Seen impressions and their credits, in DuckDB; `grade` first."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        as_of: datetime,
        surfaces: Sequence[Surface],
        days: dict[str, float],
    ) -> None:
        self._connection, self._as_of, self._surfaces, self._days = connection, as_of, surfaces, days
        self.grade(ALL_HEADS)

    def grade(self, heads: Sequence[str]) -> None:
        """From now on only `heads` count towards relevance and maturity."""
        for head in heads:
            if head not in ALL_HEADS:
                raise UnknownNameError("head", head, ALL_HEADS)
        self._connection.execute(_labelled(self._as_of, self._days, tuple(heads)))

    def report(self) -> dict[str, Any]:
        """What Labels.report holds; it does not depend on the grades."""
        counts = label_report(self._connection, self._as_of, {name: HEADS[name] for name in self._surfaces}, self._days)
        return {"as_of": self._as_of.isoformat(), "window_days": self._days, **counts}

    def moments(self) -> pa.ChunkedArray:
        """The event_timestamp of each query with a seen impression."""
        first = "SELECT min(event_timestamp) AS at FROM labelled GROUP BY query_id"
        return self._connection.sql(first).to_arrow_table()["at"]

    def counts(self) -> tuple[int, int, int]:
        """Rows: all, those that are not promoted, and the mature ones among these."""
        organic = "count(*) FILTER (placement <> 'promoted')"
        counted = f"SELECT count(*), {organic}, count(*) FILTER (placement <> 'promoted' AND mature) FROM labelled"
        rows, unpromoted, mature = self._connection.sql(counted).fetchall()[0]
        return rows, unpromoted, mature

    def queries(self) -> pa.Table:
        """(query_id, size) of mature, unpromoted rows, in the order of the log."""
        return self._connection.sql(sql.QUERIES.format(where=TRAINABLE)).to_arrow_table()

    def rows(self, queries: pa.ChunkedArray | None = None) -> pa.Table:
        """Labels.rows; of some queries only the mature, unpromoted ones."""
        which = ""
        if queries is not None:
            self._connection.register("chosen", pa.table({"query_id": queries}))
            which = f"SEMI JOIN chosen USING (query_id) WHERE {TRAINABLE}"
        selected = f"SELECT * EXCLUDE (impression) FROM labelled {which} ORDER BY impression"
        return self._connection.sql(selected).to_arrow_table()


def window_days(windows: Mapping[str, float] = ATTRIBUTION_DAYS) -> dict[str, float]:
    """Window of each head in days: the longest among its kinds. Kinds left out keep their declared window."""
    for kind, days in windows.items():
        if kind not in ATTRIBUTION_DAYS:
            raise UnknownNameError("kind with an attribution window", kind, tuple(ATTRIBUTION_DAYS))
        if days <= 0:
            raise InputError(f"the attribution window of {kind} is {days} days; give a positive number")
    every = {**ATTRIBUTION_DAYS, **windows}
    return {head: max(every[kind] for kind in kinds) for head, kinds in HEAD_KINDS.items()}


def _attribute(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, surfaces: Sequence[str], windows: Mapping[str, float]
) -> None:
    """Leave the tables of labels_sql on the connection: seen, due, ... credits."""
    rules = [
        (surface, kind, side, outcome, role, int(windows.get(kind, windows["accept"]) * DAY_US))
        for surface, kind, side, outcome, role in _RULES
        if surface in surfaces
    ]
    connection.execute(
        "CREATE TEMP TABLE rules (surface TEXT, kind TEXT, side TEXT, outcome TEXT, role TEXT, window_us BIGINT)"
    )
    connection.executemany("INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?)", rules)
    flags = ", ".join(f"bool_or(outcome = '{name}') AS has_{name}" for name in OUTCOMES)
    for statement in sql.STATEMENTS:
        connection.execute(statement.format(as_of=literal(as_of), surfaces=listed(surfaces), flags=flags))


def _labelled(as_of: datetime, days: Mapping[str, float], graded: Sequence[str]) -> str:
    """The view of labelled rows with its head expressions filled in."""
    has = {name: f"coalesce(has_{name}, false)" for name in OUTCOMES}
    old = {head: f"age_us >= {int(window * DAY_US)}" for head, window in days.items()}
    moved = "(surface = 'applicant_review' OR coalesce(apply, invite) = 1)"
    at_risk = {
        "click": "true",
        "apply": "surface = 'job_feed'",
        "invite": "surface = 'talent_search'",
        "accept": f"{moved} AND ({has['accept']} OR NOT {has['withdrawal']})",
        "hire": "accept = 1",
    }
    heads = ", ".join(
        f"CASE WHEN {old[head]} AND {at_risk[head]} THEN {has[head]}::FLOAT END AS {head}" for head in ALL_HEADS
    )
    grades = [f"CASE WHEN {old[head]} AND {has[head]} THEN {RELEVANCE[head]} END" for head in graded]
    relevance = f"coalesce(greatest({', '.join(['0', *grades])}), 0)::FLOAT"
    mature = " AND ".join(
        f"({old[head]} OR surface NOT IN ({listed([s for s in SURFACES if head in HEADS[s]])}))" for head in graded
    )
    return sql.LABELLED.format(relevance=relevance, heads=heads, mature=mature or "true", as_of=literal(as_of))
