"""Which studies a lake allows: surfaces that have data, each with its protocol of evaluation. Reads counts only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from components.training_sets.budget import MOST_ROWS
from components.training_sets.positives import ORGANIC_SURFACES
from metier.contract import Surface, surface
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.surfaces import surface_spec

Protocol = Literal["logged_slates", "leave_last_out", "time_split"]

FEWEST_QUERIES = 50
"""A surface with fewer queries (or organic positives) than this has no evidence worth an interval."""


@dataclass(frozen=True)
class Study:
    """One evaluation of a surface's rankers: by which protocol, and whether candidate counts are features."""

    surface: Surface
    protocol: Protocol
    candidate_counts: bool = True
    champion: str = ""
    """`name version sha256` of the bundle that this one is compared with; empty where there is none."""
    most_rows: int = MOST_ROWS
    """Rows that its training and validation sets may have together (budget.most_rows)."""

    @property
    def name(self) -> str:
        """Readable name, unique within a run."""
        protocol = self.protocol.replace("_", " ")
        if self.protocol == "logged_slates":
            return protocol
        return f"{protocol} {'with' if self.candidate_counts else 'without'} candidate counts"


def plan(
    lake: Lake,
    as_of: datetime,
    surfaces: list[str],
    champions: Mapping[Surface, str] | None = None,
    most_rows: int = MOST_ROWS,
) -> list[Study]:
    """Studies for the wanted surfaces, the champion's protocol first; EmptyDataError when there is none.

    Logged slates where impressions exist; else leave-last-out and a time split of organic interactions. Where a
    posting date is absent, a count gives away which jobs were ever touched, so the run leaves candidate counts out and
    a further study with them stands beside it, marked.
    """
    names = [surface(name) for name in surfaces]
    with lake.connect(as_of) as connection:
        queries = dict(
            connection.sql(
                "SELECT surface, count(DISTINCT query_id) FROM queries JOIN impressions USING (query_id) GROUP BY ALL"
            ).fetchall()
        )
        organic = dict(
            connection.sql(
                "SELECT side, count(*) FROM interactions WHERE query_id IS NULL "
                "AND kind IN ('click', 'save', 'apply', 'invite') AND job_id IS NOT NULL GROUP BY side"
            ).fetchall()
        )
        (undated,) = connection.sql("SELECT count(*) FROM jobs WHERE posted_at IS NULL").fetchall()[0]
    studies = [study for name in names for study in _studies(name, queries, organic, undated > 0)]
    if not studies:
        raise EmptyDataError(
            f"no surface of {', '.join(names)} has {FEWEST_QUERIES} queries with impressions or organic interactions "
            f"in the lake at {lake.url}; import more events or choose another --surface"
        )
    compared = champions or {}
    return [replace(study, champion=compared.get(study.surface, ""), most_rows=most_rows) for study in studies]


def _studies(name: Surface, queries: dict[str, int], organic: dict[str, int], undated: bool) -> list[Study]:
    if queries.get(name, 0) >= FEWEST_QUERIES:
        return [Study(name, "logged_slates")]
    if name not in ORGANIC_SURFACES or organic.get(surface_spec(name).side, 0) < FEWEST_QUERIES:
        return []
    studies = [Study(name, "leave_last_out", not undated), Study(name, "time_split", not undated)]
    return [*studies, Study(name, "leave_last_out")] if undated else studies
