"""From scores to a slate: order, at most two of an agency in the top ten, promoted placements, k entries.

Knows candidates by position; no feature and no ranker.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from serving.request.ranking import RankingRequest, SlateEntry

BELOW = 0.5
"""A promoted candidate may score below the last organic score on the slate by this share of it, and no more."""
TOP, AT_MOST = 10, 2
"""`AT_MOST` of one agency in the first `TOP`, promoted ones counted."""

Ranked = TypeVar("Ranked")
Placed = list[tuple[int, str]]
"""(position of a candidate, placement) by rank."""


def ranked_entries(
    request: RankingRequest,
    ids: Sequence[str],
    score: npt.NDArray[np.float64],
    agencies: Sequence[str | None],
    eligible: npt.NDArray[np.bool_],
) -> list[tuple[int, SlateEntry]]:
    """(position in `ids`, entry) by rank, from 1; equal scores keep the order of `ids`.

    A promoted candidate that scores too low, or would be one too many of its agency, competes as an organic one.
    """
    promotions = {placement.candidate_id: placement.rank for placement in request.promoted}
    ranked = np.argsort(-score, kind="stable")
    order: list[int] = ranked[eligible[ranked]].tolist()
    promoted: dict[int, int] = {}
    if promotions:
        organic = _capped([position for position in order if ids[position] not in promotions], agencies)[: request.k]
        floor = score[organic[-1]] - BELOW * abs(score[organic[-1]]) if organic else -np.inf
        bought = [position for position in order if ids[position] in promotions]
        promoted = {position: promotions[ids[position]] for position in bought if score[position] >= floor}
    return [
        (position, SlateEntry(ids[position], rank, float(score[position]), placement))
        for rank, (position, placement) in enumerate(_placed(order, promoted, agencies)[: request.k], 1)
    ]


def _placed(order: list[int], promoted: dict[int, int], agencies: Sequence[str | None]) -> Placed:
    organic = _capped([position for position in order if position not in promoted] if promoted else order, agencies)
    slate = [(position, "organic") for position in organic]
    index = -1
    for position, rank in sorted(promoted.items(), key=itemgetter(1)):
        index = max(rank - 1, index + 1)
        slate = [*slate[:index], (position, "promoted"), *slate[index:]]
        if _crowded(slate, agencies, agencies[position]):
            remaining = {other: rank for other, rank in promoted.items() if other != position}
            return _placed(order, remaining, agencies)
    return slate


def cap_per_agency(
    ranked: Sequence[Ranked], agencies: Iterable[str | None], top: int = 10, at_most: int = 2
) -> list[Ranked]:
    """`ranked` (best first) with `at_most` of one agency in the first `top`; the surplus follows behind those.

    `agencies` are those of `ranked` in their order, None for nobody's. Where too few others exist to fill the top, the
    surplus is left out: a shorter slate rather than one agency's.
    """
    first: list[Ranked] = []
    rest: list[Ranked] = []
    taken: dict[str, int] = {}
    for place, (candidate, agency) in enumerate(zip(ranked, agencies, strict=True)):
        if len(first) >= top:
            return [*first, *rest, *ranked[place:]]
        if agency is not None and taken.get(agency, 0) >= at_most:
            rest.append(candidate)
            continue
        first.append(candidate)
        if agency is not None:
            taken[agency] = taken.get(agency, 0) + 1
    return first + rest if len(first) >= top else first


def _capped(positions: list[int], agencies: Sequence[str | None]) -> list[int]:
    return cap_per_agency(positions, (agencies[position] for position in positions), TOP, AT_MOST)


def _crowded(slate: Placed, agencies: Sequence[str | None], agency: str | None) -> bool:
    return agency is not None and sum(agencies[position] == agency for position, _ in slate[:TOP]) > AT_MOST
