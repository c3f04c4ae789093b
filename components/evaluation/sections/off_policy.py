"""What the ensemble would have earned on the log, by its propensities, or why that cannot be said.

Positives a shown row by item and position (Li et al. 2018): a logged row tells of the ensemble where that places the
same candidate at the same rank, and weighs 1 / the propensity of that.
"""

import numpy as np

from components.evaluation.logged_slates import ScoredSlates
from components.evaluation.report.document import FigureTable, Section
from components.measures.arrays import FloatArray
from components.measures.off_policy import Method, estimate
from metier.errors import UnsupportedEstimate

METHODS: tuple[Method, ...] = ("ips", "snips")
NOTE = (
    "Positives a shown row, had the order been this one: rows that it places at the rank they were logged at, weighted "
    "by 1 / the propensity. The log's own order is their plain mean."
)


def off_policy_section(slates: ScoredSlates) -> Section:
    """Estimates of the logged order, what the ensemble has to beat and the ensemble, each or its refusal."""
    rows = [
        _row(slates, order, method)
        for order in dict.fromkeys(("logged order", slates.baseline, "ensemble"))
        for method in METHODS
    ]
    header = ("order", "estimate", "positives a row", "low", "high", "rows' worth", "refused")
    return Section("Off-policy estimates", NOTE, tables=(FigureTable("Value by propensities", header, tuple(rows)),))


def _row(slates: ScoredSlates, order: str, method: Method) -> tuple[str | float | None, ...]:
    dataset = slates.held_out.dataset
    propensity = np.full(len(dataset), np.nan) if dataset.propensity is None else dataset.propensity.astype(np.float64)
    known = ~np.isnan(propensity) if (~np.isnan(propensity)).any() else np.ones(len(dataset), np.bool_)
    target = propensity if order == "logged order" else _places_alike(slates, order)
    actors = np.asarray(slates.held_out.rows["actor_id"].to_pylist())
    try:
        found = estimate(
            (dataset.relevance > 0)[known], propensity[known], np.nan_to_num(target)[known], method=method,
            cluster=actors[known],
        )  # fmt: skip
    except UnsupportedEstimate as refusal:
        return (order, method, None, None, None, None, str(refusal))
    return (order, method, found.value, found.low, found.high, found.effective_sample_size, "")


def _places_alike(slates: ScoredSlates, order: str) -> FloatArray:
    """(n_rows,) 1 where the order places a candidate at the rank it was logged at, 0 elsewhere."""
    dataset = slates.held_out.dataset
    if dataset.rank is None:
        return np.zeros(len(dataset))
    query = dataset.query_index
    logged = np.lexsort((dataset.rank, query))
    ranked = np.lexsort((dataset.rank, -slates.scores[order], query))
    alike = np.zeros(len(dataset))
    alike[logged] = logged == ranked
    return alike
