"""Guardrails of a challenger on the slates that it is measured on: whom it puts first, and whether scores come true."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.evaluation.decision.guardrails import Guardrail, Untold
from components.evaluation.logged_slates import ScoredSlates
from components.evaluation.reliability import RELEVANT
from components.measures import mean_interval
from components.measures.arrays import codes_of
from components.measures.reliability import EVERY_RANK, Reliability

MOST_CONCENTRATED = 0.1
"""The tenth of candidates that are first most often may hold so much more of the first places."""
PROMISES: tuple[tuple[float, Literal["at_most", "at_least"]], ...] = ((1.5, "at_most"), (1 / 1.5, "at_least"))
"""Predicted over observed relevance."""


def challenger_guardrails(
    slates: ScoredSlates, came_true: Sequence[Reliability]
) -> tuple[tuple[Guardrail, ...], tuple[Untold, ...]]:
    """What held-out slates tell of the challenger, and what they do not."""
    kept = [_concentration(slates)]
    scored = next((row for row in came_true if (row.head, row.band) == (RELEVANT, EVERY_RANK)), None)
    if scored is None:
        return tuple(kept), (Untold("calibration", "scores of this ensemble only order, or no rank was logged"),)
    kept += [
        Guardrail("what scores promise over what came true", scored.ratio, limit, keeps, needs="unbroken")
        for limit, keeps in PROMISES
    ]
    return tuple(kept), ()


def _concentration(slates: ScoredSlates) -> Guardrail:
    """First places of the tenth that has most of them, by the challenger's order minus by that of what it faces."""
    candidates, _ = codes_of(slates.held_out.rows["candidate_id"])
    query = slates.held_out.dataset.query_index
    shares = [_in_the_tenth(_first(slates.scores[name], query), candidates) for name in ("ensemble", slates.baseline)]
    actors = np.asarray(slates.held_out.queries()["actor_id"].to_pylist())
    change = mean_interval(shares[0] - shares[1], actors)
    name = f"first places of the tenth that is first most, against {slates.baseline}"
    return Guardrail(name, change, MOST_CONCENTRATED, "at_most", needs="unbroken")


def _first(score: NDArray[np.float64], query: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row of the first candidate of each query (n_queries,)."""
    order = np.lexsort((-score, query))
    _, starts = np.unique(query[order], return_index=True)
    rows: NDArray[np.int64] = order[starts]
    return rows


def _in_the_tenth(first: NDArray[np.int64], candidates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Whether the first place of each query went to one of the tenth that has most of them (n_queries,)."""
    counts = np.bincount(candidates[first], minlength=int(candidates.max()) + 1)
    tenth = np.argsort(-counts, kind="stable")[: max(1, int((counts > 0).sum()) // 10)]
    return np.isin(candidates[first], tenth).astype(np.float64)
