"""NDCG@10 of the ensemble by slice, and against what it has to beat there."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from components.evaluation.measure import QueryValues
from components.evaluation.report.document import Section, Sliced
from components.measures.slices import slices_of

FEWEST_ACTORS = 10
"""Of fewer an interval says nothing; they are told together."""


def sliced_section(
    kind: str, metric: str, values: QueryValues, labels: Mapping[str, NDArray[np.object_]], against: str
) -> Section:
    """Labels (n_queries,) by slicing, of the queries of `values`; `kind` of relevance that these are of."""
    rows = []
    for part in slices_of(labels, values.actors, FEWEST_ACTORS):
        inside = values.part(part.rows)
        (measured,) = (row for row in inside.measured(metric) if row.ranker == "ensemble")
        (compared,) = inside.compared(metric, "ensemble", [against])
        rows.append(Sliced(part.slicing, part.label, part.share, measured, compared))
    note = (
        f"{metric} of the ensemble by {kind} relevance, in parts of the queries; no correction for how many there are, "
        "so one in twenty differs by chance. A candidate is new that nobody was shown before the held-out part began, "
        "an actor who was shown nobody; the head are the fifth of rows whose candidates were shown most in 30 days."
    )
    return Section("Slices", note, sliced=tuple(rows))
