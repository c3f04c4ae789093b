"""Who would be seen: exposure of candidates, and of new ones, by the order of each ranker on the held-out slates."""

import numpy as np

from components.evaluation.logged_slates import K, ScoredSlates
from components.evaluation.measure import QueryValues
from components.evaluation.report.document import Chart, Curve, FigureTable, Section
from components.measures.arrays import Mask, codes_of
from components.measures.exposure import exposure_at_k, gini, share_of_least

PERCENTILES = np.linspace(0, 100, 21)
NEW = "attention to new candidates"
NOTE = (
    f"Attention to rank r is 1 / log2(1 + r) down to rank {K}, summed by candidate over the held-out slates, each "
    "ordered by the ranker. Gini: sum of (2i - n - 1) x_i over n times the sum of x, x ascending; 0 is even."
)


def exposed_section(slates: ScoredSlates, new: Mask) -> Section:
    """By the logged order, what the ensemble has to beat and the ensemble.

    new (n_rows,): rows whose candidate nobody was shown before.
    """
    held_out = slates.held_out
    candidate, n_candidates = codes_of(held_out.rows["candidate_id"])
    query, orders = held_out.dataset.query_index, tuple(dict.fromkeys(("logged order", slates.baseline, "ensemble")))
    given = {name: exposure_at_k(slates.scores[name], query, K) for name in orders}
    rows, curves = [], []
    for name, attention in given.items():
        exposure = np.bincount(candidate, attention, n_candidates)
        least = share_of_least(exposure, PERCENTILES)
        ninety, ninety_nine, half = share_of_least(exposure, [90, 99, 50]).tolist()
        rows.append((name, gini(exposure), 1 - ninety_nine, 1 - ninety, half))
        curves.append(Curve(name, tuple(PERCENTILES.tolist()), tuple(least.tolist())))
    header = ("order", "Gini", "first 1% of candidates", "first 10%", "last 50%")
    shares = f"{new.mean():.1%} of the rows of the slates are of new candidates."
    to_new = {
        name: np.bincount(query, attention * new) / np.bincount(query, attention) for name, attention in given.items()
    }
    actors = np.asarray(held_out.queries()["actor_id"].to_pylist())
    values = QueryValues(to_new, np.ones(len(actors)), actors)
    return Section(
        "Exposure and newness",
        NOTE,
        values.measured(NEW),
        values.compared(NEW, "ensemble", orders[:-1]),
        (FigureTable("Share of attention", header, tuple(rows), shares),),
        (Chart("Attention, the least seen candidates first", "percent of candidates", "share", tuple(curves)),),
    )
