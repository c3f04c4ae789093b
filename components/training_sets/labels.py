"""Labels as known at a moment: which outcomes each seen impression led to, and which of them are old enough to tell.

An outcome credits, at most once per surface, and within its window measured from the impression's event_timestamp:
1. the impression of the query that the interaction names, where that query showed the candidate;
2. else, an accept, hire or decline: the impression that the pair's latest apply or invite before it credited
   (on applicant_review, where the application came first: the impression that the accept credited);
3. else the latest seen impression of the same (job, freelancer), or (client, freelancer) where the query had no job.
An outcome that finds no impression with an open window is organic on that surface.

What was credited implies the earlier heads of the surface's funnel: who was hired was accepted, whenever that was
recorded, so that no row is a hire and not an accept. Rows that never came so far are zeros of the later heads: every
head is told of the whole shown space, not only of those that the head before it let through (Ma et al. 2018).

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
from components.training_sets.outcomes.funnel import ALL_HEADS, HEADS, from_here
from components.training_sets.outcomes.maturity import DAY_US, mature_days, recording_delays
from metier.contract import ATTRIBUTION_DAYS, RELEVANCE, SURFACES, Surface
from metier.errors import UnknownNameError
from metier.lake import Lake

OUTCOMES = (*ALL_HEADS, "withdrawal")
TRAINABLE = "placement <> 'promoted' AND mature"

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
    event_timestamp, query_id, rank. A head is 1 where the pair came so far or farther, null while the impression is
    younger than the head's window and recording delay, where the move was withdrawn before an accept (accept, hire),
    and where it is not of this surface. relevance is the highest grade among mature heads that are 1; mature: all heads
    that grade it are.
    """

    rows: pa.Table
    report: dict[str, Any]


def labels(
    lake: Lake,
    as_of: datetime,
    surface: Surface | None = None,
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
    heads: Sequence[str] = ALL_HEADS,
    delays: Mapping[str, float] | None = None,
) -> Labels:
    """Labels of what was recorded by `as_of`; only `heads` count towards relevance.

    `windows` and recording `delays` in days by kind; None: those that the log shows, see `recording_delays`.
    """
    with attribution(lake, as_of, surface, windows, delays) as credited:
        credited.grade(heads)
        return Labels(credited.rows(), credited.report())


@contextmanager
def attribution(
    lake: Lake,
    as_of: datetime,
    surface: Surface | None = None,
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
    delays: Mapping[str, float] | None = None,
) -> Iterator["Attribution"]:
    """What outcomes credit, in tables that leave with the block; as labels, but rows can be had in part."""
    mature_days(windows, delays or {})
    surfaces = SURFACES if surface is None else (surface,)
    with lake.connect(as_of) as connection:
        _attribute(connection, as_of, surfaces, {**ATTRIBUTION_DAYS, **windows})
        late = recording_delays(connection, as_of, windows) if delays is None else dict(delays)
        yield Attribution(connection, as_of, surfaces, mature_days(windows, late), late)


class Attribution:
    """Seen impressions and their credits, in DuckDB; `grade` first."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        as_of: datetime,
        surfaces: Sequence[Surface],
        days: dict[str, float],
        delays: dict[str, float],
    ) -> None:
        self._connection, self._as_of, self._surfaces = connection, as_of, surfaces
        self.mature_days, self.recording_delay_days = days, delays
        """Age at which each head is known, and how late each kind is recorded."""
        self.grade(ALL_HEADS)

    def grade(self, heads: Sequence[str]) -> None:
        """From now on only `heads` count towards relevance and maturity."""
        for head in heads:
            if head not in ALL_HEADS:
                raise UnknownNameError("head", head, ALL_HEADS)
        self._connection.execute(_labelled(self._as_of, self.mature_days, tuple(heads)))

    def report(self) -> dict[str, Any]:
        """What Labels.report holds; it does not depend on the grades."""
        heads = {name: HEADS[name] for name in self._surfaces}
        counts = label_report(self._connection, self._as_of, heads, self.mature_days)
        return {
            "as_of": self._as_of.isoformat(),
            "mature_days": self.mature_days,
            "recording_delay_days": self.recording_delay_days,
            **counts,
        }

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
    old = {head: f"age_us >= {round(days[head] * DAY_US)}" for head in ALL_HEADS}
    came = {head: _came_as_far(head) for head in ALL_HEADS}
    answered = f"({came['accept']} OR NOT coalesce(has_withdrawal, false))"
    known = {head: f"{old[head]} AND {answered}" if head in ("accept", "hire") else old[head] for head in ALL_HEADS}
    heads = ", ".join(f"CASE WHEN {known[head]} THEN {came[head]}::FLOAT END AS {head}" for head in ALL_HEADS)
    grades = [f"CASE WHEN {old[head]} AND {came[head]} THEN {RELEVANCE[head]} END" for head in graded]
    relevance = f"coalesce(greatest({', '.join(['0', *grades])}), 0)::FLOAT"
    mature = " AND ".join(
        f"({old[head]} OR surface NOT IN ({listed([s for s in SURFACES if head in HEADS[s]])}))" for head in graded
    )
    return sql.LABELLED.format(relevance=relevance, heads=heads, mature=mature or "true", as_of=literal(as_of))


def _came_as_far(head: str) -> str:
    """Whether a head or a later one of the surface was credited; null on surfaces without it."""
    cases = [
        f"WHEN '{surface}' THEN " + " OR ".join(f"coalesce(has_{name}, false)" for name in from_here(surface, head))
        for surface, heads in HEADS.items()
        if head in heads
    ]
    return f"(CASE surface {' '.join(cases)} END)"
