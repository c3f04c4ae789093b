"""Which views answer for a query and for its candidates, surface by surface: the same for training and for serving.

`read` is FeatureStoreClient.training_features, as known at each row's event_timestamp, or .serving_features, as the
online store holds them now. Knows no transform and no ranker.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from metier.contract import Surface

Read = Callable[[pa.Table, Sequence[str]], pa.Table]
"""(rows with keys and event_timestamp, views) -> the rows and, appended, `<view>__<feature>`."""

FREELANCER_VIEWS = ("freelancer_profile", "freelancer_activity")
JOB_VIEWS = ("job_profile", "job_activity")
CLIENT_VIEWS = ("client_profile", "client_activity")


def query_features(surface: Surface, queries: pa.Table, read: Read) -> pa.Table:
    """`queries` with the stored features of the actor and, where a client asks, of the job it asks for."""
    if surface == "job_feed":
        keyed = with_column(queries, "freelancer_id", queries["actor_id"]).drop_columns(["job_id"])
        return read(keyed, (*FREELANCER_VIEWS, "freelancer_history"))
    keyed = with_column(queries, "client_id", queries["actor_id"])
    return read(keyed, (*CLIENT_VIEWS, "client_history", *JOB_VIEWS))


def candidate_views(surface: Surface) -> tuple[str, ...]:
    """The views that answer for candidates."""
    return FREELANCER_VIEWS if surface != "job_feed" else (*JOB_VIEWS, *CLIENT_VIEWS)


def candidate_features(surface: Surface, candidates: pa.Table, read: Read) -> pa.Table:
    """Stored features of `candidates` (candidate_id, event_timestamp, and columns of the request that are kept).

    A job comes with the features of its client, whom its profile names.
    """
    kept = candidates.select([name for name in candidates.column_names if name != "query_id"])
    if surface != "job_feed":
        return read(with_column(kept, "freelancer_id", kept["candidate_id"]), FREELANCER_VIEWS)
    jobs = read(with_column(kept, "job_id", kept["candidate_id"]), JOB_VIEWS)
    return read(with_column(jobs, "client_id", jobs["job_profile__client_id"]), CLIENT_VIEWS)


def with_column(table: pa.Table, name: str, column: Any) -> pa.Table:
    """`table` with `column` as its column `name`."""
    kept = table.drop_columns([name]) if name in table.column_names else table
    return kept.append_column(name, column)
