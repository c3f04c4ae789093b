"""Whose features a person took part in: both sides of what they did and were shown, and the clients of those jobs.

Reads the lake and rows of the event log, before they go.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from components.privacy.person import Person, register_own
from metier.lake import Lake
from metier.lake.redacted import EVERYBODY, SCHEMA

_TOUCHED = f"""
WITH own AS (
    SELECT unnest([freelancer_id, client_id, job_id]) AS id, event_timestamp FROM interactions
    WHERE freelancer_id = $id OR client_id = $id OR job_id IN (FROM own_jobs) OR query_id IN (FROM own_queries)
    UNION ALL
    SELECT unnest([actor_id, job_id]), event_timestamp FROM queries WHERE query_id IN (FROM own_queries)
    UNION ALL
    SELECT candidate_id, event_timestamp FROM impressions
    WHERE query_id IN (FROM own_queries) OR candidate_id = $id OR candidate_id IN (FROM own_jobs)
    UNION ALL
    SELECT job_id, event_timestamp FROM jobs WHERE job_id IN (FROM own_jobs)
    UNION ALL
    FROM logged
), touched AS (
    FROM own
    UNION ALL
    SELECT jobs.client_id, own.event_timestamp FROM own JOIN jobs ON own.id = jobs.job_id
    UNION ALL
    SELECT '{EVERYBODY}', event_timestamp FROM own
)
SELECT id, min(event_timestamp) AS since, max(event_timestamp) AS until
FROM touched
WHERE id IS NOT NULL AND id != $id AND id NOT IN (FROM own_jobs)
GROUP BY id
"""


def touched(lake: Lake, person: Person, logged: Iterable[tuple[str, Mapping[str, Any]]]) -> pa.Table:
    """Rows of metier.lake.redacted.SCHEMA; `logged` are (table, row) of the person that the lake may not hold yet."""
    columns = ("freelancer_id", "client_id", "job_id", "actor_id", "candidate_id")
    pairs = [
        (str(row[column]), datetime.fromisoformat(str(row["event_timestamp"])))
        for _, row in logged
        if row.get("event_timestamp")
        for column in columns
        if row.get(column)
    ]
    ids, moments = [name for name, _ in pairs], [moment for _, moment in pairs]
    rows = {"id": pa.array(ids, pa.string()), "event_timestamp": pa.array(moments, SCHEMA.field("since").type)}
    with lake.connect() as connection:
        register_own(connection, person)
        connection.register("logged", pa.table(rows))
        return connection.sql(_TOUCHED, params={"id": person.id}).to_arrow_table()
