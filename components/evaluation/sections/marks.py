"""What is known of each held-out query, by which it is told apart: whose it is, for what, and who is relevant.

Of a query whose shown candidates are relevant, its most relevant one stands for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.evaluation.logged_slates import ScoredSlates
from components.measures.arrays import IntArray, Mask
from components.measures.slices import seen_before
from metier.contract import Surface
from metier.lake import Lake
from metier.surfaces import surface_spec

HEAD = 0.8
"""Candidates above this quantile of impressions in 30 days, over the rows of the slates, are the head."""
SHOWN = "candidate_impressions_30d"

SQL = """
WITH born AS (
    SELECT job_id, any_value(client_id) AS client_id, min(coalesce(posted_at, event_timestamp)) AS posted,
           arg_max(category, event_timestamp) AS category
    FROM jobs GROUP BY job_id
), people AS (
    SELECT freelancer_id, arg_max(category, event_timestamp) AS category FROM freelancers GROUP BY freelancer_id
), told AS (
    SELECT asked.*, posted, CASE WHEN asked.asks_as_client THEN born.category ELSE people.category END AS trade,
           CASE WHEN asked.asks_as_client THEN asked.actor_id ELSE born.client_id END AS client
    FROM asked LEFT JOIN born USING (job_id) LEFT JOIN people ON asked.actor_id = people.freelancer_id
)
SELECT trade, CASE WHEN client IS NULL THEN NULL WHEN EXISTS (
           SELECT 1 FROM born WHERE born.client_id = client AND born.posted < told.at
           AND born.job_id IS DISTINCT FROM told.job_id
       ) THEN 'posted before' ELSE 'first-time' END AS client,
       CASE WHEN posted > told.at THEN NULL WHEN posted > told.at - INTERVAL 24 HOUR THEN 'under 24 h'
            WHEN posted IS NOT NULL THEN 'older' END AS job
FROM told ORDER BY position
"""
BEFORE = """
SELECT DISTINCT {column} FROM queries JOIN impressions USING (query_id)
WHERE surface = ? AND impressions.event_timestamp < ?
"""


@dataclass(frozen=True)
class Marks:
    """labels: by slicing, (n_queries,) of text or None. new: rows (n_rows,) whose candidate nobody was shown before."""

    labels: Mapping[str, NDArray[np.object_]]
    new: Mask


def marks_of(slates: ScoredSlates, surface: Surface, lake: Lake, as_of: datetime) -> Marks:
    """What the lake tells of the queries; `new` and `known` are told by what was shown before the held-out part."""
    rows, queries = slates.held_out.rows, slates.held_out.queries()
    starts = datetime.fromisoformat(str(slates.held_out.metadata["test_start"]))
    target, found = _targets(slates)
    candidates = rows["candidate_id"].to_numpy(zero_copy_only=False)
    client_asks = not surface_spec(surface).shows_jobs
    asked = pa.table(
        {
            "position": np.arange(queries.num_rows),
            "actor_id": queries["actor_id"],
            "job_id": queries["job_id"] if client_asks else pa.array(_where(found, candidates[target]), pa.string()),
            "at": queries["event_timestamp"],
            "asks_as_client": np.full(queries.num_rows, client_asks),
        }
    )
    with lake.connect(as_of) as connection:
        connection.register("asked", asked)
        told = connection.sql(SQL).to_arrow_table()
        actors, shown = (
            connection.execute(BEFORE.format(column=column), [surface, starts]).fetchnumpy()[column]
            for column in ("actor_id", "candidate_id")
        )
    of_target = seen_before(candidates[target], shown, "known", "new")
    labels = {
        "surface": np.full(queries.num_rows, surface, dtype=object),
        "category": told["trade"].to_numpy(zero_copy_only=False),
        "actor": seen_before(queries["actor_id"].to_numpy(zero_copy_only=False), actors, "known", "new"),
        "relevant candidate": _where(found, of_target),
        "relevant candidate's impressions": _where(found, _head(slates, target)),
        "client": told["client"].to_numpy(zero_copy_only=False),
        "job": told["job"].to_numpy(zero_copy_only=False),
    }
    return Marks(labels, seen_before(candidates, shown, "known", "new") == "new")


def _targets(slates: ScoredSlates) -> tuple[IntArray, Mask]:
    """The first row of highest relevance of each query (n_queries,), and whether it is relevant at all."""
    dataset = slates.held_out.dataset
    order = np.lexsort((-dataset.relevance, dataset.query_index))
    target = order[np.cumsum(dataset.group_sizes) - dataset.group_sizes]
    return target, dataset.relevance[target] > 0


def _where(known: Mask, labels: NDArray[np.object_]) -> NDArray[np.object_]:
    """The labels, None where they are not known."""
    kept = labels.copy()
    kept[~known] = None
    return kept


def _head(slates: ScoredSlates, target: IntArray) -> NDArray[np.object_]:
    """Whether the candidate of each row `target` is of the head or of the tail."""
    dataset = slates.held_out.dataset
    shown = np.nan_to_num(dataset.features[:, dataset.feature_names.index(SHOWN)])
    return np.where(shown[target] > np.quantile(shown, HEAD), "head", "tail").astype(object)
