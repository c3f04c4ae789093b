"""One held-out query, re-ranked, as a table that a person can judge. Measures nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from components.evaluation.logged_slates import ScoredSlates
from components.evaluation.report.document import FigureTable
from components.ranking import Ensemble

SHOWN = 5
FEWEST_CANDIDATES = 8
HEADER = ("rank", "candidate", "P(relevant)", "rank when shown", "observed relevance")


def example_table(
    slates: ScoredSlates, ensemble: Ensemble, queries: pa.Table, titles: Mapping[str, str]
) -> FigureTable | None:
    """The first held-out query with enough candidates of which one was relevant; None when there is none.

    queries: one row per query with its text and, where it has one, job_profile__title; titles by candidate_id.
    """
    dataset = slates.held_out.dataset
    starts = np.append(0, np.cumsum(dataset.group_sizes))
    relevant = np.maximum.reduceat(dataset.relevance, starts[:-1]) > 0
    chosen = np.flatnonzero(relevant & (dataset.group_sizes >= FEWEST_CANDIDATES))
    if len(chosen) == 0 or dataset.rank is None:
        return None
    rows = np.arange(starts[chosen[0]], starts[chosen[0] + 1])
    score = ensemble.score(dataset.features[rows])
    ids = slates.held_out.rows["candidate_id"].take(pa.array(rows)).to_pylist()
    best = np.argsort(-score, kind="stable")[:SHOWN]
    logged_rank, relevance = dataset.rank[rows], dataset.relevance[rows]
    lines = tuple(
        (rank, titles.get(ids[i], ids[i]), float(score[i]), int(logged_rank[i]), int(relevance[i]))
        for rank, i in enumerate(best, 1)
    )
    return FigureTable(
        "One held-out query, re-ranked by the ensemble", HEADER, lines, _question(queries.slice(chosen[0], 1))
    )


def _question(query: pa.Table) -> str:
    """What the query said, or whose it was."""
    row: dict[str, Any] = query.to_pylist()[0]
    text = row.get("text") or row.get("job_profile__title") or row.get("freelancer_profile__title")
    return f"Asked by {row['actor_id']}: {text or 'no words'}"
