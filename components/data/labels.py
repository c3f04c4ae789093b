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

Knows nothing of features, splits or rankers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from components.data import labels_sql as sql
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
MOVES: dict[Surface, str] = {"talent_search": "invite", "job_feed": "apply", "applicant_review": "accept"}
"""The act of a surface that later outcomes follow from."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
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
    days = window_days(windows)
    for head in heads:
        if head not in ALL_HEADS:
            raise UnknownNameError("head", head, ALL_HEADS)
    surfaces = SURFACES if surface is None else (surface,)
    with lake.connect(as_of) as connection:
        _attribute(connection, as_of, surfaces, {**ATTRIBUTION_DAYS, **windows})
        rows = connection.sql(_rows_query(as_of, days, tuple(heads))).to_arrow_table()
        connection.register("labelled", rows)
        report = {"as_of": as_of.isoformat(), "window_days": days, **_report(connection, as_of, surfaces, days)}
    return Labels(rows, report)


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
    for statement in sql.STATEMENTS:
        connection.execute(statement.format(as_of=_literal(as_of), surfaces=_listed(surfaces)))


def _rows_query(as_of: datetime, days: Mapping[str, float], graded: Sequence[str]) -> str:
    """The rows query with its flags and head expressions filled in."""
    outcomes = (*ALL_HEADS, "withdrawal")
    flags = ", ".join(f"bool_or(outcome = '{name}') AS has_{name}" for name in outcomes)
    has = {name: f"coalesce(has_{name}, false)" for name in outcomes}
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
        f"({old[head]} OR surface NOT IN ({_listed([s for s in SURFACES if head in HEADS[s]])}))" for head in graded
    )
    return sql.ROWS.format(
        flags=flags, relevance=relevance, heads=heads, mature=mature or "true", as_of=_literal(as_of)
    )


def _report(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, surfaces: Sequence[Surface], days: Mapping[str, float]
) -> dict[str, Any]:
    heads = _listed(ALL_HEADS)
    quantiles = ", ".join(f"quantile_cont(days, {q}) AS p{round(q * 100)}" for q in QUANTILES)
    (not_viewed,) = connection.sql(
        f"SELECT count(*) FROM impressions i JOIN queries q USING (query_id) "
        f"WHERE i.viewed = false AND q.surface IN ({_listed(surfaces)})"
    ).fetchall()[0]
    answers = connection.sql(
        "SELECT outcome, count(DISTINCT interaction_id) FROM credits "
        "WHERE in_window AND outcome IN ('decline', 'withdrawal') GROUP BY outcome ORDER BY outcome"
    ).fetchall()
    return {
        "surfaces": {name: _surface_report(connection, as_of, name, days) for name in surfaces},
        "not_viewed": not_viewed,
        "outcomes": _by_kind(connection, sql.CREDITED.format(heads=heads)),
        "delay_days": _by_kind(connection, sql.DELAYS.format(heads=heads, quantiles=quantiles)),
        "answers": {"decline": 0, "withdrawal": 0} | dict(answers),
    }


def _surface_report(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, surface: Surface, days: Mapping[str, float]
) -> dict[str, Any]:
    """Counts over organic and exploration rows; a head without positives is named in dropped_heads."""
    heads = HEADS[surface]
    columns = ", ".join(
        f"count({head}) AS known_{head}, count(*) FILTER ({head} = 1) AS positive_{head}, "
        f"avg((shown_at > {_literal(as_of)} - INTERVAL '{int(days[head] * DAY_US)} microseconds')::INT) AS young_{head}"
        for head in heads
    )
    query = "SELECT count(*) AS rows, count(DISTINCT query_id) AS queries, {} FROM labelled WHERE surface = '{}' AND {}"
    found = connection.sql(query.format(columns, surface, "placement <> 'promoted'")).to_arrow_table().to_pylist()[0]
    (promoted,) = connection.sql(
        f"SELECT count(*) FROM labelled WHERE surface = '{surface}' AND placement = 'promoted'"
    ).fetchall()[0]
    return {
        "rows": found["rows"],
        "queries": found["queries"],
        "promoted": promoted,
        "immature_share": {head: found[f"young_{head}"] or 0.0 for head in heads},
        "known": {head: found[f"known_{head}"] for head in heads},
        "positives": {head: found[f"positive_{head}"] for head in heads},
        "dropped_heads": [head for head in heads if not found[f"positive_{head}"]],
    }


def _by_kind(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, dict[str, float]]:
    rows = connection.sql(query).to_arrow_table().to_pylist()
    return {row.pop("kind"): row for row in rows}


def _literal(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat()}'"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
