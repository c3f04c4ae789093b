"""From scores to a slate: order, at most two of an agency in the top ten, promoted placements, k entries.

Knows candidates by position; no feature and no ranker.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.retrieval.eligibility import cap_per_agency
from serving.ask import Ask, Entry

FLOOR_SHARE = 0.5
"""A promoted candidate must score at least this share of the last organic score on the slate."""


def ranked_entries(
    ask: Ask,
    ids: Sequence[str],
    score: npt.NDArray[np.float64],
    agencies: Sequence[str | None],
    allowed: npt.NDArray[np.bool_],
) -> list[tuple[int, Entry]]:
    """(position in `ids`, entry) by rank, from 1; equal scores keep the order of `ids`."""
    paid = {each.candidate_id: each.rank for each in ask.promoted}
    order = [int(place) for place in np.argsort(-score, kind="stable") if allowed[place]]
    organic = [place for place in order if ids[place] not in paid]
    capped = cap_per_agency(organic, [agencies[place] for place in organic])[: ask.k]
    floor = FLOOR_SHARE * score[capped[-1]] if capped else 0.0
    slate = [(place, "organic") for place in capped]
    for place in sorted((p for p in order if ids[p] in paid), key=lambda p: paid[ids[p]]):
        if score[place] >= floor:
            slate.insert(paid[ids[place]] - 1, (place, "promoted"))
    return [
        (place, Entry(ids[place], rank, float(score[place]), placement))
        for rank, (place, placement) in enumerate(slate[: ask.k], 1)
    ]
