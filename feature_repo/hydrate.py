"""Which views answer for a query and for its candidates, surface by surface: the same for training and for serving.

`read` is FeatureStoreClient.training_features, as known at each row's event_timestamp, or .serving_features, as the
online store holds them now. Knows no transform and no ranker.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from metier.contract import Surface
from metier.surfaces import surface_spec

Read = Callable[[pa.Table, Sequence[str]], pa.Table]
"""(rows with keys and event_timestamp, views) -> the rows and, appended, `<view>__<feature>`."""

FREELANCER_VIEWS = ("freelancer_profile", "freelancer_activity")
JOB_VIEWS = ("job_profile", "job_activity")
CLIENT_VIEWS = ("client_profile", "client_activity")


def query_features(surface: Surface, queries: pa.Table, read: Read) -> pa.Table:
    """`queries` with the stored features of the actor and, where a client asks, of the job it asks for."""
    spec = surface_spec(surface)
    keyed, history = with_column(queries, spec.actor_key, queries["actor_id"]), f"{spec.side}_history"
    if spec.side == "freelancer":
        return read(keyed.drop_columns(["job_id"]), (*FREELANCER_VIEWS, history))
    return read(keyed, (*CLIENT_VIEWS, history, *JOB_VIEWS))


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
