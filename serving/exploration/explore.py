"""A slate as exploration shows it: ranks in a random order, a slot for a candidate that was shown little.

What is logged as propensity is marginal: the probability, over the draws of the request, that this candidate gets this
rank, the branch that shuffles nothing included. Eligibility, paid ranks and the limit of an agency hold in each slate
that may be drawn. Pure: the draws are given by the query's id.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metier.contract import Surface
from metier.exploration import Exploration
from serving.candidates.named import SourcedCandidates
from serving.exploration.draws import Draws
from serving.exploration.newcomers import FEW_IMPRESSIONS, slot_probabilities
from serving.request.ranking import RankingRequest, SlateEntry
from serving.select import AT_MOST, TOP

SHUFFLED = "shuffled"
"""Variant of a query whose ranks were shuffled."""
ORGANIC, EXPLORATION = "organic", "exploration"

Positions = npt.NDArray[np.int64]
Entries = list[tuple[int, SlateEntry]]
"""(position of a candidate, its entry) by rank."""


@dataclass(frozen=True)
class Scored:
    """The candidates of a request with the score and the agency of each (n,)."""

    sourced: SourcedCandidates
    score: npt.NDArray[np.float64]
    agencies: Sequence[str | None]

    def impressions(self, positions: Positions) -> npt.NDArray[np.float64]:
        """Impressions of the last 30 days of each of the candidates at `positions`."""
        return self.sourced.space.impressions(self.sourced.rows[positions])


@dataclass(frozen=True)
class Explored:
    """A slate as it is shown. `variant` says that its ranks were shuffled.

    `loss` is the share of the slate's discounted score that exploration cost; None where the tier's scores say nothing
    of worth, being below zero.
    """

    entries: Entries
    variant: str | None
    loss: float | None


def explorable(request: RankingRequest, declared: Mapping[Surface, Exploration]) -> RankingRequest:
    """The request, with the id of the query that it makes, as its surface explores."""
    query_id = request.query_id or uuid.uuid4().hex
    return replace(request, query_id=query_id, exploration=declared.get(request.surface))


def explored(request: RankingRequest, natural: Entries, candidates: Scored) -> Explored:
    """The slate that is shown: `natural` unless the request explores."""
    if request.exploration is None or request.query_id is None or not natural:
        return Explored(natural, None, None)
    return explore(request.exploration, Draws.of(request.query_id, len(natural)), natural, candidates)


def explore(declared: Exploration, draws: Draws, natural: Entries, candidates: Scored) -> Explored:
    """The slate that is shown instead of `natural`, its entries with their marginal propensities.

    A rank in the depth holds its own candidate with 1 - share + share / n and each other one of the n that are shuffled
    with share / n. The slot is drawn alike in both branches and is not shuffled, nor are paid ranks.
    """
    entries = _with_slot(declared, draws, natural, candidates)
    ranks = _shuffled_ranks(entries, _depth(declared, entries, candidates.agencies)) if declared.share > 0 else []
    shuffled = len(ranks) > 1 and draws.coin < declared.share
    owners, chances = list(range(len(entries))), [entry.propensity for _, entry in entries]
    if len(ranks) > 1:
        order = np.argsort(draws.ranks[: len(ranks)], kind="stable").tolist() if shuffled else range(len(ranks))
        for rank, own in zip(ranks, order, strict=True):
            owners[rank] = ranks[own]
            chances[rank] = declared.share / len(ranks) + (1 - declared.share if ranks[own] == rank else 0.0)
    shown = []
    for rank, (own, chance) in enumerate(zip(owners, chances, strict=True), 1):
        position, entry = entries[own]
        shown.append((position, replace(entry, rank=rank, propensity=chance)))
    return Explored(shown, SHUFFLED if shuffled else None, _loss(natural, shown))


def _with_slot(declared: Exploration, draws: Draws, natural: Entries, candidates: Scored) -> Entries:
    """The slate with the slot's candidate; the organic ones behind it move down, the last of a full slate leaves it."""
    entries = list(natural)
    if declared.slot is None:
        return entries
    organic = [pair for pair in natural if pair[1].placement == ORGANIC]
    paid = {rank for rank, (_, entry) in enumerate(natural, 1) if entry.placement != ORGANIC}
    before = sum(rank not in paid for rank in range(1, declared.slot))
    if before >= len(organic):
        return entries
    kept = organic[:-1]
    ahead = _filled(natural, kept)[: max(TOP, declared.depth)]
    newcomers = _newcomers(natural, ahead, candidates)
    if not len(newcomers):
        return entries
    among, probabilities = slot_probabilities(candidates.score[newcomers], candidates.impressions(newcomers))
    drawn = min(int(np.searchsorted(np.cumsum(probabilities), draws.slot, side="right")), len(among) - 1)
    position = int(newcomers[among[drawn]])
    propensity = float(probabilities[drawn]) if len(among) > 1 else None
    score = float(candidates.score[position])
    slot = (position, SlateEntry(candidates.sourced.ids[position], 0, score, EXPLORATION, propensity=propensity))
    return _filled(natural, [*kept[:before], slot, *kept[before:]])


def _filled(natural: Entries, others: Entries) -> Entries:
    """The paid entries at the ranks that they have, the others in their order at those between."""
    following = iter(others)
    entries = [pair if pair[1].placement != ORGANIC else next(following, None) for pair in natural]
    return [pair for pair in entries if pair is not None]


def _newcomers(natural: Entries, ahead: Entries, candidates: Scored) -> Positions:
    """Positions of the eligible candidates that were shown little, are not on the slate, and crowd no agency."""
    absent = candidates.sourced.eligible.copy()
    absent[[position for position, _ in natural]] = False
    positions = np.flatnonzero(absent)
    positions = positions[candidates.impressions(positions) < FEW_IMPRESSIONS]
    taken = Counter(candidates.agencies[position] for position, _ in ahead)
    crowded = {agency for agency, count in taken.items() if agency is not None and count >= AT_MOST}
    free = [candidates.agencies[position] not in crowded for position in positions.tolist()]
    return positions[np.array(free, np.bool_)]


def _depth(declared: Exploration, entries: Entries, agencies: Sequence[str | None]) -> int:
    """The ranks to shuffle: those declared, or the first TOP where more would bring too many of an agency into those.

    The slot's candidate is not counted: whoever it is, its agency had room for it.
    """
    depth = min(declared.depth, len(entries))
    within = [agencies[position] for position, entry in entries[:depth] if entry.placement != EXPLORATION]
    counts = Counter(agency for agency in within if agency is not None)
    return depth if depth <= TOP or max(counts.values(), default=0) <= AT_MOST else TOP


def _shuffled_ranks(entries: Entries, depth: int) -> list[int]:
    return [rank for rank, (_, entry) in enumerate(entries[:depth]) if entry.placement == ORGANIC]


def _loss(natural: Entries, shown: Entries) -> float | None:
    before, after = (np.array([entry.score for _, entry in entries]) for entries in (natural, shown))
    if not len(before) or min(before.min(), after.min()) < 0 or before.max() == 0:
        return None
    discount = 1 / np.log2(2.0 + np.arange(len(before)))
    return float(1 - (after * discount).sum() / (before * discount).sum())
