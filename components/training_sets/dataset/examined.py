"""What was looked at in a log of labelled impressions: their rows as an estimate of examination reads them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.measures.arrays import codes_of
from components.measures.examination import Examination, ShownRows, estimate_examination
from components.training_sets.dataset.traced import TracedDataset
from metier.errors import UnsupportedEstimate

TYPED = "request_typed"


@dataclass(frozen=True)
class Examined:
    """Examination by rank, or why nobody can tell."""

    examination: Examination | None
    refused: str = ""


def examined(traced: TracedDataset) -> Examined:
    """Examination as the positives of `traced` tell it; its rows are organic or exploration and have their rank."""
    try:
        return Examined(estimate_examination(shown_rows(traced)))
    except UnsupportedEstimate as refusal:
        return Examined(None, str(refusal))


def shown_rows(traced: TracedDataset) -> ShownRows:
    """The rows of `traced`, positive where an outcome was credited; pairs of who asked, for which job, who was shown.

    A query with a text asks for something else each time, so its rows are no showings of a pair.
    """
    dataset = traced.dataset
    if dataset.rank is None:
        raise UnsupportedEstimate("the log holds no ranks")
    actor, _ = codes_of(traced.rows["actor_id"])
    pair = np.column_stack([actor, *(codes_of(traced.rows[name])[0] for name in ("job_id", "candidate_id"))])
    _, showing = np.unique(pair, axis=0, return_inverse=True)
    return ShownRows(
        dataset.rank.astype(np.int64),
        dataset.relevance > 0,
        dataset.query_index,
        np.where(_typed(traced), np.nan, showing),
        actor,
        dataset.propensity,
    )


def _typed(traced: TracedDataset) -> NDArray[np.bool_]:
    dataset = traced.dataset
    if TYPED not in dataset.feature_names:
        return np.zeros(len(dataset), np.bool_)
    return np.asarray(dataset.features[:, dataset.feature_names.index(TYPED)] == 1)
