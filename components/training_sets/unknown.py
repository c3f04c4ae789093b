"""Candidates that a log names and the lake has no row of, which validation tolerates in a small share of its rows.

An interaction with one is no positive, since nobody can rank what nobody describes; an impression of one stays, as it
was shown, without the candidate's features. Both are counted, so that a report can say so.
"""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from metier.contract import Surface
from metier.lake import Lake
from metier.surfaces import surface_spec


def known_candidates(lake: Lake, surface: Surface, as_of: datetime) -> pa.Array:
    """Ids with a version at or before `as_of`, recorded by then; ascending."""
    spec = surface_spec(surface)
    query = f"SELECT DISTINCT {spec.key} AS id FROM {spec.table} WHERE event_timestamp <= $as_of ORDER BY id"
    with lake.connect(as_of) as connection:
        return connection.sql(query, params={"as_of": as_of}).to_arrow_table()["id"].combine_chunks()


def of_known_candidates(rows: pa.Table, ids: pa.Array) -> pa.Table:
    """The rows whose candidate_id is among `ids`."""
    return rows.filter(pc.is_in(rows["candidate_id"], value_set=ids))


def unknown_candidates(lake: Lake, surface: Surface, as_of: datetime) -> tuple[str, ...]:
    """One line each for interactions and for the surface's impressions that name unknown candidates, where there are.

    Such as "3 interactions name unknown candidates: they are no positives".
    """
    key = surface_spec(surface).key
    known = known_candidates(lake, surface, as_of)
    with lake.connect(as_of) as connection:
        connection.register("known", pa.table({"id": known}))
        interactions, impressions = connection.execute(
            f"""
            SELECT (SELECT count(*) FROM interactions ANTI JOIN known ON {key} = id WHERE {key} IS NOT NULL),
                   (SELECT count(*) FROM impressions JOIN queries USING (query_id) ANTI JOIN known ON candidate_id = id
                    WHERE surface = $surface)
            """,
            {"surface": surface},
        ).fetchall()[0]
    counted = (
        (interactions, "interactions name unknown candidates: they are no positives"),
        (impressions, "impressions show unknown candidates: their candidate features are missing"),
    )
    return tuple(f"{count:,} {what}" for count, what in counted if count)
