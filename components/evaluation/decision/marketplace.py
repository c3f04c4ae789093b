"""Guardrails of the marketplace: how jobs and freelancers fared lately, beside the weeks before. Reads the lake.

They are about what served, with whatever was explored: a challenger has served nobody yet. A figure is a share of two
periods, the later minus the earlier; the later one ends once outcomes have had their time. Its interval resamples whom
the figure is about.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.evaluation.decision.guardrails import Guardrail, Untold
from components.measures.intervals import cluster_sums, statistic_interval
from metier.contract import Surface
from metier.lake import Lake

PERIOD = timedelta(days=28)
WORST = 0.1
"""A share may be so much worse than in the period before."""
FEWEST = 30
"""Values of each period; fewer tell nothing."""
NOT_HERE = (
    Untold("latency", "nothing has served the challenger yet: `make bench SUITE=serving` and /metrics tell it"),
    Untold(
        "feature parity", "slates have to be served first: `metier lake replay` and the pipeline monitoring tell it"
    ),
)
"""What neither a lake nor an evaluation can tell."""


@dataclass(frozen=True)
class _Figure:
    """A share: `query` gives rows of whom it is about (cluster), the moment, and whether they count (hit, 0 or 1)."""

    name: str
    keeps: Literal["at_least", "at_most"]
    ripe_days: int
    """Until the outcomes of a moment are all there."""
    query: str


_JOBS = """
    WITH posts AS (
        SELECT job_id, min(coalesce(posted_at, event_timestamp)) AS posted, any_value(openings) AS openings
        FROM jobs GROUP BY job_id
    )
    SELECT posts.job_id AS cluster, posted AS moment, ({hit})::INT AS hit
    FROM posts LEFT JOIN interactions acts ON acts.job_id = posts.job_id AND kind = '{kind}'
         AND acts.event_timestamp BETWEEN posted AND posted + INTERVAL 72 HOURS
    GROUP BY posts.job_id, posted, openings
"""
_CONCENTRATED = """
    WITH had AS (
        SELECT freelancer_id, coalesce(client_id, job_id, freelancer_id) AS cluster, event_timestamp AS moment,
               event_timestamp > getvariable('middle') AS later
        FROM interactions WHERE kind = '{kind}'
             AND event_timestamp > getvariable('first') AND event_timestamp <= getvariable('last')
    ), counts AS (SELECT freelancer_id, later, count(*) AS acts FROM had GROUP BY ALL), places AS (
        SELECT freelancer_id, later, row_number() OVER (PARTITION BY later ORDER BY acts DESC, freelancer_id) AS place,
               count(*) OVER (PARTITION BY later) AS people FROM counts
    )
    SELECT cluster, moment, (place <= greatest(1, people / 10))::INT AS hit
    FROM had JOIN places USING (freelancer_id, later)
"""
_FIRST_ACCEPT = """
    WITH people AS (
        SELECT freelancer_id, min(coalesce(joined_at, event_timestamp)) AS joined
        FROM freelancers GROUP BY freelancer_id
    )
    SELECT people.freelancer_id AS cluster, joined AS moment, (count(acts.freelancer_id) > 0)::INT AS hit
    FROM people LEFT JOIN interactions acts ON acts.freelancer_id = people.freelancer_id AND kind = 'accept'
         AND acts.event_timestamp BETWEEN joined AND joined + INTERVAL 14 DAYS
    GROUP BY people.freelancer_id, joined
"""
_DECLINES = """
    SELECT freelancer_id AS cluster, event_timestamp AS moment, (kind = 'decline')::INT AS hit
    FROM interactions WHERE kind IN ('accept', 'decline')
"""
_EMPTY = """
    SELECT actor_id AS cluster, event_timestamp AS moment, (shown IS NULL)::INT AS hit
    FROM queries LEFT JOIN (SELECT DISTINCT query_id, true AS shown FROM impressions) USING (query_id)
    WHERE surface = getvariable('surface')
"""
FIGURES = (
    _Figure(
        "jobs with as many accepted applicants as openings within 72 h",
        "at_least",
        3,
        _JOBS.format(kind="accept", hit="count(DISTINCT freelancer_id) >= openings"),
    ),
    _Figure(
        "jobs without an applicant within 72 h",
        "at_most",
        3,
        _JOBS.format(kind="apply", hit="count(freelancer_id) = 0"),
    ),
    _Figure("share of invites that the tenth invited most has", "at_most", 0, _CONCENTRATED.format(kind="invite")),
    _Figure("share of hires that the tenth hired most has", "at_most", 0, _CONCENTRATED.format(kind="hire")),
    _Figure("new freelancers accepted within 14 days", "at_least", 14, _FIRST_ACCEPT),
    _Figure("declines among accepts and declines", "at_most", 0, _DECLINES),
    _Figure("queries that were shown nothing", "at_most", 0, _EMPTY),
)


def marketplace_guardrails(
    lake: Lake, surface: Surface, as_of: datetime
) -> tuple[tuple[Guardrail, ...], tuple[Untold, ...]]:
    """Figures of the lake as known at `as_of`, and those that it cannot tell, each with its reason."""
    told: list[Guardrail] = []
    untold = list(NOT_HERE)
    for figure in FIGURES:
        found = _change(figure, lake, surface, as_of)
        if isinstance(found, Untold):
            untold.append(found)
        else:
            told.append(found)
    return tuple(told), tuple(untold)


def _change(figure: _Figure, lake: Lake, surface: Surface, as_of: datetime) -> Guardrail | Untold:
    last = as_of - timedelta(days=figure.ripe_days)
    middle = last - PERIOD
    rows = _rows(figure.query, lake, surface, (as_of, last, middle))
    later = pc.greater(rows["moment"], pa.scalar(middle, rows["moment"].type)).to_numpy(zero_copy_only=False)
    counts = (int(later.sum()), int((~later).sum()))
    if min(counts) < FEWEST:
        return Untold(figure.name, f"{counts[0]} and {counts[1]} in the two periods, fewer than {FEWEST}")
    hit = rows["hit"].to_numpy().astype(np.float64)
    sums = cluster_sums(np.column_stack([hit * later, later, hit * ~later, ~later]), rows["cluster"].to_numpy())
    change = statistic_interval(sums, lambda of: of[:, 0] / of[:, 1] - of[:, 2] / of[:, 3], rows.num_rows)
    limit = -WORST if figure.keeps == "at_least" else WORST
    name = f"{figure.name}, against the {PERIOD.days} days before"
    return Guardrail(name, change, limit, figure.keeps, needs="unbroken")


def _rows(query: str, lake: Lake, surface: Surface, moments: tuple[datetime, datetime, datetime]) -> pa.Table:
    """Rows of both periods; `moments` are the lake's clock, the end of the later period and its beginning."""
    as_of, last, middle = moments
    variables = {"first": middle - PERIOD, "middle": middle, "last": last}
    with lake.connect(as_of) as connection:
        for name, moment in variables.items():
            connection.execute(f"SET VARIABLE {name} = TIMESTAMPTZ '{moment.astimezone(UTC).isoformat()}'")
        connection.execute(f"SET VARIABLE surface = '{surface}'")
        return connection.sql(
            f"SELECT * FROM ({query}) WHERE moment > getvariable('first') AND moment <= getvariable('last') "
            "ORDER BY cluster, moment, hit"
        ).to_arrow_table()
