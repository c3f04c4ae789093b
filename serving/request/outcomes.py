"""What a score is, and what may come of the entries of a slate. Knows no stage."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from components.releases import Bundle
from serving.request.ranking import RankingRequest, SlateEntry
from serving.request.trace import RequestTrace

LOG = logging.getLogger(__name__)


def tells_probability(request: RankingRequest, tier: str, bundle: Bundle) -> bool:
    """Whether scores are P(relevant): the ensemble's, of candidates found as those were whose slates calibrated it.

    A caller's own candidates were found otherwise, so nobody knows how often what is said of them comes true.
    """
    return tier == "ensemble" and request.candidates is None and bundle.ensemble.tells_probability


def with_outcomes(
    entries: Sequence[SlateEntry], features: npt.NDArray[np.float32], bundle: Bundle, trace: RequestTrace
) -> list[SlateEntry]:
    """Entries with the probability of each head at their rank; features (n_entries, n_features)."""
    ensemble, rank = bundle.ensemble, np.array([entry.rank for entry in entries])
    try:
        by_head = ensemble.outcomes.probability(ensemble.rankers, features, rank)
    except Exception as error:  # the slate stands without them
        LOG.warning("no outcomes could be given", exc_info=True)
        trace.degrade("outcomes", f"failed ({type(error).__name__})")
        return list(entries)
    return [
        replace(entry, outcomes={head: float(column[position]) for head, column in by_head.items()})
        for position, entry in enumerate(entries)
    ]
