"""How the probabilities of an ensemble came true on held-out slates, by outcome and band of ranks."""

from collections.abc import Sequence

import numpy as np

from components.evaluation.report.document import FigureTable, show_interval
from components.measures.reliability import Reliability, reliability
from components.ranking import Ensemble
from components.training_sets import TracedDataset
from components.training_sets.dataset.checked import row_blocks

RELEVANT = "relevant"
"""What a score is the probability of, beside the heads: relevance above 0."""


def reliability_of(ensemble: Ensemble, held_out: TracedDataset) -> tuple[Reliability, ...]:
    """Of the score, then of each head, at the ranks at which candidates were shown; none where a score only orders."""
    dataset = held_out.dataset
    if not ensemble.tells_probability or dataset.rank is None:
        return ()
    actors, rank = held_out.rows["actor_id"].to_numpy(), dataset.rank
    known = {RELEVANT: dataset.relevance > 0, **(dataset.outcomes or {})}
    said = {name: np.empty(len(dataset)) for name in (RELEVANT, *ensemble.outcomes.calibrations)}
    for rows in row_blocks(len(dataset)):
        features = dataset.features[rows]
        heads = ensemble.outcomes.probability(ensemble.rankers, features, rank[rows])
        for name, column in {RELEVANT: ensemble.probability(features, rank[rows]), **heads}.items():
            said[name][rows] = column
    return tuple(
        row
        for name, column in said.items()
        if name in known
        for row in reliability(name, column, known[name], rank, actors)
    )


def reliability_table(rows: Sequence[Reliability], ensemble: Ensemble) -> FigureTable:
    """What was said beside what was seen."""
    dropped = "; ".join(f"{head} is dropped: {reason}" for head, reason in ensemble.outcomes.dropped.items())
    scale = "Probabilities of candidates at the ranks at which they were shown."
    return FigureTable(
        "Reliability",
        ("outcome", "ranks", "rows", "positives", "said", "seen", "said / seen", "slope", "calibrated"),
        tuple(
            (
                *(row.head, row.band, row.rows, row.positives, row.predicted, row.observed),
                *(show_interval(row.ratio), show_interval(row.slope), "yes" if row.calibrated else "no"),
            )
            for row in rows
        ),
        f"{scale} {dropped}".strip(),
    )
