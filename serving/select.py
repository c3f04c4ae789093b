"""From scores to a slate: order, at most two of an agency in the top ten, promoted placements, k entries.

Knows candidates by position; no feature and no ranker.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.retrieval.eligibility import cap_per_agency
from serving.request.ranking import RankingRequest, SlateEntry

BELOW = 0.5
"""A promoted candidate may score below the last organic score on the slate by this share of it, and no more."""
TOP, AT_MOST = 10, 2
"""`AT_MOST` of one agency in the first `TOP`, promoted ones counted."""

Placed = list[tuple[int, str]]
"""(position of a candidate, placement) by rank."""


def ranked_entries(
    request: RankingRequest,
    ids: Sequence[str],
    score: npt.NDArray[np.float64],
    agencies: Sequence[str | None],
    allowed: npt.NDArray[np.bool_],
) -> list[tuple[int, SlateEntry]]:
    """(position in `ids`, entry) by rank, from 1; equal scores keep the order of `ids`.

    A promoted candidate that scores too low, or would be one too many of its agency, competes as an organic one.
    """
    paid = {each.candidate_id: each.rank for each in request.promoted}
    order = [int(place) for place in np.argsort(-score, kind="stable") if allowed[place]]
    unpaid = _capped([place for place in order if ids[place] not in paid], agencies)[: request.k]
    floor = score[unpaid[-1]] - BELOW * abs(score[unpaid[-1]]) if unpaid else -np.inf
    bought = {place: paid[ids[place]] for place in order if ids[place] in paid and score[place] >= floor}
    return [
        (place, SlateEntry(ids[place], rank, float(score[place]), placement))
        for rank, (place, placement) in enumerate(_placed(order, bought, agencies)[: request.k], 1)
    ]


def _placed(order: list[int], bought: dict[int, int], agencies: Sequence[str | None]) -> Placed:
    slate = [(place, "organic") for place in _capped([place for place in order if place not in bought], agencies)]
    at = -1
    for place, rank in sorted(bought.items(), key=lambda each: each[1]):
        at = max(rank - 1, at + 1)
        slate = [*slate[:at], (place, "promoted"), *slate[at:]]
        if _crowded(slate, agencies, agencies[place]):
            return _placed(order, {other: its for other, its in bought.items() if other != place}, agencies)
    return slate


def _capped(places: list[int], agencies: Sequence[str | None]) -> list[int]:
    return cap_per_agency(places, [agencies[place] for place in places], TOP, AT_MOST)


def _crowded(slate: Placed, agencies: Sequence[str | None], agency: str | None) -> bool:
    return agency is not None and sum(agencies[place] == agency for place, _ in slate[:TOP]) > AT_MOST
