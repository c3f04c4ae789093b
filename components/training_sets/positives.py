"""Organic interactions that count for a candidate: the first positive of each pair, and whatever touched it at all.

Knows interactions and the owners of jobs; nothing of what was eligible, of negatives or of features.
"""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from components.training_sets.labels_sql import OWNERS
from metier.contract import ATTRIBUTION_DAYS, RELEVANCE, Surface
from metier.errors import UnknownNameError
from metier.lake import Lake
from metier.surfaces import SurfaceSpec, surface_spec

ORGANIC_SURFACES: tuple[Surface, ...] = ("job_feed", "talent_search")
"""Surfaces that organic interactions can train: an applicant is nobody's free choice."""

_KNOWN = f"""{OWNERS}, known AS (
    SELECT i.* REPLACE (coalesce(i.client_id, owners.client_id) AS client_id)
    FROM interactions i LEFT JOIN owners ON owners.job_id = i.job_id
)"""
"""Interactions whose client is read off the job where the row does not say."""


def organic_positives(
    lake: Lake, surface: Surface, as_of: datetime, windows: Mapping[str, float] = ATTRIBUTION_DAYS
) -> pa.Table:
    """First positives: query_id, surface, actor_id, job_id, candidate_id, event_timestamp, relevance; by time.

    One row per distinct (actor, candidate) among interactions that name no query: the first act of the actor, and the
    job it was for on talent_search. Later acts on the same candidate are not new positives; within their windows
    they raise the relevance of the first. Ties in time go by candidate_id.
    """
    # arg_min passes over NULL, so the job stands in a struct: a first act without a job has none, whatever came later.
    spec = _spec(surface)
    actor, candidate, side, kinds = spec.actor_key, spec.key, spec.side, ("click", "save", spec.move)
    every = {**ATTRIBUTION_DAYS, **windows}
    is_own = f"side = '{side}' AND kind IN {kinds}"
    graded = " ".join(
        f"WHEN kind = '{kind}' AND event_timestamp - first_at <= INTERVAL '{int(every[kind] * 86_400)} seconds' "
        f"THEN {RELEVANCE[kind]}"
        for kind in every
    )
    job = (
        "NULL::VARCHAR"
        if spec.shows_jobs
        else f"arg_min(struct_pack(job_id), (event_timestamp, interaction_id)) FILTER ({is_own}).job_id"
    )
    query = f"""
        WITH {_KNOWN}, acts AS (
            SELECT {actor} AS actor_id, {candidate} AS candidate_id, job_id, kind, side,
                   event_timestamp, interaction_id,
                   min(event_timestamp) FILTER ({is_own}) OVER (PARTITION BY {actor}, {candidate}) AS first_at
            FROM known WHERE query_id IS NULL AND {actor} IS NOT NULL AND {candidate} IS NOT NULL
              AND (({is_own}) OR (kind = 'accept' AND side <> '{side}') OR kind = 'hire')
        )
        SELECT concat_ws(':', 'organic', '{surface}', actor_id, candidate_id) AS query_id, '{surface}' AS surface,
               actor_id, {job} AS job_id, candidate_id, first_at AS event_timestamp,
               max(CASE {graded} END)::FLOAT AS relevance
        FROM acts WHERE event_timestamp >= first_at
        GROUP BY actor_id, candidate_id, first_at ORDER BY first_at, actor_id, candidate_id
    """
    with lake.connect(as_of) as connection:
        return connection.sql(query).to_arrow_table()


def touched(lake: Lake, surface: Surface, as_of: datetime) -> pa.Table:
    """actor_id, candidate_id, event_timestamp of the first interaction of each pair, of any kind, by either side."""
    spec = _spec(surface)
    actor, candidate = spec.actor_key, spec.key
    with lake.connect(as_of) as connection:
        return connection.sql(
            f"WITH {_KNOWN} "
            f"SELECT {actor} AS actor_id, {candidate} AS candidate_id, min(event_timestamp) AS event_timestamp "
            f"FROM known WHERE {actor} IS NOT NULL AND {candidate} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()


def _spec(surface: Surface) -> SurfaceSpec:
    if surface not in ORGANIC_SURFACES:
        raise UnknownNameError("surface that organic interactions can train", surface, ORGANIC_SURFACES)
    return surface_spec(surface)
