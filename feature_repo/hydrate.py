"""Which views answer for a query and for its candidates, surface by surface: the same for training and for serving.

`read` is FeatureStoreClient.training_features, as known at each row's event_timestamp, or OnlineRows.table, as the
online store holds them now (FeatureStoreClient.serving_features answers the same); OnlineRows.row reads one request's
actor. Knows no transform and no ranker.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from metier.contract import Surface
from metier.surfaces import surface_spec

Read = Callable[[pa.Table, Sequence[str]], pa.Table]
"""(rows with keys and event_timestamp, views) -> the rows and, appended, `<view>__<feature>`."""
ReadRow = Callable[[Mapping[str, Any], Sequence[str]], dict[str, Any]]
"""As Read, of one row as a mapping."""

FREELANCER_VIEWS = ("freelancer_profile", "freelancer_activity")
JOB_VIEWS = ("job_profile", "job_activity")
CLIENT_VIEWS = ("client_profile", "client_activity")


@dataclass(frozen=True)
class Reads:
    """The two ways to ask an online store: for many rows as a table, for one as a mapping."""

    table: Read
    row: ReadRow


def query_views(surface: Surface) -> tuple[str, ...]:
    """The views that answer for a query: of the actor and, where a client asks, of the job it asks for."""
    side = surface_spec(surface).side
    return (
        (*FREELANCER_VIEWS, f"{side}_history")
        if side == "freelancer"
        else (*CLIENT_VIEWS, f"{side}_history", *JOB_VIEWS)
    )


def query_row(surface: Surface, query: Mapping[str, Any], read: ReadRow) -> dict[str, Any]:
    """As query_features, of one query."""
    return read({**query, surface_spec(surface).actor_key: query["actor_id"]}, query_views(surface))


def query_features(surface: Surface, queries: pa.Table, read: Read) -> pa.Table:
    """`queries` with the stored features of the actor and, where a client asks, of the job it asks for."""
    spec = surface_spec(surface)
    keyed = with_column(queries, spec.actor_key, queries["actor_id"])
    return read(keyed.drop_columns(["job_id"]) if spec.side == "freelancer" else keyed, query_views(surface))


def candidate_views(surface: Surface) -> tuple[str, ...]:
    """The views that answer for candidates."""
    return (*JOB_VIEWS, *CLIENT_VIEWS) if surface_spec(surface).shows_jobs else FREELANCER_VIEWS


def candidate_features(surface: Surface, candidates: pa.Table, read: Read) -> pa.Table:
    """Stored features of `candidates` (candidate_id, event_timestamp, and columns of the request that are kept).

    A job comes with the features of its client, whom its profile names.
    """
    spec = surface_spec(surface)
    columns = candidates.select([name for name in candidates.column_names if name != "query_id"])
    keyed = with_column(columns, spec.key, columns["candidate_id"])
    if not spec.shows_jobs:
        return read(keyed, FREELANCER_VIEWS)
    jobs = read(keyed, JOB_VIEWS)
    return read(with_column(jobs, "client_id", jobs["job_profile__client_id"]), CLIENT_VIEWS)


def with_column(table: pa.Table, name: str, column: Any) -> pa.Table:
    """`table` with `column` as its column `name`."""
    others = table.drop_columns([name]) if name in table.column_names else table
    return others.append_column(name, column)
