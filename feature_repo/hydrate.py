"""Which views answer for a query and for its candidates, surface by surface: the same for training and for serving.

`read` is FeatureStoreClient.training_features, as known at each row's event_timestamp, or OnlineRows.table, as the
online store holds them now (FeatureStoreClient.serving_features answers the same); OnlineRows.row reads one request's
actor. A store that is materialized anew while a release serves gives newer windows of the actor than the release has of
candidates: the log says so. Knows no transform and no ranker.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
WINDOWED = ("freelancer_activity", "job_activity", "client_activity")
"""Views that only a build changes: what a release serves is as of its moment, and nothing is pushed."""
HELD_AS_OF = "held_as_of"
"""Of a row of the online store, {view: moment}: since when its values are those."""
NEWER_WINDOWS = "newer_windows"
"""In the context of a logged query, {view: moment}: windows of the actor of a later build than the release."""


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


def newer_windows(held_as_of: Mapping[str, datetime], released_at: datetime) -> dict[str, Any]:
    """What the context of a logged query says of the actor's windows; nothing where they are those of the release."""
    newer = {view: held_as_of[view].isoformat() for view in WINDOWED if held_as_of.get(view, released_at) > released_at}
    return {NEWER_WINDOWS: newer} if newer else {}


def logged_windows(context: str | None) -> dict[str, datetime]:
    """What `newer_windows` said, from the context of a query as JSON; nothing in a log of other programs."""
    if not context or NEWER_WINDOWS not in context:
        return {}
    try:
        said = json.loads(context)[NEWER_WINDOWS]
        return {view: datetime.fromisoformat(said[view]) for view in WINDOWED if view in said}
    except (ValueError, KeyError, TypeError):
        return {}


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
